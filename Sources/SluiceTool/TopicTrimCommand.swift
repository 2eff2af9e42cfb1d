import ArgumentParser
import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

struct TopicTrimCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "trim", abstract: "Give up the oldest rows of a topic, for good.",
        discussion: """
            Rows that a job, a savepoint or a retained checkpoint still needs stay, unless it is forced. Rows of what a deployed
            job publishes are given up in the topics of its versions: revenue@1.

            Example: sluice topic trim clicks --before '2026-01-01 00:00:00'
            """)

    @Argument(help: "The topic's name.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "An offset, 'end', or a time (UTC): rows that were published earlier go.", valueName: "offset or time"))
    var before: TrimPoint

    @Option(name: .shortAndLong, help: "Only this partition.")
    var partition: Int?

    @Flag(help: "Also rows that somebody needs: says whom it breaks.")
    var force = false

    @Flag(help: "Only say what would go.")
    var dryRun = false

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let move = try onTopics { (log) throws(JobFailure) in
            let retention = try TopicRetention(name, in: log)
            let move = try retention.move(to: try offsets(retention), isForced: force, isDry: dryRun)
            if !dryRun, !move.dropped.isEmpty { try retention.removeFiles() }
            return move
        }
        tell(text(move), json(move))
    }

    private func offsets(_ retention: TopicRetention) throws(JobFailure) -> [Int: UInt64] {
        let partitions = retention.topic.partitions
        if let partition, !partitions.indices.contains(partition) {
            throw JobFailure(
                .conflict, "topic \"\(name)\" has no partition \(partition)",
                detail: "it has \(partitions.count), numbered from 0")
        }
        let all: [Int: UInt64]
        switch before {
        case .offset(let offset): all = Dictionary(uniqueKeysWithValues: partitions.indices.map { ($0, offset) })
        case .time(let milliseconds): all = try retention.offsets(publishedSince: milliseconds)
        }
        return all.filter { partition == nil || $0.key == partition }
    }

    private func text(_ move: TopicRetention.Move) -> String {
        var lines = move.dropped.map { range in
            "partition \(range.partition.partition): offsets \(range.start) to \(range.end - 1) "
                + (dryRun ? "would go" : "are gone") + ", the first kept one is \(range.end)"
        }
        if lines.isEmpty { lines.append("topic \"\(name)\": nothing to give up") }
        for holder in move.holders {
            lines.append(
                holder.offsets == nil
                    ? "\(holder.name) has not said what it still reads: start it once more, or use --force"
                    : "\(holder.name) still needs rows that were to go, and keeps them; --force gives them up")
        }
        for holder in move.broken {
            lines.append("\(holder.name) " + (dryRun ? "would be" : "is") + " broken: rows it needs are gone")
        }
        return lines.joined(separator: "\n")
    }

    private func json(_ move: TopicRetention.Move) -> [(String, JSONValue)] {
        let dropped = move.dropped.map { range in
            JSONValue.object([
                ("partition", .integer(Int(range.partition.partition))),
                ("start", .integer(Int(clamping: range.start))), ("end", .integer(Int(clamping: range.end))),
            ])
        }
        return [
            ("topic", .string(name)), ("dryRun", .boolean(dryRun)), ("dropped", .array(dropped)),
            ("keptFor", .array(move.holders.map { .string($0.name) })),
            ("broken", .array(move.broken.map { .string($0.name) })),
        ]
    }
}

/// Up to where rows go.
enum TrimPoint: ExpressibleByArgument {
    case offset(UInt64)
    /// Since 1970.
    case time(milliseconds: Int64)

    init?(argument: String) {
        if argument == "end" {
            self = .offset(.max)
        } else if let offset = UInt64(argument) {
            self = .offset(offset)
        } else if let milliseconds = TrimPoint.time(argument) {
            self = .time(milliseconds: milliseconds)
        } else {
            return nil
        }
    }

    /// `2026-01-31`, `2026-01-31 12:00:00`, also with a `T` between and a `Z` behind.
    private static func time(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)
        if bytes.last == UInt8(ascii: "Z") { bytes.removeLast() }
        if bytes.count == 10 { bytes += Array(" 00:00:00".utf8) }
        guard bytes.count > 10 else { return nil }
        if bytes[10] == UInt8(ascii: "T") { bytes[10] = UInt8(ascii: " ") }
        return bytes.withUnsafeBytes { CastText.timestamp($0, .milliseconds) }
    }
}
