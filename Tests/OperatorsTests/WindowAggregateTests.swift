import Columnar
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// Window aggregates against a reference that goes row by row.
@Suite struct WindowAggregateTests {
    private static let place = SourcePlace(line: 1, column: 1, text: "SUM(v)")

    /// Columns: 0 the time, 1 the keys' first, 2 a text, 3 a number.
    private static let calls = [
        AggregateCall(.countStar, argument: nil, resultType: .bigint, place: place),
        AggregateCall(.sum, argument: 3, resultType: .bigint, place: place),
        AggregateCall(.avg, argument: 3, resultType: .bigint, place: place),
        AggregateCall(.min, argument: 3, resultType: .bigint, place: place),
        AggregateCall(.max, argument: 2, resultType: .string, place: place),
        AggregateCall(.count, argument: 2, resultType: .bigint, place: place),
    ]

    struct Shape: Sendable, CustomTestStringConvertible {
        var size: Int64
        var slide: Int64
        var offset: Int64 = 0
        var keys: [Int] = [1]
        /// Times lie around it.
        var origin: Int64 = 0
        var testDescription: String { "\(size)/\(slide) offset \(offset) keys \(keys) at \(origin)" }
    }

    static let shapes = [
        Shape(size: 10, slide: 10), Shape(size: 10, slide: 10, offset: 3, keys: [1, 2]),
        Shape(size: 7, slide: 7, offset: -16, keys: []), Shape(size: 10, slide: 2),
        Shape(size: 12, slide: 4, offset: -5, keys: [2]), Shape(size: 6, slide: 3, offset: 1, keys: [2, 1]),
        Shape(size: 5, slide: 1, keys: []), Shape(size: 40, slide: 2, keys: [1], origin: -3_000_000_000_000),
        Shape(size: 1, slide: 1, keys: [1], origin: 1_700_000_000_000),
    ]

    private func makeCase(_ shape: Shape, rows: Int, seed: UInt64) -> (WindowCase, WindowOutcome) {
        let reference = WindowReference(size: shape.size, slide: shape.slide, offset: shape.offset)
        var source = CellSource(seed: seed)
        let (times, watermarks) = disorderedTimes(rows, origin: shape.origin, span: shape.size, &source.random)
        let keys = (0..<rows).map { _ -> Cell in
            // Half of all rows have one key.
            source.random.oneIn(6) ? .null : .bigint(source.random.oneIn(2) ? 7 : Int64(source.random.below(20)))
        }
        let texts = (0..<rows).map { _ -> Cell in
            source.random.oneIn(5) ? .null : .string(source.pick(["", "a", "b\u{0}", "a longer text than sixteen"]))
        }
        let numbers = (0..<rows).map { _ -> Cell in
            source.random.oneIn(5) ? .null : .bigint(Int64(source.random.below(1 << 40)) - 1 << 39)
        }
        let columns: [Column] = [
            .timestamp(FixedColumn(times)), Column(keys, .bigint), Column(texts, .string), Column(numbers, .bigint),
        ]
        let types: [Int: DataType] = [1: .bigint, 2: .string]
        let description = WindowAggregateDescription(
            operatorID: 5, name: "windows", window: .assigned(reference.assigner), time: .event(column: 0),
            keys: shape.keys, keyTypes: shape.keys.compactMap { types[$0] }, calls: Self.calls,
            argumentTypes: [.bigint, .bigint, .bigint, .bigint, .string, .string],
            outputs: [.windowStart, .windowEnd, .windowTime] + shape.keys.indices.map { .key($0) }
                + Self.calls.indices.map { .call($0) })
        let test = WindowCase(
            description: description, columns: columns, rowWatermarks: watermarks, reached: watermarks, seed: seed)
        let truth = reference.outcome(
            times: times, watermarks: watermarks, keys: shape.keys.map { columns[$0] }, calls: Self.calls,
            columns: columns)
        return (test, truth)
    }

    /// Times that go on with jumps and come out of order, and the watermark that each meets: late rows, and such as are late
    /// for some of their windows only.
    private func disorderedTimes(
        _ rows: Int, origin: Int64, span: Int64, _ random: inout SplitMix64
    ) -> (times: [Int64], watermarks: [Int64]) {
        var (times, watermarks): ([Int64], [Int64]) = ([], [])
        var now = origin
        var greatest = Int64.min
        for _ in 0..<rows {
            now += random.oneIn(20) ? span * 3 : Int64(random.below(3))
            let time = random.oneIn(3) ? now - Int64(random.below(Int(2 * span))) : now
            watermarks.append(greatest == Int64.min ? greatest : greatest - span / 3)
            times.append(time)
            greatest = max(greatest, time)
        }
        return (times, watermarks)
    }

    @Test(arguments: shapes, [0, 1, 30, 90]) func againstTheReference(shape: Shape, rows: Int) throws {
        let (test, truth) = makeCase(shape, rows: rows, seed: UInt64(rows) &+ UInt64(bitPattern: shape.size))
        try test.expect(truth)
        #expect(rows < 90 || truth.lateRows > 0, "the case has late rows")
    }

    /// Windows of more rows than one batch has, larger than memory.
    @Test(arguments: [Shape(size: 1000, slide: 1000), Shape(size: 1000, slide: 250)]) func manyKeys(shape: Shape) throws
    {
        let rows = 5_400
        var random = SplitMix64(seed: 77)
        let reference = WindowReference(size: shape.size, slide: shape.slide)
        let times = (0..<rows).map { Int64($0 / 5) }
        let columns: [Column] = [
            .timestamp(FixedColumn(times)),
            .bigint(FixedColumn((0..<rows).map { _ in Int64(random.below(40_000)) })),
        ]
        let call = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: Self.place)
        let test = WindowCase(
            description: WindowAggregateDescription(
                operatorID: 5, name: "windows", window: .assigned(reference.assigner), time: .event(column: 0),
                keys: [1], keyTypes: [.bigint], calls: [call], argumentTypes: [.bigint],
                outputs: [.windowStart, .windowEnd, .windowTime, .key(0), .call(0)]),
            columns: columns, rowWatermarks: nil, reached: times.map { $0 - 1 }, seed: 77)
        let truth = reference.outcome(
            times: times, watermarks: [Int64](repeating: Int64.min, count: rows), keys: [columns[1]], calls: [call],
            columns: columns)
        let sizes = [Int](repeating: 600, count: 9)
        for run in [
            WindowRun(name: "in memory", batchSizes: sizes),
            WindowRun(
                name: "4 KiB", batchSizes: sizes, endsEpoch: { _ in true }, materialises: { _ in true },
                limitBytes: 4096),
            WindowRun(
                name: "4 KiB, restored", batchSizes: sizes, endsEpoch: { $0 % 3 == 0 }, restores: true,
                materialises: { $0 % 2 == 0 }, limitBytes: 4096),
        ] {
            #expect(try test.outcome(of: run) == truth, "\(run.name)")
        }
    }

    @Test func theGreatestAndTheLeastTimesThatHaveWindows() throws {
        for (size, slide, offset) in [(Int64.max, Int64.max, Int64(5)), (10, 2, -3), (1 << 40, 1 << 38, 1), (1, 1, 0)] {
            let reference = WindowReference(size: size, slide: slide, offset: offset)
            let times = reference.assigner.times
            let cells = [times.lowerBound, times.upperBound, -1, 0].filter { times.contains($0) }.sorted()
            let columns: [Column] = [.timestamp(FixedColumn(cells))]
            let call = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: Self.place)
            let test = WindowCase(
                description: WindowAggregateDescription(
                    operatorID: 5, name: "windows", window: .assigned(reference.assigner), time: .event(column: 0),
                    keys: [], keyTypes: [], calls: [call], argumentTypes: [.bigint],
                    outputs: [.windowStart, .windowEnd, .windowTime, .call(0)]),
                columns: columns, rowWatermarks: nil, reached: cells.map { $0 == Int64.min ? $0 : $0 - 1 }, seed: 1)
            let none = [Int64](repeating: Int64.min, count: cells.count)
            let truth = reference.outcome(times: cells, watermarks: none, keys: [], calls: [call], columns: columns)
            try test.expect(truth)
        }
    }

    @Test(arguments: [nil, UInt32(3)]) func aTimeWithoutWindowsIsABadRecord(skips: UInt32?) throws {
        var settings = JobSettings()
        settings.skipsBadRecords = skips != nil
        let metrics = JobMetrics()
        let call = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: Self.place)
        let description = WindowAggregateDescription(
            operatorID: 5, name: "windows", window: .assigned(.tumble(size: 10)), time: .event(column: 0), keys: [],
            keyTypes: [], calls: [call], argumentTypes: [.bigint], outputs: [.windowStart, .windowEnd, .call(0)])
        guard case .keyed(let op) = try description.makeLink(LinkContext.alone(metrics: metrics, settings: settings))
        else {
            Issue.record("a window aggregate is keyed")
            return
        }
        let batch = Batch(
            columns: [Column([.timestamp(1), .null, .timestamp(.max), .timestamp(2)], .timestamp(precision: 3))],
            rowCount: 4, origin: BatchOrigin(path: "in.json", lines: [10, 11, 12, 13]))
        guard skips != nil else {
            let failure = try #require(throws: JobFailure.self) { try op.accumulate(batch) }
            #expect(failure.kind == .data && failure.message.hasPrefix("in.json:11: a row whose time is NULL"))
            return
        }
        try op.accumulate(batch)
        #expect(metrics.skippedRecords.load(ordering: .relaxed) == 2)
        try op.advance(to: 9)
        let sent = try #require(try op.drain(.watermark))
        #expect(sent.columns.map { $0.cells } == [[.timestamp(0)], [.timestamp(10)], [.bigint(2)]])
    }

    // MARK: Attached windows and processing time

    @Test(arguments: [1, 64, 200], [false, true]) func attachedWindows(rows: Int, processing: Bool) throws {
        let seed = UInt64(rows)
        var random = SplitMix64(seed: seed)
        var ends: [Int64] = []
        var starts: [Int64] = []
        for row in 0..<rows {
            ends.append(Int64(row / 20 + random.below(4)) * 10)
            starts.append(ends[row] - (random.oneIn(2) ? 10 : 20))
        }
        let numbers = (0..<rows).map { _ in Int64(random.below(1000)) }
        let columns: [Column] = [
            .timestamp(FixedColumn(starts)), .timestamp(FixedColumn(ends)),
            .bigint(FixedColumn(numbers.map { $0 % 3 })), .bigint(FixedColumn(numbers)),
        ]
        let calls = [AggregateCall(.max, argument: 3, resultType: .bigint, place: Self.place)]
        var reached = ends
        for row in ends.indices.dropLast().reversed() { reached[row] = min(reached[row], reached[row + 1]) }
        let test = WindowCase(
            description: WindowAggregateDescription(
                operatorID: 5, name: "windows", window: .attached(start: 0, end: 1),
                time: processing ? .processing : .event(column: 1), keys: [2], keyTypes: [.bigint], calls: calls,
                argumentTypes: [.bigint], outputs: [.windowStart, .windowEnd, .windowTime, .key(0), .call(0)]),
            columns: columns, rowWatermarks: nil, reached: reached.map { $0 - 2 }, seed: seed)
        var groups: [String: [Int]] = [:]
        for row in 0..<rows {
            groups["\(starts[row]),\(ends[row]),\(ends[row] - 1),\(numbers[row] % 3)", default: []].append(row)
        }
        let truth = groups.map { "\($0.key),\(WindowReference.result(calls[0], $0.value, columns))" }.sorted()
        try test.expect(WindowOutcome(rows: truth, lateRows: 0))
    }

    @Test(arguments: [Shape(size: 10, slide: 10, offset: 4), Shape(size: 12, slide: 3)], [false, true])
    func processingTime(shape: Shape, restores: Bool) throws {
        let reference = WindowReference(size: shape.size, slide: shape.slide, offset: shape.offset)
        var random = SplitMix64(seed: 19)
        let rows = 120
        let keys = Column.bigint(FixedColumn((0..<rows).map { _ in Int64(random.below(5)) }))
        let call = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: Self.place)
        let description = WindowAggregateDescription(
            operatorID: 5, name: "windows", window: .assigned(reference.assigner), time: .processing, keys: [0],
            keyTypes: [.bigint], calls: [call], argumentTypes: [.bigint],
            outputs: [.windowStart, .windowEnd, .windowTime, .key(0), .call(0)])
        let test = WindowCase(
            description: description, columns: [keys], rowWatermarks: nil,
            reached: [Int64](repeating: 0, count: rows), seed: 19)
        let driver = try WindowDriver(
            test, WindowRun(name: "", batchSizes: [], restores: restores, materialises: { $0 % 2 == 0 }))
        var times: [Int64] = []
        var now: Int64 = 1000
        driver.advanceProcessingTime(to: now)
        var first = 0
        while first < rows {
            let count = min(rows - first, 1 + random.below(9))
            try driver.op.accumulate(test.batch(first..<first + count))
            times += [Int64](repeating: now, count: count)
            first += count
            now += Int64(random.below(random.oneIn(5) ? 40 : 5))
            driver.advanceProcessingTime(to: now)
            try driver.endEpoch()
            let open = Set(times.flatMap { reference.windows(of: $0).map(\.end) }).filter { $0 > now }
            let sent = Set(times.flatMap { reference.windows(of: $0).map(\.end) }).subtracting(open)
            #expect(driver.op.nextProcessingTimer.map { Int128($0) } == open.min())
            #expect(Set(driver.rows.compactMap { Int128($0.split(separator: ",")[1]) }) == sent)
        }
        driver.advanceProcessingTime(to: Int64.max)
        try driver.endEpoch()
        let truth = reference.outcome(
            times: times, watermarks: [Int64](repeating: Int64.min, count: rows), keys: [keys], calls: [call],
            columns: [keys])
        #expect(driver.rows.sorted() == truth.rows)
    }

    /// Rows come in any order of their times, and barriers stand anywhere below the least that is still to come.
    @Test(arguments: [Shape(size: 10, slide: 10, offset: 4), Shape(size: 12, slide: 3)], [1, 2, 3] as [UInt64])
    func rowsWithTimesOfTheirOwn(shape: Shape, seed: UInt64) throws {
        let reference = WindowReference(size: shape.size, slide: shape.slide, offset: shape.offset)
        var random = SplitMix64(seed: seed)
        let rows = 120
        let keys = Column.bigint(FixedColumn((0..<rows).map { _ in Int64(random.below(5)) }))
        let times = (0..<rows).map { Int64(1000 + $0 / 8 * 5 + random.below(30)) }
        let call = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: Self.place)
        let description = WindowAggregateDescription(
            operatorID: 5, name: "windows", window: .assigned(reference.assigner), time: .processing, keys: [0],
            keyTypes: [.bigint], calls: [call], argumentTypes: [.bigint],
            outputs: [.windowStart, .windowEnd, .windowTime, .key(0), .call(0)])
        let test = WindowCase(
            description: description, columns: [keys], rowWatermarks: nil,
            reached: [Int64](repeating: 0, count: rows), seed: seed)
        let driver = try WindowDriver(
            test, WindowRun(name: "", batchSizes: [], restores: seed == 2, materialises: { $0 % 2 == 0 }))
        driver.advanceProcessingTime(to: 1000)
        var first = 0
        while first < rows {
            let count = min(rows - first, 1 + random.below(9))
            var batch = test.batch(first..<first + count)
            batch.rowTimes = Array(times[first..<first + count])
            // Event time says nothing of them.
            batch.rowWatermarks = [Int64](repeating: Int64.max - 1, count: count)
            try driver.op.accumulate(batch)
            first += count
            driver.advanceProcessingTime(to: times[first...].min() ?? times.reduce(0, max))
            if !random.oneIn(3) { try driver.endEpoch() }
        }
        driver.advanceProcessingTime(to: Int64.max)
        try driver.endEpoch()
        let truth = reference.outcome(
            times: times, watermarks: [Int64](repeating: Int64.min, count: rows), keys: [keys], calls: [call],
            columns: [keys])
        #expect(driver.rows.sorted() == truth.rows, "seed \(seed)")
        #expect(driver.metrics.lateRows == 0)
    }

    @Test func anIntegerSumIsCheckedWhenItsWindowFires() throws {
        let call = AggregateCall(.sum, argument: 1, resultType: .bigint, place: Self.place)
        let description = WindowAggregateDescription(
            operatorID: 5, name: "windows", window: .assigned(.hop(size: 4, slide: 2)), time: .event(column: 0),
            keys: [], keyTypes: [], calls: [call], argumentTypes: [.bigint],
            outputs: [.windowStart, .windowEnd, .call(0)])
        guard case .keyed(let op) = try description.makeLink(LinkContext.alone()) else {
            Issue.record("a window aggregate is keyed")
            return
        }
        let columns: [Column] = [
            .timestamp(FixedColumn([0, 2])), .bigint(FixedColumn([Int64.max, 1])),
        ]
        try op.accumulate(Batch(columns: columns, rowCount: 2))
        try op.advance(to: 1)
        let first = try #require(try op.drain(.watermark))
        #expect(first.columns[2].cells == [.bigint(Int64.max)])
        #expect(try op.drain(.watermark) == nil)
        try op.advance(to: 3)
        let failure = try #require(throws: JobFailure.self) { _ = try op.drain(.watermark) }
        #expect(failure.message == "BIGINT overflow in SUM(v)")
    }
}
