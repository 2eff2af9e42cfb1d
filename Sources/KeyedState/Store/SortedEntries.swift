import CKernels
import Glibc
import HostSystem

// Merging the changes of many epochs: the newest entry of each key, in the order of the state base's keys.
//
// Keys are first dealt to one bucket for each operator and key group, so that what is left to sort is a few thousand
// entries that lie in the cache, and the six bytes they share are not compared. A bucket is sorted by the first eight
// bytes of the keys; only where those are equal the keys themselves are compared, and of equal keys the newer is first.
// Range deletions take away what older entries of the merge put; what they mean for a state base stands beside the entries.

/// Keys of a state base, from one up to but not including another.
package struct KeyRange: Equatable, Sendable {
    package var from: [UInt8]
    package var to: [UInt8]

    package init(from: [UInt8], to: [UInt8]) {
        self.from = from
        self.to = to
    }
}

/// Entries in the order of their keys, each key once, and the ranges that are deleted before they are put.
package struct SortedEntries: Sendable {
    fileprivate struct Reference {
        /// The first eight bytes of the key, most significant first, zeros behind a shorter one.
        var prefix: UInt64
        /// Of the entry in `bytes`: the newer of two is the one behind.
        var offset: Int
    }

    fileprivate struct Run {
        var operatorID: UInt32
        var references: Range<Int>
    }

    /// The entries of all records, in the order of their commits.
    private var bytes: [UInt8] = []
    /// Entries are read in another order than they lie: each is fetched while those before it are written.
    private static let fetchedAhead = 12
    private var references: [Reference] = []
    private var runs: [Run] = []
    /// What goes before the entries are put: in the order of the keys, disjoint.
    package private(set) var deletedRanges: [KeyRange] = []

    package var count: Int { references.count }
    /// Nothing is put, and nothing deleted.
    var isEmpty: Bool { references.isEmpty && deletedRanges.isEmpty }

    /// None.
    init() {}

    /// - Parameters:
    ///   - records: in the order of their commits.
    ///   - places: which entries are taken; they have `sizeBytes` in all.
    ///   - keepsDeletions: false only where it is known that nothing older holds any key.
    init(
        merging records: [DeltaRecordPlace], within places: ClosedRange<StatePlace>, sizeBytes: Int,
        from files: any FileSystem, keepsDeletions: Bool
    ) throws(StateError) {
        var buckets = EntryBuckets()
        bytes.reserveCapacity(sizeBytes)
        for record in records {
            let sections = try record.load(files).extract(places, to: &bytes)
            bytes.withUnsafeBytes { buckets.count(sections, in: $0) }
        }
        references = [Reference](repeating: Reference(prefix: 0, offset: 0), count: buckets.entryCount)
        bytes.withUnsafeBytes { raw in
            references.withUnsafeMutableBufferPointer { references in
                SortedEntries.deal(raw, buckets, into: references)
                runs = SortedEntries.sort(raw, buckets, references, keepsDeletions: keepsDeletions)
            }
        }
        references.removeLast(references.count - (runs.last?.references.upperBound ?? 0))
        if keepsDeletions { deletedRanges = buckets.deletions.ranges }
    }

    /// Forgets the ranges in which nothing can be deleted.
    mutating func keepDeletedRanges(
        where mayHoldKeys: (KeyRange) throws(StateError) -> Bool
    ) throws(StateError) {
        var kept: [KeyRange] = []
        for range in deletedRanges where try mayHoldKeys(range) { kept.append(range) }
        deletedRanges = kept
    }

    /// Calls `body` with each key as a state base has it, and its value; none for a deleted key.
    /// The buffers are valid during the call only.
    package func forEach(
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?) throws(StateError) -> Void
    ) throws(StateError) {
        let room = StateBaseKey.prefixBytes + StateChanges.largestFieldBytes
        let key = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 8)
        defer { key.deallocate() }
        try bytes.span.bytes.withUnsafeBytes { (raw) throws(StateError) in
            for run in runs {
                key.storeBytes(of: run.operatorID.bigEndian, as: UInt32.self)
                for i in run.references {
                    let ahead = references[min(i + Self.fetchedAhead, run.references.upperBound - 1)].offset
                    sluice_prefetch(raw.baseAddress.map { $0 + ahead })
                    let entry = Entry(checkedIn: raw, at: references[i].offset)
                    let keyBytes = entry.key(in: raw)
                    key.storeBytes(of: entry.keyGroup.index.bigEndian, toByteOffset: 4, as: UInt16.self)
                    UnsafeMutableRawBufferPointer(rebasing: key[StateBaseKey.prefixBytes...]).copyMemory(from: keyBytes)
                    let length = StateBaseKey.prefixBytes + keyBytes.count
                    try body(UnsafeRawBufferPointer(rebasing: key[..<length]), entry.value(in: raw))
                }
            }
        }
    }
}

extension SortedEntries {
    private static func deal(
        _ raw: UnsafeRawBufferPointer, _ buckets: EntryBuckets, into references: UnsafeMutableBufferPointer<Reference>
    ) {
        var next = buckets.bounds
        let stride = buckets.stride
        for section in buckets.sections {
            var position = section.entries.lowerBound
            let first = section.operatorIndex * stride
            next.withUnsafeMutableBufferPointer { next in
                while position < section.entries.upperBound {
                    let entry = Entry(checkedIn: raw, at: position)
                    position = entry.end
                    if entry.header.isDeletedBelow { continue }
                    let bucket = first + Int(entry.keyGroup.index)
                    references[next[bucket]] = Reference(prefix: prefix(of: entry.key(in: raw)), offset: entry.start)
                    next[bucket] += 1
                }
            }
        }
    }

    /// Sorts each bucket and moves what is kept to the front.
    private static func sort(
        _ raw: UnsafeRawBufferPointer, _ buckets: EntryBuckets, _ references: UnsafeMutableBufferPointer<Reference>,
        keepsDeletions: Bool
    ) -> [Run] {
        let bounds = buckets.bounds
        let stride = buckets.stride
        var runs: [Run] = []
        var kept = 0
        for (operatorIndex, operatorID) in buckets.operators.enumerated() {
            let first = kept
            for bucket in operatorIndex * stride..<(operatorIndex + 1) * stride {
                let range = bounds[bucket]..<bounds[bucket + 1]
                if range.isEmpty { continue }
                var slice = UnsafeMutableBufferPointer(rebasing: references[range])
                slice.sort { comesBefore($0, $1, raw) }
                let keyGroup = bucket - operatorIndex * stride
                let deletions = buckets.deletions.staircase(operatorID: operatorID, keyGroup: keyGroup)
                kept = keepNewest(raw, slice, in: references, at: kept, deletions, keepsDeletions: keepsDeletions)
            }
            runs.append(Run(operatorID: operatorID, references: first..<kept))
        }
        return runs
    }

    private static func keepNewest(
        _ raw: UnsafeRawBufferPointer, _ sorted: UnsafeMutableBufferPointer<Reference>,
        in references: UnsafeMutableBufferPointer<Reference>, at start: Int, _ deletions: [RangeDeletions.Step]?,
        keepsDeletions: Bool
    ) -> Int {
        var kept = start
        var previous: Reference?
        for reference in sorted {
            if let previous, isSameKey(previous, reference, raw) { continue }
            previous = reference
            if isGone(Entry(checkedIn: raw, at: reference.offset), raw, deletions, keepsDeletions) { continue }
            references[kept] = reference
            kept += 1
        }
        return kept
    }

    /// Whether the newest entry of a key leaves nothing to be written.
    @inline(__always)
    private static func isGone(
        _ entry: Entry, _ raw: UnsafeRawBufferPointer, _ deletions: [RangeDeletions.Step]?, _ keepsDeletions: Bool
    ) -> Bool {
        let isDeleted = entry.header.isDeleted
        if isDeleted, !keepsDeletions { return true }
        guard let deletions else { return false }
        let key = entry.key(in: raw)
        return deletions.delete(key, at: entry.start) || (isDeleted && deletions.deleteAllOlder(key))
    }

    @inline(__always)
    private static func comesBefore(_ left: Reference, _ right: Reference, _ raw: UnsafeRawBufferPointer) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        let order = compareKeys(left, right, raw)
        return order == 0 ? left.offset > right.offset : order < 0
    }

    @inline(__always)
    private static func isSameKey(_ left: Reference, _ right: Reference, _ raw: UnsafeRawBufferPointer) -> Bool {
        left.prefix == right.prefix && compareKeys(left, right, raw) == 0
    }

    private static func compareKeys(_ left: Reference, _ right: Reference, _ raw: UnsafeRawBufferPointer) -> Int {
        let leftKey = Entry(checkedIn: raw, at: left.offset).key(in: raw)
        let rightKey = Entry(checkedIn: raw, at: right.offset).key(in: raw)
        if leftKey.count > 8, rightKey.count > 8, let l = leftKey.baseAddress, let r = rightKey.baseAddress {
            let order = memcmp(l, r, min(leftKey.count, rightKey.count))
            if order != 0 { return Int(order) }
        }
        return leftKey.count - rightKey.count
    }

    @inline(__always)
    private static func prefix(of key: UnsafeRawBufferPointer) -> UInt64 {
        if key.count >= 8 { return UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)) }
        var prefix: UInt64 = 0
        for i in 0..<key.count { prefix |= UInt64(key[i]) << UInt64(56 - 8 * i) }
        return prefix
    }
}
