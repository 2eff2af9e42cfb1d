import Columnar
import HostSystem

// Taking entries of a recovered state into the table, a batch at a time.

extension GroupStateTable {
    /// An entry that is not materialised yet.
    /// Errors: bytes that `snapshot` does not write.
    package func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(CorruptBytes) {
        restored.append(key: key, value: value)
        noteRow(bytes: key.count + value.count)
        if restored.count >= slotsPerBatch { try takeRestored() }
    }

    package func finishRestore() throws(CorruptBytes) {
        try takeRestored()
        restored = GroupStateReader()
        rounds.endRestore()
    }

    private func takeRestored() throws(CorruptBytes) {
        guard restored.count > 0 else { return }
        var slots: [Int32] = []
        let columns = try restored.keyColumns(types: description.keyTypes)
        keys.resolve(columns, rowCount: restored.count, into: &slots)
        grow(to: keys.count)
        try restored.loadValues(into: &accumulators, slots: slots)
        restored.removeAll()
    }
}
