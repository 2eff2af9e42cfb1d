import Columnar
import Dataflow
import HostSystem
import KeyedState

// GROUP BY over append-only input, unbounded: one row per key, updated for ever.
//
// Rows only change accumulators. Before the epoch ends, `drain` sends the net change of every key that was touched: +I for
// a new key, −U and +U with the old and the new row for a known one, nothing where they are equal. To know the old row, a
// known key's accumulators are copied when it is first touched after a drain; a new key has none. Slots of the group table
// are handed out in order, so "new" is a range of slots:
//
//     0 ………… emittedCount ………… groupCount          known slots that changed are listed in `changed`, their old values
//       known           new since the last drain   stand in `old` in the same order
//
// State: one entry per key, the accumulators one after the other. An entry is written when the key changed since the last
// snapshot (`dirty`, and the slots from `savedCount` on).

package struct GroupAggregateDescription: LinkDescription {
    package var operatorID: UInt32
    package var keys: [Int]
    package var keyTypes: [DataType]
    package var calls: [AggregateCall]
    /// For each call the type of its argument (any for `COUNT(*)`).
    package var argumentTypes: [DataType]

    package init(
        operatorID: UInt32, keys: [Int], keyTypes: [DataType], calls: [AggregateCall], argumentTypes: [DataType]
    ) {
        self.operatorID = operatorID
        self.keys = keys
        self.keyTypes = keyTypes
        self.calls = calls
        self.argumentTypes = argumentTypes
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .keyed(GroupAggregate(self, memoryBytes: context.settings.memoryBytes))
    }
}

package final class GroupAggregate: KeyedOperator {
    /// Slots per batch that `drain` sends, and strings in its columns, of which an update holds two.
    private static let mostSlotsPerBatch = 4096
    private static let mostStringBytesPerBatch = 1 << 29

    package let operatorID: UInt32
    private let keys: [Int]
    private let calls: [AggregateCall]
    private let rememberedLimitBytes: Int
    private let dirtyLimitBytes: Int

    private var table: GroupTable
    private var accumulators: [Accumulator]
    private var old: [Accumulator]
    /// The drain round in which a slot was last touched.
    private var touched: [UInt32] = []
    private var round: UInt32 = 1
    private var changed: [Int32] = []
    private var emittedCount = 0
    private var dirty: [Int32] = []
    private var savedCount = 0
    /// Changes of this round that `drain` has sent.
    private var sentCount = 0
    /// No row's strings take more: at most what all of one batch, or one entry of state, took.
    private var longestRowBytes = 1
    /// Scratch: the slots of a batch's rows.
    private var slots: [Int32] = []
    private var drainedSinceSnapshot = 0
    /// Entries of a recovered state on their way into the tables.
    private var restored = GroupStateReader()

    package init(_ description: GroupAggregateDescription, memoryBytes: Int) {
        operatorID = description.operatorID
        keys = description.keys
        calls = description.calls
        table = GroupTable(description.keyTypes)
        accumulators = zip(description.calls, description.argumentTypes).map { call, type in
            Accumulator(call.function, argument: type)
        }
        old = accumulators
        rememberedLimitBytes = memoryBytes / 8
        dirtyLimitBytes = memoryBytes / 8
    }

    private var groupCount: Int { table.count }

    private var slotsPerBatch: Int {
        min(Self.mostSlotsPerBatch, max(1, Self.mostStringBytesPerBatch / longestRowBytes))
    }

    package func accumulate(_ batch: Batch) throws(JobFailure) {
        precondition(batch.rowKinds == nil, "the planner puts this operator over append-only input")
        table.resolve(
            keys.map { batch.columns[$0] }, rowCount: batch.rowCount, selection: batch.selection, into: &slots)
        growToGroups()
        rememberOldValues()
        var stringBytes = 0
        for index in keys + calls.compactMap(\.argument) {
            if case .string(let column) = batch.columns[index] { stringBytes += column.bytes.count }
        }
        longestRowBytes = max(longestRowBytes, stringBytes)
        for (index, call) in calls.enumerated() {
            accumulators[index].add(
                groups: slots, argument: call.argument.map { batch.columns[$0] }, selection: batch.selection,
                wantsMaximum: call.function == .max)
        }
    }

    private func growToGroups() {
        let count = groupCount
        guard touched.count < count else { return }
        touched.append(contentsOf: repeatElement(0, count: count - touched.count))
        for index in accumulators.indices { accumulators[index].grow(to: count) }
    }

    private func rememberOldValues() {
        let before = changed.count
        let (known, round) = (Int32(emittedCount), round)
        for slot in slots where slot < known && touched[Int(slot)] != round {
            touched[Int(slot)] = round
            changed.append(slot)
        }
        guard changed.count > before else { return }
        for index in accumulators.indices { old[index].append(changed[before...], of: accumulators[index]) }
    }

    private var rememberedBytes: Int { old.reduce(0) { $0 + $1.sizeBytes } + changed.capacity * 4 }

    package var wantsDrain: Bool { rememberedBytes > rememberedLimitBytes }

    package var wantsEpoch: Bool {
        let entries = dirty.count + changed.count + groupCount - savedCount
        return entries * (16 + 24 * calls.count) > dirtyLimitBytes
    }

    package var stateBytes: Int {
        table.sizeBytes + accumulators.reduce(0) { $0 + $1.sizeBytes } + rememberedBytes + touched.capacity * 4
            + dirty.capacity * 4
    }

    // MARK: Changes

    package func drain() throws(JobFailure) -> Batch? {
        while sentCount < changed.count {
            let range = sentCount..<min(sentCount + slotsPerBatch, changed.count)
            sentCount = range.upperBound
            if let batch = try updates(range) { return batch }
        }
        let sentNew = sentCount - changed.count
        let first = emittedCount + sentNew
        if first < groupCount {
            let slots = (first..<min(first + slotsPerBatch, groupCount)).map { Int32($0) }
            sentCount += slots.count
            return Batch(columns: table.keyColumns(for: slots) + (try results(slots)), rowCount: slots.count)
        }
        finishRound()
        return nil
    }

    private func finishRound() {
        guard !changed.isEmpty || emittedCount < groupCount else { return }
        dirty.append(contentsOf: changed)
        drainedSinceSnapshot += 1
        emittedCount = groupCount
        sentCount = 0
        changed.removeAll(keepingCapacity: true)
        for index in old.indices { old[index] = accumulators[index].emptied() }
        round += 1
    }

    /// −U and +U of the changed slots in `range`; nil where none of them has another result than before.
    private func updates(_ range: Range<Int>) throws(JobFailure) -> Batch? {
        let slots = Array(changed[range])
        let before = try results(range.map { Int32($0) }, from: old)
        let after = try results(slots)
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

    private func results(_ slots: [Int32]) throws(JobFailure) -> [Column] { try results(slots, from: accumulators) }

    private func results(_ slots: [Int32], from accumulators: [Accumulator]) throws(JobFailure) -> [Column] {
        var columns: [Column] = []
        for (accumulator, call) in zip(accumulators, calls) {
            var overflows: [Int] = []
            columns.append(accumulator.results(slots, of: call, overflows: &overflows))
            guard let first = overflows.first else { continue }
            let key = table.keyColumns(for: [slots[first]])
            throw JobFailure(
                .data, "\(call.resultType) overflow in \(call.place.text)",
                detail:
                    "for the key \(RowText.describe(key, row: 0)) (line \(call.place.line), column \(call.place.column))",
                hint: "cast the argument to a wider type, for example SUM(CAST(x AS BIGINT))")
        }
        return columns
    }

    // MARK: State

    package func snapshot() throws(JobFailure) -> StateChanges {
        var slots = dirty.filter { Int($0) < savedCount }
        if drainedSinceSnapshot > 1 {
            slots.sort()
            slots = slots.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        }
        slots.append(contentsOf: (savedCount..<groupCount).map { Int32($0) })
        var changes = StateChanges(operatorID: operatorID)
        var writer = GroupStateWriter()
        for first in stride(from: 0, to: slots.count, by: slotsPerBatch) {
            let batch = Array(slots[first..<min(first + slotsPerBatch, slots.count)])
            writer.write(batch, of: table, accumulators, into: &changes)
        }
        dirty.removeAll(keepingCapacity: true)
        savedCount = groupCount
        drainedSinceSnapshot = 0
        return changes
    }

    package func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws(CorruptBytes) {
        guard let value else {
            throw CorruptBytes(offset: 0, expected: "the values of a group, which is never deleted")
        }
        restored.append(key: key, value: value)
        longestRowBytes = max(longestRowBytes, key.count + value.count)
        if restored.count >= slotsPerBatch { try finishRestore() }
    }

    package func finishRestore() throws(CorruptBytes) {
        guard restored.count > 0 else { return }
        let keys = try restored.keyColumns(types: table.types)
        table.resolve(keys, rowCount: restored.count, selection: nil, into: &slots)
        growToGroups()
        try restored.loadValues(into: &accumulators, slots: slots)
        restored.removeAll()
        emittedCount = groupCount
        savedCount = groupCount
    }
}
extension Accumulator {
    /// An empty accumulator of the same kind.
    func emptied() -> Accumulator {
        switch self {
        case .count: .count(CountAccumulator())
        case .integerSum: .integerSum(IntegerSumAccumulator())
        case .doubleSum: .doubleSum(DoubleSumAccumulator())
        case .int32Extreme: .int32Extreme(ExtremeAccumulator())
        case .int64Extreme: .int64Extreme(ExtremeAccumulator())
        case .doubleExtreme: .doubleExtreme(ExtremeAccumulator())
        case .booleanExtreme: .booleanExtreme(ExtremeAccumulator())
        case .stringExtreme: .stringExtreme(StringExtremeAccumulator())
        }
    }
}
