import Columnar
import Dataflow
import KeyedState

/// Gives all rows to one who waits for them: the end of an ad-hoc query. Nothing is held back for a commit.
package struct CollectSinkDescription: LinkDescription {
    package var operatorID: UInt32
    package var rows: CollectedRows

    package init(operatorID: UInt32, rows: CollectedRows) {
        self.operatorID = operatorID
        self.rows = rows
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink { .sink(CollectSink(self)) }
}

final class CollectSink: Sink {
    let operatorID: UInt32
    let wantsEpoch = false
    private let rows: CollectedRows

    init(_ description: CollectSinkDescription) {
        operatorID = description.operatorID
        rows = description.rows
    }

    var nextTimerMilliseconds: Int64? { nil }
    func open(from _: [CheckpointRecord.OperatorPart], parallelismChanged _: Bool) {}
    func write(_ batch: Batch) throws(JobFailure) { try rows.add(batch) }
    func prepare(_: Barrier) -> [UInt8] { [] }
    func committed(_: Barrier) {}
}
