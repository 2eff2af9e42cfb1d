import Columnar
import Dataflow
import KeyedState

package struct BlackholeSinkDescription: SinkDescription {
    package var operatorID: UInt32
    package var table: String
    package var fields: [Field]

    package init(operatorID: UInt32, table: String, fields: [Field]) {
        self.operatorID = operatorID
        self.table = table
        self.fields = fields
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .sink(BlackholeSink(self, context))
    }
}

/// Takes rows and keeps nothing of them.
final class BlackholeSink: Sink {
    let operatorID: UInt32
    let wantsEpoch = false
    private let notNull: NotNullCheck

    init(_ description: BlackholeSinkDescription, _ context: LinkContext) {
        operatorID = description.operatorID
        notNull = NotNullCheck(table: description.table, fields: description.fields, context)
    }

    var nextTimerMilliseconds: Int64? { nil }
    func open(from _: [CheckpointRecord.OperatorPart], parallelismChanged _: Bool) {}
    func write(_ batch: Batch) throws(JobFailure) { _ = try notNull.checked(batch) }
    func prepare(_: Barrier) -> [UInt8] { [] }
    func committed(_: Barrier) {}
}
