// What must come of a job, worked out row by row: filters and projections look at one row, groups are folded in a
// dictionary, windows are found by trying them all. No batches, no channels, no state, no time: only rows and, where there
// are windows, each row's own watermark.
//
//     a row is late for a window      its own watermark has reached the window's end − 1 ms
//     a window's result is there      event time has reached the window's end − 1 ms; at the end of all input: always
//     a row is dropped, and counted   it is late for all of its windows
//
// Of windows over processing time it knows what comes of them where a row's time is when it was published.

package struct RowModel {
    /// The rows that each output table must hold in the end.
    package private(set) var outputs: [[ModelRow]] = []
    /// Rows that were late for all of their windows, of all operators together.
    package private(set) var lateRows = 0

    private let input: ModelInput

    package init(_ shape: JobShape, _ input: ModelInput) {
        self.input = input
        for sink in shape.sinks { outputs.append(rows(of: sink.relation)) }
    }

    private mutating func rows(of relation: Relation) -> [ModelRow] {
        switch relation {
        case .table(let table): return input.rows(of: table)
        case .topic(let topic): return rows(of: topic.relation)
        case .filter(let input, let condition):
            return rows(of: input).filter { condition.isTrue(of: $0.values) == true }
        case .project(let input, let items):
            return rows(of: input).map { row in
                ModelRow(
                    values: items.map { $0.value(of: row.values) }, ownWatermark: row.ownWatermark,
                    arrival: row.arrival)
            }
        case .union(let inputs):
            var all: [ModelRow] = []
            for input in inputs { all += rows(of: input) }
            return all
        case .group(let input, let grouping):
            return Self.fold(rows(of: input).map { ([], $0) }, grouping)
        case .windowRows(let input, let window):
            let time = Self.rowtime(of: input)
            return rows(of: input).flatMap { row in
                window.windows(of: row.time(time)).map { bounds in
                    ModelRow(values: row.values + bounds.columns, ownWatermark: row.ownWatermark)
                }
            }
        case .windowGroup(let input, let window, let grouping):
            if window.time == .event { return windowGroups(input, window, grouping) }
            // Over the time at which rows are read nobody knows the windows: all rows are taken as of one.
            guard let clock = self.input.clock else { return Self.fold(rows(of: input).map { ([], $0) }, grouping) }
            return arrivalGroups(input, window, grouping, clock)
        case .sameWindow(let input, let grouping):
            let bounds = input.windowColumns.count
            return Self.fold(rows(of: input).map { (Array($0.values[..<bounds]), $0) }, grouping)
        }
    }

    private static func rowtime(of relation: Relation) -> Int {
        guard let rowtime = relation.rowtime else { preconditionFailure("windows stand over a column with event time") }
        return rowtime
    }

    private mutating func windowGroups(
        _ relation: Relation, _ window: ShapeWindow, _ grouping: Grouping
    ) -> [ModelRow] {
        let time = Self.rowtime(of: relation)
        let reached = input.reached(relation.tables)
        var accepted: [(window: [ModelValue], row: ModelRow)] = []
        for row in rows(of: relation) {
            let open = window.windows(of: row.time(time)).filter { row.ownWatermark ?? .min < $0.end - 1 }
            if open.isEmpty { lateRows += 1 }
            for bounds in open where bounds.end - 1 <= reached { accepted.append((bounds.columns, row)) }
        }
        return Self.fold(accepted, grouping)
    }

    /// By the time at which rows were published: none is ever late, and a window's result is there when the clock has reached
    /// its end.
    private mutating func arrivalGroups(
        _ relation: Relation, _ window: ShapeWindow, _ grouping: Grouping, _ clock: Int64
    ) -> [ModelRow] {
        let accepted = rows(of: relation).flatMap { row in
            window.windows(of: row.arrival ?? 0).filter { $0.end <= clock }.map { (Array($0.columns.prefix(2)), row) }
        }
        return Self.fold(accepted, grouping)
    }

    /// One row for each window and key: the window, the key, the aggregates. Such rows are never late.
    private static func fold(_ rows: [(window: [ModelValue], row: ModelRow)], _ grouping: Grouping) -> [ModelRow] {
        var groups: [[ModelValue]: [ModelAggregate]] = [:]
        for (window, row) in rows {
            let key = window + grouping.keys.map { row.values[$0] }
            var aggregates = groups[key] ?? grouping.calls.map { ModelAggregate($0) }
            for index in aggregates.indices { aggregates[index].add(row.values) }
            groups[key] = aggregates
        }
        return groups.map { key, aggregates in ModelRow(values: key + aggregates.map(\.result)) }
    }
}

extension ModelRow {
    fileprivate func time(_ column: Int) -> Int64 {
        guard case .timestamp(let time) = values[column] else { preconditionFailure("event time is never NULL") }
        return time
    }
}

/// From `start` up to, and without, `end`.
struct ModelWindow: Equatable {
    var start: Int64
    var end: Int64

    /// Start, end, and the time of the rows that it gives.
    var columns: [ModelValue] { [.timestamp(start), .timestamp(end), .timestamp(end - 1)] }
}

extension ShapeWindow {
    /// Begins with the last window that begins before or at `time`, and goes back while they hold it.
    func windows(of time: Int64) -> [ModelWindow] {
        let (size, slide) = (Int64(sizeSeconds) * 1000, Int64(slideSeconds) * 1000)
        var start = Int64(offsetSeconds) * 1000
        start += (time - start) / slide * slide
        if start > time { start -= slide }
        var windows: [ModelWindow] = []
        while start + size > time {
            windows.append(ModelWindow(start: start, end: start + size))
            start -= slide
        }
        return windows
    }
}
