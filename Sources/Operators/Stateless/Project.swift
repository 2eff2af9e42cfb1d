import Columnar
import Dataflow

package struct ProjectDescription: LinkDescription {
    package var expressions: [ScalarExpression]
    /// What it takes.
    package var columns: [Field]

    package init(expressions: [ScalarExpression], columns: [Field]) {
        self.expressions = expressions
        self.columns = columns
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        var programs: [ExpressionProgram] = []
        for expression in expressions { programs.append(try RowFailurePolicy.program(expression)) }
        return .transform(Project(programs, RowFailurePolicy(context, columns: columns)))
    }
}

/// Computes the columns of the output from those of the input, row by row.
final class Project: BatchTransform {
    private let expressions: [ExpressionProgram]
    private let policy: RowFailurePolicy

    init(_ expressions: [ExpressionProgram], _ policy: RowFailurePolicy) {
        self.expressions = expressions
        self.policy = policy
    }

    func apply(_ batch: Batch) throws(JobFailure) -> Batch? {
        var failures = policy.failures(rowCount: batch.rowCount)
        var result = batch
        result.columns = expressions.map { $0.evaluate(batch, selection: batch.selection, failures: &failures) }
        result.selection = try policy.resolve(failures, in: batch)
        return result
    }
}
