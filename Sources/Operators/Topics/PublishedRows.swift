import Columnar
import CommitLog
import Dataflow
import HostSystem

/// The rows of a topic that is no published name, as they were written: partition by partition, frame by frame. Used by one
/// thread at a time.
package final class PublishedRows {
    private let log: CommitLogAccess
    private let topic: Topic
    private let columns: [TopicColumn]
    private let columnIDs: [UInt32]
    private let readers: [PartitionReader]
    /// Of each partition the next offset.
    package private(set) var positions: [UInt64]

    /// Begins with the first offset.
    /// - Parameter columns: of the topic, or of one that goes on from its schema: what the topic does not have is NULL.
    package init(_ topic: Topic, columns: [TopicColumn], in log: CommitLogAccess) {
        precondition(!topic.isName, "a name's rows are in other topics")
        self.log = log
        self.topic = topic
        self.columns = columns
        columnIDs = columns.map(\.id) + [TopicFrame.rowKindsID]
        readers = topic.partitions.indices.map { number in
            PartitionReader(
                directory: log.directory(of: topic.name, partition: number), partition: topic.partition(number),
                files: log.files, safeguards: log.safeguards)
        }
        positions = topic.partitions.map { _ in 0 }
    }

    /// The rows that follow, of one frame, below an offset up to which the partition is published; nil: there are none left.
    /// - Errors: `conflict` where retention has taken some.
    package func next(_ partition: Int, below end: UInt64) throws(JobFailure) -> Batch? {
        let (reader, from) = (readers[partition], positions[partition])
        guard from < end else { return nil }
        let slice = try topic.read(in: log) { () throws(LogError) in
            try reader.next(columns: columnIDs, from: from, below: end)
        }
        guard let slice, !slice.rows.isEmpty else {
            preconditionFailure("rows that are published are there, or an error says why not")
        }
        let rows: Batch
        do throws(CorruptBytes) {
            rows = try TopicFrame.decode(slice.chunks, rowCount: slice.rowCount, columns)
        } catch {
            throw .log(
                .damaged(
                    directory: "", partition: UInt32(truncatingIfNeeded: partition), offset: slice.firstRow,
                    detail: "\(error)"), topic: topic.name)
        }
        positions[partition] = slice.offsets.upperBound
        return rows.rows(slice.rows)
    }
}
