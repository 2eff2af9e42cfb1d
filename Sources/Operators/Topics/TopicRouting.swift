import Columnar

// Which partition a row goes to. Rows of a key always go to the same one, in every run and release: the hash of the key's
// values (`KeyHash`) decides, its upper half, for the lower bits decide which subtask has the key.

enum TopicRouting {
    /// The rows of each partition that gets some.
    /// - Shape: all rows of the batch count.
    static func split(_ batch: Batch, keys: [Int], partitions: Int) -> [(partition: Int, rows: Batch)] {
        guard partitions > 1, batch.rowCount > 0 else { return batch.rowCount > 0 ? [(0, batch)] : [] }
        var hashes: [UInt64] = []
        KeyHash.hash(keys.map { batch.columns[$0] }, rowCount: batch.rowCount, into: &hashes)
        var rows = [[Int32]](repeating: [], count: partitions)
        for row in hashes.indices { rows[Int((hashes[row] >> 32) % UInt64(partitions))].append(Int32(row)) }
        return rows.indices.compactMap { partition in
            rows[partition].isEmpty ? nil : (partition, batch.taking(rows[partition]))
        }
    }
}

extension Batch {
    fileprivate func taking(_ rows: [Int32]) -> Batch {
        if rows.count == rowCount { return self }
        return Batch(columns: columns.map { $0.take(rows) }, rowCount: rows.count, rowKinds: rowKinds?.take(rows))
    }
}
