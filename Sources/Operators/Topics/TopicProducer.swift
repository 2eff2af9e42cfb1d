import Columnar
import CommitLog
import Dataflow
import HostSystem

/// Publishes rows to a topic, batch by batch. Holds the locks of its partitions as long as it lives.
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
    private var isOver = false
    /// The number of this producer's last published record; nil: none, or it has no name.
    package private(set) var lastRecord: UInt64?

    /// - Parameter id: of an idempotent producer.
    /// - Errors: `conflict` where there is no such topic, or somebody else writes it.
    package init(_ name: String, id: String? = nil, in log: CommitLogAccess) throws(JobFailure) {
        self.log = log
        self.name = id
        let opened = try TopicWriter(name, in: log)
        let topic = opened.topic
        writer = opened
        self.topic = topic
        lastRecord = id.flatMap { opened.state.lastRecord(of: $0, in: topic.id) }
        // The first rows of short-lived producers go to any partition, so that not all go to the first.
        let published = topic.partitions.reduce(UInt64(0)) { $0 &+ $1.publishedEnd }
        appender = TopicAppender(
            opened, topic.schema.columns, firstPartition: Int(published % UInt64(topic.partitions.count)))
    }

    /// What the rows' columns are: all of the topic's, in its order.
    package var fields: [Field] { topic.schema.fields }

    /// Adds rows to what the next `publish` publishes.
    /// - Shape: one column for each of `fields`; those that are NOT NULL have no NULL.
    package func append(_ batch: Batch) throws(JobFailure) {
        precondition(!isOver, "a producer that has failed is given up")
        do throws(JobFailure) {
            try appender.append(batch)
        } catch {
            isOver = true
            throw error
        }
    }

    /// All that was appended exists when this returns, or nothing of it.
    /// - Parameter last: of an idempotent producer, the number of the last record.
    package func publish(last: UInt64? = nil) throws(JobFailure) {
        precondition((last == nil) == (name == nil), "an idempotent producer numbers its records")
        epoch += 1
        do throws(JobFailure) {
            let ranges = try appender.sync(epoch: epoch).filter { $0.start < $0.end }
            var mark: ProducerMark?
            if let name, let last { mark = ProducerMark(id: name, topic: topic.id, last: last) }
            guard !ranges.isEmpty || mark != nil else { return }
            try log.append(.published(ranges, producer: mark))
            lastRecord = last ?? lastRecord
        } catch {
            isOver = true
            throw error
        }
    }
}
