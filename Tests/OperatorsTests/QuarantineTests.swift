import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import TestSupport
import Testing

@Suite struct QuarantineTests {
    /// A row of quarantine as far as it does not depend on words.
    struct Kept: Hashable, Comparable {
        var source: String
        var position: Int64
        var record: String

        static func < (left: Kept, right: Kept) -> Bool {
            (left.source, left.position, left.record) < (right.source, right.position, right.record)
        }
    }

    static let settings: JobSettings = {
        var settings = JobSettings()
        settings.skipsBadRecords = true
        settings.quarantinesBadRecords = true
        return settings
    }()

    private static func cells(_ output: SideOutput) -> [[Cell]] {
        output.takeAll().flatMap { batch in
            (0..<batch.rowCount).map { row in batch.columns.map { $0.cell(at: row) } }
        }
    }

    private static func kept(_ output: SideOutput) throws -> [Kept] {
        try cells(output).map { cells in
            guard case .string(let source) = cells[1], case .bigint(let position) = cells[3],
                case .string(let record) = cells[8]
            else { throw Unreadable() }
            return Kept(source: source, position: position, record: record)
        }
    }

    struct Unreadable: Error {}

    // MARK: Sources

    @Test func whatIsKeptOfARecord() throws {
        let files = SimulatedFileSystem()
        try files.put("in", Array("{\"a\":1}\n{\"a\":\"x\"}\r\n".utf8) + Array("{\"a\":".utf8) + [0xFF, 0x0A])
        let output = SideOutput()
        let run = try FileSourceRun(.json("in"), files, settings: Self.settings, sideOutput: output)
        #expect(try run.values() == [1])
        let rows = Self.cells(output)
        #expect(
            rows == [
                [
                    .string("bad-record"), .string("in"), .null, .bigint(2), .int(6),
                    .string("expected a BIGINT for field \"a\", found \"x\""), .null, .null,
                    .string("{\"a\":\"x\"}"), .null,
                ],
                [
                    .string("bad-record"), .string("in"), .null, .bigint(3), .int(6),
                    .string("expected a JSON value"), .null, .null, .string("{\"a\":\u{FFFD}"), .string("eyJhIjr/"),
                ],
            ])
        #expect(rows[0].count == QuarantineTopic.fields.count)
        #expect(run.metrics.skippedRecords.load(ordering: .relaxed) == 0)
    }

    @Test func withoutASideOutputRecordsAreSkipped() throws {
        let files = SimulatedFileSystem()
        try files.put("in", "{\"a\":1}\nno\n")
        let run = try FileSourceRun(.json("in"), files, settings: Self.settings)
        #expect(try run.values() == [1])
        #expect(run.metrics.skippedRecords.load(ordering: .relaxed) == 1)
    }

    /// Any readers, splits and batches; stopped somewhere, and gone on from the position there.
    @Test(arguments: 0..<200) func everyBadRecordIsGivenOnce(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let files = SimulatedFileSystem()
        var expected: [Kept] = []
        for file in 0...random.below(3) {
            expected += try Self.write("in/\(file)", &random, to: files)
        }
        var position: [UInt8]?
        var found: [Kept] = []
        var isOver = false
        while !isOver {
            var description = FileSourceDescription.json("in", rowtime: true)
            description.pieceBytes = 1 + random.below(300)
            description.rowsPerBatch = 1 + random.below(10)
            let output = SideOutput()
            let run = try FileSourceRun(
                description, files, readers: 1 + random.below(3), from: position, settings: Self.settings,
                sideOutput: output)
            isOver = try Self.read(run, &random, atMost: random.oneIn(3) ? .max : random.below(60))
            found += try Self.kept(output)
            position = try run.input.position()
        }
        #expect(found.sorted() == expected.sorted(), "seed \(seed)")
    }

    /// - Returns: whether all was read.
    private static func read(_ run: FileSourceRun, _ random: inout SplitMix64, atMost steps: Int) throws -> Bool {
        var active = Array(run.readers.indices)
        for _ in 0..<steps {
            if active.isEmpty { return true }
            let reader = active[random.below(active.count)]
            if case .exhausted = try run.readers[reader].read() { active.removeAll { $0 == reader } }
        }
        return active.isEmpty
    }

    private static func write(
        _ path: String, _ random: inout SplitMix64, to files: SimulatedFileSystem
    ) throws -> [Kept] {
        var text = ""
        var bad: [Kept] = []
        for line in 1...(1 + random.below(60)) {
            let time = String(1000 + random.below(1000)).dropFirst()
            let stamp = "\"1970-01-01 00:00:00.\(time)\""
            let filler = String(repeating: "x", count: random.oneIn(9) ? random.below(900) : random.below(9))
            let isBad = random.oneIn(3)
            let record =
                switch isBad ? random.below(4) : 4 {
                case 0: "{\"a\":\"\(filler)\",\"t\":\(stamp)}"
                case 1: "{\"a\":\(line),\"note\":\"\(filler)\",\"t\":null}"
                case 2: "no \(filler)"
                case 3: "{\"a\":\(line),\"t\":\"\(filler)\"}"
                default: "{\"a\":\(line),\"note\":\"\(filler)\",\"t\":\(stamp)}"
                }
            if isBad { bad.append(Kept(source: path, position: Int64(line), record: record)) }
            text += record + (random.oneIn(4) ? "\r\n" : "\n")
        }
        if random.oneIn(2) { text.removeLast() }
        try files.put(path, text)
        return bad
    }

    /// Of every row the record that it was made of, as long as the file is there.
    @Test(arguments: 0..<60) func recordsCanBeReadAgain(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let files = SimulatedFileSystem()
        let isCSV = random.oneIn(2)
        var records: [Int64: String] = [:]
        var text = isCSV ? "\u{FEFF}a,note,t\n" : random.oneIn(2) ? "\u{FEFF}" : ""
        var line: Int64 = isCSV ? 2 : 1
        for row in 0..<(1 + random.below(60)) {
            let filler = String(repeating: "x", count: random.oneIn(9) ? random.below(900) : random.below(9))
            let stamp = "1970-01-01 00:00:00.\(String(1000 + random.below(1000)).dropFirst())"
            let isLong = isCSV && random.oneIn(4)
            let record =
                isCSV
                ? "\(row),\"\(isLong ? "\n" : "")\(filler)\",\(stamp)"
                : "{\"a\":\(row),\"note\":\"\(filler)\",\"t\":\"\(stamp)\"}"
            records[line] = record
            text += record + (random.oneIn(4) ? "\r\n" : "\n")
            line += isLong ? 2 : 1
            // A bad one, or in JSON none.
            if random.oneIn(5) {
                text += isCSV ? "7,\(filler)\n" : "\n"
                line += 1
            }
        }
        try files.put("in", text)
        var description = isCSV ? FileSourceDescription.csv("in", header: true) : .json("in", rowtime: true)
        description.pieceBytes = 1 + random.below(300)
        description.rowsPerBatch = 1 + random.below(10)
        let output = SideOutput()
        let run = try FileSourceRun(
            description, files, readers: 1 + random.below(3), settings: Self.settings, sideOutput: output)
        var active = Array(run.readers.indices)
        var origins: [BatchOrigin] = []
        while !active.isEmpty {
            let reader = active[random.below(active.count)]
            switch try run.readers[reader].read() {
            case .batch(let batch): origins.append(try #require(batch.origin))
            case .exhausted: active.removeAll { $0 == reader }
            case .nothing, .waiting: break
            }
        }
        #expect(origins.reduce(0) { $0 + $1.lines.count } == records.count)
        for origin in origins {
            let wanted = origin.lines.filter { _ in random.oneIn(2) }
            let read = try #require(origin.records).read(lines: wanted)
            #expect(read == wanted.map { Array((records[$0] ?? "").utf8) }, "seed \(seed)")
        }
        try files.remove("in")
        #expect(origins.allSatisfy { $0.records?.read(lines: $0.lines) == nil })
    }

    // MARK: Operators

    private static let columns = [Field("a", .bigint), Field("b", .string)]

    private static func context(_ output: SideOutput) throws -> LinkContext {
        var context = try LinkContext.alone(settings: settings)
        context.sideOutput = output
        return context
    }

    /// More rows than an error would ever name; every third is 0.
    private static func batch(_ rows: Int) -> Batch {
        var origin = BatchOrigin(path: "in", lines: (0..<rows).map { Int64($0) + 10 })
        origin.partition = 3
        return Batch(
            columns: [
                Column((0..<rows).map { .bigint(Int64($0 % 3)) }, .bigint),
                Column((0..<rows).map { $0 % 2 == 0 ? .null : .string("s\($0)") }, .string),
            ], rowCount: rows, origin: origin)
    }

    @Test func rowsOnWhichAnExpressionFails() throws {
        let inverse = ScalarExpression.call(
            .divide, [.literal(.bigint(6), .bigint), .column(0, .bigint)], .bigint,
            SourcePlace(line: 4, column: 9, text: "6 / a"))
        let condition = ScalarExpression.call(
            .greater, [inverse, .literal(.bigint(0), .bigint)], .boolean,
            SourcePlace(line: 4, column: 9, text: "6 / a > 0"))
        let links: [any LinkDescription] = [
            ProjectDescription(expressions: [inverse], columns: Self.columns),
            FilterDescription(condition: condition, columns: Self.columns),
        ]
        for description in links {
            let output = SideOutput()
            guard case .transform(let link) = try description.makeLink(try Self.context(output)) else {
                Issue.record("a link without state")
                continue
            }
            var batch = Self.batch(400)
            batch.selection = (0..<400).filter { $0 != 3 }
            #expect(try link.apply(batch)?.selectedCount == 266)
            let rows = Self.cells(output)
            #expect(rows.count == 133)
            #expect(
                rows[1] == [
                    .string("failed-row"), .string("in"), .int(3), .bigint(16), .null,
                    .string("division by zero in 6 / a"), .int(4), .int(9), .string("{\"a\":0,\"b\":null}"), .null,
                ])
        }
    }

    @Test func rowsThatBringANullToASink() throws {
        let fields = [Field("a", .bigint), Field("b", .string, isNullable: false)]
        let sink = BlackholeSinkDescription(operatorID: 1, table: "out", fields: fields)
        let output = SideOutput()
        guard case .sink(let link) = try sink.makeLink(try Self.context(output)) else { return }
        try link.write(Self.batch(10))
        let rows = Self.cells(output)
        #expect(rows.map { $0[3] } == [10, 12, 14, 16, 18].map { .bigint($0) })
        #expect(rows[0][5] == .string("column \"b\" of table \"out\" is NOT NULL, but the row brings a NULL"))
    }

    /// Batches of any size, event time told whenever: the same rows, with the watermark that each of them missed.
    @Test(arguments: 0..<20) func lateRowsOfWindows(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var expected: [[Cell]] = []
        var (times, own): ([Int64], [Int64]) = ([], [])
        var greatest = Int64.min
        for row in 0..<200 {
            let time = Int64(row / 2 + random.below(30))
            times.append(time)
            own.append(greatest)
            // Windows of 8 every 4: the last of a row ends with the second pane behind it.
            let lastEnd = time / 4 * 4 + 8
            if greatest >= lastEnd - 1 {
                let reason = "late for hops: its last window ended at 1970-01-01 00:00:00.\(Self.fraction(lastEnd))"
                expected.append([
                    .bigint(Int64(row)),
                    .string(reason + ", and the watermark had reached 1970-01-01 00:00:00.\(Self.fraction(greatest))"),
                ])
            }
            greatest = max(greatest, time)
        }
        #expect(!expected.isEmpty)
        var description = WindowAggregateDescription(
            operatorID: 5, name: "hops", window: .assigned(.hop(size: 8, slide: 4)), time: .event(column: 0), keys: [],
            keyTypes: [],
            calls: [
                AggregateCall(
                    .countStar, argument: nil, resultType: .bigint, place: SourcePlace(line: 1, column: 1, text: ""))
            ], argumentTypes: [.bigint], outputs: [.windowStart, .windowEnd, .call(0)])
        description.columns = [Field("at", .timestamp(precision: 3))]
        description.quarantinesLateRows = true
        let output = SideOutput()
        guard case .keyed(let link) = try description.makeLink(try Self.context(output)) else { return }
        var first = 0
        while first < times.count {
            let rows = first..<min(times.count, first + 1 + random.below(50))
            try link.accumulate(
                Batch(
                    columns: [.timestamp(FixedColumn(Array(times[rows])))], rowCount: rows.count,
                    origin: BatchOrigin(path: "in", lines: rows.map { Int64($0) }), rowWatermarks: Array(own[rows])))
            first = rows.upperBound
            if random.oneIn(2), first < times.count {
                try link.advance(to: own[first])
                while try link.drain(.watermark) != nil {}
            }
        }
        let rows = Self.cells(output)
        #expect(rows.map { [$0[3], $0[5]] } == expected, "seed \(seed)")
        #expect(rows.allSatisfy { $0[0] == .string("late-row") && $0[1] == .string("in") })
    }

    /// Milliseconds of a second, trailing zeros cut.
    private static func fraction(_ milliseconds: Int64) -> String {
        var digits = String(String(1000 + milliseconds).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return digits
    }

    // MARK: Topics

    @Test func rowsOfTopicsAreKeptAsJSON() throws {
        let run = try TopicRun()
        try run.create("t", [Field("a", .bigint), Field("b", .string), Field("c", .int)], partitions: 2)
        try run.publish("t", [[.bigint(1), .string("x"), .int(1)], [.bigint(2), .null, .int(2)]])
        try run.publish("t", [[.bigint(3), .null, .int(3)]])
        run.settings = Self.settings
        let output = SideOutput()
        run.sideOutput = output
        let fields = [Field("a", .bigint), Field("b", .string, isNullable: false)]
        let source = TopicSourceDescription(
            operatorID: 1, table: "t", topic: "t",
            columns: fields.map { ScanColumn(path: [$0.name], type: $0.type, isNullable: $0.isNullable) },
            metadata: [], fields: fields, key: [], predicates: [], watermark: nil, start: .earliest, isBounded: true)
        #expect(try run.read(source).rows.map(\.cells) == [[.bigint(1), .string("x")]])
        let rows = Self.cells(output)
        #expect(Set(rows.map { $0[8] }) == [.string("{\"a\":2,\"b\":null}"), .string("{\"a\":3,\"b\":null}")])
        #expect(rows.allSatisfy { $0[1] == .string("t") && $0[2] != .null && $0[3] != .null })
        #expect(rows.map { $0[5] }.allSatisfy { $0 == .string("column \"b\" is NOT NULL, and the row has a NULL") })
    }
}
