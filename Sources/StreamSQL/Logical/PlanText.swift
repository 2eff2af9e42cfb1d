import Columnar
import Operators

// A plan as `sluice explain` shows it: one operator a line, its input indented below, with what a user wants to know of it
// beside: the changelog it sends, the state it keeps, what bounds that state, what is checked, what is not deterministic.

/// A plan as a readable tree.
/// - Parameter partitions: of a topic, by its name; nil where it is not known.
package func explainText(_ plan: LogicalPlan, partitions: (String) -> Int? = { _ in nil }) -> String {
    PlanText.lines(of: plan, partitions).map { $0 + "\n" }.joined()
}

/// The job as a readable tree per sink (or per EXPLAIN in the file, where there are any).
package func explainText(_ job: JobDefinition, partitions: (String) -> Int? = { _ in nil }) -> String {
    var lines: [String] = []
    for plan in job.sinks + job.explains.flatMap(\.plans) {
        if !lines.isEmpty { lines.append("") }
        lines += PlanText.lines(of: plan, partitions)
    }
    return lines.map { $0 + "\n" }.joined()
}

package enum PlanText {
    static func lines(of plan: LogicalPlan, _ partitions: (String) -> Int?) -> [String] {
        var lines: [String] = []
        append(plan, partitions, depth: 0, to: &lines)
        return lines
    }

    private static func append(
        _ plan: LogicalPlan, _ partitions: (String) -> Int?, depth: Int, to lines: inout [String]
    ) {
        let indent = String(repeating: "  ", count: depth)
        lines.append("\(indent)\(title(of: plan))  [\(plan.changelog.text)]")
        var notes = notes(on: plan)
        if case .scan(let scan) = plan, !scan.isWired, case .log(let topic) = scan.table.connector,
            let count = partitions(topic.topic)
        {
            notes.append("partitions: \(count)")
        }
        for note in notes { lines.append("\(indent)    \(note)") }
        for input in plan.inputs { append(input, partitions, depth: depth + 1, to: &lines) }
    }

    private static func title(of plan: LogicalPlan) -> String {
        switch plan {
        case .scan(let scan):
            guard scan.isWired else { return "Scan \(scan.table.name) (\(scan.table.connector.text))" }
            let places = (scan.inserts.count == 1 ? "INSERT at line " : "INSERTs at lines ")
            return "Table \(scan.table.name), wired from \(places)"
                + scan.inserts.prefix(10).map { "\($0.line)" }.joined(separator: ", ")
                + (scan.inserts.count > 10 ? ", …" : "")
        case .filter(let filter):
            let names = names(of: filter.input)
            return "Filter \(filter.condition.text { names[$0] })"
        case .project(let projection):
            let names = names(of: projection.input)
            let items = projection.items.map { item in
                let text = item.expression.text { names[$0] }
                return text == item.name ? text : "\(text) AS \(item.name)"
            }
            return "Project \(items.joined(separator: ", "))"
        case .aggregate(let aggregation):
            return "GroupAggregate"
                + groupsText(aggregation.groupColumns, aggregation.calls, names(of: aggregation.input))
        case .windows(let windows):
            let time = windows.time.column.map { names(of: windows.input)[$0] } ?? "processing time"
            return "WindowTable \(windows.shape.text) of \(time)"
        case .aggregateWindows(let aggregation): return title(of: aggregation)
        case .unionAll: return "UnionAll"
        case .sink(let sink): return "Sink \(sink.table.name) (\(sink.table.connector.text))"
        }
    }

    /// ` by k: COUNT(*), MAX(v)`
    private static func groupsText(_ groupColumns: [Int], _ calls: [AggregateCall], _ names: [String]) -> String {
        let groups = groupColumns.map { names[$0] }
        let calls = calls.map { call in
            guard let argument = call.argument else { return call.function.rawValue }
            return "\(call.function.rawValue)(\(names[argument]))"
        }
        let groupBy = groups.isEmpty ? "" : " by \(groups.joined(separator: ", "))"
        return "\(groupBy): \(calls.isEmpty ? "no aggregates" : calls.joined(separator: ", "))"
    }

    private static func title(of aggregation: WindowAggregation) -> String {
        let names = names(of: aggregation.input)
        let time =
            switch aggregation.windows {
            case .attached(let start, let end, _): "named by \(names[start]), \(names[end])"
            case .sliced(let time): "of \(time.column.map { names[$0] } ?? "processing time")"
            }
        return "WindowAggregate \(aggregation.shape.text) \(time)"
            + groupsText(aggregation.groupColumns, aggregation.calls, names)
    }

    private static func names(of plan: LogicalPlan) -> [String] { plan.columns.map(\.name) }

    // MARK: Notes

    private static func notes(on plan: LogicalPlan) -> [String] {
        switch plan {
        case .scan(let scan): notes(on: scan)
        case .aggregate(let aggregation): notes(on: aggregation)
        case .windows(let windows): notes(on: windows)
        case .aggregateWindows(let aggregation): notes(on: aggregation)
        case .sink(let sink): notes(on: sink)
        case .filter, .project, .unionAll: []
        }
    }

    private static func notes(on scan: Scan) -> [String] {
        let names = scan.columns.map(\.text)
        var isTopic = false
        if case .log = scan.table.connector { isTopic = true }
        // What is in a topic was checked when it came there.
        let columns = names.isEmpty ? "none" : names.joined(separator: ", ")
        var notes = ["\(isTopic || scan.isWired ? "columns read" : "checked columns"): \(columns)"]
        if scan.isWired { return notes + wiringNotes(on: scan) }
        if !scan.metadata.isEmpty {
            let names = scan.metadata.map { "\($0.name) from '\($0.metadata.key)'" }
            notes.append("metadata: \(names.joined(separator: ", "))")
        }
        if !scan.predicates.isEmpty {
            let predicates = scan.predicates.map { predicate in
                let column = scan.columns[predicate.column]
                let literal = predicate.literal == .null ? "" : " \(predicate.literal.text(of: column.type))"
                return "\(column.name) \(predicate.comparison.rawValue)\(literal)"
            }
            notes.append("pushed predicates: \(predicates.joined(separator: " AND "))")
        }
        return notes + watermarkNotes(on: scan) + boundNotes(on: scan)
    }

    private static func wiringNotes(on scan: Scan) -> [String] {
        var notes: [String] = []
        if let declared = scan.table.watermark {
            let text = "watermark for \(declared.column): \(declared.text)"
            notes.append(text + (scan.watermark == nil ? ", which no operator needs" : ", that of the inserted rows"))
        }
        return notes + ["rows that the table had before are not read"]
    }

    private static func watermarkNotes(on scan: Scan) -> [String] {
        guard let declared = scan.table.watermark else { return [] }
        let text = "watermark for \(declared.column): \(declared.text)"
        guard let watermark = scan.watermark else { return [text + ", which no operator needs"] }
        return [text + ", after every row" + (watermark.isOutput ? "; \(declared.column) is computed once, here" : "")]
    }

    /// What comes later, and when, is not in the data.
    private static func boundNotes(on scan: Scan) -> [String] {
        if case .log(let topic) = scan.table.connector { return notes(on: topic, isKeyed: scan.table.isChangelog) }
        guard case .filesystem(let files) = scan.table.connector, let interval = files.monitorMilliseconds else {
            return []
        }
        let note = "unbounded: new and grown files are looked for every \(WindowShape.durationText(interval))"
        guard scan.watermark != nil else { return [note] }
        return [note, "not deterministic: which rows are late depends on when files are found"]
    }

    private static func notes(on topic: LogConnector, isKeyed: Bool) -> [String] {
        let readers = isKeyed ? "each partition by one subtask" : "partitions shared by all subtasks"
        let bound =
            if let position = topic.asOf {
                "bounded: as of position \(position) of the journal"
            } else if topic.isBounded {
                "bounded: what is there when the job first starts"
            } else {
                "unbounded"
            }
        return ["begins with \(topic.start.text)", bound, "read in parallel: \(readers)"]
    }

    private static func notes(on aggregation: Aggregation) -> [String] {
        let input = aggregation.input.columns
        var notes = [exchangeNote(aggregation.groupColumns, input)]
        if aggregation.groupColumns.isEmpty {
            notes.append("state: one row")
        } else {
            let keys = aggregation.groupColumns.map { "\(input[$0].name) \(input[$0].type)" }
            let time = aggregation.retracts ? "while it has rows" : "for ever"
            notes.append(
                "state: one row per key (\(keys.joined(separator: ", "))), \(time): bounded by the number of distinct keys"
            )
        }
        if aggregation.retracts { notes += valueNotes(aggregation.calls, input) }
        return notes + orderNotes(aggregation.calls, input)
    }

    /// How rows come from the subtasks before.
    private static func exchangeNote(_ keys: [Int], _ input: [PlanColumn]) -> String {
        guard !keys.isEmpty else { return "exchange: all rows to one subtask" }
        return "exchange: rows by key group of \(keys.map { input[$0].name }.joined(separator: ", "))"
    }

    private static func notes(on windows: WindowTable) -> [String] {
        windows.time == .processing ? [clockNote(on: windows.input)] : []
    }

    private static func clockNote(on input: LogicalPlan) -> String {
        input.isMadeByEventTime ? "not deterministic: the windows of a row depend on when it is made" : clockNote
    }

    /// In a deployed job it is when they were published.
    package static let clockNote = "not deterministic: the windows of a row depend on when it is read"

    private static func notes(on aggregation: WindowAggregation) -> [String] {
        let input = aggregation.input.columns
        var notes = [exchangeNote(aggregation.groupColumns, input)]
        var pane = "window"
        if case .sliced = aggregation.windows, aggregation.shape.slide < aggregation.shape.size {
            pane = "pane of \(WindowShape.durationText(aggregation.shape.slide))"
        }
        let keys = aggregation.groupColumns.map { "\(input[$0].name) \(input[$0].type)" }
        let rows = keys.isEmpty ? "one row per" : "one row per key (\(keys.joined(separator: ", "))) and"
        let time = aggregation.windows.isEventTime ? "event time" : "processing time"
        notes.append("state: \(rows) \(pane): dropped when \(time) passes the window's end")
        if !aggregation.windows.isEventTime {
            notes.append(clockNote(on: aggregation.input))
        } else if aggregation.input.mayGiveLateRows {
            notes.append(
                aggregation.quarantinesLateRows
                    ? "late rows are counted, and kept in quarantine" : "late rows are dropped and counted")
        }
        return notes + orderNotes(aggregation.calls, input)
    }

    private static func valueNotes(_ calls: [AggregateCall], _ input: [PlanColumn]) -> [String] {
        calls.compactMap { call in
            guard [.min, .max].contains(call.function), let argument = call.argument else { return nil }
            return "state: every value of \(call.function.rawValue)(\(input[argument].name)), while it has rows: "
                + "bounded by the number of distinct values of each key"
        }
    }

    private static func orderNotes(_ calls: [AggregateCall], _ input: [PlanColumn]) -> [String] {
        calls.compactMap { call in
            guard call.resultType == .double, [.sum, .avg].contains(call.function), let argument = call.argument else {
                return nil
            }
            let name = "\(call.function.rawValue)(\(input[argument].name))"
            return "not deterministic: \(name) of DOUBLE depends on the order of rows"
        }
    }

    private static func notes(on sink: Sink) -> [String] {
        var notes = [
            "columns: "
                + sink.table.columns.map { "\($0.name) \($0.type)\($0.isNullable ? "" : " NOT NULL")" }
                .joined(separator: ", ")
        ]
        if sink.table.isChangelog { notes.append(exchangeNote(sink.keyColumns, sink.input.columns)) }
        if !sink.notNullColumns.isEmpty {
            let names = sink.notNullColumns.map { sink.table.columns[$0].name }
            notes.append("fails on NULL in: \(names.joined(separator: ", "))")
        }
        if sink.isRead { notes.append("its rows also go to the queries of the file that read it") }
        return notes
    }
}

extension LogicalPlan {
    /// What windows give is never late.
    fileprivate var mayGiveLateRows: Bool {
        switch self {
        case .scan: true
        case .aggregateWindows: false
        default: inputs.contains { $0.mayGiveLateRows }
        }
    }
}

extension ScanColumn {
    var name: String { path.joined(separator: ".") + (kind == .presence ? " (presence)" : "") }

    /// With its type and, if a NULL is a bad record, NOT NULL.
    var text: String { kind == .presence ? name : "\(name) \(type)\(isNullable ? "" : " NOT NULL")" }
}

extension Connector {
    var text: String {
        switch self {
        case .filesystem(let files): "filesystem \(files.format.name) '\(files.path)'"
        case .log(let topic): "log '\(topic.topic)'"
        case .datagen, .nexmark, .print, .blackhole: name
        }
    }
}

extension TopicStart {
    fileprivate var text: String {
        switch self {
        case .earliest: return "the first row that is kept"
        case .latest: return "the first row that comes when the job has started"
        case .timestamp(let milliseconds):
            let time = Literal.timestamp(milliseconds).text(of: .timestamp(precision: 3))
            return "the first row published at \(time) or later"
        case .offsets(let offsets):
            let places = offsets.sorted { $0.key < $1.key }.map { "offset \($0.value) of partition \($0.key)" }
            return places.joined(separator: ", ") + "; of the others the first row that is kept"
        }
    }
}
