import ArgumentParser
import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

struct TopicListCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The topics of a data directory.")

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let topics = try onTopics { (log) throws(JobFailure) in try TopicAdmin.list(in: log) }
        switch output {
        case .json:
            let list = topics.map { topic in
                JSONValue.object([
                    ("topic", .string(topic.name)), ("partitions", .integer(topic.partitions.count)),
                    ("rows", .integer(topic.rowCount)), ("key", .array(topic.schema.key.map { .string($0) })),
                ])
            }
            StandardStreams.output(JSONValue.object([("topics", .array(list))]).text + "\n")
        case .text:
            let rows = topics.map { topic in
                [
                    topic.name, "\(topic.partitions.count)", "\(topic.rowCount)",
                    topic.schema.key.joined(separator: ", "),
                ]
            }
            StandardStreams.output(TopicListCommand.table(["topic", "partitions", "rows", "key"], rows))
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

struct TopicDescribeCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "What a topic's columns are, and what is in it.")

    @Argument(help: "The topic's name.")
    var name: String

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let (topic, position, bytes) = try onTopics { (log) throws(JobFailure) in
            let topic = try TopicAdmin.describe(name, in: log)
            var bytes: [Int] = []
            for partition in topic.partitions.indices {
                bytes.append(try Self.sizeBytes(of: log.directory(of: name, partition: partition), log.files))
            }
            return (topic, try log.settled().end, bytes)
        }
        switch output {
        case .json: StandardStreams.output(json(topic, position, bytes).text + "\n")
        case .text: StandardStreams.output(text(topic, position, bytes))
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

    private func text(_ topic: Topic, _ position: UInt64, _ bytes: [Int]) -> String {
        var text = "topic \"\(name)\", id \(topic.id), compression \(topic.options.compression.rawValue)"
        text += ", schema version \(topic.schemaID), journal position \(position)\n"
        text += topic.options.hasRetention ? topic.options.retentionText + "\n\n" : "all rows are kept\n\n"
        let columns = topic.schema.fields.map { column in
            [
                column.name, "\(column.type)" + (column.isNullable ? "" : " NOT NULL"),
                topic.schema.key.contains(column.name) ? "key" : "",
            ]
        }
        text += TopicListCommand.table(["column", "type", ""], columns) + "\n"
        let partitions = zip(topic.partitions, bytes).enumerated().map { number, entry in
            ["\(number)", "\(entry.0.firstKept)", "\(entry.0.publishedEnd)", byteText(entry.1)]
        }
        return text + TopicListCommand.table(["partition", "first offset", "end offset", "size"], partitions)
    }

    private func json(_ topic: Topic, _ position: UInt64, _ bytes: [Int]) -> JSONValue {
        let columns = topic.schema.fields.map { column in
            JSONValue.object([
                ("name", .string(column.name)), ("type", .string("\(column.type)")),
                ("nullable", .boolean(column.isNullable)),
            ])
        }
        let partitions = zip(topic.partitions, bytes).map { partition, bytes in
            JSONValue.object([
                ("firstOffset", .integer(Int(clamping: partition.firstKept))),
                ("endOffset", .integer(Int(clamping: partition.publishedEnd))), ("bytes", .integer(bytes)),
            ])
        }
        return .object(
            [
                ("topic", .string(name)), ("id", .string("\(topic.id)")),
                ("compression", .string(topic.options.compression.rawValue)),
                ("schemaVersion", .integer(Int(topic.schemaID))), ("position", .integer(Int(clamping: position))),
                ("columns", .array(columns)), ("key", .array(topic.schema.key.map { .string($0) })),
                ("partitions", .array(partitions)),
            ] + topic.options.retentionJSON)
    }
}
