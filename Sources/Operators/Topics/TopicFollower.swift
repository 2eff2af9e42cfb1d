import CommitLog
import Dataflow
import HostSystem

/// Reads the journal on, for what it says of one topic or published name. Used by one thread at a time.
///
/// A name's rows are those of the topic of its last span, until a switch of versions adds spans: then also those of the
/// difference, which are published with the switch, whenever they were written.
package final class TopicFollower {
    /// Of which rows somebody asks when they were published.
    enum WantedTimes {
        case none
        /// Those published from here on.
        case fresh
        case all
    }

    /// As of the last entry read; its schemas are those that there were when the follower was made.
    package private(set) var topic: Topic
    /// By partition; empty where nobody asks for times.
    private(set) var times: [PublishTimes]
    private let reader: JournalReader
    private let wantedTimes: WantedTimes
    /// The sequence number of the first entry that the topic's state does not know.
    private let start: UInt64
    /// Of a name: topics that hold a switch's differences.
    private var differences: Set<TopicID> = []
    /// The position beyond which nothing is read.
    private let end: UInt64?
    private static let entriesAtOnce = 4096

    /// As of the journal's end.
    /// - Errors: `conflict` where there is no such topic.
    package convenience init(_ name: String, in log: CommitLogAccess) throws(JobFailure) {
        try self.init(name, in: log, times: .none, asOf: nil)
    }

    /// - Parameters:
    ///   - known: the topic that the name meant when it was read last; nil: it is read for the first time.
    ///   - position: of the journal, beyond which nothing is read; nil: there is no such bound.
    init(
        _ name: String, in log: CommitLogAccess, times wanted: WantedTimes, known: TopicID? = nil,
        asOf position: UInt64?
    ) throws(JobFailure) {
        let state: JournalState
        if let position {
            (topic, state) = try Topic.toRead(name, asOf: position, in: log)
        } else {
            state = try log.settled()
            topic = try Topic.toRead(name, in: state, known: known)
        }
        for span in topic.spans where state.topics[span.topic]?.owner == nil { differences.insert(span.topic) }
        start = state.end
        wantedTimes = wanted
        end = position
        switch wanted {
        case .none: times = []
        case .fresh: times = topic.partitions.map { PublishTimes(from: $0.publishedEnd) }
        case .all: times = topic.partitions.map { _ in PublishTimes() }
        }
        // What is published before is in the state: only who wants its times reads it all.
        reader = try log.openReader(from: wanted == .all ? nil : JournalPlace(sequence: start))
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

    /// The journal's time, as far as it is read.
    var milliseconds: Int64 { reader.state.lastMilliseconds }

    /// The times of rows of a partition before an offset are not asked for any more.
    func forgetTimes(of partition: Int, before offset: UInt64) {
        if wantedTimes != .none { times[partition].forget(before: offset) }
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
            ranges.forEach { drop($0) }
        case .spliced(_, _, let splices):
            return splices.reduce(false) { goOn($1, entry) || $0 }
        case .topicDeleted(topic.id):
            throw topic.deleted
        case .abandoned, .topicCreated, .topicDeleted, .schemaAdded, .optionsChanged, .tick: break
        case .deployed, .attempt, .released, .retired: break
        }
        return false
    }

    private func publish(_ range: OffsetRange, _ milliseconds: Int64) -> Bool {
        let end: UInt64
        if topic.isName {
            guard !differences.contains(range.partition.topic), let found = topic.spans.end(publishing: range) else {
                return false
            }
            end = found
        } else {
            guard range.partition.topic == topic.id else { return false }
            end = range.end
        }
        grow(Int(range.partition.partition), to: end, milliseconds)
        return true
    }

    private func grow(_ partition: Int, to end: UInt64, _ milliseconds: Int64) {
        topic.partitions[partition].publishedEnd = max(topic.partitions[partition].publishedEnd, end)
        if wantedTimes != .none { times[partition].append(end: end, milliseconds: milliseconds) }
    }

    private func drop(_ lost: OffsetRange) {
        let number = Int(lost.partition.partition)
        let kept = topic.isName ? topic.spans.firstKept(lost.partition, inTopic: lost.end) : lost.end
        guard let kept, topic.isName || lost.partition.topic == topic.id else { return }
        topic.partitions[number].firstKept = max(topic.partitions[number].firstKept, kept)
    }

    /// - Returns: whether that published rows.
    private func goOn(_ splice: NameSplice, _ entry: JournalEntry) -> Bool {
        guard splice.name == topic.id, let last = splice.spans.last else { return false }
        if entry.sequence >= start {
            topic.spans += splice.spans
            if let difference = splice.difference { differences.insert(difference) }
        }
        guard splice.spans.count > 1 else { return false }
        var hasNews = false
        for number in last.starts.indices {
            let rows = splice.spans[0].starts[number].offset..<last.starts[number].offset
            guard !rows.isEmpty else { continue }
            grow(number, to: rows.upperBound, entry.milliseconds)
            hasNews = true
        }
        return hasNews
    }
}
