import CommitLog
import HostSystem

/// The log of a data directory, for those who read and write topics.
package struct CommitLogAccess: Sendable {
    package let journal: Journal
    package let directory: DataDirectory
    /// What producers leave to others.
    package var background: any BackgroundRunner = ThreadRunner()
    /// A segment of this size takes no more rows.
    package var segmentRollBytes = SegmentOptions.defaultRollBytes
    package let time: any TimeSource

    package init(journal: Journal, directory: DataDirectory, time: any TimeSource) {
        self.journal = journal
        self.directory = directory
        self.time = time
    }

    package var files: any FileSystem { directory.files }
    package var safeguards: Safeguards { journal.safeguards }

    /// What the journal says now.
    package func settled() throws(JobFailure) -> JournalState {
        try onJournal { () throws(JournalError) in try journal.settle() }
    }

    /// What the journal said at a position, which is the number of entries that it then had.
    /// - Errors: `conflict` where it never was there, or is no longer.
    package func state(at position: UInt64) throws(JobFailure) -> JournalState {
        let now = try settled()
        guard position <= now.end else {
            throw JobFailure(
                .conflict, "position \(position) is past the end of the journal, which is at \(now.end)",
                hint: "'sluice topic describe' shows the present position")
        }
        if position == now.end { return now }
        let history = try history(upTo: now.end)
        guard position >= history.first else {
            throw JobFailure(
                .conflict, "position \(position) is before what the journal still reaches back to",
                detail: "its first file begins at position \(history.first)")
        }
        return try onJournal { () throws(JournalError) in try history.state(at: position) }
    }

    /// The position behind the last entry of this time or earlier; milliseconds since 1970-01-01 00:00:00 UTC.
    /// - Errors: `conflict` for a time that is yet to come.
    package func position(at milliseconds: Int64) throws(JobFailure) -> UInt64 {
        guard milliseconds <= time.wallMilliseconds() else {
            throw JobFailure(.conflict, "the time to read as of is yet to come", hint: "times are in UTC")
        }
        let history = try history(upTo: settled().end)
        return try onJournal { () throws(JournalError) in try history.position(at: milliseconds) }
    }

    private func history(upTo end: UInt64) throws(JobFailure) -> JournalHistory {
        try onJournal { () throws(JournalError) in
            try JournalHistory(directory: directory.journal, files: files, time: time, end: end)
        }
    }

    @discardableResult
    package func append(_ body: JournalEntry.Body) throws(JobFailure) -> JournalPosition {
        try onJournal { () throws(JournalError) in try journal.append(body) }
    }

    /// - Parameter place: nil: the first entry that is kept.
    package func openReader(from place: JournalPlace?) throws(JobFailure) -> JournalReader {
        try onJournal { () throws(JournalError) in
            try JournalReader.open(
                directory: directory.journal, files: files, time: time, safeguards: safeguards, from: place)
        }
    }

    /// Where to begin reading for what happened at `milliseconds` and later.
    package func place(before milliseconds: Int64) throws(JobFailure) -> JournalPlace {
        try onJournal { () throws(JournalError) in try journal.place(before: milliseconds) }
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
