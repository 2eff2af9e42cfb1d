import Dataflow
import KeyedState

// Bringing keys into memory that only the store has.

extension GroupStateTable {
    /// True where every key of the state is in memory.
    package var isComplete: Bool { allotment.store == nil }

    /// Brings the keys of a key group that are at least `from` and less than `to` (as `KeyEncoding` writes them) into
    /// memory where only the store has them, `limit` or a few more of them at once.
    ///
    /// - Returns: the slots made, and the key to go on from; nil where there are no more.
    package func load(
        _ keyGroup: KeyGroup, from: [UInt8], to: [UInt8], limit: Int
    ) throws(JobFailure) -> (slots: Range<Int>, next: [UInt8]?) {
        precondition(isComplete, "without a store all keys are in memory")
        return (count..<count, nil)
    }
}
