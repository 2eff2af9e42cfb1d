import Columnar

/// Keeps rows that were too late for all of their windows, with the end of the last one and the watermark that had reached
/// it: the row's own, so that it does not depend on who reads how fast.
struct LateRowQuarantine {
    private let quarantine: RowQuarantine
    private let description: WindowAggregateDescription

    /// nil: there is nobody to keep them.
    init?(_ description: WindowAggregateDescription, _ quarantine: RowQuarantine?) {
        guard let quarantine else { return nil }
        self.quarantine = quarantine
        self.description = description
    }

    /// - Parameters:
    ///   - rows: of the batch, before any selection.
    ///   - watermark: event time that the operator has reached.
    func give(_ rows: [Int32], of batch: Batch, watermark: Int64) {
        quarantine.give(rows, of: batch, as: .lateRow) { index in
            let row = Int(rows[index])
            let reached = max(watermark, batch.rowWatermarks?[row] ?? .min)
            return (
                "late for \(description.name): its last window ended at \(Self.text(lastEnd(of: row, in: batch))), "
                    + "and the watermark had reached \(Self.text(reached))", nil
            )
        }
    }

    private func lastEnd(of row: Int, in batch: Batch) -> Int64 {
        switch (description.window, description.time) {
        case (.assigned(let assigner), .event(let column)):
            assigner.end(ofWindow: assigner.pane(of: time(column, row, batch)))
        case (.attached(_, let end), _): time(end, row, batch)
        case (.assigned, .processing): preconditionFailure("no row is late for the clock")
        }
    }

    private func time(_ column: Int, _ row: Int, _ batch: Batch) -> Int64 {
        guard case .timestamp(let times) = batch.columns[column] else {
            preconditionFailure("the planner gives a column of TIMESTAMP")
        }
        return times.values[row]
    }

    private static func text(_ time: Int64) -> String {
        var text: [UInt8] = []
        TextFormatting.appendTimestamp(time, .milliseconds, style: .sql, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
