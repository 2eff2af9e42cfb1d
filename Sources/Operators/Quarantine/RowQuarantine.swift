import Columnar
import Dataflow

/// The way to quarantine for rows that an operator leaves out, with the place they came from, where that is known: as the
/// records they were made of, where these can be read again, else as JSON.
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
        var quarantined = QuarantinedRows(to: output)
        for (index, text) in texts(of: rows, in: batch).enumerated() {
            let (message, place) = reason(index)
            quarantined.append(
                QuarantinedRow(
                    kind: kind, source: batch.origin.map { $0.source ?? $0.path },
                    partition: batch.origin?.partition, position: batch.origin?.lines[Int(rows[index])], column: nil,
                    reason: message, place: place, record: text))
        }
        quarantined.give()
    }

    private func texts(of rows: [Int32], in batch: Batch) -> [[UInt8]] {
        if let origin = batch.origin, let records = origin.records {
            let lines = rows.map { origin.lines[Int($0)] }
            let distinct = Set(lines).sorted()
            if let read = records.read(lines: distinct) {
                let byLine = Dictionary(zip(distinct, read)) { first, _ in first }
                return lines.map { byLine[$0] ?? [] }
            }
        }
        let json = self.json ?? RowJSON(columns)
        self.json = json
        return json.texts(of: rows, in: batch)
    }
}
