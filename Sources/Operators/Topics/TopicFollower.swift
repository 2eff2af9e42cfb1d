import CommitLog
import Dataflow
import HostSystem

/// Reads the journal on, for what it says of one topic. Used by one thread at a time.
package final class TopicFollower {
    /// As of the last entry read; its schemas are those that there were when the follower was made.
    package private(set) var topic: Topic
    /// By partition; empty where nobody asks for times.
    private(set) var times: [PublishTimes]
    private let reader: JournalReader
    private let wantsTimes: Bool
    /// The position beyond which nothing is read.
    private let end: UInt64?
    private static let entriesAtOnce = 4096

    /// As of the journal's end.
    /// - Errors: `conflict` where there is no such topic.
    package convenience init(_ name: String, in log: CommitLogAccess) throws(JobFailure) {
        try self.init(name, in: log, wantsTimes: false, asOf: nil)
    }

    /// - Parameter position: of the journal, beyond which nothing is read; nil: there is no such bound.
    init(_ name: String, in log: CommitLogAccess, wantsTimes: Bool, asOf position: UInt64?) throws(JobFailure) {
        let start: UInt64
        if let position {
            topic = try Topic.named(name, asOf: position, in: log)
            start = position
        } else {
            let state = try log.settled()
            guard let found = try Topic.named(name, in: state) else { throw Topic.missing(name, in: state) }
            topic = found
            start = state.end
        }
        self.wantsTimes = wantsTimes
        end = position
        times = wantsTimes ? topic.partitions.map { _ in PublishTimes() } : []
        // What is published before is in the state: only who wants times reads it all.
        reader = try log.openReader(from: wantsTimes ? nil : JournalPlace(sequence: start))
        _ = try advance()
    }

    /// - Returns: whether rows were published.
    /// - Errors: `conflict` where the topic was deleted.
    package func advance() throws(JobFailure) -> Bool {
        var hasNews = false
        while true {
            let entries: [JournalEntry]
            do throws(JournalError) {
                entries = try reader.next(limit: Self.entriesAtOnce)
            } catch {
                throw JobFailure.journal(error)
            }
            let wanted = end.map { end in entries.prefix { $0.sequence < end } } ?? entries[...]
            for entry in wanted where try take(entry) { hasNews = true }
            guard !entries.isEmpty, wanted.count == entries.count else { return hasNews }
        }
    }

    /// - Returns: true where there may be more to read; false when the time is over.
    package func wait(timeoutMilliseconds: Int64?) -> Bool { reader.wait(timeoutMilliseconds: timeoutMilliseconds) }

    /// Raised when there may be more to read.
    var news: (any SharedSignal)? { reader.news }

    private func take(_ entry: JournalEntry) throws(JobFailure) -> Bool {
        switch entry.body {
        case .checkpoint(_, _, _, let ranges, _), .published(let ranges, _):
            return ranges.reduce(false) { publish($1, entry.milliseconds) || $0 }
        case .retentionMoved(let ranges):
            for range in ranges where range.partition.topic == topic.id {
                let number = Int(range.partition.partition)
                topic.partitions[number].firstKept = max(topic.partitions[number].firstKept, range.end)
            }
        case .topicDeleted(topic.id):
            throw topic.deleted
        case .abandoned, .topicCreated, .topicDeleted, .schemaAdded, .optionsChanged, .tick: break
        case .deployed, .attempt, .spliced, .released, .retired: break
        }
        return false
    }

    private func publish(_ range: OffsetRange, _ milliseconds: Int64) -> Bool {
        guard range.partition.topic == topic.id else { return false }
        let number = Int(range.partition.partition)
        topic.partitions[number].publishedEnd = max(topic.partitions[number].publishedEnd, range.end)
        if wantsTimes { times[number].append(end: range.end, milliseconds: milliseconds) }
        return true
    }
}
