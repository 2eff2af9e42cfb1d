import Columnar
import Dataflow
import HostSystem
import KeyedState

// The keyed table of accumulators under GROUP BY and under windows: a part of an operator's state in memory, over the
// store that holds it all.
//
//     keys ──GroupTable──▶ slot ──▶ accumulators[call], lastChange[slot]
//
// A key that is asked for and not in memory is looked up in the store, all of a batch at once; where the table is known to
// hold every key (StateCoverage), the store is not asked. A slot remembers the round of its last change (ChangeRounds); what
// has changed since the last snapshot is listed in `dirty`, each slot once.
//
// Slots are numbered in the order in which their keys came. They stay what they are until `settle`, which may number
// them anew and says how.
//
// Invariant: a key that is not in memory, and that the store is not asked for, is not in the state.

package final class GroupStateTable {
    /// Slots handled at once, and strings in their columns.
    private static let mostSlotsPerBatch = 4096
    private static let mostStringBytesPerBatch = 1 << 29
    /// Slots from which on arrays grow by less than doubling.
    private static let largeCount = 1 << 16

    package let description: GroupStateDescription
    let allotment: StateAllotment

    var keys: GroupTable
    package internal(set) var accumulators: [Accumulator]
    /// The round in which a slot last changed.
    var lastChange: [UInt32] = []
    var rounds = ChangeRounds()
    /// Slots changed since the last snapshot, each once.
    var dirty: [Int32] = []
    package internal(set) var forgottenCount = 0
    /// No row's strings take more: at most what all of one batch, or one entry of state, took.
    private var longestRowBytes = 1
    var coverage: StateCoverage
    var deletions = GroupDeletions()
    /// Where the loading of whole key groups goes on.
    var loading: LoadingCursor?
    var hasEvicted = false
    /// Slots from which on a restore clears away what was deleted.
    var purgeCount = 1 << 16
    /// The key groups of which the store may have entries.
    var mayHaveEntries: [Bool]
    /// What the next snapshot deletes.
    private var pendingDeletion: [UInt8]?

    package init(_ description: GroupStateDescription, _ allotment: StateAllotment) {
        self.description = description
        self.allotment = allotment
        keys = GroupTable(description.keyTypes)
        accumulators = description.makeAccumulators()
        coverage = StateCoverage(allotment.keyGroups)
        mayHaveEntries = [Bool](repeating: false, count: allotment.keyGroups.count)
    }

    package var calls: [AggregateCall] { description.calls }

    /// Slots, forgotten ones among them.
    package var count: Int { lastChange.count }

    /// Memory held.
    package var sizeBytes: Int {
        var sum = keys.sizeBytes + lastChange.heldBytes + dirty.heldBytes
        for accumulator in accumulators { sum += accumulator.sizeBytes }
        return sum
    }

    /// Changed since the last snapshot.
    package var dirtyCount: Int { dirty.count }

    /// How many slots to make columns of at once, so that strings stay within a column's limit.
    package var slotsPerBatch: Int {
        min(Self.mostSlotsPerBatch, max(1, Self.mostStringBytesPerBatch / longestRowBytes))
    }

    func noteRow(bytes: Int) { longestRowBytes = max(longestRowBytes, bytes) }

    // MARK: Rows

    /// The slot of each selected row's key, in order. Replaces what `slots` held.
    ///
    /// - Output: the slots that were made for keys not in memory. Those whose keys the operator has never had count as
    ///   changed. More slots may have been made behind them, of keys that nobody asked for: `count` tells.
    /// - Invariant: a key whose slot was forgotten is not asked for again.
    package func resolve(
        _ columns: [Column], rowCount: Int, selection: [Int32]?, into slots: inout [Int32]
    ) throws(JobFailure) -> GroupsMade {
        let before = count
        noteStrings(columns)
        keys.resolve(columns, rowCount: rowCount, selection: selection, into: &slots)
        var made = GroupsMade(range: before..<keys.count, found: [])
        guard !made.range.isEmpty else { return made }
        grow(to: keys.count)
        if !coverage.isComplete {
            made.found = try faultIn(made.range)
            try loadSome()
        }
        made.appendNew(to: &dirty)
        return made
    }

    /// Slots up to `count`, empty, as changed in this round.
    func grow(to count: Int) {
        if count > lastChange.capacity, count >= Self.largeCount {
            // By a quarter, not by doubling: what is held counts.
            let capacity = count + count / 4
            lastChange.reserveCapacity(capacity)
            for index in accumulators.indices { accumulators[index].reserve(capacity) }
        }
        lastChange.append(contentsOf: repeatElement(rounds.current, count: count - lastChange.count))
        for index in accumulators.indices { accumulators[index].grow(to: count) }
    }

    /// To be called before the accumulators of these slots are written.
    ///
    /// - Parameter firstTouched: the slots among them that had not changed in this round are appended, each once.
    package func markChanged(_ slots: [Int32], firstTouched: inout [Int32]) {
        let (round, firstOfEpoch) = (rounds.current, rounds.firstOfEpoch)
        lastChange.withUnsafeMutableBufferPointer { lastChange in
            for slot in slots where lastChange[Int(slot)] != round {
                let last = lastChange[Int(slot)]
                precondition(last != ChangeRounds.forgotten, "a forgotten group is not asked for again")
                if last < firstOfEpoch { dirty.append(slot) }
                lastChange[Int(slot)] = round
                firstTouched.append(slot)
            }
        }
    }

    /// What changes from now on is told apart by `markChanged` from what has changed so far.
    package func beginRound() { rounds.next() }

    /// Adds each selected row to its slot; the calls' arguments are columns of `columns`.
    package func add(_ columns: [Column], selection: [Int32]?, to slots: [Int32]) {
        noteStrings(calls.compactMap { $0.argument.map { columns[$0] } })
        for (index, call) in calls.enumerated() {
            accumulators[index].add(
                groups: slots, argument: call.argument.map { columns[$0] }, selection: selection,
                wantsMaximum: call.function == .max)
        }
    }

    func noteStrings(_ columns: [Column]) {
        var bytes = 0
        for case .string(let column) in columns { bytes += column.bytes.count }
        // Keys and arguments are noted apart, and a row has both.
        noteRow(bytes: 2 * bytes)
    }

    // MARK: Columns

    package func keyColumns(for slots: [Int32]) -> [Column] { keys.keyColumns(for: slots) }

    /// The key group of each slot.
    package func keyGroups(of slots: [Int32]) -> [KeyGroup] {
        var hashes: [UInt64] = []
        let columns = keyColumns(for: slots)
        KeyHash.hash(description.keyGroupPositions.map { columns[$0] }, rowCount: slots.count, into: &hashes)
        return hashes.map { KeyGroup(hash: $0, maximumParallelism: allotment.maximumParallelism) }
    }

    /// One column for each call.
    /// - Errors: a SUM that does not fit its result type.
    package func results(_ slots: [Int32]) throws(JobFailure) -> [Column] {
        try calls.results(slots, from: accumulators) { keyColumns(for: [slots[$0]]) }
    }

    // MARK: Forgetting

    /// These slots' keys are gone and will not be asked for again: what a closed window leaves. Nothing is written for
    /// them; entries that the store has of them are the matter of `deleteBelow`.
    package func forget(_ slots: [Int32]) {
        for slot in slots where lastChange[Int(slot)] != ChangeRounds.forgotten {
            lastChange[Int(slot)] = ChangeRounds.forgotten
            forgottenCount += 1
        }
    }

    package func isForgotten(_ slot: Int32) -> Bool { lastChange[Int(slot)] == ChangeRounds.forgotten }

    /// The keys that are less than `bound`, as `KeyEncoding` writes them, are gone from the state: the next snapshot says
    /// so. Their slots were forgotten. `bound` never goes back.
    package func deleteBelow(_ bound: [UInt8]) {
        if let pendingDeletion, !pendingDeletion.lexicographicallyPrecedes(bound) { return }
        for keyGroup in allotment.keyGroups { coverage.delete(below: bound, of: KeyGroup(index: UInt16(keyGroup))) }
        pendingDeletion = bound
    }

    // MARK: Snapshot

    /// What has changed since the last snapshot, which is part of this checkpoint.
    package func snapshot(_ checkpoint: UInt64) -> StateChanges {
        var changes = StateChanges(operatorID: description.operatorID)
        if forgottenCount > 0 { dirty.removeAll { isForgotten($0) } }
        writeDeletion(into: &changes)
        var writer = GroupStateWriter()
        let empty = takeEmpty()
        for first in stride(from: 0, to: empty.count, by: slotsPerBatch) {
            let batch = Array(empty[first..<min(first + slotsPerBatch, empty.count)])
            writer.delete(batch, of: self, into: &changes)
        }
        for first in stride(from: 0, to: dirty.count, by: slotsPerBatch) {
            let batch = Array(dirty[first..<min(first + slotsPerBatch, dirty.count)])
            writer.write(batch, of: self, into: &changes)
            guard description.isTimeFirst else { continue }
            for keyGroup in writer.keyGroups {
                mayHaveEntries[Int(keyGroup.index) - allotment.keyGroups.lowerBound] = true
            }
        }
        dirty.removeAll(keepingCapacity: true)
        rounds.endEpoch(checkpoint)
        return changes
    }

    private func writeDeletion(into changes: inout StateChanges) {
        guard let bound = pendingDeletion else { return }
        for (index, keyGroup) in allotment.keyGroups.enumerated() where mayHaveEntries[index] {
            changes.deleteBelow(keyGroup: KeyGroup(index: UInt16(keyGroup)), bound: bound)
        }
        pendingDeletion = nil
    }
}

/// The slots that a `resolve` has made: those in `range`, of which those in `found` (ascending) were in the store.
package struct GroupsMade {
    package var range: Range<Int>
    package var found: [Int32]

    /// The slots of keys that the operator has never had.
    package func appendNew(to slots: inout [Int32]) {
        guard !found.isEmpty else {
            slots.append(contentsOf: Int32(range.lowerBound)..<Int32(range.upperBound))
            return
        }
        var next = found.startIndex
        for slot in Int32(range.lowerBound)..<Int32(range.upperBound) {
            if next < found.endIndex, found[next] == slot { next += 1 } else { slots.append(slot) }
        }
    }
}
