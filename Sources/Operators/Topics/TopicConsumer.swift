import Columnar
import CommitLog
import Dataflow
import HostSystem

/// Reads a topic's published rows, and waits for more; locks nothing.
package final class TopicConsumer {
    /// Rows of one partition, in their order.
    package struct Rows {
        package var partition: Int
        /// The offset of each row: they follow one another.
        package var offsets: Range<UInt64>
        package var batch: Batch
    }

    /// The columns that are read, and what is kept of them: the columns of the rows.
    package let fields: [Field]
    private let columns: [TopicColumn]
    private let follower: TopicFollower
    private let log: CommitLogAccess
    private var readers: [NamedPartitionReader]
    /// Of each partition the next offset.
    package private(set) var positions: [UInt64]
    private var turn = 0

    /// Begins with the first rows that are kept.
    /// - Parameter columns: names; nil: all.
    /// - Errors: `conflict` where there is no such topic or column.
    package init(_ name: String, columns names: [String]? = nil, in log: CommitLogAccess) throws(JobFailure) {
        self.log = log
        follower = try TopicFollower(name, in: log)
        let topic = follower.topic
        var fields: [Field] = []
        for wanted in names ?? topic.schema.fields.map(\.name) {
            guard let field = topic.schema.field(wanted) else {
                throw JobFailure(.conflict, "topic \"\(name)\" has no column \"\(wanted)\"")
            }
            fields.append(field)
        }
        self.fields = fields
        columns = ScanColumn.leaves(of: fields).compactMap { topic.schema.column($0) }
        positions = topic.partitions.map(\.firstKept)
        readers = topic.partitions.indices.map { topic.reader(of: $0, in: log) }
    }

    package var topic: Topic { follower.topic }

    /// Reads on from here, which is moved to where there are rows.
    package func seek(_ partition: Int, to offset: UInt64) {
        let ends = topic.partitions[partition]
        positions[partition] = min(max(offset, ends.firstKept), ends.publishedEnd)
    }

    package func seekToEnd() {
        for number in positions.indices { positions[number] = topic.partitions[number].publishedEnd }
    }

    /// The next rows of any partition; nil where all that was published by the last look is read.
    /// - Errors: `damage` with topic, partition and offset.
    package func next() throws(JobFailure) -> Rows? {
        for step in positions.indices {
            let number = (turn + step) % positions.count
            guard positions[number] < topic.partitions[number].publishedEnd else { continue }
            turn = number + 1
            return try read(number)
        }
        return nil
    }

    /// Looks whether more was published; waits until something is, in this topic or in another.
    /// - Parameter timeoutMilliseconds: nil: as long as it takes.
    /// - Returns: whether there is more in this topic.
    package func wait(timeoutMilliseconds: Int64?) throws(JobFailure) -> Bool {
        if try follower.advance() { return true }
        guard follower.wait(timeoutMilliseconds: timeoutMilliseconds) else { return false }
        return try follower.advance()
    }

    private func read(_ number: Int) throws(JobFailure) -> Rows {
        let (reader, from, end) = (readers[number], positions[number], topic.partitions[number].publishedEnd)
        let wanted = columns.map(\.id) + [TopicFrame.rowKindsID]
        reader.goOn(in: topic.spans)
        let slice = try topic.read(in: log) { () throws(LogError) in
            try reader.next(columns: wanted, from: from, below: end)
        }
        guard let slice, !slice.rows.isEmpty else {
            preconditionFailure("rows that are published are there, or an error says why not")
        }
        do throws(CorruptBytes) {
            let batch = try TopicFrame.decode(slice.chunks, rowCount: slice.rowCount, columns)
            positions[number] = slice.offsets.upperBound
            return Rows(partition: number, offsets: slice.offsets, batch: batch.rows(slice.rows))
        } catch {
            throw .log(
                .damaged(
                    directory: "", partition: UInt32(truncatingIfNeeded: number), offset: slice.firstRow,
                    detail: "\(error)"), topic: topic.name)
        }
    }
}
