import Columnar
import HostSystem

// Groups that go one by one, since their last row has gone (a table with a `rowCountCall`).
//
// A group without rows keeps its slot: in memory it says that the key is not in the state, whatever the store still holds.
// The next snapshot deletes the key; once that is materialised the store says the same, and the slot may go.

/// What a table remembers of them.
struct GroupDeletions {
    /// Keys deleted in the changes that a start gives back, not taken yet.
    var restored: [[UInt8]] = []
    /// Deletions written, or restored, since slots were last cleared away.
    var count = 0
    /// What was materialised when slots were last cleared away.
    var clearedUpTo: UInt32 = 0
}

extension GroupStateTable {
    /// Slots without rows that are not worth a rebuild.
    private static let fewDeleted = 1024

    /// Rows of each slot; of a table that counts them.
    package var rowCounts: [Int64] {
        guard let call = description.rowCountCall, case .count(let rows) = accumulators[call] else {
            preconditionFailure("the table counts the rows of its groups")
        }
        return rows.counts
    }

    /// The dirty slots without rows, which are no longer among the dirty ones.
    func takeEmpty() -> [Int32] {
        guard description.rowCountCall != nil, !dirty.isEmpty else { return [] }
        let rows = rowCounts
        let empty = dirty.filter { rows[Int($0)] == 0 }
        guard !empty.isEmpty else { return [] }
        dirty.removeAll { rows[Int($0)] == 0 }
        deletions.count += empty.count
        return empty
    }

    /// Forgets the slots of deletions that are materialised, where there are many, or memory is short.
    /// - Returns: whether there are any: the table has to be made anew before a key is asked for.
    func forgetDeleted() -> Bool {
        let materialised = rounds.materialised
        let isWorthIt = sizeBytes > softLimitBytes || deletions.count > max(Self.fewDeleted, count / 2)
        guard deletions.count > 0, isWorthIt, materialised > deletions.clearedUpTo else { return false }
        deletions.clearedUpTo = materialised
        let rows = rowCounts
        let gone = (0..<Int32(count)).filter { rows[Int($0)] == 0 && lastChange[Int($0)] <= materialised }
        guard !gone.isEmpty else { return false }
        deletions.count = max(0, deletions.count - gone.count)
        forget(gone)
        return true
    }

    /// Takes the deletions that a start has given back.
    func restoreDeletions() throws(CorruptBytes) {
        guard !deletions.restored.isEmpty else { return }
        let keyBytes = deletions.restored
        deletions.restored = []
        deletions.count += keyBytes.count
        var starts = [0]
        for key in keyBytes { starts.append(starts[starts.count - 1] + key.count) }
        let columns = try Array(keyBytes.joined()).span.bytes.withUnsafeBytes { (raw) throws(CorruptBytes) in
            let keys = keyBytes.indices.map { UnsafeRawBufferPointer(rebasing: raw[starts[$0]..<starts[$0 + 1]]) }
            return try GroupStateReader.keyColumns(keys, description.keyTypes)
        }
        var slots: [Int32] = []
        keys.resolve(columns, rowCount: keyBytes.count, into: &slots)
        grow(to: keys.count)
        for index in accumulators.indices { accumulators[index].clear(slots) }
    }
}

extension GroupStateTable {
    /// Lets each selected row of a changelog come or go, of its slot; the calls' arguments are columns of `columns`. MIN
    /// and MAX stay what they are.
    /// - Parameter kinds: of all rows; nil: all come.
    func change(_ columns: [Column], kinds: [RowKind]?, selection: [Int32]?, slots: [Int32]) -> [RowEffect] {
        guard let rowCountCall = description.rowCountCall else {
            preconditionFailure("the table counts the rows of its groups")
        }
        noteStrings(calls.compactMap { $0.argument.map { columns[$0] } })
        let effects = accumulators[rowCountCall].countChanges(kinds, groups: slots, selection: selection)
        for (index, call) in calls.enumerated() where index != rowCountCall {
            accumulators[index].change(
                effects, groups: slots, argument: call.argument.map { columns[$0] }, selection: selection)
        }
        return effects
    }

    /// Adds to the row counts of slots.
    func add(_ amounts: [Int64], to slots: [Int32]) {
        guard let call = description.rowCountCall, case .count(var rows) = accumulators[call] else {
            preconditionFailure("the table counts the rows of its groups")
        }
        accumulators[call] = .count(CountAccumulator())
        for k in slots.indices { rows.counts[Int(slots[k])] &+= amounts[k] }
        accumulators[call] = .count(rows)
    }

    /// The results of a MIN or MAX.
    func extremes(_ slots: [Int32], of call: Int) -> Column {
        var overflows: [Int] = []
        return accumulators[call].results(slots, of: calls[call], overflows: &overflows)
    }

    /// Gives slots the results of a MIN or MAX.
    func set(_ slots: [Int32], of call: Int, to results: Column) { accumulators[call].set(slots, to: results) }
}
