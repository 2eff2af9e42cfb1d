import Columnar
import Operators

// A plan as `sluice explain` shows it: one operator a line, its input indented below, with what a user wants to know of it
// beside: the changelog it sends, the state it keeps, what bounds that state, what is checked, what is not deterministic.

/// The job as a readable tree per sink (or per EXPLAIN in the file, where there are any).
package func explainText(_ job: JobDefinition) -> String {
    var lines: [String] = []
    for plan in job.sinks + job.explains.flatMap(\.plans) {
        if !lines.isEmpty { lines.append("") }
        lines += PlanText.lines(of: plan)
    }
    return lines.map { $0 + "\n" }.joined()
}

enum PlanText {
    static func lines(of plan: LogicalPlan) -> [String] {
        var lines: [String] = []
        append(plan, depth: 0, to: &lines)
        return lines
    }

    private static func append(_ plan: LogicalPlan, depth: Int, to lines: inout [String]) {
        let indent = String(repeating: "  ", count: depth)
        lines.append("\(indent)\(title(of: plan))  [\(plan.changelog.rawValue)]")
        for note in notes(on: plan) { lines.append("\(indent)    \(note)") }
        for input in plan.inputs { append(input, depth: depth + 1, to: &lines) }
    }

    private static func title(of plan: LogicalPlan) -> String {
        switch plan {
        case .scan(let scan): return "Scan \(scan.table.name) (\(scan.table.connector.text))"
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
        case .aggregate(let aggregation): return title(of: aggregation)
        case .unionAll: return "UnionAll"
        case .sink(let sink): return "Sink \(sink.table.name) (\(sink.table.connector.text))"
        }
    }

    private static func title(of aggregation: Aggregation) -> String {
        let inputNames = names(of: aggregation.input)
        let groups = aggregation.groupColumns.map { inputNames[$0] }
        let calls = aggregation.calls.map { call in
            guard let argument = call.argument else { return call.function.rawValue }
            return "\(call.function.rawValue)(\(inputNames[argument]))"
        }
        let groupBy = groups.isEmpty ? "" : " by \(groups.joined(separator: ", "))"
        return "GroupAggregate\(groupBy): \(calls.isEmpty ? "no aggregates" : calls.joined(separator: ", "))"
    }

    private static func names(of plan: LogicalPlan) -> [String] { plan.columns.map(\.name) }

    // MARK: Notes

    private static func notes(on plan: LogicalPlan) -> [String] {
        switch plan {
        case .scan(let scan): notes(on: scan)
        case .aggregate(let aggregation): notes(on: aggregation)
        case .sink(let sink): notes(on: sink)
        case .filter, .project, .unionAll: []
        }
    }

    private static func notes(on scan: Scan) -> [String] {
        let names = scan.columns.map(\.text)
        var notes = ["checked columns: " + (names.isEmpty ? "none" : names.joined(separator: ", "))]
        if !scan.predicates.isEmpty {
            let predicates = scan.predicates.map { predicate in
                let column = scan.columns[predicate.column]
                let literal = predicate.literal == .null ? "" : " \(predicate.literal.text(of: column.type))"
                return "\(column.name) \(predicate.comparison.rawValue)\(literal)"
            }
            notes.append("pushed predicates: \(predicates.joined(separator: " AND "))")
        }
        if let watermark = scan.table.watermark {
            notes.append("watermark for \(watermark.column) declared as \(watermark.text): not used yet")
        }
        return notes
    }

    private static func notes(on aggregation: Aggregation) -> [String] {
        let input = aggregation.input.columns
        var notes: [String] = []
        if aggregation.groupColumns.isEmpty {
            notes.append("state: one row")
        } else {
            let keys = aggregation.groupColumns.map { "\(input[$0].name) \(input[$0].type)" }
            notes.append(
                "state: one row per key (\(keys.joined(separator: ", "))): bounded by the number of distinct keys")
        }
        for call in aggregation.calls where call.resultType == .double && [.sum, .avg].contains(call.function) {
            guard let argument = call.argument else { continue }
            notes.append(
                "not deterministic: \(call.function.rawValue)(\(input[argument].name)) of DOUBLE depends on the order of rows"
            )
        }
        return notes
    }

    private static func notes(on sink: Sink) -> [String] {
        var notes = [
            "columns: "
                + sink.table.columns.map { "\($0.name) \($0.type)\($0.isNullable ? "" : " NOT NULL")" }
                .joined(separator: ", ")
        ]
        if !sink.notNullColumns.isEmpty {
            let names = sink.notNullColumns.map { sink.table.columns[$0].name }
            notes.append("fails on NULL in: \(names.joined(separator: ", "))")
        }
        return notes
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
        case .print, .blackhole: name
        }
    }
}
