import Columnar
import Dataflow
import HostSystem
import KeyedState

// GROUP BY a window and other keys over append-only input: one row per window and key, once, when the window has ended.
//
//     rows ──WindowRows──▶ numbers ──GroupStateTable──▶ slots by (number, keys), listed by number in OpenPanes
//     advance ──▶ windows that have ended, in their order ──WindowEmission──▶ batches
//
// A row is added to one group, that of its pane, however many windows the pane has: a window that fires merges the groups
// of its panes. When the last window of a pane has fired, its groups are forgotten, and one range deletion per key group
// removes what the store has of them.
//
// Invariant: windows up to `fired` have fired, and no row that counts is of them: a row's own watermark is at least the
// event time that the operator has reached; its processing time, at least the job's time at the last barrier.

package final class WindowAggregate: KeyedOperator {
    private let operatorID: UInt32
    private let description: WindowAggregateDescription
    private let keyColumns: [Int]
    private let policy: RowFailurePolicy
    private let metrics: JobMetrics
    private let subtask: UInt32
    private let dirtyLimitBytes: Int
    private var lateRows: LateRowQuarantine?
    /// What is sent has the window's last millisecond as its processing time: no barrier's, of which each run has its own.
    private var givesTimes = false

    let layout: WindowLayout
    let table: GroupStateTable
    var open = OpenPanes()
    var stored: StoredPanes
    private var clock: WindowClock

    private var watermark = Int64.min
    private var processingTime = Int64.min
    /// Int64.min: none.
    private var fired = Int64.min
    private var emission: WindowEmission?

    // Scratch.
    private var rows = WindowRows()
    private var slots: [Int32] = []
    private var madeNumbers: [Int64] = []
    private var touched: [Int32] = []

    convenience init(_ description: WindowAggregateDescription, _ context: LinkContext) {
        let allotment = StateAllotment(
            store: context.store, limitBytes: context.stateLimitBytes, keyGroups: context.keyGroups,
            maximumParallelism: context.settings.maximumParallelism)
        let policy = RowFailurePolicy(context, columns: description.columns)
        self.init(description, allotment, policy, context.metrics, subtask: context.subtask)
        givesTimes = description.time == .processing && context.settings.runsOnJournalTime
        rows.tellsAllFailures = context.badRecords == .quarantine
        if description.quarantinesLateRows {
            lateRows = LateRowQuarantine(description, RowQuarantine(context, columns: description.columns))
            if lateRows != nil { metrics.keepsLateRows.store(true, ordering: .relaxed) }
        }
    }

    /// Outside a job: the first bad row is an error.
    package convenience init(_ description: WindowAggregateDescription, _ allotment: StateAllotment) {
        let metrics = JobMetrics()
        self.init(description, allotment, RowFailurePolicy(skips: false, metrics: metrics), metrics, subtask: 0)
    }

    private init(
        _ description: WindowAggregateDescription, _ allotment: StateAllotment, _ policy: RowFailurePolicy,
        _ metrics: JobMetrics, subtask: UInt32
    ) {
        operatorID = description.operatorID
        self.description = description
        self.policy = policy
        self.metrics = metrics
        self.subtask = subtask
        switch description.window {
        case .assigned(let assigner):
            layout = WindowLayout(assigner)
            keyColumns = description.keys
        case .attached(let start, _):
            layout = WindowLayout(nil)
            keyColumns = [start] + description.keys
        }
        table = GroupStateTable(description.state, allotment)
        stored = StoredPanes(operatorID: description.operatorID, allotment)
        clock = WindowClock(keyGroups: allotment.keyGroups)
        dirtyLimitBytes = allotment.limitBytes / 8
    }

    // MARK: Rows

    package func accumulate(_ batch: Batch) throws(JobFailure) {
        precondition(batch.rowKinds == nil, "the planner puts this operator over append-only input")
        try assignNumbers(batch)
        if rows.selection?.isEmpty ?? (batch.rowCount == 0) { return }
        let keys = [Column.bigint(FixedColumn(rows.numbers))] + keyColumns.map { batch.columns[$0] }
        let made = try table.resolve(keys, rowCount: batch.rowCount, selection: rows.selection, into: &slots)
        list(made: made.range)
        list(loaded: made.range.upperBound..<table.count)
        table.markChanged(slots, firstTouched: &touched)
        touched.removeAll(keepingCapacity: true)
        table.add(batch.columns, selection: rows.selection, to: slots)
    }

    private func assignNumbers(_ batch: Batch) throws(JobFailure) {
        switch (description.window, description.time) {
        case (.assigned(let assigner), .event(let column)):
            rows.assign(assigner, times: batch.times(column), of: batch, watermark: watermark)
        case (.assigned(let assigner), .processing):
            if let times = batch.rowTimes {
                rows.assign(assigner, rowTimes: times, atLeast: processingTime, of: batch)
                break
            }
            guard assigner.times.contains(processingTime) else {
                throw JobFailure(.data, "the clock stands at a time that belongs to no window: \(processingTime) ms")
            }
            rows.assign(number: layout.number(ofPane: assigner.pane(of: processingTime)), of: batch)
        case (.attached(_, let end), let time):
            let reached = time == .processing ? Int64.min : watermark
            rows.assign(ends: batch.times(end), of: batch, watermark: reached)
        }
        if !rows.failures.isEmpty { _ = try policy.resolve(rows.failures, in: batch) }
        if rows.lateCount > 0 {
            lateRows?.give(rows.late, of: batch, watermark: watermark)
            clock.addLateRows(rows.lateCount)
            countLateRows()
        }
    }

    private func countLateRows() {
        metrics.setLateRows(
            Int(clamping: clock.lateRows), of: description.name, operatorID: operatorID, subtask: subtask)
    }

    /// Lists the slots that were made for rows of the last batch.
    private func list(made range: Range<Int>) {
        guard !range.isEmpty else { return }
        madeNumbers.removeAll(keepingCapacity: true)
        madeNumbers.append(contentsOf: repeatElement(0, count: range.count))
        let first = Int32(truncatingIfNeeded: range.lowerBound)
        let (heldSlots, heldNumbers) = (self.slots, rows.numbers)
        let (slots, numbers) = (heldSlots.span, heldNumbers.span)
        var made = madeNumbers.mutableSpan
        if let selection = rows.selection {
            let selected = selection.span
            for k in slots.indices where slots[k] >= first { made[Int(slots[k] &- first)] = numbers[Int(selected[k])] }
        } else {
            for k in slots.indices where slots[k] >= first { made[Int(slots[k] &- first)] = numbers[k] }
        }
        open.append(madeNumbers, from: range.lowerBound)
    }

    /// Lists slots of which only their keys tell the number.
    private func list(loaded range: Range<Int>) {
        for first in stride(from: range.lowerBound, to: range.upperBound, by: table.slotsPerBatch) {
            let batch = first..<min(first + table.slotsPerBatch, range.upperBound)
            guard case .bigint(let numbers) = table.keyColumns(for: batch.map { Int32($0) })[0] else {
                preconditionFailure("the first key of the state is the number")
            }
            open.append(numbers.values, from: first)
        }
    }

    // MARK: Time

    package func advance(to watermark: Int64) { self.watermark = max(self.watermark, watermark) }

    package func advanceProcessingTime(to milliseconds: Int64) {
        processingTime = max(processingTime, milliseconds)
    }

    /// Below the rowtime of what is still to be sent: a watermark that has reached it would make it late.
    package var outputWatermark: Int64 {
        guard description.time != .processing, let target = layout.lastEnded(at: watermark), target > fired else {
            return watermark
        }
        guard fired > Int64.min else { return Int64.min }
        return min(watermark, layout.end(of: fired + 1) &- 2)
    }

    package var nextProcessingTimer: Int64? {
        let least = [open.least, stored.leastKnown].compactMap { $0 }.min()
        guard description.time == .processing, let least else { return nil }
        return layout.end(of: max(layout.leastWindow(from: least), fired == Int64.min ? fired : fired + 1))
    }

    /// The last window whose rows may be sent now.
    private func due(_ reason: DrainReason) -> Int64? {
        // The end of all input ends every window.
        if description.time != .processing || watermark == Int64.max { return layout.lastEnded(at: watermark) }
        guard case .barrier = reason, processingTime > Int64.min else { return nil }
        return layout.lastEnded(at: processingTime - 1)
    }

    // MARK: Output

    package func drain(_ reason: DrainReason) throws(JobFailure) -> Batch? {
        guard let target = due(reason), target > fired else { return nil }
        while true {
            if var batch = try emission?.next(description, layout, table), let emission {
                if givesTimes {
                    batch.rowTimes = [Int64](repeating: layout.end(of: emission.window) - 1, count: batch.rowCount)
                }
                return batch
            }
            if let emission { close(emission.window) }
            emission = nil
            guard let window = try nextWindow(), window <= target else { break }
            emission = try WindowEmission(window, of: self)
        }
        fired = target
        return nil
    }

    private func nextWindow() throws(JobFailure) -> Int64? {
        let least = try [open.least, stored.least(isComplete: table.isComplete)].compactMap { $0 }.min()
        guard let least else { return nil }
        return max(layout.leastWindow(from: least), fired == Int64.min ? fired : fired + 1)
    }

    private func close(_ window: Int64) {
        fired = window
        let bound = layout.firstNumber(after: window)
        let closed = open.close(below: bound)
        let hadStored = stored.close(below: bound)
        guard !closed.isEmpty || hadStored else { return }
        table.forget(closed)
        table.deleteBelow(WindowKey.bound(bound))
    }

    package let wantsDrain = false

    package var wantsEpoch: Bool {
        table.dirtyCount * (16 + 24 * table.calls.count) > dirtyLimitBytes || table.sizeBytes > table.softLimitBytes
    }

    package var operatorIDs: [UInt32] { [operatorID] }

    package var stateBytes: Int { table.sizeBytes + open.sizeBytes + (emission?.sizeBytes ?? 0) }

    // MARK: State

    package func snapshot(_ checkpoint: UInt64) throws(JobFailure) -> [StateChanges] {
        var changes = table.snapshot(checkpoint)
        let mayFireAgain = layout.paneCount > 1 && !(open.isEmpty && table.isComplete)
        clock.write(fired: mayFireAgain ? fired : nil, into: &changes)
        try lookForTimer()
        return [changes]
    }

    package func settle(materialised: UInt64?) throws(JobFailure) -> Bool {
        precondition(emission == nil, "all that is due is sent before an epoch ends")
        let settlement = table.settle(materialised: materialised)
        if let newSlots = settlement.newSlots {
            open.renumber(newSlots)
            stored.forget()
        }
        return settlement.canGoOn
    }

    /// So that `nextProcessingTimer` knows of what is not in memory.
    private func lookForTimer() throws(JobFailure) {
        if description.time == .processing { _ = try stored.least(isComplete: table.isComplete) }
    }

    package func restore(_ change: StateChange, of _: UInt32) throws(CorruptBytes) {
        switch change {
        case .put(let puts):
            let panes = try puts.filter { (index) throws(CorruptBytes) in
                try !clock.restore(puts.keyGroups[index], key: puts.key(index), value: puts.value(index))
            }
            try table.restore(.put(panes))
        case .delete: try table.restore(change)
        case .deleteBelow(_, let bound):
            try stored.restore(deletedBelow: bound)
            try table.restore(change)
        }
    }

    package func finishRestore() throws(JobFailure) {
        try table.finishRestore()
        list(loaded: 0..<table.count)
        try stored.restore(&clock, isComplete: table.isComplete)
        clock.finishRestore()
        fired = clock.fired
        _ = stored.close(below: fired == Int64.min ? fired : layout.firstNumber(after: fired))
        if clock.lateRows > 0 { countLateRows() }
        try lookForTimer()
    }
}

extension Batch {
    fileprivate func times(_ column: Int) -> FixedColumn<Int64> {
        guard case .timestamp(let times) = columns[column] else {
            preconditionFailure("the planner gives a column of TIMESTAMP")
        }
        return times
    }
}
