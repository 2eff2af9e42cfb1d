import Columnar
import Dataflow

// Rows of quarantine: what a job has left out, with where it came from and why. They are an output of the job like any
// other: what is here is a function of the input and the plan alone, so it has no time. When a row came to be in its topic is
// the topic's own `timestamp`.

/// The topic of what was left out of a source table, in one job.
package enum QuarantineTopic {
    package static func name(job: String, table: String) -> String { "\(job)$\(table)$quarantine" }

    package static let fields = [
        Field("kind", .string, isNullable: false),
        // The path of a file, or the name of a topic.
        Field("source", .string),
        Field("source_partition", .int),
        // The line of a file, from 1, or an offset.
        Field("source_position", .bigint),
        // In bytes of the line, from 1.
        Field("source_column", .int),
        Field("reason", .string, isNullable: false),
        // Of the expression in the job's file.
        Field("sql_line", .int),
        Field("sql_column", .int),
        // As it was in its file; a row that is of no file, as JSON.
        Field("record", .string),
        // The bytes of a record that is not UTF-8, which `record` has with U+FFFD in it.
        Field("record_base64", .string),
    ]
}

/// Why a row is in quarantine.
package enum QuarantineKind: String, Sendable {
    /// It does not fit its table.
    case badRecord = "bad-record"
    /// An expression has no value for it, or it brings a NULL where none may be.
    case failedRow = "failed-row"
    /// Its windows were over.
    case lateRow = "late-row"
}

struct QuarantinedRow {
    var kind: QuarantineKind
    var source: String?
    var partition: Int32?
    var position: Int64?
    var column: Int?
    var reason: String
    var place: SourcePlace?
    var record: [UInt8]

    /// Longer ones are cut: a row has to fit in a frame of the log.
    static let mostRecordBytes = 16 << 20

    static func record(
        _ rejected: RejectedRecord, source: String?, partition: Int32?, position: Int64
    ) -> QuarantinedRow {
        QuarantinedRow(
            kind: .badRecord, source: source, partition: partition, position: position, column: rejected.column,
            reason: rejected.reason, place: rejected.place, record: rejected.bytes)
    }
}

/// Some rows of quarantine on their way to a side output, as batches of `QuarantineTopic.fields`.
struct QuarantinedRows {
    private static let mostRows = 4096
    private static let mostBytes = 64 << 20

    private let output: SideOutput
    private var rows: [QuarantinedRow] = []
    private var bytes = 0

    init(to output: SideOutput) { self.output = output }

    mutating func append(_ row: QuarantinedRow) {
        rows.append(row)
        bytes += row.record.count
        if rows.count >= Self.mostRows || bytes >= Self.mostBytes { give() }
    }

    /// What was appended, and was not given yet.
    mutating func give() {
        if rows.isEmpty { return }
        output.give(batch)
        rows = []
        bytes = 0
    }

    private var batch: Batch {
        let records = rows.map { Self.text($0.record) }
        let columns: [Column] = [
            .string(Self.strings(rows.map { Array($0.kind.rawValue.utf8) })),
            .string(Self.strings(rows.map { $0.source.map { Array($0.utf8) } })),
            .int(Self.integers(rows.map(\.partition))),
            .bigint(Self.integers(rows.map(\.position))),
            .int(Self.integers(rows.map { $0.column.map { Int32(clamping: $0) } })),
            .string(Self.strings(rows.map { Self.reason($0) })),
            .int(Self.integers(rows.map { $0.place.map { Int32(clamping: $0.line) } })),
            .int(Self.integers(rows.map { $0.place.map { Int32(clamping: $0.column) } })),
            .string(Self.strings(records.map(\.text))),
            .string(Self.strings(records.map(\.base64))),
        ]
        return Batch(columns: columns, rowCount: rows.count)
    }

    private static func reason(_ row: QuarantinedRow) -> [UInt8] {
        var reason = row.reason
        if let place = row.place { reason += " in \(place.text)" }
        if row.record.count > QuarantinedRow.mostRecordBytes {
            reason +=
                " (of the record's \(row.record.count) bytes the first \(QuarantinedRow.mostRecordBytes) are kept)"
        }
        return Array(reason.utf8)
    }

    private static func text(_ record: [UInt8]) -> (text: [UInt8], base64: [UInt8]?) {
        let kept = record.prefix(QuarantinedRow.mostRecordBytes)
        if String(validating: kept, as: UTF8.self) != nil { return (Array(kept), nil) }
        return (Array(String(decoding: kept, as: UTF8.self).utf8), Base64.encode(kept))
    }

    private static func strings(_ values: [[UInt8]?]) -> StringColumn {
        var offsets: [Int32] = [0]
        var bytes: [UInt8] = []
        for value in values {
            bytes += value ?? []
            offsets.append(Int32(truncatingIfNeeded: bytes.count))
        }
        return StringColumn(offsets: offsets, bytes: bytes, validity: validity(values.map { $0 != nil }))
    }

    private static func integers<Value: FixedWidthInteger>(_ values: [Value?]) -> FixedColumn<Value> {
        FixedColumn(values.map { $0 ?? 0 }, validity: validity(values.map { $0 != nil }))
    }

    private static func validity(_ isThere: [Bool]) -> Bitmap? {
        if isThere.allSatisfy(\.self) { return nil }
        var bitmap = Bitmap(repeating: true, count: isThere.count)
        for (row, isThere) in isThere.enumerated() where !isThere { bitmap[row] = false }
        return bitmap
    }
}
