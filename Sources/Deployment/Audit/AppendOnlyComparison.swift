import Columnar
import Dataflow
import HostSystem
import Operators

// Compares an output without a key: its rows are a multiset, for their order says nothing.
//
//     1. Both versions' rows are read side by side. A table has, by the hash of a row's compared values, how many more of it
//        the old version has than the new one; what is balanced leaves the table, so that it is small where the two agree.
//     2. What is left is read again, and is in one version alone. Two such rows are one row that is near, or has changed,
//        where they agree in every column but DOUBLEs that are nearly the same, and columns that are expected to differ.

struct AppendOnlyComparison {
    /// 96 bits: rows of one hash are taken for equal. That two of a billion rows share theirs has a chance of 10⁻¹¹.
    private struct RowHash: Hashable {
        var high: UInt64
        var low: UInt32
    }

    /// Of the table, with the room that it keeps.
    private static let bytesPerHash = 48

    let rows: OutputRows
    let memoryBytes: Int
    /// Of the compared columns: differences in these alone make no other row.
    let mayDiffer: [Bool]

    func run(_ observer: some OutputObserver) throws(JobFailure) -> RowCounts {
        try rows.failing { () throws(JobFailure) in try compare(observer) }
    }

    private func compare(_ observer: some OutputObserver) throws(JobFailure) -> RowCounts {
        var counts = RowCounts()
        var surplus: [RowHash: Int] = [:]
        var sides = [Side(rows, ofNew: false), Side(rows, ofNew: true)]
        var encoder = BatchKeyEncoder()
        while sides.contains(where: { !$0.isOver }) {
            for number in sides.indices {
                guard let batch = try sides[number].read() else { continue }
                try observer.take(batch, ofNew: number == 1)
                if number == 0 { counts.old += batch.rowCount } else { counts.new += batch.rowCount }
                for hash in hashes(batch, &encoder) { Self.add(number == 0 ? 1 : -1, to: &surplus[hash]) }
                try check(surplus.capacity * Self.bytesPerHash)
            }
        }
        counts.equal = counts.old - surplus.values.reduce(0) { $0 + max(0, $1) }
        guard !surplus.isEmpty else { return counts }
        let old = try left(in: Side(rows, ofNew: false), &surplus, sign: 1)
        let new = try left(in: Side(rows, ofNew: true), &surplus, sign: -1)
        try pair(old, new, observer, &counts)
        return counts
    }

    private static func add(_ count: Int, to surplus: inout Int?) {
        let sum = (surplus ?? 0) + count
        surplus = sum == 0 ? nil : sum
    }

    private func check(_ bytes: Int) throws(JobFailure) {
        guard bytes > memoryBytes else { return }
        throw JobFailure(
            .memory, "too many rows differ",
            detail: "those that are in one version alone take more than "
                + byteText(memoryBytes))
    }

    private func hashes(_ batch: Batch, _ encoder: inout BatchKeyEncoder) -> [RowHash] {
        encoder.encode(Array(batch.columns.prefix(rows.columns.sharedCount)), rowCount: batch.rowCount)
        let starts = encoder.starts
        return encoder.bytes.withUnsafeBytes { bytes in
            (0..<batch.rowCount).map { row in
                let row = UnsafeRawBufferPointer(rebasing: bytes[starts[row]..<starts[row + 1]])
                return RowHash(high: KeyHash.hash(row), low: Checksum.crc32c(row))
            }
        }
    }

    // MARK: What is left

    /// The rows of a version that it has more of than the other, taken off `surplus`.
    private func left(in side: Side, _ surplus: inout [RowHash: Int], sign: Int) throws(JobFailure) -> Batch? {
        var side = side
        var encoder = BatchKeyEncoder()
        var parts: [Batch] = []
        var bytes = 0
        while let batch = try side.read() {
            var picked: [Int32] = []
            for (row, hash) in hashes(batch, &encoder).enumerated() {
                guard let count = surplus[hash], count * sign > 0 else { continue }
                Self.add(-sign, to: &surplus[hash])
                picked.append(Int32(row))
            }
            guard !picked.isEmpty else { continue }
            parts.append(batch.take(picked))
            bytes += parts[parts.count - 1].sizeBytes
            try check(surplus.capacity * Self.bytesPerHash + 2 * bytes)
        }
        guard !parts.isEmpty else { return nil }
        guard let joined = Batch.joined(parts) else {
            throw JobFailure(.memory, "the rows that differ have more than 2 GiB of text in a column")
        }
        return joined
    }

    private func pair(
        _ old: Batch?, _ new: Batch?, _ observer: some OutputObserver, _ counts: inout RowCounts
    ) throws(JobFailure) {
        var (oldRows, newRows) = (Self.all(old), Self.all(new))
        if let old, let new {
            let pairs = LikelyPairs(rows.columns, mayDiffer: mayDiffer).pairs(old, new)
            if !pairs.isEmpty {
                let found = RowPairs(old: old.take(pairs.map(\.old)), new: new.take(pairs.map(\.new)))
                let (different, near) = found.differences(width: rows.columns.sharedCount)
                counts.near += near
                // What is near, or differs in no bit that is compared, is equal.
                counts.equal += pairs.count - (different?.rowCount ?? 0)
                if let different { try give(different, observer, &counts) }
                let (pairedOld, pairedNew) = (Set(pairs.map(\.old)), Set(pairs.map(\.new)))
                oldRows.removeAll { pairedOld.contains($0) }
                newRows.removeAll { pairedNew.contains($0) }
            }
        }
        if let old, !oldRows.isEmpty { try give(.onlyOld(old.take(oldRows)), observer, &counts) }
        if let new, !newRows.isEmpty { try give(.onlyNew(new.take(newRows)), observer, &counts) }
    }

    private static func all(_ rows: Batch?) -> [Int32] { [Int32](0..<Int32(truncatingIfNeeded: rows?.rowCount ?? 0)) }

    private func give(
        _ rows: DifferentRows, _ observer: some OutputObserver, _ counts: inout RowCounts
    ) throws(JobFailure) {
        counts.add(rows)
        try observer.take(rows)
    }
}

/// The rows of one version, of each partition some in turn: two versions that were written alike are in step then.
private struct Side {
    private let published: PublishedRows
    private let ends: [UInt64]
    private var next = 0

    init(_ rows: OutputRows, ofNew: Bool) {
        let columns = rows.columns
        published = PublishedRows(
            ofNew ? rows.new : rows.old, columns: ofNew ? columns.new : columns.old, in: rows.log)
        ends = ofNew ? rows.newEnds : rows.oldEnds
    }

    /// Whether all is read.
    var isOver: Bool { zip(published.positions, ends).allSatisfy { $0 >= $1 } }

    mutating func read() throws(JobFailure) -> Batch? {
        for _ in ends.indices {
            let partition = next
            next = (next + 1) % ends.count
            if let batch = try published.next(partition, below: ends[partition]) { return batch }
        }
        return nil
    }
}
