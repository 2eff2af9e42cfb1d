import Columnar
import CommitLog
import Dataflow
import HostSystem

// A topic with a key holds a changelog: who takes a row back says what it was. So a producer knows the latest row of every
// key. It reads the topic once when it begins, and then, in each of its turns, what others have published since.

/// Publishes upserts and deletes by key to a topic that has one; as `TopicProducer` in all else.
package final class KeyedTopicProducer {
    private let log: CommitLogAccess
    private let producer: TopicProducer
    private let readers: [PartitionReader]
    /// Of each partition, up to where `latest` knows it.
    private var positions: [UInt64]
    private var latest: LatestRows

    package var topic: Topic { producer.topic }
    package var lastRecord: UInt64? { producer.lastRecord }

    /// - Parameter memoryBytes: for the latest rows.
    /// - Errors: `memory` where they take more; `conflict` where some of them are gone, and as `TopicProducer`.
    package init(_ producer: TopicProducer, memoryBytes: Int, in log: CommitLogAccess) throws(JobFailure) {
        let topic = producer.topic
        precondition(topic.schema.isKeyed, "the topic has a key")
        self.log = log
        self.producer = producer
        readers = topic.partitions.indices.map { number in
            PartitionReader(
                directory: log.directory(of: topic.name, partition: number), partition: topic.partition(number),
                files: log.files)
        }
        positions = topic.partitions.map { _ in 0 }
        let columns = topic.schema.columns
        latest = LatestRows(
            keys: topic.schema.keyIndexes, types: columns.map(\.type), limitBytes: memoryBytes)
        if topic.partitions.contains(where: { $0.firstKept > 0 }) {
            throw JobFailure(
                .conflict, "topic \"\(topic.name)\" has lost its first changes to retention",
                detail: "so the latest row of a key may be unknown, which a change to it has to name",
                hint: "write it with a job, which knows its rows itself")
        }
        try catchUp(topic.partitions)
    }

    /// Adds what these rows change to what the next `publish` publishes: an insert or the new row of an update gives its key
    /// this row, a delete takes its row away.
    /// - Shape: one column for each of the topic's, of its type.
    /// - Returns: rows of the changelog.
    package func append(_ wanted: Batch) throws(JobFailure) -> Int {
        if try producer.takeTurn() {
            guard let now = try log.settled().topics[topic.id] else {
                throw JobFailure(.conflict, "topic \"\(topic.name)\" was deleted while it was written")
            }
            try catchUp(now.partitions)
        }
        guard let changes = try latest.changes(by: wanted) else { return 0 }
        try producer.append(changes)
        return changes.rowCount
    }

    /// All that was appended exists when this returns, or nothing of it.
    /// - Parameter last: of an idempotent producer, the number of the last record.
    package func publish(last: UInt64? = nil) throws(JobFailure) {
        for range in try producer.publish(last: last) { positions[Int(range.partition.partition)] = range.end }
    }

    private func catchUp(_ partitions: [TopicState.Partition]) throws(JobFailure) {
        for (number, partition) in partitions.enumerated() {
            while positions[number] < partition.publishedEnd { try readOn(number, partition.publishedEnd) }
        }
    }

    private func readOn(_ number: Int, _ end: UInt64) throws(JobFailure) {
        let (reader, from) = (readers[number], positions[number])
        let slice = try JobFailure.onTopic(topic.name) { () throws(LogError) in
            try reader.next(columns: nil, from: from, below: end)
        }
        guard let slice, !slice.rows.isEmpty else {
            preconditionFailure("rows that are published are there, or an error says why not")
        }
        let rows: Batch
        do throws(CorruptBytes) {
            rows = try TopicFrame.decode(slice.chunks, rowCount: slice.rowCount, topic.schema.columns)
        } catch {
            throw .log(
                .damaged(
                    directory: "", partition: UInt32(truncatingIfNeeded: number), offset: slice.firstRow,
                    detail: "\(error)"), topic: topic.name)
        }
        try latest.apply(rows.rows(slice.rows))
        positions[number] = slice.offsets.upperBound
    }
}
