import ArgumentParser
import Columnar
import Dataflow

/// A place in the journal, as `--at` names it.
enum PastPosition: ExpressibleByArgument {
    /// How many entries it then had.
    case entries(UInt64)
    /// Since 1970-01-01 00:00:00 UTC.
    case time(milliseconds: Int64)

    init?(argument: String) {
        if let entries = UInt64(argument) {
            self = .entries(entries)
            return
        }
        var text = Array(argument.utf8)
        if text.count == 10 { text += Array(" 00:00:00".utf8) }
        let format: TextParsing.TimestampFormat = text.contains(UInt8(ascii: "T")) ? .iso8601 : .sql
        let milliseconds = text.withUnsafeBytes { TextParsing.timestampMilliseconds($0, format: format) }
        guard let milliseconds else { return nil }
        self = .time(milliseconds: milliseconds)
    }

    /// - Errors: `conflict` where the journal has no such place.
    func position(in log: CommitLogAccess?) throws(JobFailure) -> UInt64 {
        guard let log else {
            throw JobFailure(
                .conflict, "there is no data directory to read as of a past position",
                hint: "name one with --data, or $SLUICE_DATA")
        }
        switch self {
        case .time(let milliseconds): return try log.position(at: milliseconds)
        case .entries(let position):
            _ = try log.state(at: position)
            return position
        }
    }
}
