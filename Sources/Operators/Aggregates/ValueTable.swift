import Columnar
import Dataflow
import HostSystem
import KeyedState

// The values of one MIN or MAX over a changelog: how often each occurs in each group, as state of its own.
//
//     group, value ──GroupStateTable──▶ slot ──▶ COUNT(*)          an entry of state per value, under its group's key
//     group ──groups──▶ heap of slots (ValueHeap)                  of those in memory
//
// The result of a group is looked for when it is sent, not with every row. What is in memory gives it, unless the store
// may have better ones. Of those it is known that none is better than the last result: so while that one is there, or a
// better one has come, the store is not asked. Otherwise its values are read in order from there on, up to the first one
// that is there.
//
// Counts are sums: what is taken back and never came counts against what comes later.

final class ValueTable {
    /// Values read at once where the best one is looked for in the store.
    private static let readAtOnce = 64

    let call: Int
    private let argument: Int
    private let order: ValueOrder
    private let keyTypes: [DataType]
    private let table: GroupStateTable
    private var groups: GroupTable
    private var heap: ValueHeap
    /// Scratch.
    private var slots: [Int32] = []
    private var groupSlots: [Int32] = []
    private var firstTouched: [Int32] = []

    /// - Parameter call: the position of a MIN or MAX, which names its state.
    init(_ call: Int, of description: GroupAggregateDescription, operatorID: UInt32, _ allotment: StateAllotment) {
        let described = description.calls[call]
        guard let argument = described.argument else { preconditionFailure("MIN and MAX have an argument") }
        self.call = call
        self.argument = argument
        order = ValueOrder(type: description.argumentTypes[call], wantsMaximum: described.function == .max)
        keyTypes = description.keyTypes
        let counted = AggregateCall(.countStar, argument: nil, resultType: .bigint, place: described.place)
        let state = GroupStateDescription(
            operatorID: operatorID, keyTypes: keyTypes + [order.storedType],
            keyGroupPositions: Array(keyTypes.indices), calls: [counted], argumentTypes: [.bigint], rowCountCall: 0)
        table = GroupStateTable(state, allotment)
        groups = GroupTable(keyTypes)
        heap = ValueHeap(order)
    }

    var operatorID: UInt32 { table.description.operatorID }
    var sizeBytes: Int { table.sizeBytes + heap.sizeBytes + groups.sizeBytes }
    var dirtyCount: Int { table.dirtyCount }
    var wantsEpoch: Bool { table.sizeBytes > table.softLimitBytes }

    // MARK: Rows

    /// - Input: the keys of a batch and its columns; the effect of the k-th selected row.
    func change(_ keys: [Column], _ columns: [Column], selection: [Int32]?, _ effects: [RowEffect]) throws(JobFailure) {
        let column = columns[argument]
        var rows: [Int32] = []
        var kinds: [Int64] = []
        rows.reserveCapacity(effects.count)
        kinds.reserveCapacity(effects.count)
        for k in effects.indices where effects[k] != .ignored {
            let row = selection.map { $0[k] } ?? Int32(k)
            if column.isNull(Int(row)) { continue }
            rows.append(row)
            kinds.append(effects[k] == .added ? 1 : -1)
        }
        guard !rows.isEmpty else { return }
        _ = try table.resolve(
            keys + [order.stored(column)], rowCount: column.rowCount, selection: rows, into: &slots)
        firstTouched.removeAll(keepingCapacity: true)
        table.markChanged(slots, firstTouched: &firstTouched)
        table.add(kinds, to: slots)
        takeNew()
        let counts = table.rowCounts
        for slot in slots where counts[Int(slot)] > 0 { heap.insert(slot) }
    }

    /// Puts the slots that were made since into the heaps of their groups.
    private func takeNew() {
        while heap.count < table.count {
            let made = Array(Int32(heap.count)..<Int32(min(heap.count + table.slotsPerBatch, table.count)))
            var columns = table.keyColumns(for: made)
            let values = columns.removeLast()
            groups.resolve(columns, rowCount: made.count, into: &groupSlots)
            heap.append(groupSlots, values, groupCount: groups.count)
        }
    }

    // MARK: Results

    /// The results of groups, NULL where there is no value.
    /// - Parameter last: what they were when last asked for; NULL where there was none.
    func results(
        _ keys: [Column], _ keyGroups: [KeyGroup], last: Column, count: Int
    ) throws(JobFailure) -> Column {
        var known: [Int32?] = []
        if !table.isComplete { known = try recall(keys, order.stored(last), count: count) }
        groups.resolve(keys, rowCount: count, into: &groupSlots)
        heap.grow(to: groups.count)
        let asked = groupSlots
        var best: [Int32] = []
        best.reserveCapacity(count)
        var counts = table.rowCounts
        var validity = Bitmap(repeating: true, count: count)
        for k in 0..<count {
            var found = heap.best(of: asked[k], counts: counts)
            let known = known.isEmpty ? nil : known[k]
            if let known, counts[Int(known)] <= 0, found.map({ heap.precedes(known, $0) }) ?? true {
                counts = []
                found = try search(asked[k], keyGroups[k], behind: known)
                counts = table.rowCounts
            }
            if found == nil { validity[k] = false }
            best.append(found ?? 0)
        }
        return values(best, validity)
    }

    private func values(_ slots: [Int32], _ validity: Bitmap) -> Column {
        guard table.count > 0 else { return Column.nulls(order.type, rowCount: slots.count) }
        guard var stored = table.keyColumns(for: slots).last else { preconditionFailure("a value is part of its key") }
        stored.validity = validity.isAllSet ? nil : validity
        return order.values(stored)
    }

    /// The slots of the groups' last results, brought into memory.
    private func recall(_ keys: [Column], _ last: Column, count: Int) throws(JobFailure) -> [Int32?] {
        let rows = (0..<Int32(count)).filter { !last.isNull(Int($0)) }
        var known = [Int32?](repeating: nil, count: count)
        guard !rows.isEmpty else { return known }
        _ = try table.resolve(keys + [last], rowCount: count, selection: rows, into: &slots)
        takeNew()
        for (k, row) in rows.enumerated() { known[Int(row)] = slots[k] }
        return known
    }

    /// The best value of a group whose last result has gone and that has no better one in memory.
    private func search(_ group: Int32, _ keyGroup: KeyGroup, behind known: Int32) throws(JobFailure) -> Int32? {
        var prefix: [UInt8] = []
        KeyEncoding.append(groups.keyColumns(for: [group]), row: 0, to: &prefix)
        let least = order.isBestFirst ? encoded(known) : prefix
        // No column begins with so great a byte.
        let end = order.isBestFirst ? prefix + [0xFF] : encoded(known)
        var next: [UInt8]? = least
        var limit = Self.readAtOnce
        while let from = next {
            next = try table.load(keyGroup, from: from, to: end, limit: limit).next
            takeNew()
            limit = min(2 * limit, table.slotsPerBatch)
            guard order.isBestFirst, let next else { continue }
            let best = heap.best(of: group, counts: table.rowCounts)
            if let best, encoded(best).lexicographicallyPrecedes(next) { return best }
        }
        return heap.best(of: group, counts: table.rowCounts)
    }

    private func encoded(_ slot: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        KeyEncoding.append(table.keyColumns(for: [slot]), row: 0, to: &bytes)
        return bytes
    }

    // MARK: State

    func snapshot(_ checkpoint: UInt64) -> StateChanges { table.snapshot(checkpoint) }

    func settle(materialised: UInt64?) -> Bool {
        let settlement = table.settle(materialised: materialised)
        if settlement.newSlots != nil {
            groups = GroupTable(keyTypes)
            heap = ValueHeap(order)
            takeNew()
        }
        return settlement.canGoOn
    }

    func restore(_ change: StateChange) throws(CorruptBytes) { try table.restore(change) }

    func finishRestore() throws(JobFailure) {
        try table.finishRestore()
        takeNew()
    }
}
