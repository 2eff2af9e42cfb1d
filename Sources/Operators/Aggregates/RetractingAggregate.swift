import Columnar
import Dataflow
import HostSystem
import KeyedState

// GROUP BY over a changelog: as `GroupAggregate`, but rows also go, and with the last one the group does.
//
//     rows ──▶ COUNT(*), which decides what each does ──▶ the other calls
//                                                   └──▶ a ValueTable per MIN and MAX
//
// Before the epoch ends, `drain` sends the net change of every group that was touched:
//
//     rows before \ after     none            some
//     none                    nothing         +I
//     some                    -D, the old     -U and +U, where they differ
//
// A group without rows has no entry of state.

package final class RetractingAggregate: KeyedOperator {
    package let operatorIDs: [UInt32]
    private let keys: [Int]
    private let rememberedLimitBytes: Int
    private let dirtyLimitBytes: Int

    private let table: GroupStateTable
    private var rowOverNoRows: RowOverNoRows
    private let values: [ValueTable]
    private let rowCountCall: Int
    /// Calls whose results are sent: the last one may be there for the count alone.
    private let sentCalls: Int
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
        keys = description.keys
        sentCalls = description.calls.count
        var calls = description.calls
        var argumentTypes = description.argumentTypes
        let counted = calls.firstIndex { $0.function == .countStar }
        if counted == nil {
            let place = SourcePlace(line: 1, column: 1, text: "COUNT(*)")
            calls.append(AggregateCall(.countStar, argument: nil, resultType: .bigint, place: place))
            argumentTypes.append(.bigint)
        }
        rowCountCall = counted ?? sentCalls
        let extremes = description.extremeCalls
        var share = allotment
        share.limitBytes = allotment.limitBytes / (1 + 2 * extremes.count)
        let state = GroupStateDescription(
            operatorID: description.operatorID, keyTypes: description.keyTypes, calls: calls,
            argumentTypes: argumentTypes, rowCountCall: rowCountCall)
        table = GroupStateTable(state, share)
        rowOverNoRows = RowOverNoRows(description, allotment)
        values = extremes.enumerated().map { index, call in
            ValueTable(call, of: description, operatorID: description.operatorID + 1 + UInt32(index), share)
        }
        operatorIDs = [description.operatorID] + values.map(\.operatorID)
        old = state.makeAccumulators()
        rememberedLimitBytes = allotment.limitBytes / 8
        dirtyLimitBytes = allotment.limitBytes / 8
    }

    package func accumulate(_ batch: Batch) throws(JobFailure) {
        let keyColumns = keys.map { batch.columns[$0] }
        let made = try table.resolve(
            keyColumns, rowCount: batch.rowCount, selection: batch.selection, into: &slots)
        made.appendNew(to: &new)
        let before = changed.count
        table.markChanged(slots, firstTouched: &changed)
        if changed.count > before {
            for index in old.indices { old[index].append(changed[before...], of: table.accumulators[index]) }
        }
        let effects = table.change(
            batch.columns, kinds: batch.rowKinds, selection: batch.selection, slots: slots)
        for table in values {
            try table.change(keyColumns, batch.columns, selection: batch.selection, effects)
        }
    }

    private var rememberedBytes: Int {
        var sum = changed.heldBytes + new.heldBytes
        for accumulator in old { sum += accumulator.sizeBytes }
        return sum
    }

    package var wantsDrain: Bool { rememberedBytes > rememberedLimitBytes }

    package var wantsEpoch: Bool {
        let dirtyBytes = table.dirtyCount * (16 + 24 * table.calls.count) + values.reduce(0) { $0 + $1.dirtyCount * 40 }
        return dirtyBytes > dirtyLimitBytes || table.sizeBytes > table.softLimitBytes
            || values.contains { $0.wantsEpoch }
    }

    package var stateBytes: Int { table.sizeBytes + rememberedBytes + values.reduce(0) { $0 + $1.sizeBytes } }

    // MARK: Time

    private var reachedWatermark = WatermarkStatus.unknown
    package func advance(to watermark: Int64) { reachedWatermark = watermark }
    package var outputWatermark: Int64 { reachedWatermark }
    package func advanceProcessingTime(to milliseconds: Int64) { rowOverNoRows.advance(to: milliseconds) }
    package var nextProcessingTimer: Int64? { nil }

    // MARK: Changes

    package func drain(_ reason: DrainReason) throws(JobFailure) -> Batch? {
        if case .watermark = reason { return nil }
        let slotsPerBatch = table.slotsPerBatch
        while sentCount < changed.count {
            let range = sentCount..<min(sentCount + slotsPerBatch, changed.count)
            sentCount = range.upperBound
            if let batch = try changes(range) { return batch }
        }
        while sentCount - changed.count < new.count {
            let first = sentCount - changed.count
            let slots = Array(new[first..<min(first + slotsPerBatch, new.count)])
            sentCount += slots.count
            if let batch = try inserts(slots) { return batch }
        }
        if rowOverNoRows.isDue(), let row = try initialRow() { return row }
        finishRound()
        return nil
    }

    /// The row of the only group, if it has no rows now.
    private func initialRow() throws(JobFailure) -> Batch? {
        _ = try table.resolve([], rowCount: 1, selection: nil, into: &slots)
        guard table.rowCounts[Int(slots[0])] == 0 else { return nil }
        return Batch(columns: Array(try table.results(slots).prefix(sentCalls)), rowCount: 1)
    }

    private func finishRound() {
        guard sentCount > 0 else { return }
        sentCount = 0
        changed.removeAll(keepingCapacity: true)
        new.removeAll(keepingCapacity: true)
        for index in old.indices { old[index] = old[index].emptied() }
        table.beginRound()
    }

    /// Looks the results of MIN and MAX up that the rows since the last drain may have changed.
    private func findExtremes(of slots: [Int32], _ keyColumns: [Column]) throws(JobFailure) {
        guard !values.isEmpty else { return }
        let keyGroups = table.keyGroups(of: slots)
        for values in values {
            let last = table.extremes(slots, of: values.call)
            let found = try values.results(keyColumns, keyGroups, last: last, count: slots.count)
            table.set(slots, of: values.call, to: found)
        }
    }

    /// The groups among new ones that have rows.
    private func inserts(_ slots: [Int32]) throws(JobFailure) -> Batch? {
        let rows = table.rowCounts
        let slots = slots.filter { rows[Int($0)] > 0 }
        guard !slots.isEmpty else { return nil }
        let keyColumns = table.keyColumns(for: slots)
        try findExtremes(of: slots, keyColumns)
        return Batch(columns: keyColumns + (try table.results(slots).prefix(sentCalls)), rowCount: slots.count)
    }

    /// What has become of the changed slots in `range`; nil where nothing has.
    private func changes(_ range: Range<Int>) throws(JobFailure) -> Batch? {
        let slots = Array(changed[range])
        let keyColumns = table.keyColumns(for: slots)
        try findExtremes(of: slots, keyColumns)
        let before = try table.calls.results(range.map { Int32($0) }, from: old) { table.keyColumns(for: [slots[$0]]) }
        let after = try table.results(slots)
        let picks = NetChanges(
            slots.count, before: before, after: after, rowCountCall: rowCountCall, sentCalls: sentCalls)
        guard !picks.rows.isEmpty else { return nil }
        let keyPicks = picks.rows.map { $0 % Int32(slots.count) }
        let columns =
            keyColumns.map { $0.take(keyPicks) }
            + zip(before, after).prefix(sentCalls).map { before, after in
                guard let both = Column.concatenation([before, after]) else {
                    preconditionFailure("the old and the new row have the same types")
                }
                return both.take(picks.rows)
            }
        return Batch(columns: columns, rowCount: picks.rows.count, rowKinds: picks.kinds)
    }

    // MARK: State

    package func snapshot(_ checkpoint: UInt64) throws(JobFailure) -> [StateChanges] {
        [table.snapshot(checkpoint)] + values.map { $0.snapshot(checkpoint) }
    }

    package func settle(materialised: UInt64?) throws(JobFailure) -> Bool {
        precondition(changed.isEmpty && new.isEmpty, "an epoch is drained before it ends")
        var canGoOn = table.settle(materialised: materialised).canGoOn
        for table in values { canGoOn = table.settle(materialised: materialised) && canGoOn }
        return canGoOn
    }

    package func restore(_ change: StateChange, of operatorID: UInt32) throws(CorruptBytes) {
        if case .deleteBelow = change { throw CorruptBytes(offset: 0, expected: "no range of groups that is deleted") }
        if let values = values.first(where: { $0.operatorID == operatorID }) { return try values.restore(change) }
        try table.restore(change)
    }

    package func finishRestore() throws(JobFailure) {
        try table.finishRestore()
        for table in values { try table.finishRestore() }
    }
}

/// Of groups that were there before or are there now, the rows to send: row k of the old ones, or of the new ones behind
/// them.
private struct NetChanges {
    private(set) var rows: [Int32] = []
    private(set) var kinds: [RowKind] = []

    init(_ count: Int, before: [Column], after: [Column], rowCountCall: Int, sentCalls: Int) {
        guard case .bigint(let rowsBefore) = before[rowCountCall], case .bigint(let rowsAfter) = after[rowCountCall]
        else { preconditionFailure("COUNT(*) is a BIGINT") }
        var differs = [Bool](repeating: false, count: count)
        for row in RowDifference.rows(Array(before.prefix(sentCalls)), Array(after.prefix(sentCalls))) {
            differs[Int(row)] = true
        }
        for k in 0..<count {
            let (old, new) = (Int32(k), Int32(k + count))
            switch (rowsBefore.values[k] > 0, rowsAfter.values[k] > 0) {
            case (false, false): break
            case (false, true): append(new, .insert)
            case (true, false): append(old, .delete)
            case (true, true):
                guard differs[k] else { break }
                append(old, .updateBefore)
                append(new, .updateAfter)
            }
        }
    }

    private mutating func append(_ row: Int32, _ kind: RowKind) {
        rows.append(row)
        kinds.append(kind)
    }
}

extension GroupAggregateDescription {
    /// MIN and MAX, which over a changelog keep all values.
    fileprivate var extremeCalls: [Int] {
        calls.indices.filter { calls[$0].function == .min || calls[$0].function == .max }
    }

    /// Ids that the operator needs, from `operatorID` on.
    package var operatorIDCount: UInt32 { retracts ? 1 + UInt32(extremeCalls.count) : 1 }
}
