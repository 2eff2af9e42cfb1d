import Columnar
import Dataflow

/// A sink's NOT NULL columns take no NULL: it stops the job, as in Flink, or its row is left out.
struct NotNullCheck {
    private let table: String
    private let columns: [(index: Int, name: String)]
    private let skips: Bool
    private let metrics: JobMetrics
    private let quarantine: RowQuarantine?

    init(table: String, fields: [Field], _ context: LinkContext) {
        self.table = table
        columns = fields.enumerated().filter { !$0.element.isNullable }.map { ($0.offset, $0.element.name) }
        skips = context.settings.skipsBadRecords
        metrics = context.metrics
        quarantine = context.badRecords == .quarantine ? RowQuarantine(context, columns: fields) : nil
    }

    /// The batch without the rows that bring a NULL; the whole batch where there is none.
    func checked(_ batch: Batch) throws(JobFailure) -> Batch {
        var batch = batch
        for (index, name) in columns {
            guard let validity = batch.columns[index].validity, !validity.isAllSet else { continue }
            let rows = batch.selection ?? (0..<batch.rowCount).map { Int32($0) }
            guard let row = rows.first(where: { !validity[Int($0)] }) else { continue }
            // Of an update only both rows could be left out, and the old one may stand already.
            guard skips, batch.rowKinds == nil else { throw failure(name, batch, Int(row)) }
            let kept = rows.filter { validity[Int($0)] }
            if let quarantine {
                quarantine.give(rows.filter { !validity[Int($0)] }, of: batch, as: .failedRow) { _ in
                    ("column \"\(name)\" of table \"\(table)\" is NOT NULL, but the row brings a NULL", nil)
                }
            } else {
                metrics.add(rows.count - kept.count, to: metrics.skippedRecords)
            }
            batch.selection = kept
        }
        return batch
    }

    private func failure(_ name: String, _ batch: Batch, _ row: Int) -> JobFailure {
        let source = batch.origin.map { "\($0.path):\($0.lines[row]): " } ?? ""
        return JobFailure(
            .data, "\(source)column \"\(name)\" of table \"\(table)\" is NOT NULL, but a row brings a NULL",
            detail: "the row " + RowText.describe(batch.columns, row: row),
            hint: "filter such rows out, or give the column a value with COALESCE")
    }
}
