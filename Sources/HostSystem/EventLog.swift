import Glibc
import Synchronization

// What a long-running process tells its operator: one JSON object on one line for each event,
//
//     {"at":"2026-01-02T03:04:05.678Z","level":"info","event":"worker started","job":"orders","version":8}
//
// in the order in which they happened, each line written whole. An event that cannot be written is counted, and the next
// one that can says how many are missing.

package final class EventLog: Sendable {
    package enum Level: String, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .debug: 0
            case .info: 1
            case .warning: 2
            case .error: 3
            }
        }
    }

    private struct Output {
        /// False: it could not be written.
        var write: @Sendable ([UInt8]) -> Bool
        var lost = 0
    }

    private let output: Mutex<Output>
    private let time: any TimeSource
    /// Lower levels are left out.
    package let threshold: Level

    package init(threshold: Level = .info, time: any TimeSource, write: @escaping @Sendable ([UInt8]) -> Bool) {
        self.threshold = threshold
        self.time = time
        output = Mutex(Output(write: write))
    }

    package static func standardError(threshold: Level = .info, time: any TimeSource) -> EventLog {
        EventLog(threshold: threshold, time: time) { writeToStandardError($0) }
    }

    /// Lines are added to the end of a file, which is made where it is missing, and has no other writer.
    package static func file(
        _ path: String, files: any FileSystem, threshold: Level = .info, time: any TimeSource
    ) throws(FileError) -> EventLog {
        let file = try files.open(path, .createIfMissing)
        return EventLog(threshold: threshold, time: time) { append($0, to: file) }
    }

    private static func append(_ line: [UInt8], to file: any FileHandle) -> Bool {
        do throws(FileError) {
            let end = try file.size()
            do throws(FileError) {
                try file.write(line, at: end)
                return true
            } catch {
                // Part of a line would spoil the next one.
                try file.truncate(to: end)
                return false
            }
        } catch {
            return false
        }
    }

    package func debug(_ event: String, _ fields: [(String, JSONValue)] = []) { write(.debug, event, fields) }
    package func info(_ event: String, _ fields: [(String, JSONValue)] = []) { write(.info, event, fields) }
    package func warning(_ event: String, _ fields: [(String, JSONValue)] = []) { write(.warning, event, fields) }
    package func error(_ event: String, _ fields: [(String, JSONValue)] = []) { write(.error, event, fields) }

    package func write(_ level: Level, _ event: String, _ fields: [(String, JSONValue)]) {
        guard level >= threshold else { return }
        output.withLock { output in
            if output.lost > 0 {
                let gap = line(.warning, "events were lost", [("count", .integer(output.lost))])
                guard output.write(gap) else { return output.lost += 1 }
                output.lost = 0
            }
            if !output.write(line(level, event, fields)) { output.lost += 1 }
        }
    }

    private func line(_ level: Level, _ event: String, _ fields: [(String, JSONValue)]) -> [UInt8] {
        let head: [(String, JSONValue)] = [
            ("at", .string(CivilTime.text(milliseconds: time.wallMilliseconds()))), ("level", .string(level.rawValue)),
            ("event", .string(event)),
        ]
        return JSONValue.object(head + fields).bytes + [UInt8(ascii: "\n")]
    }

    private static func writeToStandardError(_ line: [UInt8]) -> Bool {
        var rest = line[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress!, $0.count) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}
