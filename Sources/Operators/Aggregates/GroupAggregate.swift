import Columnar
import Dataflow
import HostSystem
import KeyedState

// GROUP BY over append-only input, unbounded: one row per key, updated for ever.
//
// Rows only change accumulators. Before the epoch ends, `drain` sends the net change of every key that was touched: +I for
// a new key, −U and +U with the old and the new row for a known one, nothing where they are equal. To know the old row, a
// known key's accumulators are copied when it is first touched after a drain (a round of the table): the slots stand in
// `changed`, their old values in `old` in the same order. A new key has no old values.
//
// State: one entry per key, the accumulators one after the other (GroupStateTable).

package struct GroupAggregateDescription: LinkDescription {
    package var operatorID: UInt32
    package var keys: [Int]
    package var keyTypes: [DataType]
    package var calls: [AggregateCall]
    /// For each call the type of its argument (any for `COUNT(*)`).
    package var argumentTypes: [DataType]
    /// The input is a changelog.
    package var retracts: Bool
    /// Where there are no keys: a row comes at the end of an input without rows.
    package var givesRowOverNoRows: Bool

    package init(
        operatorID: UInt32, keys: [Int], keyTypes: [DataType], calls: [AggregateCall], argumentTypes: [DataType],
        retracts: Bool = false, givesRowOverNoRows: Bool = false
    ) {
        precondition(!givesRowOverNoRows || keys.isEmpty, "a group with a key has a row")
        self.operatorID = operatorID
        self.keys = keys
        self.keyTypes = keyTypes
        self.calls = calls
        self.argumentTypes = argumentTypes
        self.retracts = retracts
        self.givesRowOverNoRows = givesRowOverNoRows
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        let allotment = StateAllotment(context)
        return .keyed(retracts ? RetractingAggregate(self, allotment) : GroupAggregate(self, allotment))
    }
}

package final class GroupAggregate: KeyedOperator {
    package let operatorIDs: [UInt32]
    private let keys: [Int]
    private let rememberedLimitBytes: Int
    private let dirtyLimitBytes: Int

    private let table: GroupStateTable
    private var rowOverNoRows: RowOverNoRows
    /// Slots of known keys that changed in this round, and their values before.
    private var changed: [Int32] = []
    private var old: [Accumulator]
    /// Slots of new keys of this round.
    private var new: [Int32] = []
    /// Of `changed` and then `new`: what `drain` has sent.
    private var sentCount = 0
    /// Scratch: the slots of a batch's rows.
    private var slots: [Int32] = []

    package init(_ description: GroupAggregateDescription, _ allotment: StateAllotment) {
        operatorIDs = [description.operatorID]
        keys = description.keys
        let state = GroupStateDescription(
            operatorID: description.operatorID, keyTypes: description.keyTypes, calls: description.calls,
            argumentTypes: description.argumentTypes)
        table = GroupStateTable(state, allotment)
        rowOverNoRows = RowOverNoRows(description, allotment)
        old = state.makeAccumulators()
        rememberedLimitBytes = allotment.limitBytes / 8
        dirtyLimitBytes = allotment.limitBytes / 8
    }

    package func accumulate(_ batch: Batch) throws(JobFailure) {
        precondition(batch.rowKinds == nil, "the planner puts this operator over append-only input")
        let made = try table.resolve(
            keys.map { batch.columns[$0] }, rowCount: batch.rowCount, selection: batch.selection, into: &slots)
        made.appendNew(to: &new)
        let before = changed.count
        table.markChanged(slots, firstTouched: &changed)
        if changed.count > before {
            for index in old.indices { old[index].append(changed[before...], of: table.accumulators[index]) }
        }
        table.add(batch.columns, selection: batch.selection, to: slots)
    }

    private var rememberedBytes: Int {
        var sum = changed.heldBytes + new.heldBytes
        for accumulator in old { sum += accumulator.sizeBytes }
        return sum
    }

    package var wantsDrain: Bool { rememberedBytes > rememberedLimitBytes }

    package var wantsEpoch: Bool {
        table.dirtyCount * (16 + 24 * table.calls.count) > dirtyLimitBytes
            || table.sizeBytes > table.softLimitBytes
    }

    package var stateBytes: Int { table.sizeBytes + rememberedBytes }

    // MARK: Time

    private var reachedWatermark = WatermarkStatus.unknown
    package func advance(to watermark: Int64) { reachedWatermark = watermark }
    package var outputWatermark: Int64 { reachedWatermark }
    package func advanceProcessingTime(to milliseconds: Int64) { rowOverNoRows.advance(to: milliseconds) }
    package var nextProcessingTimer: Int64? { nil }

    // MARK: Changes

    package func drain(_ reason: DrainReason) throws(JobFailure) -> Batch? {
        if case .watermark = reason { return nil }
        // The group, unless it is known, is a new one.
        if rowOverNoRows.isDue() {
            try table.resolve([], rowCount: 1, selection: nil, into: &slots).appendNew(to: &new)
        }
        let slotsPerBatch = table.slotsPerBatch
        while sentCount < changed.count {
            let range = sentCount..<min(sentCount + slotsPerBatch, changed.count)
            sentCount = range.upperBound
            if let batch = try updates(range) { return batch }
        }
        let first = sentCount - changed.count
        if first < new.count {
            let slots = Array(new[first..<min(first + slotsPerBatch, new.count)])
            sentCount += slots.count
            return Batch(columns: table.keyColumns(for: slots) + (try table.results(slots)), rowCount: slots.count)
        }
        finishRound()
        return nil
    }

    private func finishRound() {
        guard sentCount > 0 else { return }
        sentCount = 0
        changed.removeAll(keepingCapacity: true)
        new.removeAll(keepingCapacity: true)
        for index in old.indices { old[index] = old[index].emptied() }
        table.beginRound()
    }

    /// −U and +U of the changed slots in `range`; nil where none of them has another result than before.
    private func updates(_ range: Range<Int>) throws(JobFailure) -> Batch? {
        let slots = Array(changed[range])
        let before = try table.calls.results(range.map { Int32($0) }, from: old) { table.keyColumns(for: [slots[$0]]) }
        let after = try table.results(slots)
        let differing = RowDifference.rows(before, after)
        guard !differing.isEmpty else { return nil }
        let keyColumns = table.keyColumns(for: slots)
        var picks: [Int32] = []
        var kinds: [RowKind] = []
        picks.reserveCapacity(2 * differing.count)
        kinds.reserveCapacity(2 * differing.count)
        for row in differing {
            picks += [row, row + Int32(slots.count)]
            kinds += [.updateBefore, .updateAfter]
        }
        let keyPicks = picks.map { $0 % Int32(slots.count) }
        let columns =
            keyColumns.map { $0.take(keyPicks) }
            + zip(before, after).map { before, after in
                guard let both = Column.concatenation([before, after]) else {
                    preconditionFailure("the old and the new row have the same types")
                }
                return both.take(picks)
            }
        return Batch(columns: columns, rowCount: picks.count, rowKinds: kinds)
    }

    // MARK: State

    package func snapshot(_ checkpoint: UInt64) throws(JobFailure) -> [StateChanges] { [table.snapshot(checkpoint)] }

    package func settle(materialised: UInt64?) throws(JobFailure) -> Bool {
        precondition(changed.isEmpty && new.isEmpty, "an epoch is drained before it ends")
        return table.settle(materialised: materialised).canGoOn
    }

    package func restore(_ change: StateChange, of _: UInt32) throws(CorruptBytes) {
        guard case .put = change else {
            throw CorruptBytes(offset: 0, expected: "the values of a group, which is never deleted")
        }
        try table.restore(change)
    }

    package func finishRestore() throws(JobFailure) { try table.finishRestore() }
}
