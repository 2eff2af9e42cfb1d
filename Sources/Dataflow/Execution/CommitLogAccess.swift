import CommitLog
import HostSystem

/// The log of a data directory, for those who read and write topics.
package struct CommitLogAccess: Sendable {
    package let journal: Journal
    package let directory: DataDirectory
    private let time: any TimeSource

    package init(journal: Journal, directory: DataDirectory, time: any TimeSource) {
        self.journal = journal
        self.directory = directory
        self.time = time
    }

    package var files: any FileSystem { directory.files }

    /// What the journal says now.
    package func settled() throws(JobFailure) -> JournalState {
        try onJournal { () throws(JournalError) in try journal.settle() }
    }

    @discardableResult
    package func append(_ body: JournalEntry.Body) throws(JobFailure) -> JournalPosition {
        try onJournal { () throws(JournalError) in try journal.append(body) }
    }

    /// - Parameter place: nil: the first entry that is kept.
    package func openReader(from place: JournalPlace?) throws(JobFailure) -> JournalReader {
        try onJournal { () throws(JournalError) in
            try JournalReader.open(directory: directory.journal, files: files, time: time, from: place)
        }
    }

    /// A topic's partition.
    package func directory(of topic: String, partition: Int) -> String { directory.topic(topic, partition: partition) }

    private func onJournal<Result>(_ body: () throws(JournalError) -> Result) throws(JobFailure) -> Result {
        do throws(JournalError) {
            return try body()
        } catch {
            throw .journal(error)
        }
    }
}

extension LinkContext {
    /// - Errors: `conflict` where the job runs without a log.
    package func commitLog(for table: String) throws(JobFailure) -> CommitLogAccess {
        if let log { return log }
        throw JobFailure(.conflict, "table \"\(table)\" is a topic, and there is no data directory with topics here")
    }
}
