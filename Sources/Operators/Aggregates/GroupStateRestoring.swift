import Columnar
import Dataflow
import HostSystem
import KeyedState

// A start: the changes that the store has not materialised come into the table and stay until they
// are; the rest stays in the store until it is asked for.

extension GroupStateTable {
    /// Slots from which on those that a range deletion has met are cleared away before more are taken.
    private static let leastPurged = 1 << 16

    /// Changes that are not materialised yet, in the order they were made.
    /// Errors: bytes that `snapshot` does not write.
    package func restore(_ change: StateChange) throws(CorruptBytes) {
        switch change {
        case .put(let puts):
            try restoreDeletions()
            try restore(puts)
        case .delete(_, let key):
            guard description.rowCountCall != nil else {
                throw CorruptBytes(offset: 0, expected: "a group's values: groups are deleted by ranges")
            }
            deletions.restored.append(Array(key))
            if deletions.restored.count >= slotsPerBatch { try restoreDeletions() }
        case .deleteBelow(let keyGroup, let bound):
            coverage.delete(below: Array(bound), of: keyGroup)
        }
    }

    /// All changes were given. Slots are numbered from 0 to `count`, and none of them is forgotten.
    package func finishRestore() throws(JobFailure) {
        do throws(CorruptBytes) {
            try restoreDeletions()
        } catch {
            throw damage(error)
        }
        purge()
        rounds.endRestore()
        if allotment.store?.baseMayHold(operatorID: description.operatorID) == true {
            coverage.becomePartial(upTo: nil)
            mayHaveEntries = mayHaveEntries.map { _ in true }
        }
    }

    private func restore(_ puts: StatePuts) throws(CorruptBytes) {
        noteRow(bytes: puts.longestBytes)
        for index in 0..<puts.count {
            let keyGroup = puts.keyGroups[index]
            mayHaveEntries[Int(keyGroup.index) - allotment.keyGroups.lowerBound] = true
            if coverage.hasDeletions, coverage.isDeleted(puts.key(index), of: keyGroup) {
                throw CorruptBytes(offset: 0, expected: "a group above those that were deleted")
            }
        }
        var slots: [Int32] = []
        let columns = try GroupStateReader.keyColumns((0..<puts.count).map { puts.key($0) }, description.keyTypes)
        keys.resolve(columns, rowCount: puts.count, into: &slots)
        grow(to: keys.count)
        try GroupStateReader.loadValues(
            in: puts.bytes, starts: puts.valueStarts, ends: puts.ends, into: &accumulators, slots: slots)
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
