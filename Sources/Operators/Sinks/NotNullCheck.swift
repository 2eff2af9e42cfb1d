import Columnar
import Dataflow

/// A sink's NOT NULL columns take no NULL: it stops the job, as in Flink.
struct NotNullCheck {
    private let table: String
    private let columns: [(index: Int, name: String)]

    init(table: String, fields: [Field]) {
        self.table = table
        columns = fields.enumerated().filter { !$0.element.isNullable }.map { ($0.offset, $0.element.name) }
    }

    func check(_ batch: Batch) throws(JobFailure) {
        for (index, name) in columns {
            guard let validity = batch.columns[index].validity, !validity.isAllSet else { continue }
            let rows = batch.selection ?? (0..<batch.rowCount).map { Int32($0) }
            guard let row = rows.first(where: { !validity[Int($0)] }) else { continue }
            throw JobFailure(
                .data, "column \"\(name)\" of table \"\(table)\" is NOT NULL, but a row brings a NULL",
                detail: "the row " + RowText.describe(batch.columns, row: Int(row)),
                hint: "filter such rows out, or give the column a value with COALESCE")
        }
    }
}
