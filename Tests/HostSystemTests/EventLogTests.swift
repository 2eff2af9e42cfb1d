import HostSystem
import Synchronization
import TestSupport
import Testing

@Suite struct EventLogTests {
    struct Stopped: TimeSource {
        func wallMilliseconds() -> Int64 { 1_767_323_045_678 }
        func monotonicNanoseconds() -> Int64 { 0 }
    }

    final class Lines: Sendable {
        let all = Mutex<[String]>([])
        let isBroken = Mutex(false)

        func write(_ line: [UInt8]) -> Bool {
            guard !isBroken.withLock({ $0 }) else { return false }
            all.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            return true
        }
    }

    @Test func anEventIsALine() {
        let lines = Lines()
        let log = EventLog(time: Stopped()) { lines.write($0) }
        log.info("worker started", [("job", .string("a\nb")), ("version", .integer(8))])
        log.debug("not shown")
        log.error("failed")
        #expect(
            lines.all.withLock { $0 } == [
                #"{"at":"2026-01-02T03:04:05.678Z","level":"info","event":"worker started","job":"a\nb","version":8}"#
                    + "\n",
                #"{"at":"2026-01-02T03:04:05.678Z","level":"error","event":"failed"}"# + "\n",
            ])
    }

    @Test func whatIsLostIsCounted() throws {
        let lines = Lines()
        let log = EventLog(threshold: .debug, time: Stopped()) { lines.write($0) }
        lines.isBroken.withLock { $0 = true }
        for _ in 0..<3 { log.debug("lost") }
        lines.isBroken.withLock { $0 = false }
        log.debug("found")
        let events = try lines.all.withLock { $0 }.map { try JSONValue(parsing: $0) }
        #expect(events.map { $0["event"] } == [.string("events were lost"), .string("found")])
        #expect(events.first?["count"] == .integer(3))
    }

    @Test func aFileIsWrittenOn() throws {
        let workspace = try Workspace()
        for name in ["one", "two"] {
            let path = workspace.path + "/server.log"
            try EventLog.file(path, files: PosixFileSystem(), time: Stopped()).warning(name)
        }
        let events = try workspace.text(of: "server.log").split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
        #expect(events.map { $0["event"] } == [.string("one"), .string("two")])
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"), (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (Int64.max, "+292278994-08-17T07:12:55.807Z"), (Int64.min, "-292275055-05-16T16:47:04.192Z"),
        ] as [(Int64, String)])
    func momentsAreWrittenInUTC(milliseconds: Int64, text: String) {
        #expect(CivilTime.text(milliseconds: milliseconds) == text)
    }
}
