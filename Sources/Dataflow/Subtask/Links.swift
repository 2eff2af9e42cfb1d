import Columnar
import HostSystem
import KeyedState

// What can stand in a subtask's chain. A description of it is immutable and belongs to the job graph; these objects belong
// to one subtask and one thread.

/// Where a source stands after a `read`.
package enum SourceProgress: Sendable {
    case batch(Batch)
    /// Nothing was there to emit in what was read; call again.
    case nothing
    /// All that a bounded source will ever give has been read.
    case exhausted
}

/// Reads records; the first link of a chain.
package protocol Source: AnyObject {
    /// Called once, before the first `read`; nil on a fresh start.
    func restore(from position: [UInt8]?) throws(JobFailure)
    func read() throws(JobFailure) -> SourceProgress
    /// The position behind the last row that `read` has given, for the checkpoint record.
    func position() throws(JobFailure) -> [UInt8]
}

/// A link without state: one batch in, at most one out.
package protocol BatchTransform: AnyObject {
    func apply(_ batch: Batch) throws(JobFailure) -> Batch?
}

/// A link with keyed state, which gives its changes when the epoch ends.
package protocol KeyedOperator: AnyObject {
    /// Names its state in the store; stable for one plan.
    var operatorID: UInt32 { get }
    func accumulate(_ batch: Batch) throws(JobFailure)
    /// The next changes to send on; nil when all are sent. Called until nil before every snapshot.
    func drain() throws(JobFailure) -> Batch?
    /// True where what is remembered for `drain` has grown so much that it should be drained now.
    var wantsDrain: Bool { get }
    /// True where so much is dirty that the epoch should end early.
    var wantsEpoch: Bool { get }
    /// What has changed since the last snapshot.
    func snapshot() throws(JobFailure) -> StateChanges
    /// One entry of a recovered state, in the order of the changes; `value` nil: the key is gone.
    /// Errors: bytes that `snapshot` does not write.
    func restore(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) throws(CorruptBytes)
    /// All entries were given.
    func finishRestore() throws(CorruptBytes)
    /// Memory held, in bytes.
    var stateBytes: Int { get }
}

/// The end of a chain: keeps rows back until their epoch is committed.
package protocol Sink: AnyObject {
    var operatorID: UInt32 { get }
    /// Called once, before the first `write`: makes the sink's first state, or goes on from a committed one and finishes
    /// what its commit left to be done.
    func open(from state: [UInt8]?) throws(JobFailure)
    func write(_ batch: Batch) throws(JobFailure)
    /// True where the epoch should end early.
    var wantsEpoch: Bool { get }
    /// Makes the epoch's rows durable (not visible), and gives the sink's state for the checkpoint record.
    func prepare(_ barrier: Barrier) throws(JobFailure) -> [UInt8]
    /// The checkpoint stands: what was prepared becomes visible.
    func committed(_ barrier: Barrier) throws(JobFailure)
}

package enum ChainLink {
    case source(any Source, operatorID: UInt32)
    case transform(any BatchTransform)
    case keyed(any KeyedOperator)
    case sink(any Sink)
}
