// Tables of a job that are no topics, and for each a topic that could stand for it: how the job declares that, and the job of
// one INSERT that copies between the two.
//
//     reads a table    files ──copy──► topic ──► the job
//     writes a table   the job ──► topic ──copy──► files

/// A table outside the data directory that a job reads or writes.
package struct OutsideTable: Equatable, Sendable {
    package enum Use: Sendable {
        case read, written
    }

    package var name: String
    package var use: Use
    /// As `'connector' = …` names it.
    package var connector: String
    /// Statements of a job that copies from the table to its topic, or from the topic to the table.
    package var copyJob: String
    /// How the job declares the topic, under the table's name.
    package var declaration: String
}

extension JobDefinition {
    /// Those that are read come first, each in the order of the plan.
    package var outsideTables: [OutsideTable] {
        var tables: [OutsideTable] = []
        for scan in sinks.flatMap(\.scans) where scan.inserts.isEmpty && !scan.table.isTopic {
            guard !tables.contains(where: { $0.name == scan.table.name }) else { continue }
            if let table = OutsideTable(read: scan) { tables.append(table) }
        }
        for case .sink(let sink) in sinks where !sink.table.isTopic {
            if let table = OutsideTable(written: sink) { tables.append(table) }
        }
        return tables
    }
}

extension OutsideTable {
    /// The marks and words that keep a key in the text, where it cannot be said which.
    private static let keyIsMissing = "-- name the columns of its key: PRIMARY KEY (…) NOT ENFORCED\n"

    private static let rowsAreNotWritten =
        "-- jobs do not write ROWs yet: give the topic a column for each of their fields\n"

    private static let changesAreProduced =
        "-- a job does not copy changes into a topic with a key yet: 'sluice topic produce --format debezium-json' does\n"

    /// What is metadata of the table is stored in its topic.
    fileprivate init?(read scan: Scan) {
        guard let declared = scan.table.declaration else { return nil }
        let isChangelog = !LogicalPlan.scan(scan).changelog.isEmpty
        let key = isChangelog ? declared.primaryKey : []
        let stored = declared.columns.filter { $0.kind != .computed }
        let (topic, copy) = (scan.table.name, Self.copyName(scan.table.name))
        let names = stored.map(\.name).joined(separator: ", ")
        self.init(
            name: topic, use: .read, connector: scan.table.connector.name,
            copyJob: declared.text + ";\n" + (isChangelog ? Self.changesAreProduced : "")
                + (scan.table.hasRows ? Self.rowsAreNotWritten : "")
                + declared.statement(over: topic, called: copy, columns: stored, watermark: nil, key: key)
                + ";\nINSERT INTO \(copy) SELECT \(names) FROM \(declared.name);\n",
            declaration: declared.statement(
                over: topic, called: declared.name, columns: declared.columns, watermark: declared.watermark, key: key,
                latePolicy: declared.latePolicy) + ";\n")
    }

    fileprivate init?(written sink: Sink) {
        guard let declared = sink.table.declaration else { return nil }
        let isChangelog = !sink.input.changelog.isEmpty
        let stored = declared.columns.filter { $0.kind == .physical }
        var key = isChangelog ? declared.primaryKey : []
        if isChangelog, key.isEmpty, let columns = sink.input.uniqueKeys.first(where: { !$0.isEmpty }) {
            key = columns.sorted().compactMap { stored.indices.contains($0) ? stored[$0].name : nil }
        }
        let comment = isChangelog && key.isEmpty ? Self.keyIsMissing : ""
        let (topic, copy) = (sink.table.name, Self.copyName(sink.table.name))
        let names = stored.map(\.name).joined(separator: ", ")
        self.init(
            name: topic, use: .written, connector: sink.table.connector.name,
            copyJob: comment + declared.statement(over: topic, called: copy, columns: stored, watermark: nil, key: key)
                + ";\n\(declared.text);\nINSERT INTO \(declared.name) SELECT \(names) FROM \(copy);\n",
            declaration: comment
                + declared.statement(
                    over: topic, called: declared.name,
                    columns: declared.columns.filter { $0.kind != .metadata }, watermark: declared.watermark, key: key)
                + ";\n")
    }

    private static func copyName(_ table: String) -> String {
        let isPlain = table.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
            default: false
            }
        }
        let isDigit = table.utf8.first.map { 0x30...0x39 ~= $0 } ?? true
        return isPlain && !isDigit ? table + "_topic" : "`\(table.split(separator: "`").joined())_topic`"
    }
}

extension TableDefinition {
    fileprivate var isTopic: Bool {
        if case .log = connector { true } else { false }
    }

    fileprivate var hasRows: Bool {
        columns.contains { column in
            if case .row = column.type { true } else { false }
        }
    }
}

extension LogicalPlan {
    fileprivate var scans: [Scan] {
        if case .scan(let scan) = self { return [scan] }
        return inputs.flatMap(\.scans)
    }
}
