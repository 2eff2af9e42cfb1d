import Columnar
import Dataflow
import HostSystem
import KeyedState

// A start: the changes that the store has not materialised come into the table, a batch at a time, and stay until they
// are; the rest stays in the store until it is asked for.

extension GroupStateTable {
    /// Slots from which on those that a range deletion has met are cleared away before more are taken.
    private static let leastPurged = 1 << 16

    /// A change that is not materialised yet, in the order they were made.
    /// Errors: bytes that `snapshot` does not write.
    package func restore(_ change: StateChange) throws(CorruptBytes) {
        switch change {
        case .put(let keyGroup, let key, let value):
            guard !coverage.isDeleted(key, of: keyGroup) else {
                throw CorruptBytes(offset: 0, expected: "a group above those that were deleted")
            }
            restored.append(key: key, value: value)
            mayHaveEntries[Int(keyGroup.index) - allotment.keyGroups.lowerBound] = true
            noteRow(bytes: key.count + value.count)
            if restored.count >= slotsPerBatch { try takeRestored() }
        case .delete:
            throw CorruptBytes(offset: 0, expected: "a group's values: groups are deleted by ranges")
        case .deleteBelow(let keyGroup, let bound):
            try takeRestored()
            coverage.delete(below: Array(bound), of: keyGroup)
        }
    }

    /// All changes were given. Slots are numbered from 0 to `count`, and none of them is forgotten.
    package func finishRestore() throws(JobFailure) {
        do throws(CorruptBytes) { try takeRestored() } catch { throw damage(error) }
        restored = GroupStateReader()
        purge()
        rounds.endRestore()
        if allotment.store?.baseMayHold(operatorID: description.operatorID) == true {
            coverage.becomePartial(upTo: nil)
            mayHaveEntries = mayHaveEntries.map { _ in true }
        }
    }

    private func takeRestored() throws(CorruptBytes) {
        guard restored.count > 0 else { return }
        var slots: [Int32] = []
        let columns = try restored.keyColumns(types: description.keyTypes)
        keys.resolve(columns, rowCount: restored.count, into: &slots)
        grow(to: keys.count)
        try restored.loadValues(into: &accumulators, slots: slots)
        restored.removeAll()
        if count >= purgeCount {
            purge()
            purgeCount = max(Self.leastPurged, 2 * count)
        }
    }

    /// Gives up the slots whose keys a range deletion has met.
    private func purge() {
        guard coverage.hasDeletions else { return }
        var survivors: [Int32] = []
        for first in stride(from: 0, to: count, by: slotsPerBatch) {
            let batch = Array(Int32(first)..<Int32(min(first + slotsPerBatch, count)))
            let keys = SoughtGroups(keyColumns(for: batch), count: batch.count, description, allotment)
            keys.forEach { key, keyGroup, row in
                if !coverage.isDeleted(key, of: keyGroup) { survivors.append(batch[Int(row)]) }
            }
        }
        if survivors.count < count { _ = rebuild(keeping: survivors) }
    }
}
