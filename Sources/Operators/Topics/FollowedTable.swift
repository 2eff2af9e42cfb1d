import Columnar
import CommitLog
import Dataflow

/// The table that a keyed topic is, as of offsets that only go forward: the latest row of every key.
package final class FollowedTable {
    private let published: PublishedRows
    private var latest: LatestRows

    /// Begins with nothing read.
    /// - Parameters:
    ///   - columns: of the topic, or of one that goes on from its schema: what the topic does not have is NULL.
    ///   - key: names of columns.
    package init(
        _ topic: Topic, columns: [TopicColumn], key: [String], memoryBytes: Int, in log: CommitLogAccess
    ) {
        published = PublishedRows(topic, columns: columns, in: log)
        latest = LatestRows(
            keys: key.compactMap { name in columns.firstIndex { $0.path == [name] } }, types: columns.map(\.type),
            limitBytes: memoryBytes)
    }

    /// Of each partition the next offset.
    package var positions: [UInt64] { published.positions }

    /// Rows that stand.
    package var count: Int { latest.count }

    /// Reads on to these offsets, which are published.
    /// - Errors: `memory` where the rows that stand take more than they may; `conflict` where retention has taken some.
    package func advance(to ends: [UInt64]) throws(JobFailure) {
        for (number, end) in ends.enumerated() {
            while let rows = try published.next(number, below: end) { try latest.apply(rows) }
        }
    }

    /// The changelog that turns this table into another.
    package func changes(to other: FollowedTable) throws(JobFailure) -> [Batch] {
        try latest.changes(to: &other.latest)
    }

    /// As `changes(to:)`, some thousands of rows at a time.
    /// - Parameter width: only so many columns, the first ones, are compared; nil: all.
    package func forEachChange(
        to other: FollowedTable, comparing width: Int? = nil, _ body: (Batch) throws(JobFailure) -> Void
    ) throws(JobFailure) {
        try latest.forEachChange(to: &other.latest, comparing: width, body)
    }

    /// The rows that stand, in no order.
    package func rows() -> [Batch] { latest.standing() }

    /// As `rows`, some thousands at a time.
    package func forEachRow(_ body: (Batch) throws(JobFailure) -> Void) throws(JobFailure) {
        try latest.forEachStanding(body)
    }
}
