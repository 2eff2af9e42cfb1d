import Columnar
import CommitLog
import Dataflow
import HostSystem

/// The table that a keyed topic is, as of offsets that only go forward: the latest row of every key.
package final class FollowedTable {
    private let log: CommitLogAccess
    private let topic: Topic
    private let columns: [TopicColumn]
    private let readers: [PartitionReader]
    /// Of each partition the next offset.
    package private(set) var positions: [UInt64]
    private var latest: LatestRows

    /// Begins with nothing read.
    /// - Parameters:
    ///   - columns: of the topic, or of one that goes on from its schema: what the topic does not have is NULL.
    ///   - key: names of columns.
    package init(
        _ topic: Topic, columns: [TopicColumn], key: [String], memoryBytes: Int, in log: CommitLogAccess
    ) {
        self.log = log
        self.topic = topic
        self.columns = columns
        readers = topic.partitions.indices.map { number in
            PartitionReader(
                directory: log.directory(of: topic.name, partition: number), partition: topic.partition(number),
                files: log.files, safeguards: log.safeguards)
        }
        positions = topic.partitions.map { _ in 0 }
        latest = LatestRows(
            keys: key.compactMap { name in columns.firstIndex { $0.path == [name] } }, types: columns.map(\.type),
            limitBytes: memoryBytes)
    }

    /// Rows that stand.
    package var count: Int { latest.count }

    /// Reads on to these offsets, which are published.
    /// - Errors: `memory` where the rows that stand take more than they may; `conflict` where retention has taken some.
    package func advance(to ends: [UInt64]) throws(JobFailure) {
        for (number, end) in ends.enumerated() {
            while positions[number] < end { try readOn(number, end) }
        }
    }

    /// The changelog that turns this table into another.
    package func changes(to other: FollowedTable) throws(JobFailure) -> [Batch] {
        try latest.changes(to: &other.latest)
    }

    /// The rows that stand, in no order.
    package func rows() -> [Batch] { latest.standing() }

    private func readOn(_ number: Int, _ end: UInt64) throws(JobFailure) {
        let (reader, from) = (readers[number], positions[number])
        let slice = try topic.read(in: log) { () throws(LogError) in
            try reader.next(columns: columns.map(\.id) + [TopicFrame.rowKindsID], from: from, below: end)
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
                    directory: "", partition: UInt32(truncatingIfNeeded: number), offset: slice.firstRow,
                    detail: "\(error)"), topic: topic.name)
        }
        try latest.apply(rows.rows(slice.rows))
        positions[number] = slice.offsets.upperBound
    }
}
