import Columnar
import Dataflow

/// What happens to rows on which an expression fails: the job stops with the first one, or they are left out, and counted or
/// kept in quarantine.
struct RowFailurePolicy {
    let skips: Bool
    let metrics: JobMetrics
    private var quarantine: RowQuarantine?

    init(skips: Bool, metrics: JobMetrics) {
        self.skips = skips
        self.metrics = metrics
    }

    /// - Parameter columns: of the rows that the operator takes.
    init(_ context: LinkContext, columns: [Field]) {
        self.init(skips: context.settings.skipsBadRecords, metrics: context.metrics)
        if context.badRecords == .quarantine { quarantine = RowQuarantine(context, columns: columns) }
    }

    /// For the failures of a batch: those that are kept in quarantine are told in full.
    func failures(rowCount: Int) -> RowFailures { quarantine == nil ? RowFailures() : RowFailures(limit: rowCount) }

    /// The selection without the failed rows.
    func resolve(_ failures: RowFailures, in batch: Batch) throws(JobFailure) -> [Int32]? {
        guard let first = failures.first else { return batch.selection }
        guard skips else { throw failure(first, batch) }
        if let quarantine {
            quarantine.give(failures, in: batch)
        } else {
            metrics.add(failures.count, to: metrics.skippedRecords)
        }
        return failures.remaining(of: batch.selection, rowCount: batch.rowCount)
    }

    /// An expression as a program; what cannot run is the job's fault, found before it starts.
    static func program(_ expression: ScalarExpression) throws(JobFailure) -> ExpressionProgram {
        do throws(ExpressionError) {
            return try ExpressionProgram(expression)
        } catch {
            let place = error.place.map { "at line \($0.line), column \($0.column) of the job: \($0.text)" }
            throw JobFailure(.data, "\(error)", detail: place)
        }
    }

    private func failure(_ first: RowFailure, _ batch: Batch) -> JobFailure {
        let row = Int(first.row)
        let source = batch.origin.map { "\($0.path):\($0.lines[row]): " } ?? ""
        let place = first.place.map { "at line \($0.line), column \($0.column) of the job, " } ?? ""
        return JobFailure(
            .data, "\(source)\(first.message)" + (first.place.map { " in \($0.text)" } ?? ""),
            detail: place + "on the row " + RowText.describe(batch.columns, row: row),
            hint: "SET 'sluice.bad-records' = 'skip' leaves such rows out and counts them")
    }
}
