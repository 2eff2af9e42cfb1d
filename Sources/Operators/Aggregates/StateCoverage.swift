import Glibc
import HostSystem
import KeyedState

// What is known of the keys that are not in memory: which of them the store may have.
//
//     a key group that is whole      none
//     another one                    those from `deletedBelow` (what is less is gone, whatever the store still holds)
//                                    up to `storeOnlyBelow`
//
// A fresh run is whole everywhere. A start over a store that holds something is whole nowhere, until a key group has been
// loaded; an eviction leaves nothing whole either, but where keys begin with a time the evicted ones have a greatest,
// and what comes later in time need not be looked up.

struct StateCoverage {
    private let firstGroup: Int
    private var isWhole: [Bool]
    private var partialCount = 0
    /// Keys that are in the store and not in memory are less than this; nil: nothing is known.
    private var storeOnlyBelow: [UInt8]? = []
    /// By key group.
    private var deletedBelow: [[UInt8]]
    private(set) var hasDeletions = false

    init(_ keyGroups: Range<Int>) {
        firstGroup = keyGroups.lowerBound
        isWhole = [Bool](repeating: true, count: keyGroups.count)
        deletedBelow = [[UInt8]](repeating: [], count: keyGroups.count)
    }

    /// True where every key of the state is in memory.
    var isComplete: Bool { partialCount == 0 }

    private func index(_ keyGroup: KeyGroup) -> Int {
        let index = Int(keyGroup.index) - firstGroup
        precondition(isWhole.indices.contains(index), "a key of this subtask's key groups")
        return index
    }

    func holdsAll(of keyGroup: KeyGroup) -> Bool { isWhole[index(keyGroup)] }

    func firstKept(of keyGroup: KeyGroup) -> [UInt8] { deletedBelow[index(keyGroup)] }

    func isDeleted(_ key: UnsafeRawBufferPointer, of keyGroup: KeyGroup) -> Bool {
        precedes(key, deletedBelow[index(keyGroup)])
    }

    /// Whether the store may have a key that is not in memory.
    func mayBeInStore(_ key: UnsafeRawBufferPointer, of keyGroup: KeyGroup) -> Bool {
        let index = index(keyGroup)
        if isWhole[index] { return false }
        if let storeOnlyBelow, !precedes(key, storeOnlyBelow) { return false }
        return !hasDeletions || !precedes(key, deletedBelow[index])
    }

    /// A key group of which the store may have more; nil where all are whole.
    var firstPartial: KeyGroup? {
        isWhole.firstIndex(of: false).map { KeyGroup(index: UInt16($0 + firstGroup)) }
    }

    mutating func becomeWhole(_ keyGroup: KeyGroup) {
        guard !isWhole[index(keyGroup)] else { return }
        isWhole[index(keyGroup)] = true
        partialCount -= 1
        if partialCount == 0 { storeOnlyBelow = [] }
    }

    /// From now on the store has keys that are not in memory, none above `greatest`; nil: they may be any.
    mutating func becomePartial(upTo greatest: [UInt8]?) {
        for index in isWhole.indices { isWhole[index] = false }
        partialCount = isWhole.count
        guard let greatest, let known = storeOnlyBelow else {
            storeOnlyBelow = nil
            return
        }
        // The least key behind it.
        let behind = greatest + [0]
        if known.lexicographicallyPrecedes(behind) { storeOnlyBelow = behind }
    }

    /// The keys of a key group that are less than `bound` are gone.
    mutating func delete(below bound: [UInt8], of keyGroup: KeyGroup) {
        let index = index(keyGroup)
        guard deletedBelow[index].lexicographicallyPrecedes(bound) else { return }
        deletedBelow[index] = bound
        hasDeletions = true
        guard let storeOnlyBelow, !bound.lexicographicallyPrecedes(storeOnlyBelow) else { return }
        becomeWhole(keyGroup)
    }

    private func precedes(_ key: UnsafeRawBufferPointer, _ bound: [UInt8]) -> Bool {
        bound.withUnsafeBytes { bound in
            guard let left = key.baseAddress, let right = bound.baseAddress else { return key.count < bound.count }
            let order = memcmp(left, right, min(key.count, bound.count))
            return order == 0 ? key.count < bound.count : order < 0
        }
    }
}
