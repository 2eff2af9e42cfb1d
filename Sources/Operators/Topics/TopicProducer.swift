import Columnar
import CommitLog
import Dataflow
import HostSystem

/// Publishes rows to a topic, batch by batch. Several producers write a topic at once: each holds the partitions that it
/// writes to until it publishes; with a key all partitions. Others take other partitions, or wait.
///
/// With a name it is idempotent: each `publish` says the number of its last record, and what has a number that was
/// published before is refused by the journal. `lastRecord` says where to go on.
package final class TopicProducer {
    package let topic: Topic
    private let log: CommitLogAccess
    private let name: String?
    private let writer: TopicWriter
    private var appender: TopicAppender
    private var epoch: UInt64 = 0
    private var hasTurn = false
    /// nil: any.
    private let partition: Int?
    private var isOver = false
    /// The number of this producer's last published record; nil: none, or it has no name.
    package private(set) var lastRecord: UInt64?
    /// Why a segment stays as it is that was to be merged, or removed. What was published is not touched by it.
    package private(set) var upkeepFailure: JobFailure?

    /// - Parameters:
    ///   - id: of an idempotent producer.
    ///   - partition: where rows without a key go; nil: to whichever is free.
    /// - Errors: `conflict` where there is no such topic or partition, or somebody else keeps it.
    package init(
        _ name: String, id: String? = nil, partition: Int? = nil, in log: CommitLogAccess
    ) throws(JobFailure) {
        self.log = log
        self.name = id
        let opened = try TopicWriter.inTurns(name, in: log)
        let topic = opened.topic
        try DeployedTopic.checkWriting(topic, by: nil, in: opened.state)
        writer = opened
        self.topic = topic
        lastRecord = id.flatMap { opened.state.lastRecord(of: $0, in: topic.id) }
        // The first rows of short-lived producers go to any partition, so that not all go to the first.
        let published = topic.partitions.reduce(UInt64(0)) { $0 &+ $1.publishedEnd }
        self.partition = partition
        if let partition, topic.schema.isKeyed || !topic.partitions.indices.contains(partition) {
            throw JobFailure(
                .conflict, "topic \"\(name)\" takes no rows for partition \(partition)",
                detail: topic.schema.isKeyed
                    ? "its rows go to partitions by their key" : "its partitions are 0 to \(topic.partitions.count - 1)"
            )
        }
        appender = TopicAppender(
            opened, topic.schema.columns,
            firstPartition: partition ?? Int(published % UInt64(topic.partitions.count)),
            turn: partition == nil ? nil : 0)
        // A job that writes the topic is met now, and not when there are rows.
        if try writer.take(appender.nextPartition, wait: false) { writer.giveBack(isPublished: true) }
    }

    /// What the rows' columns are: the leaves of all of the topic's, in its order.
    package var fields: [Field] { topic.schema.fields }

    /// Adds rows to what the next `publish` publishes.
    /// - Shape: one column for each leaf of `fields`; those that are NOT NULL have no NULL.
    package func append(_ batch: Batch) throws(JobFailure) {
        precondition(!isOver, "a producer that has failed is given up")
        try endingOnError { () throws(JobFailure) in
            try takeTurn()
            try appender.append(batch)
        }
    }

    /// From here on nobody else publishes to the partitions that this holds, until `publish`: all, where there is a key.
    /// - Returns: false where the turn was held before.
    @discardableResult
    func takeTurn() throws(JobFailure) -> Bool {
        guard !hasTurn else { return false }
        if topic.schema.isKeyed { try writer.takeAll() }
        if let partition { _ = try writer.take(partition, wait: true) }
        hasTurn = true
        return true
    }

    private func giveTurnBack(isPublished: Bool) {
        writer.giveBack(isPublished: isPublished)
        hasTurn = false
    }

    private func endingOnError(_ body: () throws(JobFailure) -> Void) throws(JobFailure) {
        do throws(JobFailure) {
            try body()
        } catch {
            isOver = true
            giveTurnBack(isPublished: false)
            throw error
        }
    }

    /// All that was appended exists when this returns, or nothing of it.
    /// - Parameter last: of an idempotent producer, the number of the last record.
    /// - Returns: the rows.
    @discardableResult
    package func publish(last: UInt64? = nil) throws(JobFailure) -> [OffsetRange] {
        precondition((last == nil) == (name == nil), "an idempotent producer numbers its records")
        epoch += 1
        var ranges: [OffsetRange] = []
        try endingOnError { () throws(JobFailure) in
            ranges = hasTurn ? try appender.sync(epoch: epoch).filter { $0.start < $0.end } : []
            var mark: ProducerMark?
            if let name, let last { mark = ProducerMark(id: name, topic: topic.id, after: lastRecord, last: last) }
            if !ranges.isEmpty || mark != nil { try log.append(.published(ranges, producer: mark)) }
            lastRecord = last ?? lastRecord
        }
        do throws(JobFailure) {
            try writer.goOnMerging()
            try writer.keepRetention()
        } catch {
            upkeepFailure = error
        }
        giveTurnBack(isPublished: true)
        return ranges
    }

    /// Ends the merge that goes on beside the producer, if one does: those who come and go leave compact topics too.
    package func finish() {
        do throws(JobFailure) { try writer.finishMerging() } catch { upkeepFailure = error }
    }
}
