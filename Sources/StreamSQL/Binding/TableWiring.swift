import Operators

// The INSERTs of a file as one graph. Where a query reads a table that the file fills, it gets the rows as they are inserted,
// beside the table's own sink:
//
//     INSERT INTO b SELECT … FROM a        a ──▶ query ──▶ NOT NULL ──┬──▶ sink of b
//     INSERT INTO c SELECT … FROM b                                  └──▶ query ──▶ sink of c
//
// 1. Scans of tables that are filled become wired ones.
// 2. The plans are put in order, those that fill a table before those that read it; a circle is refused.
// 3. They are optimised in the reverse order: what a reader needs of a table (its watermark) the plan that fills it has to give.

struct TableWiring {
    private let source: SourceText
    private var sinks: [Sink]
    /// Of each sink, where it is written.
    private let spans: [[SourceSpan]]
    private let places: [[SQLPlace]]
    /// By table.
    private let numbers: [String: Int]
    /// Of each sink, the sinks whose tables it reads.
    private let reads: [[Int]]

    init(source: SourceText, _ sinks: [Sink], at spans: [[SourceSpan]]) {
        self.source = source
        self.sinks = sinks
        self.spans = spans
        places = spans.map { $0.map { source.place($0) } }
        var numbers: [String: Int] = [:]
        for (number, sink) in sinks.enumerated() { numbers[sink.table.name] = number }
        self.numbers = numbers
        reads = sinks.map { sink in Set(sink.input.tablesRead.compactMap { numbers[$0.name] }).sorted() }
    }

    /// The optimised plans, those that fill a table before those that read it, else in the order of the file.
    /// - Errors: circles; what a table promises to its readers and the inserted rows do not give.
    mutating func plans() throws(SQLError) -> [LogicalPlan] {
        let order = try order()
        for number in Set(reads.joined()) { sinks[number].isRead = true }
        for number in sinks.indices {
            for read in reads[number] { try checkStart(of: read) }
            sinks[number].input = wired(sinks[number].input)
        }
        var plans: [Int: LogicalPlan] = [:]
        for number in order.reversed() {
            let plan = try Analyzer.optimized(.sink(sinks[number]))
            for scan in plan.wiredScans { try take(scan) }
            plans[number] = plan
        }
        return order.compactMap { plans[$0] }
    }

    private func wired(_ plan: LogicalPlan) -> LogicalPlan {
        guard case .scan(var scan) = plan, let number = numbers[scan.table.name] else {
            return plan.over(plan.inputs.map { wired($0) })
        }
        scan.inserts = places[number]
        return .scan(scan)
    }

    // MARK: Order

    private func order() throws(SQLError) -> [Int] {
        var readers = [[Int]](repeating: [], count: sinks.count)
        for (number, read) in reads.enumerated() {
            for table in read { readers[table].append(number) }
        }
        var waitsFor = reads.map(\.count)
        var order = sinks.indices.filter { waitsFor[$0] == 0 }
        var next = 0
        while next < order.count {
            for reader in readers[order[next]] {
                waitsFor[reader] -= 1
                if waitsFor[reader] == 0 { order.append(reader) }
            }
            next += 1
        }
        if order.count < sinks.count { throw circle(waitsFor) }
        return order
    }

    /// Those that wait read each other.
    private func circle(_ waitsFor: [Int]) -> SQLError {
        var path: [Int] = []
        var places: [Int: Int] = [:]
        var number = waitsFor.firstIndex { $0 > 0 }
        while let table = number, places[table] == nil {
            places[table] = path.count
            path.append(table)
            number = reads[table].first { waitsFor[$0] > 0 }
        }
        // What led to the circle is not of it.
        let start = number.flatMap { places[$0] } ?? 0
        let circle = Array(path[start...])
        var names = circle.prefix(10).map { "\"\(sinks[$0].table.name)\"" }
        names.append(circle.count > 10 ? "…" : names[0])
        return source.notSupported(
            "a table that is filled from itself (\(names.joined(separator: " from ")))", at: spans[circle[0]][0],
            hint: "close the circle through a topic, with a file, and run, of its own")
    }

    // MARK: What readers ask for

    private func checkStart(of number: Int) throws(SQLError) {
        let table = sinks[number].table
        guard case .log(let topic) = table.connector else { return }
        switch topic.start {
        case .earliest, .latest: break
        case .timestamp, .offsets: throw notWired(number, "an own 'scan.startup.mode' of")
        }
        if topic.isBounded { throw notWired(number, "a 'scan.bounded.mode' of") }
    }

    /// A scan that is left when its plan is optimised reads what it has.
    private mutating func take(_ scan: Scan) throws(SQLError) {
        guard let number = numbers[scan.table.name] else { return }
        if let metadata = scan.metadata.first { throw notWired(number, "metadata column \"\(metadata.name)\" of") }
        guard let watermark = scan.watermark, !sinks[number].passesWatermark else { return }
        guard watermark.base == watermark.rowtime, let column = watermark.rowtime.columnIndex,
            let stored = scan.table.schema.index(of: scan.columns[column].path[0]),
            sinks[number].input.givesRowtime(stored, delayMilliseconds: watermark.delayMilliseconds)
        else {
            throw notWired(
                number, "the WATERMARK of",
                detail:
                    "the rows that are inserted bring no watermark for column \"\(scan.table.watermark?.column ?? "")\""
                    + ": it has to be their source's rowtime as it is, with the same delay")
        }
        sinks[number].passesWatermark = true
    }

    private func notWired(_ number: Int, _ what: String, detail: String? = nil) -> SQLError {
        var error = source.notSupported(
            "\(what) table \"\(sinks[number].table.name)\", which the file itself fills,", at: spans[number][0],
            hint: "read the table in a file, and run, of its own")
        error.detail = detail
        return error
    }
}

extension LogicalPlan {
    fileprivate var wiredScans: [Scan] {
        if case .scan(let scan) = self { return scan.isWired ? [scan] : [] }
        return inputs.flatMap(\.wiredScans)
    }

    /// Whether the watermarks that come with the rows are those of `column` less the delay.
    fileprivate func givesRowtime(_ column: Int, delayMilliseconds delay: Int64) -> Bool {
        switch self {
        case .scan(let scan): return scan.watermark?.follows(.column(column, self.columns[column].type), delay) == true
        case .filter(let filter): return filter.input.givesRowtime(column, delayMilliseconds: delay)
        case .project(let projection):
            let expression = projection.items[column].expression
            if case .scan(let scan) = projection.input, scan.watermark?.follows(expression, delay) == true {
                return true
            }
            guard let below = expression.columnIndex else { return false }
            return projection.input.givesRowtime(below, delayMilliseconds: delay)
        case .unionAll(let union):
            return union.inputs.allSatisfy { $0.givesRowtime(column, delayMilliseconds: delay) }
        case .aggregateWindows(let aggregation):
            // Event time stands below all windows that are still to come.
            let property = column - aggregation.groupColumns.count - aggregation.calls.count
            return aggregation.windows.isEventTime && property >= 0 && aggregation.properties[property] == .time
        case .aggregate, .windows, .sink: return false
        }
    }
}

extension ScanWatermark {
    fileprivate func follows(_ rowtime: ScalarExpression, _ delay: Int64) -> Bool {
        base == self.rowtime && self.rowtime == rowtime && delayMilliseconds == delay
    }
}
