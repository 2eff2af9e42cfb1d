import Columnar
import Dataflow
import Glibc

/// One key of an ORDER BY over a whole result.
package struct SortKey: Hashable, Sendable {
    package var column: Int
    package var isDescending: Bool
    package var putsNullsFirst: Bool

    package init(column: Int, isDescending: Bool, putsNullsFirst: Bool) {
        self.column = column
        self.isDescending = isDescending
        self.putsNullsFirst = putsNullsFirst
    }
}

/// Puts the rows of a result in order, and cuts it. Rows that are equal by all keys stay in the order they came in.
///
/// A row's keys become bytes that compare as the row does: the key encoding, whose first byte tells NULL from a value, and a
/// zero, so that a text is told from a longer one that goes on with a zero byte; of a descending key the bytes behind the
/// first are complemented.
package struct RowOrder {
    private let keys: [SortKey]
    private let offset: Int
    private let limit: Int

    package init(_ keys: [SortKey], offset: Int = 0, limit: Int? = nil) {
        self.keys = keys
        self.offset = offset
        self.limit = limit ?? .max
    }

    /// - Parameter batches: without selections.
    package func apply(_ batches: [Batch]) throws(JobFailure) -> [Batch] {
        if keys.isEmpty { return cut(batches) }
        guard let all = try merged(batches) else { return [] }
        let rows = sorted(all)
        let end = limit < rows.count - min(offset, rows.count) ? offset + limit : rows.count
        var ordered: [Batch] = []
        var start = min(offset, rows.count)
        while start < end {
            let next = min(start + Self.batchRows, end)
            ordered.append(all.take(Array(rows[start..<next])))
            start = next
        }
        return ordered
    }

    private static let batchRows = 8192

    private func cut(_ batches: [Batch]) -> [Batch] {
        var (skip, left) = (offset, limit)
        var kept: [Batch] = []
        for batch in batches where left > 0 {
            let start = min(skip, batch.rowCount)
            let count = min(left, batch.rowCount - start)
            skip -= start
            left -= count
            guard count > 0 else { continue }
            let range = start..<start + count
            kept.append(
                count == batch.rowCount
                    ? batch : Batch(columns: batch.columns.map { $0.slice(range) }, rowCount: count))
        }
        return kept
    }

    private func merged(_ batches: [Batch]) throws(JobFailure) -> Batch? {
        guard let first = batches.first else { return nil }
        let rowCount = batches.reduce(0) { $0 + $1.rowCount }
        var columns: [Column] = []
        for index in first.columns.indices {
            let parts = batches.map { $0.columns[index] }
            guard rowCount <= Int(Int32.max), let column = Column.concatenation(parts) else {
                throw JobFailure(
                    .memory, "the result is too large to be put in order",
                    detail: "a column of it has more than 2 GiB of text", hint: "leave out ORDER BY, or ask for less")
            }
            columns.append(column)
        }
        return Batch(columns: columns, rowCount: rowCount)
    }

    private func sorted(_ batch: Batch) -> [Int32] {
        var bytes: [UInt8] = []
        var starts = [0]
        starts.reserveCapacity(batch.rowCount + 1)
        for row in 0..<batch.rowCount {
            for key in keys { append(key, batch.columns[key.column], row, to: &bytes) }
            starts.append(bytes.count)
        }
        var rows = [Int32](0..<Int32(truncatingIfNeeded: batch.rowCount))
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            rows.sort { left, right in
                let (a, b) = (Int(left), Int(right))
                let common = min(starts[a + 1] - starts[a], starts[b + 1] - starts[b])
                let difference = memcmp(base + starts[a], base + starts[b], common)
                return difference == 0 ? left < right : difference < 0
            }
        }
        return rows
    }

    private func append(_ key: SortKey, _ column: Column, _ row: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        KeyEncoding.append([column], row: row, to: &bytes)
        bytes.append(0)
        if !key.putsNullsFirst { bytes[start] ^= 1 }
        guard key.isDescending else { return }
        for index in (start + 1)..<bytes.count { bytes[index] = ~bytes[index] }
    }
}
