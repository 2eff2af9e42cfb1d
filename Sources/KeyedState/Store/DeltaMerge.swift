import HostSystem

// Committed records on their way into a base, in the order of its keys. They are merged in parts, each some operators' and
// key groups' whole share, so that the memory for it is bounded however long the chain of records is: a part is sorted
// while the others stay on disk. A base makes a sorted file of each, and takes all of them over in one step.

/// An operator's key group, in the order in which a base has them.
struct StatePlace: Hashable, Comparable, Sendable {
    var operatorID: UInt32
    var keyGroup: KeyGroup

    static func < (left: StatePlace, right: StatePlace) -> Bool {
        left.operatorID == right.operatorID ? left.keyGroup < right.keyGroup : left.operatorID < right.operatorID
    }
}

/// What an `ingest` is given.
package struct DeltaMerge {
    private let records: [DeltaRecordPlace]
    private let files: any FileSystem
    /// nil: nothing older holds any key.
    private let base: (any StateBase)?
    private struct Part {
        var places: ClosedRange<StatePlace>
        var sizeBytes: Int
    }

    private let parts: [Part]
    let operatorIDs: Set<UInt32>
    /// Some of the entries delete ranges of what is older.
    let deletesRanges: Bool

    /// - Parameters:
    ///   - records: in the order of their commits.
    ///   - base: which the changes go into; nil only where it is known that it holds no key.
    init(
        _ records: [DeltaRecordPlace], from files: any FileSystem, into base: (any StateBase)?, partBytes: Int
    ) throws(StateError) {
        self.records = records
        self.files = files
        self.base = base
        var sizes: [StatePlace: Int] = [:]
        var deletesRanges = false
        for record in records {
            let body = try record.load(files)
            for operatorID in Set(body.sections.map(\.operatorID)) {
                var bytes = [Int](repeating: 0, count: 1 << 16)
                try body.forEachEntry(of: operatorID) { entry, _ in
                    bytes[Int(entry.keyGroup.index)] += entry.end - entry.start
                    if entry.header.isDeletedBelow { deletesRanges = true }
                }
                for group in bytes.indices where bytes[group] > 0 {
                    let keyGroup = KeyGroup(index: UInt16(group))
                    sizes[StatePlace(operatorID: operatorID, keyGroup: keyGroup), default: 0] += bytes[group]
                }
            }
        }
        parts = DeltaMerge.cut(sizes, partBytes)
        operatorIDs = Set(sizes.keys.map(\.operatorID))
        self.deletesRanges = deletesRanges && base != nil
    }

    package var isEmpty: Bool { parts.isEmpty }

    /// Neighbours together, as far as `partBytes` goes, and one key group at least.
    private static func cut(_ sizes: [StatePlace: Int], _ partBytes: Int) -> [Part] {
        var parts: [Part] = []
        for (place, size) in sizes.sorted(by: { $0.key < $1.key }) {
            if let last = parts.last, size <= partBytes - last.sizeBytes {
                parts[parts.count - 1] = Part(
                    places: last.places.lowerBound...place, sizeBytes: last.sizeBytes + size)
            } else {
                parts.append(Part(places: place...place, sizeBytes: size))
            }
        }
        return parts
    }

    /// Calls `body` with one part after the other, in the order of the base's keys.
    package func forEachPart(_ body: (SortedEntries) throws(StateError) -> Void) throws(StateError) {
        for part in parts {
            var entries = try SortedEntries(
                merging: records, within: part.places, sizeBytes: part.sizeBytes, from: files,
                keepsDeletions: base != nil)
            if let base { try entries.keepDeletedRanges(where: base.holdsKeys(in:)) }
            if !entries.isEmpty { try body(entries) }
        }
    }
}
