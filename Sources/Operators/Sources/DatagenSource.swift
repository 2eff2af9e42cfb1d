import Columnar
import Dataflow

/// The `datagen` connector: rows of random values and sequences, as many a second as asked for. The same rows in every run
/// of one job: a value depends on the job, the table, the field and the row's number; a time on when the job first started.
package struct DatagenSourceDescription: GeneratorDescription {
    package static let defaultRowsPerSecond: Int64 = 10_000
    package static let largestRowsPerSecond: Int64 = 1_000_000_000

    package var operatorID: UInt32
    package var table: String
    package var fields: [DatagenField]
    package var columns: [ScanColumn]
    package var predicates: [ScanPredicate]
    package var watermark: WatermarkStrategy?
    /// `rows-per-second`, of all subtasks together: 1 to `largestRowsPerSecond`.
    package var ratePerSecond: Int64
    /// `number-of-rows`
    package var numberOfRows: Int64?

    package init(
        operatorID: UInt32, table: String, fields: [DatagenField], columns: [ScanColumn],
        predicates: [ScanPredicate] = [], watermark: WatermarkStrategy? = nil,
        ratePerSecond: Int64 = defaultRowsPerSecond, numberOfRows: Int64? = nil
    ) {
        precondition(watermark == nil || predicates.isEmpty, "every row counts for the watermark")
        precondition(fields.allSatisfy { $0.problem == nil }, "the binder refuses options that cannot be")
        precondition(1...Self.largestRowsPerSecond ~= ratePerSecond, "the binder refuses such a rate")
        self.operatorID = operatorID
        self.table = table
        self.fields = fields
        self.columns = columns
        self.predicates = predicates
        self.watermark = watermark
        self.ratePerSecond = ratePerSecond
        self.numberOfRows = numberOfRows
    }

    /// The source ends with its shortest sequence.
    package var rowCount: Int64? {
        (fields.compactMap(\.rowCount) + [numberOfRows].compactMap { $0 }).min()
    }

    package var rowsPerSecond: Int64? { ratePerSecond }

    /// Long strings come in small batches.
    var rowsPerSplit: Int64 {
        let textBytes: Int64 = fields.reduce(0) { total, field in
            guard case .strings(let length, _) = field.values else { return total }
            return total + Int64(length)
        }
        return min(max(GeneratorInput.splitTextBytes / max(textBytes, 1), 1), GeneratorInput.rowsPerSplit)
    }

    package var boundHint: String { "'number-of-rows' = '1000', for one, ends it" }

    func makeGenerator(job: String, begunMilliseconds: Int64) -> any RowGenerator {
        DatagenColumns(self, job: job, begunMilliseconds: begunMilliseconds)
    }
}
