import Columnar
import Dataflow
import KeyedState

/// When an aggregation of all rows is to give its row over no rows: once, at the end, in the subtask that the rows would
/// have come to.
struct RowOverNoRows {
    private enum Phase {
        case never
        case waiting
        case due
        case given
    }

    private var phase: Phase

    init(_ description: GroupAggregateDescription, _ allotment: StateAllotment) {
        var hashes: [UInt64] = []
        KeyHash.hash([], rowCount: 1, into: &hashes)
        let group = KeyGroup(hash: hashes[0], maximumParallelism: allotment.maximumParallelism)
        let isHere = allotment.keyGroups.contains(Int(group.index))
        phase = description.givesRowOverNoRows && isHere ? .waiting : .never
    }

    /// - Parameter milliseconds: of processing time, which ends with the input.
    mutating func advance(to milliseconds: Int64) {
        if case .waiting = phase, milliseconds == .max { phase = .due }
    }

    /// True once, behind the end.
    mutating func isDue() -> Bool {
        guard case .due = phase else { return false }
        phase = .given
        return true
    }
}
