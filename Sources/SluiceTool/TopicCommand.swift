import ArgumentParser
import CommitLog
import Dataflow
import HostSystem
import Operators

struct TopicCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic", abstract: "Topics: make them, write to them, read them.",
        discussion: """
            Example:
              sluice topic create clicks --schema 'user STRING, at TIMESTAMP(3)'
              sluice topic produce clicks < clicks.jsonl
              sluice topic consume clicks --from-beginning --until-end
            """,
        subcommands: [
            TopicCreateCommand.self, TopicAlterCommand.self, TopicListCommand.self, TopicDescribeCommand.self,
            TopicProduceCommand.self, TopicConsumeCommand.self, TopicTrimCommand.self,
            TopicDeleteCommand.self,
        ])
}

extension DataDirectoryOption {
    private func isThere() throws(JobFailure) -> Bool {
        try JobFailure.onFiles("opening the data directory '\(path)'") { () throws(FileError) in
            try PosixFileSystem().exists(path + "/FORMAT")
        }
    }

    /// nil: there is no such directory.
    func openLogIfThere() throws(JobFailure) -> CommitLogAccess? {
        try isThere() ? try openLog(isMade: false) : nil
    }

    /// The journal and the topics of the directory.
    /// - Parameter isMade: where it is missing; else that is an error.
    func openLog(isMade: Bool) throws(JobFailure) -> CommitLogAccess {
        let files = PosixFileSystem()
        let isThere = try isThere()
        guard isMade || isThere else {
            throw JobFailure(
                .conflict, "'\(path)' is no data directory", hint: "name one with --data, or $SLUICE_DATA")
        }
        let directory = try DataDirectory(path, files: files)
        do throws(JournalError) {
            let journal = try Journal.open(directory: directory.journal, files: files, time: SystemTime())
            for notice in journal.takeNotices() { StandardStreams.error("notice: \(notice)\n") }
            return CommitLogAccess(journal: journal, directory: directory, time: SystemTime())
        } catch {
            throw .journal(error)
        }
    }
}

/// What the commands over topics have in common.
protocol TopicSubcommand: ParsableCommand {
    var directory: DataDirectoryOption { get }
    var output: OutputFormat { get }
    func perform() throws(ToolFailure)
}

extension TopicSubcommand {
    func run() throws {
        do throws(ToolFailure) {
            try perform()
        } catch {
            throw error.exit(output)
        }
    }

    /// Runs something on the data directory's topics.
    func onTopics<Result>(
        isMade: Bool = false, _ body: (CommitLogAccess) throws(JobFailure) -> Result
    ) throws(ToolFailure) -> Result {
        do throws(JobFailure) {
            return try body(try directory.openLog(isMade: isMade))
        } catch {
            throw ToolFailure(error)
        }
    }

    /// One line of what was done, for people or as JSON.
    func tell(_ text: String, _ json: [(String, JSONValue)]) {
        switch output {
        case .text: StandardStreams.error(text + "\n")
        case .json: StandardStreams.output(JSONValue.object(json).text + "\n")
        }
    }
}
