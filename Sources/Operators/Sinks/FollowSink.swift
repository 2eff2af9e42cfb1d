import Columnar
import Dataflow
import KeyedState

/// Gives every batch to one who shows it, as it comes: the end of an ad-hoc query that is followed. Nothing is held back for
/// a commit, and nothing is kept.
package struct FollowSinkDescription: LinkDescription {
    package var operatorID: UInt32
    /// Called by the threads of all subtasks.
    package var receive: @Sendable (Batch) -> Void

    package init(operatorID: UInt32, receive: @escaping @Sendable (Batch) -> Void) {
        self.operatorID = operatorID
        self.receive = receive
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink { .sink(FollowSink(self)) }
}

final class FollowSink: Sink {
    let operatorID: UInt32
    let wantsEpoch = false
    private let receive: @Sendable (Batch) -> Void

    init(_ description: FollowSinkDescription) {
        operatorID = description.operatorID
        receive = description.receive
    }

    var nextTimerMilliseconds: Int64? { nil }
    func open(from _: [CheckpointRecord.OperatorPart], parallelismChanged _: Bool) {}
    func write(_ batch: Batch) { receive(batch) }
    func prepare(_: Barrier) -> [UInt8] { [] }
    func committed(_: Barrier) {}
}
