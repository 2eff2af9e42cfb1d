import Columnar
import Dataflow
import Operators
import StreamSQL

/// Performs the statements of `sluice sql`, and writes what comes of them.
struct SQLShell {
    private var session: QuerySession
    private let runner: QueryRunner
    private let output: ResultOutput
    private let isFollowed: Bool
    private let mostChanges: Int?
    private var warnings: Set<String> = []

    init(_ command: SQLCommand, _ signals: QuerySignals) throws(ToolFailure) {
        let topics: CommitLogAccess?
        let asOf: UInt64?
        do throws(JobFailure) {
            topics = try command.directory.openLogIfThere()
            asOf = try command.at.map { (at) throws(JobFailure) in try at.position(in: topics) }
        } catch {
            throw ToolFailure(error)
        }
        let tables = topics.map { TableProvider(topicsOf: $0, asOf: asOf, isFollowed: command.follow) }
        do throws(SQLError) {
            session = try QuerySession(
                overrides: command.settings.overrides, provider: tables, mode: command.follow ? .streaming : .batch)
        } catch {
            throw ToolFailure(error, in: [], called: "-D")
        }
        runner = QueryRunner(
            signals: signals, memoryBytes: command.memory.bytes, parallelism: command.parallelism, topics: topics,
            asOf: asOf)
        output = ResultOutput(format: command.output)
        isFollowed = command.follow
        mostChanges = command.count
    }

    /// Takes the tables and views of a job file.
    mutating func load(_ file: String) throws(ToolFailure) {
        let text = try JobFile.text(of: file)
        do throws(SQLError) {
            try session.load(text)
        } catch {
            throw ToolFailure(error, in: text, called: file)
        }
        warn(session.settings)
    }

    /// - Parameter name: of the text, for messages.
    mutating func perform(_ text: [UInt8], called name: String) throws(ToolFailure) {
        var session = session
        defer { self.session = session }
        try session.run(text) { error in
            ToolFailure(error, in: text, called: name)
        } perform: { (action, settings) throws(ToolFailure) in
            warn(settings)
            try perform(action, settings)
        }
    }

    private func perform(_ action: SessionAction, _ settings: Settings) throws(ToolFailure) {
        switch action {
        case .nothing: break
        case .text(let text): output.write(text)
        case .rows(let fields, let batch): output.write(fields, [batch])
        case .query(let query) where isFollowed:
            try runner.follow(query, settings, output, most: mostChanges)
        case .query(let query): output.write(query.fields, try runner.rows(of: query, settings))
        }
    }

    private mutating func warn(_ settings: Settings) {
        for warning in settings.warnings where warnings.insert(warning).inserted {
            StandardStreams.error("warning: \(warning)\n")
        }
    }
}

extension TableProvider {
    /// Every topic as a table of its name; versions of what a deployed job publishes also as `revenue$v7`, `revenue$live`.
    /// - Parameters:
    ///   - position: the topics that there were then; nil: those that there are.
    ///   - isFollowed: it is read on when its end is reached.
    fileprivate init(topicsOf log: CommitLogAccess, asOf position: UInt64?, isFollowed: Bool) {
        let topics: @Sendable () throws(JobFailure) -> [Topic] = { () throws(JobFailure) in
            guard let position else { return try TopicAdmin.list(in: log) }
            return try TopicAdmin.list(asOf: position, in: log)
        }
        self.init(
            names: {
                // For lists and hints alone: a journal that cannot be read is told of by the look-up of a table.
                do throws(JobFailure) { return try topics().map(\.name) } catch { return [] }
            },
            table: { (name) throws(SQLError) in
                do throws(JobFailure) {
                    guard let topic = try TopicAdmin.table(name, asOf: position, in: log) else { return nil }
                    return TableDefinition(
                        name: name, columns: topic.schema.fields, primaryKey: topic.schema.key,
                        connector: .log(LogConnector(topic: topic.name, isBounded: !isFollowed)))
                } catch {
                    throw SQLError(error.message, detail: error.detail, hint: error.hint, place: nil)
                }
            },
            partitions: { name in
                // For EXPLAIN alone, as above.
                do throws(JobFailure) { return try topics().first { $0.name == name }?.partitions.count } catch {
                    return nil
                }
            })
    }
}
