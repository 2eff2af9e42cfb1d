// Retention: which rows of a topic are still to be had. It is moved by an entry of the journal: from there on, nobody who
// begins finds the rows before. The segments all of whose rows are gone are removed by whoever holds the partition, then or
// the next time. It never passes what a job's last checkpoint, a retained checkpoint or a savepoint still needs, unless it is
// forced, and then says whom it breaks. (A job that begins while it moves may find that its first rows have just gone: it
// says so, and begins with the first that is kept when started anew.)

import CommitLog
import Dataflow
import HostSystem

package struct TopicRetention {
    /// What became of it, or would.
    package struct Move: Equatable, Sendable {
        /// The rows that are gone, by partition; none where there was nothing to drop.
        package var dropped: [OffsetRange] = []
        /// Who needs rows that were to go, and keeps them.
        package var holders: [TopicHolder] = []
        /// Whose rows are gone.
        package var broken: [TopicHolder] = []
    }

    private let log: CommitLogAccess
    private let state: JournalState
    package let topic: Topic

    /// As the journal has it now.
    /// - Errors: `conflict` where there is no such topic, or it has no rows of its own.
    package init(_ name: String, in log: CommitLogAccess) throws(JobFailure) {
        let state = try log.settled()
        let topic = try Topic.toRead(name, in: state)
        try DeployedTopic.checkRetention(topic, in: state)
        self.init(topic, state, log)
    }

    private init(_ topic: Topic, _ state: JournalState, _ log: CommitLogAccess) {
        self.topic = topic
        self.state = state
        self.log = log
    }

    /// nil: the topic was deleted.
    init?(_ id: TopicID, in log: CommitLogAccess) throws(JobFailure) {
        let state = try log.settled()
        guard let found = state.topics[id] else { return nil }
        self.init(try Topic(found), state, log)
    }

    // MARK: Moving

    /// Gives up the rows before `offsets`.
    /// - Parameters:
    ///   - offsets: by partition; what is not named stays.
    ///   - isForced: also those that somebody needs.
    ///   - isDry: only says what would happen.
    package func move(
        to offsets: [Int: UInt64], isForced: Bool = false, isDry: Bool = false
    ) throws(JobFailure) -> Move {
        var wanted: [Int: UInt64] = [:]
        for (number, offset) in offsets {
            let partition = topic.partitions[number]
            let end = min(offset, partition.publishedEnd)
            if end > partition.firstKept { wanted[number] = end }
        }
        guard !wanted.isEmpty else { return Move() }
        let holders = try TopicHolder.all(of: topic, state, in: log).filter { holder in
            wanted.contains { holder.offset($0) < $1 }
        }
        var move = Move()
        if isForced { move.broken = holders } else { move.holders = holders }
        for (number, end) in wanted.sorted(by: { $0.key < $1.key }) {
            let end = isForced ? end : holders.reduce(end) { min($0, $1.offset(number)) }
            let start = topic.partitions[number].firstKept
            guard end > start else { continue }
            move.dropped.append(OffsetRange(partition: topic.partition(number), start: start, end: end))
        }
        if !isDry, !move.dropped.isEmpty { try log.append(.retentionMoved(move.dropped)) }
        return move
    }

    // MARK: Where to

    /// By partition, where the rows begin that were published at `milliseconds` or later.
    package func offsets(publishedSince milliseconds: Int64) throws(JobFailure) -> [Int: UInt64] {
        let reader = try log.openReader(from: try log.place(before: milliseconds))
        var ends = [UInt64](repeating: 0, count: topic.partitions.count)
        func take(_ state: TopicState?) {
            for (number, partition) in (state?.partitions ?? []).enumerated() { ends[number] = partition.publishedEnd }
        }
        take(reader.state.topics[topic.id])
        reading: while true {
            let entries: [JournalEntry]
            do throws(JournalError) { entries = try reader.next(limit: 4096) } catch { throw .journal(error) }
            guard !entries.isEmpty else { break }
            for entry in entries {
                guard entry.milliseconds < milliseconds else { break reading }
                for range in entry.body.published where range.partition.topic == topic.id {
                    ends[Int(range.partition.partition)] = range.end
                }
            }
        }
        return Dictionary(uniqueKeysWithValues: ends.enumerated().map { ($0, $1) })
    }

    /// Where the newest segments of a partition begin that fill at least `bytes`.
    private func offset(keeping bytes: Int64, of partition: Int) throws(JobFailure) -> UInt64 {
        let directory = log.directory(of: topic.name, partition: partition)
        return try JobFailure.onFiles("looking at the segments of topic \"\(topic.name)\"") { () throws(FileError) in
            guard try log.files.exists(directory) else { return 0 }
            let names = try log.files.list(directory).filter { $0.hasSuffix(".segment") }.sorted()
            var left = Int64(0)
            for name in names.reversed() {
                left += Int64(try log.files.status(FilePath.join(directory, name))?.sizeBytes ?? 0)
                // It is kept whole, and nothing before it.
                if left >= bytes { return UInt64(name.prefix { $0 != "." }) ?? 0 }
            }
            return 0
        }
    }

    /// Moves it as far as the topic's options say, for some of its partitions.
    func keep(_ partitions: [Int], atMilliseconds now: Int64) throws(JobFailure) -> Move {
        let filled = partitions.filter { topic.partitions[$0].publishedEnd > topic.partitions[$0].firstKept }
        guard topic.options.hasRetention, !filled.isEmpty else { return Move() }
        var offsets: [Int: UInt64] = [:]
        if let age = topic.options.retentionMilliseconds {
            let since = now.subtractingReportingOverflow(age)
            if !since.overflow { offsets = try self.offsets(publishedSince: since.partialValue) }
        }
        if let bytes = topic.options.retentionBytes {
            for partition in filled {
                offsets[partition] = max(offsets[partition] ?? 0, try offset(keeping: bytes, of: partition))
            }
        }
        return try move(to: offsets.filter { filled.contains($0.key) })
    }

    // MARK: Files

    /// Removes the files of rows that are gone, of the partitions that nobody holds. Whoever holds another does it.
    package func removeFiles() throws(JobFailure) {
        let writer = try TopicWriter.inTurns(topic.name, in: log)
        for partition in topic.partitions.indices {
            do throws(JobFailure) {
                if try writer.take(partition, wait: false) { writer.giveBack(isPublished: true) }
            } catch {
                if error.kind == .conflict { continue }
                throw error
            }
        }
    }
}
