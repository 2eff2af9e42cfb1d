import Columnar
import Dataflow
import Operators
import StreamSQL

/// Performs the statements of `sluice sql`, and writes what comes of them.
struct SQLShell {
    private var session: QuerySession
    private let runner: QueryRunner
    private let output: ResultOutput
    private var warnings: Set<String> = []

    init(_ command: SQLCommand, _ signals: QuerySignals) throws(ToolFailure) {
        let topics: CommitLogAccess?
        do throws(JobFailure) {
            topics = try command.directory.openLogIfThere()
        } catch {
            throw ToolFailure(error)
        }
        do throws(SQLError) {
            session = try QuerySession(
                overrides: command.settings.overrides, provider: topics.map { TableProvider(topicsOf: $0) })
        } catch {
            throw ToolFailure(error, in: [], called: "-D")
        }
        runner = QueryRunner(
            signals: signals, memoryBytes: command.memory.bytes, parallelism: command.parallelism,
            topics: topics)
        output = ResultOutput(format: command.output)
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
    /// Every topic as a table of its name.
    fileprivate init(topicsOf log: CommitLogAccess) {
        self.init(
            names: {
                // For lists and hints alone: a journal that cannot be read is told of by the look-up of a table.
                do throws(JobFailure) { return try TopicAdmin.list(in: log).map(\.name) } catch { return [] }
            },
            table: { (name) throws(SQLError) in
                do throws(JobFailure) {
                    guard let topic = try TopicAdmin.list(in: log).first(where: { $0.name == name }) else { return nil }
                    return TableDefinition(
                        name: name, columns: topic.schema.fields, primaryKey: topic.schema.key,
                        connector: .log(LogConnector(topic: name, isBounded: true)))
                } catch {
                    throw SQLError(error.message, detail: error.detail, hint: error.hint, place: nil)
                }
            })
    }
}
