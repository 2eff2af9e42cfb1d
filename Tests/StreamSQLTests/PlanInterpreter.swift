import Columnar
import Operators
import StreamSQL
import TestSupport

/// Runs a plan over rows in memory, operator by operator as written: the reference for rewritten plans. All leaves of the one
/// table are given by path; a failing row fails the query.
struct PlanInterpreter {
    struct Failed: Error {
        var message: String
    }

    var leaves: [[String]: Column]
    var presences: [[String]: Column]
    var rowCount: Int

    /// The rows of the result, as text, sorted.
    func rows(of plan: LogicalPlan) throws -> [String] {
        var rows: [String] = []
        for batch in try run(plan) {
            let cells = batch.columns.map(\.cells)
            for row in 0..<batch.rowCount { rows.append(cells.map { "\($0[row])" }.joined(separator: " | ")) }
        }
        return rows.sorted()
    }

    private func run(_ plan: LogicalPlan) throws -> [Batch] {
        switch plan {
        case .scan(let scan): return [try run(scan)]
        case .filter(let filter): return try run(filter.input).map { try filtered($0, by: filter.condition) }
        case .project(let projection):
            return try run(projection.input).map { batch in
                let columns = try projection.items.map { try evaluate($0.expression, batch) }
                return Batch(columns: columns, rowCount: batch.rowCount)
            }
        case .unionAll(let union): return try union.inputs.flatMap(run)
        case .aggregate(let aggregation): return [try run(aggregation)]
        case .sink(let sink): return try run(sink.input)
        }
    }

    private func evaluate(_ expression: ScalarExpression, _ batch: Batch) throws -> Column {
        var failures = RowFailures()
        let column = try ExpressionProgram(expression).evaluate(batch, selection: nil, failures: &failures)
        if let first = failures.first { throw Failed(message: first.message) }
        return column
    }

    private func filtered(_ batch: Batch, by condition: ScalarExpression) throws -> Batch {
        let cells = try evaluate(condition, batch).cells
        let kept = cells.indices.filter { cells[$0] == .boolean(true) }.map { Int32($0) }
        return Batch(columns: batch.columns.map { $0.take(kept) }, rowCount: kept.count)
    }

    private func run(_ scan: Scan) throws -> Batch {
        let columns = scan.columns.map { ($0.kind == .presence ? presences : leaves)[$0.path]! }
        var batch = Batch(columns: columns, rowCount: rowCount)
        for predicate in scan.predicates {
            let type = scan.columns[predicate.column].type
            let column = ScalarExpression.column(predicate.column, type)
            let isUnary = predicate.comparison == .isNull || predicate.comparison == .isNotNull
            let arguments = isUnary ? [column] : [column, .literal(predicate.literal, type)]
            let function = ScalarFunction(rawValue: predicate.comparison.rawValue)!
            let place = SourcePlace(line: 1, column: 1, text: "")
            batch = try filtered(batch, by: .call(function, arguments, .boolean, place))
        }
        return batch
    }

    /// COUNT alone: what the other aggregates compute is not the optimiser's business.
    private func run(_ aggregation: Aggregation) throws -> Batch {
        let inputs = try run(aggregation.input).map { batch in (batch.columns.map(\.cells), batch.rowCount) }
        var groups: [[Cell]: [Int64]] = [:]
        for (cells, rowCount) in inputs {
            for row in 0..<rowCount {
                let key = aggregation.groupColumns.map { cells[$0][row] }
                var counts = groups[key] ?? aggregation.calls.map { _ in 0 }
                for (index, call) in aggregation.calls.enumerated() {
                    if let argument = call.argument, cells[argument][row] == .null { continue }
                    counts[index] += 1
                }
                groups[key] = counts
            }
        }
        let types = aggregation.input.columns.map(\.type)
        let entries = Array(groups)
        var columns: [Column] = []
        for (index, column) in aggregation.groupColumns.enumerated() {
            columns.append(Column(entries.map { $0.key[index] }, types[column]))
        }
        for index in aggregation.calls.indices {
            columns.append(Column(entries.map { .bigint($0.value[index]) }, .bigint))
        }
        return Batch(columns: columns, rowCount: entries.count)
    }
}
