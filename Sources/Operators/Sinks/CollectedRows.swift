import Columnar
import Dataflow
import Synchronization

// The rows of a query, as a changelog leaves them. As long as rows are only added they are kept as they come. With the first
// one that is taken back, all are counted: a row that stands n times is one entry with n. Changes of different keys may
// arrive in any order, so that for a moment a count is below zero; at the end, what counts nothing is not there.

package final class CollectedRows: Sendable {
    private struct Entry {
        var count = 0
        /// When the row has come last.
        var order: Int
    }

    private struct Content {
        var batches: [Batch] = []
        var rowCount = 0
        var bytes = 0
        /// By key encoding; nil while rows are only added.
        var counts: [[UInt8]: Entry]?
        var nextOrder = 0
        var isFull = false
    }

    private static let entryBytes = 96
    private static let batchRows = 8192

    private let types: [DataType]
    private let enough: Int?
    private let limitBytes: Int
    private let onFull: @Sendable () -> Void
    private let content = Mutex(Content())

    /// - Parameters:
    ///   - enough: rows that are only added are wanted up to this number.
    ///   - limitBytes: of memory for rows.
    ///   - onFull: called once, when there are enough; by any thread.
    package init(
        types: [DataType], enough: Int? = nil, limitBytes: Int, onFull: @escaping @Sendable () -> Void = {}
    ) {
        self.types = types
        self.enough = enough
        self.limitBytes = limitBytes
        self.onFull = onFull
    }

    /// Whether there are enough.
    package var isFull: Bool { content.withLock { $0.isFull } }

    package func add(_ batch: Batch) throws(JobFailure) {
        let hasFilled = try content.withLock { (content) throws(JobFailure) in try add(batch, to: &content) }
        if hasFilled { onFull() }
    }

    /// - Returns: whether this batch has made them enough.
    private func add(_ batch: Batch, to content: inout Content) throws(JobFailure) -> Bool {
        guard !content.isFull, batch.selectedCount > 0 else { return false }
        var batch = batch.compacted()
        let isAddedOnly = batch.rowKinds?.allSatisfy { $0 == .insert || $0 == .updateAfter } ?? true
        if content.counts == nil, isAddedOnly {
            batch.rowKinds = nil
            batch.origin = nil
            batch.rowWatermarks = nil
            content.bytes += batch.sizeBytes
            content.rowCount += batch.rowCount
            content.batches.append(batch)
        } else {
            count(batch, in: &content)
        }
        guard content.bytes <= limitBytes else { throw tooLarge(content) }
        content.isFull = content.counts == nil && enough.map { content.rowCount >= $0 } ?? false
        return content.isFull
    }

    private func count(_ batch: Batch, in content: inout Content) {
        var counts = content.counts ?? [:]
        content.counts = nil
        let earlier = content.batches
        if !earlier.isEmpty {
            content.batches = []
            content.bytes = 0
        }
        for batch in earlier + [batch] {
            for row in 0..<batch.rowCount {
                var key: [UInt8] = []
                KeyEncoding.append(batch.columns, row: row, to: &key)
                change(&counts, key, by: batch.rowKinds?[row] ?? .insert, &content)
            }
        }
        content.counts = counts
        content.rowCount = counts.count
    }

    private func change(_ counts: inout [[UInt8]: Entry], _ key: [UInt8], by kind: RowKind, _ content: inout Content) {
        let bytes = key.count + Self.entryBytes
        let known = counts[key]
        var entry = known ?? Entry(order: content.nextOrder)
        switch kind {
        case .insert, .updateAfter:
            entry.count += 1
            entry.order = content.nextOrder
            content.nextOrder += 1
        case .updateBefore, .delete: entry.count -= 1
        }
        counts[key] = entry.count == 0 ? nil : entry
        if known == nil, entry.count != 0 { content.bytes += bytes }
        if known != nil, entry.count == 0 { content.bytes -= bytes }
    }

    private func tooLarge(_ content: Content) -> JobFailure {
        JobFailure(
            .memory, "the rows of the result do not fit in memory",
            detail: "\(content.rowCount) rows have come, and take more than \(byteText(limitBytes))",
            hint: "ask for less (WHERE, LIMIT), give it more with --memory, or write it to files with a job")
    }

    /// What stands at the end, in the order in which it came.
    package func take() throws(JobFailure) -> [Batch] {
        try content.withLock { (content) throws(JobFailure) in
            defer { content = Content() }
            guard let counts = content.counts else { return content.batches }
            let standing = counts.filter { $0.value.count > 0 }.sorted { $0.value.order < $1.value.order }
            var rows: [[UInt8]] = []
            for (key, entry) in standing { for _ in 0..<entry.count { rows.append(key) } }
            var batches: [Batch] = []
            var start = 0
            while start < rows.count {
                let end = min(start + Self.batchRows, rows.count)
                batches.append(try decode(rows[start..<end]))
                start = end
            }
            return batches
        }
    }

    private func decode(_ rows: ArraySlice<[UInt8]>) throws(JobFailure) -> Batch {
        let bytes = rows.flatMap { $0 }
        let columns: [Column]? = bytes.withUnsafeBytes { raw in
            var keys: [UnsafeRawBufferPointer] = []
            var at = 0
            for row in rows {
                keys.append(UnsafeRawBufferPointer(rebasing: raw[at..<at + row.count]))
                at += row.count
            }
            do throws(InvalidKey) { return try KeyEncoding.decode(keys, types: types) } catch { return nil }
        }
        guard let columns else {
            throw JobFailure(.memory, "the strings of \(rows.count) rows of the result exceed 2 GiB")
        }
        return Batch(columns: columns, rowCount: rows.count)
    }
}
