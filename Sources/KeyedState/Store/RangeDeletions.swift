import Glibc

// Range deletions of a merge, by operator and key group. One takes away what stands before it in the log, so for an entry
// only those behind it matter, and of them only the largest bound. What is kept is therefore a staircase: offsets
// ascending, bounds descending; a deletion that a later one with at least its bound follows is forgotten.
//
//     bound   ──┐ 90
//               └───────┐ 70
//                       └────┐ 20        an entry before the first step is kept if its key is not below 90,
//     offset  ──────────────────►        one between the first and the second, if it is not below 70, …

struct RangeDeletions {
    struct Step {
        /// Of the deletion's entry.
        var offset: Int
        var bound: [UInt8]
    }

    private var steps: [UInt64: [Step]] = [:]

    private static func place(_ operatorID: UInt32, _ keyGroup: Int) -> UInt64 {
        UInt64(operatorID) << 16 | UInt64(keyGroup)
    }

    /// Called in the order of the offsets of one operator and key group.
    mutating func add(_ bound: [UInt8], at offset: Int, operatorID: UInt32, keyGroup: Int) {
        if bound.isEmpty { return }
        var staircase = steps.removeValue(forKey: Self.place(operatorID, keyGroup)) ?? []
        while let last = staircase.last, !bound.lexicographicallyPrecedes(last.bound) { staircase.removeLast() }
        staircase.append(Step(offset: offset, bound: bound))
        steps[Self.place(operatorID, keyGroup)] = staircase
    }

    /// nil where nothing is deleted by range.
    func staircase(operatorID: UInt32, keyGroup: Int) -> [Step]? {
        steps.isEmpty ? nil : steps[Self.place(operatorID, keyGroup)]
    }

    /// As ranges of a state base's keys, in their order, and disjoint.
    var ranges: [KeyRange] {
        steps.keys.sorted().compactMap { place in
            guard let first = steps[place]?.first else { return nil }
            let from = StateBaseKey.bound(
                operatorID: UInt32(truncatingIfNeeded: place >> 16), keyGroup: Int(place & 0xFFFF))
            return KeyRange(from: from, to: from + first.bound)
        }
    }
}

extension [RangeDeletions.Step] {
    /// Whether an entry of this key that stands at `offset` is deleted by one behind it.
    func delete(_ key: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard let step = first(where: { $0.offset > offset }) else { return false }
        return step.covers(key)
    }

    /// Whether everything older than the merge is deleted that has this key.
    func deleteAllOlder(_ key: UnsafeRawBufferPointer) -> Bool { first?.covers(key) ?? false }
}

extension RangeDeletions.Step {
    fileprivate func covers(_ key: UnsafeRawBufferPointer) -> Bool {
        bound.withUnsafeBytes { bound in
            guard let left = key.baseAddress, let right = bound.baseAddress else { return key.count < bound.count }
            let order = memcmp(left, right, Swift.min(key.count, bound.count))
            return order == 0 ? key.count < bound.count : order < 0
        }
    }
}
