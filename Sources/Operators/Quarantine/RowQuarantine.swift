import Columnar
import Dataflow

/// The way to quarantine for rows that an operator leaves out: as JSON, with the place they came from, where that is known.
final class RowQuarantine {
    private let output: SideOutput
    private let columns: [Field]
    /// Made for the first row.
    private var json: RowJSON?

    /// nil: the subtask has no side output.
    init?(_ context: LinkContext, columns: [Field]) {
        guard let output = context.sideOutput else { return nil }
        self.output = output
        self.columns = columns
    }

    func give(_ failures: RowFailures, in batch: Batch) {
        let failures = failures.failures.sorted { $0.row < $1.row }
        give(failures.map(\.row), of: batch, as: .failedRow) { index in
            (failures[index].message, failures[index].place)
        }
    }

    /// - Parameters:
    ///   - rows: of the batch, before any selection.
    ///   - reason: by index of `rows`.
    func give(
        _ rows: [Int32], of batch: Batch, as kind: QuarantineKind, because reason: (Int) -> (String, SourcePlace?)
    ) {
        precondition(columns.count == batch.columns.count, "the planner names every column")
        let json = self.json ?? RowJSON(columns)
        self.json = json
        var quarantined = QuarantinedRows(to: output)
        for (index, text) in json.texts(of: rows, in: batch).enumerated() {
            let (message, place) = reason(index)
            quarantined.append(
                QuarantinedRow(
                    kind: kind, source: batch.origin.map { $0.source ?? $0.path },
                    partition: batch.origin?.partition, position: batch.origin?.lines[Int(rows[index])], column: nil,
                    reason: message, place: place, record: text))
        }
        quarantined.give()
    }
}
