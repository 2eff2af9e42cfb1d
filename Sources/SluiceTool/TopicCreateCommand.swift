import ArgumentParser
import Columnar
import Dataflow
import HostSystem
import Operators
import StreamSQL

/// `sluice topic create`; `alter` and `delete` stand behind it.
struct TopicCreateCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a topic.",
        discussion: """
            Example: sluice topic create clicks --schema 'user STRING NOT NULL, at TIMESTAMP(3)' --key user -p 2
            """)

    @Argument(help: "The topic's name.")
    var name: String

    @Option(help: "The columns, as in CREATE TABLE: 'user STRING, at TIMESTAMP(3)'.")
    var schema: String?

    @Option(help: ArgumentHelp("A column of the key; may be given again.", valueName: "column"))
    var key: [String] = []

    @Option(
        help: ArgumentHelp(
            "A SQL file with a table of this topic, which says what its columns are.", valueName: "file"),
        completion: .file(extensions: ["sql"]))
    var from: String?

    @Option(name: .shortAndLong, help: "Number of partitions.")
    var partitions: UInt32?

    @Option(help: "lz4, zstd or none")
    var compression: TopicOptions.Compression?

    @OptionGroup var retention: RetentionOption

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        guard (schema == nil) != (from == nil) else { throw ValidationError("name either --schema or --from") }
        if from != nil, !key.isEmpty { throw ValidationError("--key goes with --schema: a file says its key itself") }
        if let partitions, !(1...TopicOptions.mostPartitions).contains(partitions) {
            throw ValidationError("-p is a number from 1 to \(TopicOptions.mostPartitions)")
        }
    }

    func perform() throws(ToolFailure) {
        let declaration = try declaration()
        let schema: TopicSchema
        do throws(TopicSchemaMistake) {
            schema = try TopicSchema(fields: declaration.fields, key: declaration.key)
        } catch {
            throw ToolFailure(message: "topic \"\(name)\" cannot be made: \(error)")
        }
        let kept = declaration.retention.adding(retention.change)
        let options = kept.applied(to: TopicOptions(compression: compression ?? declaration.compression ?? .lz4))
        let topic = try onTopics(isMade: true) { (log) throws(JobFailure) in
            try TopicAdmin.create(
                name, schema: schema, partitions: partitions ?? declaration.partitions ?? 1, options: options,
                random: SystemRandom(), in: log)
        }
        tell(
            "created topic \"\(name)\", \(topic.partitions.count) partition\(topic.partitions.count == 1 ? "" : "s")",
            [("topic", .string(name)), ("partitions", .integer(topic.partitions.count))])
    }

    private func declaration() throws(ToolFailure) -> TopicDeclaration {
        guard let from else {
            do throws(SQLError) {
                return try TopicDeclaration(topic: name, columns: schema ?? "", key: key)
            } catch {
                throw ToolFailure(
                    message: "--schema '\(schema ?? "")': \(error.message)", detail: error.detail,
                    hint: error.hint ?? "columns as in CREATE TABLE: 'user STRING, at TIMESTAMP(3)'")
            }
        }
        let text = try JobFile.text(of: from)
        do throws(SQLError) {
            var session = try QuerySession()
            try session.load(text)
            if let found = session.topics.first(where: { $0.topic == name }) { return found }
        } catch {
            throw ToolFailure(error, in: text, called: from)
        }
        throw ToolFailure(
            message: "'\(from)' has no table of topic \"\(name)\"",
            hint: "a table WITH ('connector' = 'log', 'topic' = '\(name)')")
    }
}

extension TopicOptions.Compression: ExpressibleByArgument {}

struct TopicAlterCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "alter", abstract: "Add columns to a topic, or change how long it keeps its rows.",
        discussion: """
            Rows that are there have NULL in new columns.

            Example: sluice topic alter clicks --add 'country STRING' --retention 30d
            """)

    @Argument(help: "The topic's name.")
    var name: String

    @Option(help: ArgumentHelp("Nullable columns, as in CREATE TABLE.", valueName: "columns"))
    var add: String?

    @OptionGroup var retention: RetentionOption

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        guard add != nil || !retention.change.isEmpty else {
            throw ValidationError("say what to change: --add, --retention")
        }
    }

    func perform() throws(ToolFailure) {
        let fields = try added()
        let change = retention.change
        let topic = try onTopics { (log) throws(JobFailure) in
            if !fields.isEmpty { try TopicAdmin.add(fields, to: name, in: log) }
            return try TopicAdmin.change(change, of: name, in: log)
        }
        tell(
            "topic \"\(name)\" has \(topic.schema.fields.count) columns"
                + (change.isEmpty ? "" : ", \(topic.options.retentionText)"),
            [("topic", .string(name)), ("columns", .integer(topic.schema.fields.count))] + topic.options.retentionJSON)
    }

    private func added() throws(ToolFailure) -> [Field] {
        guard let add else { return [] }
        do throws(SQLError) {
            return try TopicDeclaration(topic: name, columns: add, key: []).fields
        } catch {
            throw ToolFailure(
                message: "--add '\(add)': \(error.message)", detail: error.detail,
                hint: error.hint ?? "columns as in CREATE TABLE: 'country STRING'")
        }
    }
}

struct TopicDeleteCommand: TopicSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a topic and all its rows, for good.")

    @Argument(help: "The topic's name.")
    var name: String

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        try onTopics { (log) throws(JobFailure) in try TopicAdmin.delete(name, in: log) }
        tell("deleted topic \"\(name)\"", [("topic", .string(name))])
    }
}
