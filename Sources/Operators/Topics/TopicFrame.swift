import Columnar
import CommitLog
import HostSystem

// Rows as a frame of the log: a chunk for each column, and one for the rows' kinds where they are not all inserts.

package enum TopicFrame {
    /// Of the chunk that holds the rows' kinds, one byte each.
    package static let rowKindsID = UInt32.max
    /// A frame is read and written whole: it fits in a cache.
    package static let mostRows = 16_384
    package static let mostBytes = 4 << 20
    private static let rowKindsEncoding: UInt8 = 5

    /// - Parameters:
    ///   - batch: its columns are those of `columns`, in their order. Rows that do not count are left out.
    ///   - columns: columns of the topic; those that it has besides are NULL in these rows.
    package static func encode(_ batch: Batch, _ columns: [TopicColumn], schemaID: UInt32) -> FrameContent {
        precondition(batch.columns.count == columns.count, "every column of the batch is one of the topic")
        let batch = batch.compacted()
        var chunks = zip(batch.columns, columns).map { ColumnCodec.encode($0, id: $1.id) }
        if let kinds = batch.rowKinds, kinds.contains(where: { $0 != .insert }) { chunks.append(chunk(of: kinds)) }
        return FrameContent(rowCount: batch.rowCount, schemaID: schemaID, chunks: chunks)
    }

    /// The rows' columns in the order of `columns`. One that the frame does not have is NULL, and a ROW is not there.
    /// - Errors: a frame that `encode` does not make of these columns.
    package static func decode(
        _ chunks: [ColumnChunk], rowCount: Int, _ columns: [TopicColumn]
    ) throws(CorruptBytes) -> Batch {
        var decoded: [Column] = []
        decoded.reserveCapacity(columns.count)
        for column in columns {
            if let chunk = chunks.first(where: { $0.columnID == column.id }) {
                decoded.append(try ColumnCodec.decode(chunk, column.type, rowCount: rowCount))
            } else if column.kind == .presence {
                decoded.append(.boolean(FixedColumn([Bool](repeating: false, count: rowCount))))
            } else {
                decoded.append(.nulls(column.type, rowCount: rowCount))
            }
        }
        var batch = Batch(columns: decoded, rowCount: rowCount)
        if let chunk = chunks.first(where: { $0.columnID == rowKindsID }) {
            batch.rowKinds = try rowKinds(chunk, rowCount: rowCount)
        }
        return batch
    }

    private static func chunk(of kinds: [RowKind]) -> ColumnChunk {
        ColumnChunk(
            columnID: rowKindsID, encoding: rowKindsEncoding, nullCount: 0, minimum: [], maximum: [],
            bytes: kinds.map(\.rawValue))
    }

    private static func rowKinds(_ chunk: ColumnChunk, rowCount: Int) throws(CorruptBytes) -> [RowKind] {
        let kinds = chunk.bytes.compactMap { RowKind(rawValue: $0) }
        guard chunk.encoding == rowKindsEncoding, kinds.count == rowCount, chunk.bytes.count == rowCount else {
            throw CorruptBytes(offset: 0, expected: "the kinds of \(rowCount) rows")
        }
        return kinds
    }

    // MARK: Sizes

    /// The rows of a batch in pieces that fit in a frame. An update's two rows stay together.
    package static func pieces(of batch: Batch) -> [Batch] {
        let batch = batch.compacted()
        let bytesPerRow = max(1, batch.sizeBytes / max(batch.rowCount, 1))
        let most = max(1, min(mostRows, mostBytes / bytesPerRow))
        guard batch.rowCount > most else { return batch.rowCount > 0 ? [batch] : [] }
        var pieces: [Batch] = []
        var start = 0
        while start < batch.rowCount {
            var end = min(start + most, batch.rowCount)
            if end < batch.rowCount, batch.rowKinds?[end - 1] == .updateBefore { end += 1 }
            pieces.append(batch.rows(start..<end))
            start = end
        }
        return pieces
    }

    /// Small frames of one partition, which follow one another, as fewer and larger ones.
    ///
    /// - Parameter schemas: of the topic, by number.
    /// - Errors: a frame that is not of these schemas.
    package static func merge(_ frames: [FrameContent], _ schemas: [TopicSchema]) throws(CorruptBytes) -> [FrameContent]
    {
        var merged: [FrameContent] = []
        var open: [Batch] = []
        var (rows, bytes) = (0, 0)
        var schemaID: UInt32 = 0
        func close() {
            guard !open.isEmpty, schemas.indices.contains(Int(schemaID)) else { return }
            let columns = schemas[Int(schemaID)].columns
            let joined = Batch.joined(open).map { [$0] } ?? open
            for batch in joined { merged.append(encode(batch, columns, schemaID: schemaID)) }
            open = []
            (rows, bytes) = (0, 0)
        }
        for frame in frames {
            guard schemas.indices.contains(Int(frame.schemaID)) else {
                throw CorruptBytes(offset: 0, expected: "a frame of schema 0 to \(schemas.count - 1)")
            }
            let batch = try decode(frame.chunks, rowCount: frame.rowCount, schemas[Int(frame.schemaID)].columns)
            let size = batch.sizeBytes
            if frame.schemaID != schemaID || rows + batch.rowCount > mostRows || bytes + size > mostBytes { close() }
            schemaID = frame.schemaID
            open.append(batch)
            rows += batch.rowCount
            bytes += size
        }
        close()
        return merged
    }
}

extension Batch {
    /// - Shape: all rows count.
    package func rows(_ range: Range<Int>) -> Batch {
        if range == 0..<rowCount { return self }
        var part = Batch(columns: columns.map { $0.slice(range) }, rowCount: range.count)
        part.rowKinds = rowKinds.map { Array($0[range]) }
        return part
    }

    /// nil where their strings exceed 2 GiB.
    /// - Shape: the same columns in all, all rows count.
    package static func joined(_ batches: [Batch]) -> Batch? {
        guard let first = batches.first else { return nil }
        if batches.count == 1 { return first }
        var columns: [Column] = []
        for index in first.columns.indices {
            guard let column = Column.concatenation(batches.map { $0.columns[index] }) else { return nil }
            columns.append(column)
        }
        var joined = Batch(columns: columns, rowCount: batches.reduce(0) { $0 + $1.rowCount })
        if batches.contains(where: { $0.rowKinds != nil }) {
            joined.rowKinds = batches.flatMap { $0.rowKinds ?? [RowKind](repeating: .insert, count: $0.rowCount) }
        }
        return joined
    }
}
