import HostSystem

/// Why an entry was not appended although nothing is broken: its condition does not hold any more.
package enum JournalRefusal: Error, Equatable, Sendable {
    /// Checkpoint 0 while the job has a run that is alive.
    case runIsLive(job: String, run: RunID)
    /// Checkpoint 0 of a run that the journal knows already.
    case runIsNotNew(job: String, run: RunID)
    /// The job's live run is another one, or it has none.
    case runIsNotLive(job: String, run: RunID, live: RunID?)
    case outOfOrder(job: String, last: UInt64, number: UInt64)
    case jobNameTooLong(bytes: Int)

    case noTopic(TopicID)
    case noPartition(topic: String, partition: UInt32, partitions: Int)
    /// Somebody else has published there in the meantime.
    case notAtPublishedEnd(topic: String, range: OffsetRange, publishedEnd: UInt64)
    /// Rows to be dropped begin with the first one that is kept, and are published.
    case notKept(topic: String, range: OffsetRange, kept: UInt64, publishedEnd: UInt64)
    /// Empty, or beyond what an offset can be.
    case impossibleRange(OffsetRange)
    case partitionTwice(TopicPartition)
    case nothingPublished
    /// Others have published under the producer's name since it read how far it had come, or it repeats a record.
    case producerBehind(producer: String, topic: String, last: UInt64?, after: UInt64?)
    case producerName(bytes: Int)
    case anotherTopic(producer: String, topic: String, range: OffsetRange)
    case topicExists(String, TopicID)
    case topicIsNotNew(TopicID, name: String)
    case topicName(String, problem: String)
    case partitionCount(UInt32)
    case schemaOutOfOrder(topic: String, next: Int, schemaID: UInt32)
    case entryTooLarge(bytes: Int)
    case deployment(DeploymentRefusal)
}

package enum JournalError: Error, Equatable, Sendable {
    /// Nothing was written. Start again from what `Journal.settle` says.
    case refused(JournalRefusal)
    /// Bytes below the durable end are not what was written. `offset` is in bytes from the beginning of the file.
    case damaged(file: String, offset: Int, detail: String)
    case unsupportedVersion(file: String, version: UInt32)
    /// Whether the entry stands is said by `Journal.settle`, which may be tried again.
    case file(FileError)
    /// The entry is void: it never comes to stand, unless the machine stops before anybody asks. `Journal.settle` says
    /// which, and may be tried again: it repairs.
    case syncFailed(FileError)
}

/// What the journal did that somebody may want to know.
package enum JournalNotice: Equatable, Sendable {
    /// Bytes of an unfinished append were cut off.
    case cutTail(file: String, offset: Int, bytes: Int)
    /// After a failed or broken-off sync the durable part went on in a new file.
    case repaired(file: String, end: UInt64)
    /// The clock stands more than an hour ahead of the last entry.
    case timeAhead(last: Int64, now: Int64)
}

extension JournalRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .runIsLive(let job, let run):
            "job \"\(job)\" has a live run \(run) already"
        case .runIsNotNew(let job, let run):
            "run \(run) of job \"\(job)\" is known to the journal already"
        case .runIsNotLive(let job, let run, let live):
            "run \(run) is not the live run of job \"\(job)\"" + (live.map { ", which is \($0)" } ?? "")
        case .outOfOrder(let job, let last, let number):
            "checkpoint \(number) of job \"\(job)\" does not follow its last committed one, \(last)"
        case .jobNameTooLong(let bytes):
            "a job name of \(bytes) bytes is longer than the limit of \(JournalEntry.largestJobNameBytes)"
        case .noTopic(let id):
            "there is no topic with the id \(id)"
        case .noPartition(let topic, let partition, let partitions):
            "topic \"\(topic)\" has no partition \(partition), only \(partitions)"
        case .notAtPublishedEnd(let topic, let range, let end):
            "rows \(range.start) to \(range.end) of partition \(range.partition.partition) of topic \"\(topic)\" do not "
                + "begin at its published end, \(end)"
        case .notKept(let topic, let range, let kept, let end):
            "rows \(range.start) to \(range.end) of partition \(range.partition.partition) of topic \"\(topic)\" cannot "
                + "be dropped: it holds \(kept) to \(end)"
        case .impossibleRange(let range):
            "rows \(range.start) to \(range.end) of partition \(range.partition) are no rows"
        case .partitionTwice(let partition):
            "partition \(partition) is named twice"
        case .nothingPublished:
            "an entry without rows says nothing"
        case .producerBehind(let producer, let topic, let last, let after):
            "producer \"\(producer)\" of topic \"\(topic)\" goes on after \(after.map { "record \($0)" } ?? "nothing"), and has "
                + "published \(last.map { "up to record \($0)" } ?? "nothing that is remembered"): another process writes under its name"
        case .producerName(let bytes):
            "a producer's name has 1 to \(ProducerMark.largestIDBytes) bytes, not \(bytes)"
        case .anotherTopic(let producer, let topic, let range):
            "producer \"\(producer)\" publishes in topic \"\(topic)\", not in \(range.partition)"
        case .topicExists(let name, _):
            "topic \"\(name)\" exists already"
        case .topicIsNotNew(let id, let name):
            "topic \"\(name)\" has the id \(id) already"
        case .topicName(let name, let problem):
            "\"\(name)\" cannot be a topic's name: \(problem)"
        case .partitionCount(let count):
            "a topic has 1 to \(TopicDescription.largestPartitions) partitions, not \(count)"
        case .schemaOutOfOrder(let topic, let next, let schemaID):
            "the next schema of topic \"\(topic)\" has the number \(next), not \(schemaID)"
        case .entryTooLarge(let bytes):
            "a journal entry of \(bytes) bytes is longer than the limit of \(JournalEntry.largestBytes)"
        case .deployment(let refusal): "\(refusal)"
        }
    }
}

extension JournalError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let refusal):
            "\(refusal)"
        case .damaged(let file, let offset, let detail):
            "journal file \"\(file)\" is damaged at byte \(offset): \(detail)"
        case .unsupportedVersion(let file, let version):
            version < JournalHeader.version
                ? "journal file \"\(file)\" has format version \(version), older than \(JournalHeader.version), "
                    + "which this binary does not read; move the data directory aside and start its jobs anew"
                : "journal file \"\(file)\" has format version \(version), newer than \(JournalHeader.version), "
                    + "the newest that this binary reads"
        case .file(let error):
            "the journal is not reachable: \(error)"
        case .syncFailed(let error):
            "a journal entry did not become durable: \(error)"
        }
    }
}

extension JournalNotice: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cutTail(let file, let offset, let bytes):
            "cut \(bytes) bytes of an unfinished entry at byte \(offset) of journal file \"\(file)\""
        case .repaired(let file, let end):
            "the journal goes on at entry \(end) in \"\(file)\" after a sync that did not finish"
        case .timeAhead(let last, let now):
            "the clock is \((now &- last) / 60_000) minutes ahead of the journal's last entry"
        }
    }
}

/// Runs a file operation, its error as this module's.
func onFiles<Result>(_ body: () throws(FileError) -> Result) throws(JournalError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
