import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import Testing

@Suite struct FileSourceWatermarkTests {
    private let files = SimulatedFileSystem()

    /// A line whose rowtime is so many milliseconds after 1970-01-01 00:00:00; nil: NULL.
    private func line(_ a: Int, _ time: Int?) -> String {
        let digits = time.map { "\"1970-01-01 00:00:00.\(String(1000 + $0).dropFirst())\"" } ?? "null"
        return "{\"a\":\(a),\"t\":\(digits)}\n"
    }

    @Test func aRowsOwnWatermarkIsWhatItsFileHadReachedBeforeIt() throws {
        try files.put("in/a", line(1, 30) + line(2, 10) + line(3, 50) + line(4, 40))
        try files.put("in/b", line(5, 20) + line(6, 90))
        let run = try FileSourceRun(.json("in", rowtime: true, delay: 5), files)
        #expect(run.readers[0].watermark == .active(WatermarkStatus.unknown))
        let rows = try run.read()
        #expect(rows.map(\.ownWatermark) == [.min, 25, 25, 45, .min, 15])
        #expect(run.readers[0].watermark == .active(85))
    }

    @Test func filesAreReadInStep() throws {
        for file in 0..<3 {
            try files.put("in/\(file)", (0..<20).map { line(file * 100 + $0, $0 * 10 + file) }.joined())
        }
        var description = FileSourceDescription.json("in", rowtime: true)
        description.pieceBytes = 100
        description.rowsPerBatch = 1
        let run = try FileSourceRun(description, files)
        let times = try run.values().map { $0 % 100 }
        #expect(times.count == 60)
        for (place, time) in times.enumerated() { #expect(abs(place / 3 - Int(time)) <= 3) }
    }

    @Test func aRowWithoutATimeIsABadRecord() throws {
        try files.put("in", line(1, 1) + "\n" + line(2, nil) + "{\"a\":oops}\n")
        let failure = #expect(throws: JobFailure.self) {
            try FileSourceRun(.json("in", rowtime: true), files).read()
        }
        #expect(failure?.message == "in:3: rowtime is NULL")
        #expect(failure?.kind == .data)
        var settings = JobSettings()
        settings.skipsBadRecords = true
        let run = try FileSourceRun(.json("in", rowtime: true), files, settings: settings)
        #expect(try run.values() == [1])
        #expect(run.metrics.skippedRecords.load(ordering: .relaxed) == 2)
    }

    @Test func timesAtTheEndsOfTheRangeDoNotTrap() throws {
        var text = "{\"a\":1,\"t\":\"0001-01-01 00:00:00.000\"}\n{\"a\":2,\"t\":\"9999-12-31 23:59:59.999\"}\n"
        text += line(3, 0)
        try files.put("in", text)
        for delay in [Int64.min, -1, 1, Int64.max] {
            let run = try FileSourceRun(.json("in", rowtime: true, delay: delay), files)
            let own = try run.read().compactMap(\.ownWatermark)
            #expect(own == own.sorted() && own.count == 3)
        }
    }

    @Test func aWatermarkMayBeAnyExpression() throws {
        try files.put("in", line(1, 5) + line(0, 9) + line(3, 7) + line(4, 8))
        var description = FileSourceDescription.json("in", rowtime: true)
        let time = DataType.timestamp(precision: 3)
        let place = SourcePlace(line: 1, column: 1, text: "")
        // Rows of even `a` advance nothing.
        let isOdd = ScalarExpression.call(
            .equal,
            [
                .call(.modulo, [.column(0, .bigint), .literal(.bigint(2), .bigint)], .bigint, place),
                .literal(.bigint(1), .bigint),
            ], .boolean, place)
        description.watermark?.delay = .expression(
            .call(.caseWhen, [isOdd, .column(1, time), .literal(.null, time)], time, place))
        let run = try FileSourceRun(description, files)
        #expect(try run.read().map(\.ownWatermark) == [.min, 5, 5, 7])
        #expect(run.readers[0].watermark == .active(7))
    }

    @Test func aSourceWithoutOneHasNoWatermark() throws {
        try files.put("in", line(1, 1))
        let run = try FileSourceRun(.json("in"), files)
        #expect(try run.read().map(\.ownWatermark) == [nil])
        #expect(run.readers[0].watermark == nil)
    }

    @Test func aReadFileHoldsTheWatermarkBackOnlyWhereItGoesOnLater() throws {
        try files.put("in/a", line(1, 10))
        try files.put("in/b", line(2, 20))
        let bounded = try FileSourceRun(.json("in", rowtime: true), files)
        _ = try bounded.read()
        #expect(bounded.readers[0].watermark == .active(20))
        var settings = JobSettings()
        settings.readsWhatIsThere = true
        let first = try FileSourceRun(.json("in", rowtime: true), files, settings: settings)
        _ = try first.read()
        #expect(first.readers[0].watermark == .active(10))
    }

    @Test func theFirstBadLineIsNamedWhoeverReadsIt() throws {
        let good = (0..<40).map { line($0, $0) }.joined()
        try files.put("in", good + "{\"a\":1,\"t\":5}\n" + good + "{\"a\":oops}\n" + good)
        for seed in 0..<20 {
            var random = SplitMix64(seed: UInt64(seed))
            var description = FileSourceDescription.json("in", rowtime: seed % 2 == 0)
            description.pieceBytes = 1 + random.below(300)
            let count = 1 + random.below(4)
            let run = try FileSourceRun(description, files, readers: count)
            let failure = #expect(throws: JobFailure.self) {
                for _ in 0..<100_000 { _ = try run.readers[random.below(count)].read() }
            }
            // Without a rowtime nobody looks at the first.
            let start = seed % 2 == 0 ? "in:41:12: expected a TIMESTAMP" : "in:82:6: "
            #expect(failure?.message.hasPrefix(start) == true, "\(failure?.message ?? ""), seed \(seed)")
        }
    }
}
