import Columnar
import Dataflow

/// The NOT NULL columns of a table whose rows go on to others than its sink.
package struct NotNullRowsDescription: LinkDescription {
    package var table: String
    /// What it takes, and the table has.
    package var fields: [Field]

    package init(table: String, fields: [Field]) {
        self.table = table
        self.fields = fields
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .transform(NotNullRows(NotNullCheck(table: table, fields: fields, context)))
    }
}

/// Lets pass what the table takes.
final class NotNullRows: BatchTransform {
    private let check: NotNullCheck

    init(_ check: NotNullCheck) { self.check = check }

    func apply(_ batch: Batch) throws(JobFailure) -> Batch? { try check.checked(batch) }
}
