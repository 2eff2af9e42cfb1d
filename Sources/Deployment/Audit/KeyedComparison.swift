import Columnar
import Dataflow
import Operators

/// Compares an output that has a key: two rows of one key are the same row.
struct KeyedComparison {
    let rows: OutputRows
    let memoryBytes: Int

    func run(_ observer: some OutputObserver) throws(JobFailure) -> RowCounts {
        try rows.failing { () throws(JobFailure) in try compare(observer) }
    }

    private func compare(_ observer: some OutputObserver) throws(JobFailure) -> RowCounts {
        let columns = rows.columns
        let old = FollowedTable(
            rows.old, columns: columns.old, key: columns.key, memoryBytes: memoryBytes / 2, in: rows.log)
        let new = FollowedTable(
            rows.new, columns: columns.new, key: columns.key, memoryBytes: memoryBytes / 2, in: rows.log)
        try old.advance(to: rows.oldEnds)
        try new.advance(to: rows.newEnds)
        var counts = RowCounts()
        (counts.old, counts.new) = (old.count, new.count)
        try old.forEachRow { (batch) throws(JobFailure) in try observer.take(batch, ofNew: false) }
        try new.forEachRow { (batch) throws(JobFailure) in try observer.take(batch, ofNew: true) }
        try old.forEachChange(to: new, comparing: columns.sharedCount) { (changes) throws(JobFailure) in
            for part in Self.parts(changes, width: columns.sharedCount, &counts) {
                counts.add(part)
                try observer.take(part)
            }
        }
        counts.equal = counts.new - counts.onlyNew - counts.changed
        return counts
    }

    /// A changelog, by what its rows are.
    private static func parts(_ changes: Batch, width: Int, _ counts: inout RowCounts) -> [DifferentRows] {
        var rows: [RowKind: [Int32]] = [:]
        for (row, kind) in (changes.rowKinds ?? []).enumerated() { rows[kind, default: []].append(Int32(row)) }
        var plain = changes
        plain.rowKinds = nil
        var parts: [DifferentRows] = []
        if let before = rows[.updateBefore], let after = rows[.updateAfter] {
            let (different, near) = RowPairs(old: plain.take(before), new: plain.take(after)).differences(width: width)
            counts.near += near
            if let different { parts.append(different) }
        }
        if let gone = rows[.delete] { parts.append(.onlyOld(plain.take(gone))) }
        if let come = rows[.insert] { parts.append(.onlyNew(plain.take(come))) }
        return parts
    }
}
