import Columnar
import Dataflow

package struct FilterDescription: LinkDescription {
    package var condition: ScalarExpression
    /// What it takes.
    package var columns: [Field]

    package init(condition: ScalarExpression, columns: [Field]) {
        self.condition = condition
        self.columns = columns
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .transform(Filter(try RowFailurePolicy.program(condition), RowFailurePolicy(context, columns: columns)))
    }
}

/// Keeps the rows where the condition is TRUE. In a changelog an update of which one side is dropped becomes an insert or
/// a delete, so that −U and +U stay pairs.
final class Filter: BatchTransform {
    private let condition: ExpressionProgram
    private let policy: RowFailurePolicy

    init(_ condition: ExpressionProgram, _ policy: RowFailurePolicy) {
        self.condition = condition
        self.policy = policy
    }

    func apply(_ batch: Batch) throws(JobFailure) -> Batch? {
        var batch = batch
        var failures = policy.failures(rowCount: batch.rowCount)
        let kept = condition.evaluateFilter(batch, selection: batch.selection, failures: &failures)
        // A row on which the condition fails is not TRUE: under `skip` it is left out by that alone.
        _ = try policy.resolve(failures, in: batch)
        if batch.rowKinds != nil { repairUpdates(&batch, kept) }
        batch.selection = kept.count == batch.rowCount ? nil : kept
        return batch
    }

    private func repairUpdates(_ batch: inout Batch, _ kept: [Int32]) {
        guard var kinds = batch.rowKinds else { return }
        var isKept = [Bool](repeating: false, count: batch.rowCount)
        for row in kept { isKept[Int(row)] = true }
        for row in isKept.indices where isKept[row] {
            if kinds[row] == .updateBefore, !(row + 1 < isKept.count && isKept[row + 1]) { kinds[row] = .delete }
            if kinds[row] == .updateAfter, !(row > 0 && isKept[row - 1]) { kinds[row] = .insert }
        }
        batch.rowKinds = kinds
    }
}
