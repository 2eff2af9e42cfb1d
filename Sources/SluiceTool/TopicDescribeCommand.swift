import ArgumentParser
import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

struct TopicDescribeCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "What a topic's columns are, and what is in it.",
        discussion: """
            Of what a deployed job publishes: which version's topic its rows are in, from which offset on. Versions' topics are
            named by number or by role.

            Example: sluice topic describe revenue@candidate
            """)

    @Argument(help: "The topic's name.")
    var name: String

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let found = try onTopics { (log) throws(JobFailure) in
            let state = try log.settled()
            let topic = try Topic.toRead(name, in: state)
            var bytes: [Int] = []
            for partition in topic.partitions.indices where !topic.isName {
                bytes.append(try Self.sizeBytes(of: log.directory(of: topic.name, partition: partition), log.files))
            }
            return Description(
                topic: topic, deployed: DeployedTopic(topic, in: state), position: state.end, bytes: bytes)
        }
        switch output {
        case .json: StandardStreams.output(found.json.text + "\n")
        case .text: StandardStreams.output(found.text)
        }
    }

    private static func sizeBytes(of directory: String, _ files: any FileSystem) throws(JobFailure) -> Int {
        try JobFailure.onFiles("looking at '\(directory)'") { () throws(FileError) in
            guard try files.exists(directory) else { return 0 }
            var sum = 0
            for name in try files.list(directory) where name.hasSuffix(".segment") {
                sum += try files.status(directory + "/" + name)?.sizeBytes ?? 0
            }
            return sum
        }
    }
}

private struct Description {
    var topic: Topic
    var deployed: DeployedTopic?
    /// Of the journal.
    var position: UInt64
    /// By partition; none of a published name, which has no files.
    var bytes: [Int]

    var text: String {
        var text = "topic \"\(topic.name)\", id \(topic.id), compression \(topic.options.compression.rawValue)"
        text += ", schema version \(topic.schemaID), journal position \(position)\n"
        text += deployed.map { $0.sentence + "\n" } ?? ""
        if !topic.isName {
            text += topic.options.hasRetention ? topic.options.retentionText + "\n" : "all rows are kept\n"
        }
        let columns = topic.schema.fields.map { column in
            [
                column.name, "\(column.type)" + (column.isNullable ? "" : " NOT NULL"),
                topic.schema.key.contains(column.name) ? "key" : "",
            ]
        }
        text += "\n" + TopicListCommand.table(["column", "type", ""], columns) + "\n"
        let partitions = topic.partitions.enumerated().map { number, partition in
            ["\(number)", "\(partition.firstKept)", "\(partition.publishedEnd)"]
                + bytes.dropFirst(number).prefix(1).map(byteText)
        }
        let header = ["partition", "first offset", "end offset"] + (topic.isName ? [] : ["size"])
        text += TopicListCommand.table(header, partitions)
        guard let spans = deployed?.spanTable else { return text }
        return text + "\n" + spans
    }

    var json: JSONValue {
        let columns = topic.schema.fields.map { column in
            JSONValue.object([
                ("name", .string(column.name)), ("type", .string("\(column.type)")),
                ("nullable", .boolean(column.isNullable)),
            ])
        }
        let partitions = topic.partitions.enumerated().map { number, partition in
            JSONValue.object(
                [
                    ("firstOffset", .integer(Int(clamping: partition.firstKept))),
                    ("endOffset", .integer(Int(clamping: partition.publishedEnd))),
                ] + bytes.dropFirst(number).prefix(1).map { ("bytes", .integer($0)) })
        }
        let retention = topic.isName ? [] : topic.options.retentionJSON
        return .object(
            [
                ("topic", .string(topic.name)), ("id", .string("\(topic.id)")),
                ("compression", .string(topic.options.compression.rawValue)),
                ("schemaVersion", .integer(Int(topic.schemaID))), ("position", .integer(Int(clamping: position))),
                ("columns", .array(columns)), ("key", .array(topic.schema.key.map { .string($0) })),
                ("partitions", .array(partitions)),
            ] + retention + (deployed?.json ?? []))
    }
}
