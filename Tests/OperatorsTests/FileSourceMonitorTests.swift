import Columnar
import Dataflow
import HostSystem
import Operators
import Simulation
import Testing

/// A source with a monitor interval of one second.
@Suite struct FileSourceMonitorTests {
    private let files = SimulatedFileSystem()
    private let time = SimulatedTime()

    private func run(
        _ path: String = "in", readers: Int = 1, from position: [UInt8]? = nil, idleTimeout: Int64? = nil
    ) throws -> FileSourceRun {
        var description = FileSourceDescription.json(path, rowtime: true)
        description.monitorIntervalNanoseconds = 1_000_000_000
        var settings = JobSettings()
        settings.idleTimeoutMilliseconds = idleTimeout
        return try FileSourceRun(
            description, files, readers: readers, from: position, settings: settings, time: time)
    }

    private func line(_ a: Int, _ second: Int) -> String {
        "{\"a\":\(a),\"t\":\"1970-01-01 00:00:0\(second).000\"}\n"
    }

    private func look(_ run: FileSourceRun) throws {
        time.advance(milliseconds: 1000)
        try run.input.look()
    }

    @Test func newAndGrownFilesAreReadOn() throws {
        try files.put("in/b", line(1, 1))
        let run = try run(readers: 2)
        #expect(run.input.lookIntervalNanoseconds == 1_000_000_000)
        #expect(try run.values() == [1])
        #expect(try isWaiting(run.readers[1].read()))
        try look(run)
        #expect(run.rung.take().isEmpty)
        try files.put("in/a", line(2, 2))
        try files.put("in/b", line(1, 1) + line(3, 3))
        // Not before its time.
        try run.input.look()
        #expect(try run.values().isEmpty)
        try look(run)
        #expect(run.rung.take() == [0, 1])
        #expect(try Set(run.values()) == [2, 3])
    }

    @Test func aLineWaitsForItsEnd() throws {
        try files.put("in", "{\"a\":1,\"t\":\"1970-01-01 00:00:01.000\"}\n{\"a\":2,")
        let run = try run()
        #expect(try run.values() == [1])
        try files.put("in", line(1, 1) + "{\"a\":2,\"t\":\"1970")
        try look(run)
        #expect(try run.values().isEmpty)
        try files.put("in", line(1, 1) + line(2, 2))
        try look(run)
        let rows = try run.read()
        #expect(rows.map(\.line) == [2])
    }

    @Test func nothingFiredIsReopened() throws {
        try files.put("in/a", line(1, 1))
        try files.put("in/b", line(2, 5))
        let first = try run()
        #expect(try first.values().count == 2)
        #expect(first.readers[0].watermark == .active(5000))
        try files.put("in/a", line(1, 1) + line(3, 2))
        try files.put("in/c", line(4, 3))
        try look(first)
        let position = try first.input.position()
        #expect(try first.read().map(\.ownWatermark) == [5000, 5000])
        #expect(first.readers[0].watermark == .active(5000))
        let second = try run(from: position)
        #expect(try second.read().map(\.ownWatermark) == [5000, 5000])
        // Found while nobody looked.
        let last = try second.input.position()
        try files.put("in/d", line(5, 4))
        let third = try run(from: last)
        #expect(third.readers[0].watermark == .active(5000))
        #expect(try third.read().map(\.ownWatermark) == [5000])
    }

    @Test func aQuietSourceIsIdleUntilItGivesAgain() throws {
        try files.put("in/a", line(1, 1))
        let run = try run(idleTimeout: 3000)
        #expect(try run.values() == [1])
        try look(run)
        #expect(run.readers[0].watermark == .active(1000))
        #expect(run.rung.take().isEmpty)
        try look(run)
        try look(run)
        #expect(run.readers[0].watermark == .idle)
        #expect(run.rung.take() == [0])
        try files.put("in/b", line(2, 2))
        try look(run)
        #expect(run.readers[0].watermark == .idle)
        #expect(try run.values() == [2])
        #expect(run.readers[0].watermark == .active(2000))
    }

    @Test func whatHasChangedIsToldWhenItIsSeen() throws {
        try files.put("in", line(1, 1) + line(2, 2))
        let run = try run()
        #expect(try run.values() == [1, 2])
        _ = try run.input.position()
        try files.put("in", line(1, 1))
        let failure = #expect(throws: JobFailure.self) { try look(run) }
        #expect(failure?.message.contains("'in' has changed") == true)
        try files.put("in", line(9, 1) + line(2, 2) + line(3, 3))
        #expect(throws: JobFailure.self) { try look(run) }
    }

    @Test func anEmptyFolderIsNoError() throws {
        try files.makeDirectories("in")
        let run = try run("in/*.json")
        #expect(try run.values().isEmpty)
        try files.put("in/a.json", line(1, 1))
        try look(run)
        #expect(try run.values() == [1])
    }

    @Test func filesThatAreReadMayBeTakenAway() throws {
        try files.put("in/a", line(1, 1))
        let run = try run()
        #expect(try run.values() == [1])
        _ = try run.input.position()
        try files.remove("in/a")
        try look(run)
        let position = try run.input.position()
        #expect(try self.run(from: position).values().isEmpty)
    }

    private func isWaiting(_ progress: SourceProgress) -> Bool {
        if case .waiting = progress { true } else { false }
    }
}
