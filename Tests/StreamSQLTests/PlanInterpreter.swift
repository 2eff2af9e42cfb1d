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
        case .aggregate(let aggregation):
            return [try counted(aggregation.input, by: aggregation.groupColumns, aggregation.calls)]
        case .windows(let windows): return try run(windows.input).map { try windowed($0, windows) }
        case .aggregateWindows(let aggregation): return [try run(aggregation)]
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
        if let watermark = scan.watermark, watermark.isOutput {
            batch.columns.append(try evaluate(watermark.rowtime, batch))
        }
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
    private func counted(_ input: LogicalPlan, by columns: [Int], _ calls: [AggregateCall]) throws -> Batch {
        var groups: [[Cell]: [Int64]] = [:]
        for batch in try run(input) {
            let cells = batch.columns.map(\.cells)
            for row in 0..<batch.rowCount { Self.count(cells, row, columns.map { cells[$0][row] }, calls, &groups) }
        }
        let types = input.columns.map(\.type)
        return Self.table(groups, columns.map { types[$0] }, calls.count)
    }

    private static func count(
        _ cells: [[Cell]], _ row: Int, _ key: [Cell], _ calls: [AggregateCall], _ groups: inout [[Cell]: [Int64]]
    ) {
        var counts = groups[key] ?? calls.map { _ in 0 }
        for (index, call) in calls.enumerated() {
            if let argument = call.argument, cells[argument][row] == .null { continue }
            counts[index] += 1
        }
        groups[key] = counts
    }

    /// Key columns, then counts.
    private static func table(_ groups: [[Cell]: [Int64]], _ types: [DataType], _ calls: Int) -> Batch {
        let entries = Array(groups)
        var columns: [Column] = []
        for (index, type) in types.enumerated() { columns.append(Column(entries.map { $0.key[index] }, type)) }
        for index in 0..<calls { columns.append(Column(entries.map { .bigint($0.value[index]) }, .bigint)) }
        return Batch(columns: columns, rowCount: entries.count)
    }

    // MARK: Windows, without lateness: all rows are there before any window ends

    /// By the definition: a window [start, start + size) begins at a multiple of the slide, moved by the offset.
    private func starts(of time: Int64, _ shape: WindowShape) -> [Int64] {
        var start = shape.offset
        while start > time { start -= shape.slide }
        while start + shape.slide <= time { start += shape.slide }
        var starts: [Int64] = []
        while start + shape.size > time {
            starts.append(start)
            start -= shape.slide
        }
        return starts
    }

    private func time(_ cell: Cell) throws -> Int64 {
        guard case .timestamp(let milliseconds) = cell else { throw Failed(message: "a NULL rowtime") }
        return milliseconds
    }

    private func windowed(_ batch: Batch, _ windows: WindowTable) throws -> Batch {
        guard case .event(let column) = windows.time else { throw Failed(message: "no clock here") }
        let times = batch.columns[column].cells
        var rows: [Int32] = []
        var windowStarts: [Int64] = []
        for row in 0..<batch.rowCount {
            for start in starts(of: try time(times[row]), windows.shape) {
                rows.append(Int32(row))
                windowStarts.append(start)
            }
        }
        let type = DataType.timestamp(precision: 3)
        let ends = windowStarts.map { $0 + windows.shape.size }
        let columns = [windowStarts, ends, ends.map { $0 - 1 }].map { values in
            Column(values.map { .timestamp($0) }, type)
        }
        return Batch(columns: batch.columns.map { $0.take(rows) } + columns, rowCount: rows.count)
    }

    private func run(_ aggregation: WindowAggregation) throws -> Batch {
        var groups: [[Cell]: [Int64]] = [:]
        for batch in try run(aggregation.input) {
            let cells = batch.columns.map(\.cells)
            for row in 0..<batch.rowCount {
                let windows: [(Int64, Int64)]
                switch aggregation.windows {
                case .attached(let start, let end, _):
                    windows = [(try time(cells[start][row]), try time(cells[end][row]))]
                case .sliced(.event(let column)):
                    windows = starts(of: try time(cells[column][row]), aggregation.shape).map {
                        ($0, $0 + aggregation.shape.size)
                    }
                case .sliced(.processing): throw Failed(message: "no clock here")
                }
                for (start, end) in windows {
                    let key = aggregation.groupColumns.map { cells[$0][row] } + [.timestamp(start), .timestamp(end)]
                    Self.count(cells, row, key, aggregation.calls, &groups)
                }
            }
        }
        let types = aggregation.input.columns.map(\.type)
        let type = DataType.timestamp(precision: 3)
        let keyTypes = aggregation.groupColumns.map { types[$0] }
        let table = Self.table(groups, keyTypes + [type, type], aggregation.calls.count)
        let keys = keyTypes.count
        let times = Column(
            try table.columns[keys + 1].cells.map { .timestamp(try time($0) - 1) }, type)
        let properties = aggregation.properties.map { property in
            switch property {
            case .start: table.columns[keys]
            case .end: table.columns[keys + 1]
            case .time: times
            }
        }
        return Batch(
            columns: table.columns[..<keys] + table.columns[(keys + 2)...] + properties, rowCount: table.rowCount)
    }
}
