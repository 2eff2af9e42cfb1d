import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import Simulation

// A table of groups over a real store, which reads rows in order, makes checkpoints, and goes back to the last one when it
// is restarted. What it should hold is known from the rows alone.

struct WrongState: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

struct GroupTableCase {
    var state: GroupStateDescription
    var calls: [TestedCall]
    var keyCount: Int
    /// Keys, then arguments.
    var input: [Column]
    var rowCount: Int
    var limitBytes: Int

    /// - Parameter keyGroupPositions: nil: all keys.
    init(
        keys: [Column], types: [DataType], keyGroupPositions: [Int]? = nil, arguments: [Column], calls: [TestedCall],
        limitBytes: Int
    ) {
        state = GroupStateDescription(
            operatorID: 7, keyTypes: types, keyGroupPositions: keyGroupPositions, calls: calls.map(\.call),
            argumentTypes: calls.map(\.argumentType))
        self.calls = calls
        keyCount = keys.count
        input = keys + arguments
        rowCount = arguments[0].rowCount
        self.limitBytes = limitBytes
    }

    /// As the key's normal form reads: -0.0 is 0.0.
    func keyText(_ row: Int) -> String {
        (0..<keyCount).map { RowReader.text(input[$0], row) }
            .map { $0 == "-0.0" ? "0.0" : $0 }.joined(separator: ",")
    }
}

final class GroupTableWorker {
    private struct Model {
        var position = 0
        /// Of keys that are there: their rows.
        var groups: [String: [Int]] = [:]
        /// Closed panes; of cases whose first key is one.
        var closedBelow = Int64.min
    }

    private let tested: GroupTableCase
    private let run = RunID(high: 3, low: 4)
    private let files = SimulatedFileSystem()
    private let storage = OrderedMapStorage()
    private var store: StateStore
    private(set) var table: GroupStateTable
    private var model = Model()
    private var committedModel = Model()
    private var last: CommittedCheckpoint
    private var new: [Int32] = []
    private var changed: [Int32] = []
    private(set) var evictions = 0

    init(_ tested: GroupTableCase) throws {
        self.tested = tested
        let base = OrderedMapStateBase(storage)
        store = try StateStore.create(directory: "state", run: run, files: files, base: base)
        last = try store.append(CheckpointRecord(number: 0, run: run, fingerprint: ""), changes: [])
        store.committed(last)
        table = GroupStateTable(tested.state, StateAllotment(store: store, limitBytes: tested.limitBytes))
    }

    var isAtEnd: Bool { model.position == tested.rowCount }
    var position: Int { model.position }

    // MARK: Rows

    func read(_ wanted: Int) throws {
        let range = model.position..<min(model.position + wanted, tested.rowCount)
        model.position = range.upperBound
        let rows = range.filter { !isLate($0) }
        // As rows come behind a filter.
        let selection = rows.map { Int32($0 - range.lowerBound) }
        let columns = tested.input.map { $0.take(range.map { Int32($0) }) }
        var slots: [Int32] = []
        let made = try table.resolve(
            Array(columns[..<tested.keyCount]), rowCount: range.count, selection: selection, into: &slots)
        var new: [Int32] = []
        made.appendNew(to: &new)
        table.markChanged(slots, firstTouched: &changed)
        table.add(columns, selection: selection, to: slots)
        try check(new, isNewWith: rows, slots)
        for row in rows { model.groups[tested.keyText(row), default: []].append(row) }
    }

    private func isLate(_ row: Int) -> Bool { pane(row).map { $0 < model.closedBelow } ?? false }

    private func pane(_ row: Int) -> Int64? {
        guard tested.state.keyGroupPositions.first != 0, case .bigint(let panes) = tested.input[0] else { return nil }
        return panes.values[row]
    }

    private func check(_ new: [Int32], isNewWith rows: [Int], _ slots: [Int32]) throws {
        let expected = Set(rows.map { tested.keyText($0) }.filter { model.groups[$0] == nil })
        let columns = table.keyColumns(for: new)
        let found = new.indices.map { k in columns.map { RowReader.text($0, k) }.joined(separator: ",") }
        guard Set(found) == expected, found.count == expected.count else {
            throw WrongState("row \(model.position): new keys \(found.sorted()), not \(expected.sorted())")
        }
        self.new += new
    }

    // MARK: Epochs

    /// - Parameter claimed: the checkpoint that is said to be materialised; nil: as it is.
    /// - Returns: false where the table waits for a materialisation.
    func commit(claiming claimed: UInt64? = nil) throws -> Bool {
        if !new.isEmpty, model.position % 2 == 0 { table.beginRound() }
        var changes = table.snapshot(last.number + 1)
        if tested.state.keyGroupPositions.first != 0, tested.keyCount > 0 {
            // As a window operator keeps its own entries, which are no groups.
            changes.put(keyGroup: KeyGroup(index: 5), key: encoded(.max), value: [1])
        }
        let record = CheckpointRecord(number: last.number + 1, run: run, fingerprint: "")
        last = try store.append(record, changes: [changes])
        store.committed(last)
        committedModel = model
        new = []
        changed = []
        return try settle(claiming: claimed)
    }

    func materialise() throws { try store.materialise() }

    func settle(claiming claimed: UInt64? = nil) throws -> Bool {
        let before = table.count
        let keysBefore = texts(of: before)
        let settlement = table.settle(materialised: claimed ?? store.materialisedNumber)
        guard let newSlots = settlement.newSlots else { return settlement.canGoOn }
        evictions += before - table.count
        let keysAfter = texts(of: table.count)
        for (old, slot) in newSlots.enumerated() where slot >= 0 {
            guard keysBefore[old] == keysAfter[Int(slot)] else { throw WrongState("slot \(old) became \(slot)") }
        }
        return settlement.canGoOn
    }

    private func texts(of count: Int) -> [String] {
        let columns = table.keyColumns(for: Array(0..<Int32(count)))
        return (0..<count).map { row in columns.map { RowReader.text($0, row) }.joined(separator: ",") }
    }

    /// Dies, and goes on from the last checkpoint.
    func restart(limitBytes: Int) throws {
        store = StateStore.open(directory: "state", run: run, files: files, base: OrderedMapStateBase(storage))
        _ = try store.recover(to: last)
        table = GroupStateTable(tested.state, StateAllotment(store: store, limitBytes: limitBytes))
        try store.restoreChanges(operatorID: 7) { (change) throws(CorruptBytes) in
            guard case .put(let puts) = change else { return try table.restore(change) }
            let groups = try puts.filter { puts.value($0).count > 1 }
            try table.restore(.put(groups))
        }
        try table.finishRestore()
        model = committedModel
        new = []
        changed = []
    }

    // MARK: Panes

    /// Takes all panes below `bound` out, as a window operator does, and compares them.
    func close(below bound: Int64) throws {
        guard bound > model.closedBelow else { return }
        var from: [UInt8] = []
        if model.closedBelow > .min { from = encoded(model.closedBelow) }
        _ = try table.load(from: from, to: encoded(bound))
        let panes = table.count == 0 ? [] : panes(of: Array(0..<Int32(table.count)))
        let slots = (0..<Int32(table.count)).filter { panes[Int($0)] < bound && !table.isForgotten($0) }
        let closing = model.groups.filter { pane($0.value[0])! < bound }
        try compare(slots, closing)
        table.forget(slots)
        table.deleteBelow(encoded(bound))
        for key in closing.keys { model.groups[key] = nil }
        model.closedBelow = bound
    }

    private func panes(of slots: [Int32]) -> [Int64] {
        guard case .bigint(let panes) = table.keyColumns(for: slots)[0] else { return [] }
        return panes.values
    }

    private func encoded(_ pane: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        KeyEncoding.append([.bigint(FixedColumn([pane]))], row: 0, to: &bytes)
        return bytes
    }

    // MARK: Checks

    /// Everything that should be there is, and is right.
    func checkAll() throws {
        let rows = model.groups.values.map { Int32($0[0]) }
        var slots: [Int32] = []
        let keys = tested.input[..<tested.keyCount].map { $0.take(rows) }
        let made = try table.resolve(keys, rowCount: rows.count, selection: nil, into: &slots)
        var new: [Int32] = []
        made.appendNew(to: &new)
        guard new.isEmpty else { throw WrongState("row \(model.position): \(new.count) keys are lost") }
        try compare(slots, model.groups)
    }

    private func compare(_ slots: [Int32], _ groups: [String: [Int]]) throws {
        let columns = table.keyColumns(for: slots)
        let results = try table.results(slots)
        guard slots.count == groups.count else {
            throw WrongState("row \(model.position): \(slots.count) groups, not \(groups.count)")
        }
        for k in slots.indices {
            let key = columns.map { RowReader.text($0, k) }.joined(separator: ",")
            guard let rows = groups[key] else { throw WrongState("row \(model.position): \(key) is too much") }
            let found = results.map { RowReader.text($0, k) }
            let expected = tested.calls.map { $0.result(tested.input, rows) }
            guard found == expected else {
                throw WrongState("row \(model.position): \(key) is \(found), not \(expected)")
            }
        }
    }
}
