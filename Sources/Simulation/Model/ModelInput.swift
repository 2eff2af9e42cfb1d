// What the reference model reads: the rows of every file in their order, each with its own watermark.
//
// Where input comes in rounds, each of which ends with all that is there read and nothing ended (`--available-now`), event
// time stands still at the end of a round: at the least that the files of then have reached. What a table gives in a later
// round has reached that much, in a new file too.

/// One row on its way through the model.
package struct ModelRow: Sendable {
    package var values: [ModelValue]
    /// nil: the row is never late.
    package var ownWatermark: Int64?
    /// When it was published; nil: that is not known.
    package var arrival: Int64?
}

/// A file of a table, with the rows of its lines in order.
package struct ModelFile: Sendable {
    package var table: Int
    /// The round in which it came to be.
    package var firstRound: Int
    package var rows: [[ModelValue]]
    /// For each row the round in which its line had an end.
    package var rounds: [Int]
    /// For each row when it was published; nil: that is not known.
    package var arrivals: [Int64]?

    package init(
        table: Int, firstRound: Int = 0, rows: [[ModelValue]], rounds: [Int]? = nil, arrivals: [Int64]? = nil
    ) {
        self.arrivals = arrivals
        self.table = table
        self.firstRound = firstRound
        self.rows = rows
        self.rounds = rounds ?? rows.map { _ in firstRound }
    }
}

package struct ModelInput: Sendable {
    private let files: [ModelFile]
    /// What has come up to this round is there.
    private let round: Int
    /// All input is read for good: event time comes to its end.
    private let isFinal: Bool
    /// How far the time has come in which rows were published; nil: that is not known.
    let clock: Int64?

    package init(_ files: [ModelFile], round: Int = 0, isFinal: Bool = true, clock: Int64? = nil) {
        self.clock = clock
        self.files = files
        self.round = round
        self.isFinal = isFinal
    }

    /// Every row with its own watermark: what its file had reached just before it, or the table when an earlier round
    /// ended.
    func rows(of table: InputTable) -> [ModelRow] {
        var rows: [ModelRow] = []
        let ends = (0...round).map { watermark(of: table, atEndOf: $0) }
        for file in files where file.table == table.number {
            var greatest = Int64.min
            for (number, (values, round)) in zip(file.rows, file.rounds).enumerated() where round <= self.round {
                guard let delay = table.delaySeconds else {
                    rows.append(ModelRow(values: values, arrival: file.arrivals?[number]))
                    continue
                }
                let before = round == 0 ? Int64.min : ends[round - 1]
                rows.append(ModelRow(values: values, ownWatermark: max(greatest, before)))
                greatest = max(greatest, Self.watermark(values, delay))
            }
        }
        return rows
    }

    /// How far event time has come, now, in an operator over these tables.
    func reached(_ tables: [InputTable]) -> Int64 {
        isFinal ? .max : tables.map { watermark(of: $0, atEndOf: round) }.min() ?? .min
    }

    private static func watermark(_ values: [ModelValue], _ delay: Int) -> Int64 {
        guard case .timestamp(let time) = values[InputTable.timeColumn] else {
            preconditionFailure("where there is a watermark no row is without its time")
        }
        return time - Int64(delay) * 1000
    }

    /// The least that the files of a table have reached; a file without rows holds all back. It never goes back.
    private func watermark(of table: InputTable, atEndOf last: Int) -> Int64 {
        guard let delay = table.delaySeconds else { return .min }
        let files = files.filter { $0.table == table.number }
        return (0...last).map { round in
            files.filter { $0.firstRound <= round }.map { file in
                zip(file.rows, file.rounds).filter { $0.1 <= round }.map { Self.watermark($0.0, delay) }.max() ?? .min
            }.min() ?? .min
        }.max() ?? .min
    }
}
