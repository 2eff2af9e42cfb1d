import Columnar
import Dataflow
import HostSystem

/// Groups of several panes on their way into a window: those of equal keys become one. Lives as long as one window, or
/// one key group of it, is sent.
struct WindowMerge {
    private let calls: [AggregateCall]
    /// By the state's keys without the number.
    private let keys: GroupTable
    private var accumulators: [Accumulator]
    private var targets: [Int32] = []

    init(_ state: GroupStateDescription) {
        calls = state.calls
        keys = GroupTable(Array(state.keyTypes.dropFirst()))
        accumulators = state.makeAccumulators()
    }

    var count: Int { keys.count }
    var sizeBytes: Int { keys.sizeBytes + accumulators.reduce(0) { $0 + $1.sizeBytes } + targets.heldBytes }

    /// - Parameters:
    ///   - columns: the groups' keys, without the number, in step with `sources`.
    ///   - sources: the groups' slots in `others`.
    mutating func add(_ columns: [Column], _ sources: [Int32], of others: [Accumulator]) {
        keys.resolve(columns, rowCount: sources.count, into: &targets)
        for index in accumulators.indices {
            accumulators[index].grow(to: keys.count)
            accumulators[index].merge(
                sources, of: others[index], into: targets, wantsMaximum: calls[index].function == .max)
        }
    }

    /// Groups as they were read from the store.
    ///
    /// - Parameter known: by all keys of the state, the groups that are not to be added; these here are added to it.
    mutating func add(_ entries: GroupStateReader, unlessIn known: GroupTable) throws(CorruptBytes) {
        let columns = try entries.keyColumns(types: known.types)
        let before = Int32(truncatingIfNeeded: known.count)
        var knownSlots: [Int32] = []
        known.resolve(columns, rowCount: entries.count, into: &knownSlots)
        var values = accumulators.map { $0.emptied() }
        for index in values.indices { values[index].grow(to: entries.count) }
        try entries.loadValues(into: &values, slots: Array(0..<Int32(truncatingIfNeeded: entries.count)))
        let kept = (0..<Int32(truncatingIfNeeded: entries.count)).filter { knownSlots[Int($0)] >= before }
        add(columns.dropFirst().map { $0.take(kept) }, kept, of: values)
    }

    func keyColumns(for slots: [Int32]) -> [Column] { keys.keyColumns(for: slots) }

    /// - Errors: a SUM that does not fit its result type.
    func results(_ slots: [Int32]) throws(JobFailure) -> [Column] {
        try calls.results(slots, from: accumulators) { keyColumns(for: [slots[$0]]) }
    }
}
