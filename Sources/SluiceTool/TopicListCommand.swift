import ArgumentParser
import CommitLog
import Dataflow
import HostSystem
import Operators

struct TopicListCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The topics of a data directory.")

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let topics = try onTopics { (log) throws(JobFailure) in
            let state = try log.settled()
            return try TopicAdmin.list(in: state).map { (topic: $0, deployed: DeployedTopic($0, in: state)) }
        }
        switch output {
        case .json:
            let list = topics.map { topic, deployed in
                JSONValue.object(
                    [
                        ("topic", .string(topic.name)), ("partitions", .integer(topic.partitions.count)),
                        ("rows", .integer(topic.rowCount)), ("key", .array(topic.schema.key.map { .string($0) })),
                    ] + (deployed?.json ?? []))
            }
            StandardStreams.output(JSONValue.object([("topics", .array(list))]).text + "\n")
        case .text:
            let hasJobs = topics.contains { $0.deployed != nil }
            let rows = topics.map { topic, deployed in
                [
                    topic.name, "\(topic.partitions.count)", "\(topic.rowCount)",
                    topic.schema.key.joined(separator: ", "),
                ] + (hasJobs ? [deployed?.text ?? ""] : [])
            }
            let header = ["topic", "partitions", "rows", "key"] + (hasJobs ? ["deployed job"] : [])
            StandardStreams.output(TopicListCommand.table(header, rows))
        }
    }

    /// Left-aligned columns, two blanks apart.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}

extension TopicOptions {
    /// -1: unbounded, as Kafka has it.
    var retentionJSON: [(String, JSONValue)] {
        [
            ("retention.ms", .integer(Int(clamping: retentionMilliseconds ?? -1))),
            ("retention.bytes", .integer(Int(clamping: retentionBytes ?? -1))),
        ]
    }
}

extension Topic {
    /// That are kept.
    var rowCount: Int { partitions.reduce(0) { $0 + Int(clamping: $1.publishedEnd - $1.firstKept) } }
}
