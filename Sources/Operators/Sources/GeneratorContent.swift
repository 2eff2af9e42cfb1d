import Columnar
import Dataflow

/// Makes the columns of some rows, for one reader.
protocol RowGenerator: AnyObject {
    /// What is made from here on is of these rows.
    func begin(_ rows: Range<Int64>)
    /// Of the rows there are, only these count from here on.
    func keep(_ indexes: [Int32])
    /// One of the source's columns.
    func column(_ index: Int) -> Column
}

/// The splits of a generator as rows: the columns that predicates test first, and the rest for the rows that are kept.
final class GeneratorContent: SplitContent {
    private let description: any GeneratorDescription
    private let generator: any RowGenerator
    private let badRecords: BadRecordPolicy
    private let assigner: WatermarkAssigner?
    private let testedColumns: [Int]

    init(
        _ description: any GeneratorDescription, _ generator: any RowGenerator, _ context: LinkContext
    ) throws(JobFailure) {
        self.description = description
        self.generator = generator
        badRecords = context.badRecords
        if let strategy = description.watermark {
            assigner = try WatermarkAssigner(strategy)
        } else {
            assigner = nil
        }
        testedColumns = Set(description.predicates.map(\.column)).sorted()
    }

    var countsBytes: Bool { false }

    func read(_ split: Split) throws(JobFailure) -> SplitRows {
        generator.begin(split.range)
        var made = [Column?](repeating: nil, count: description.columns.count)
        var kept = [Int32](0..<Int32(split.range.count))
        for index in testedColumns { made[index] = generator.column(index) }
        for predicate in description.predicates {
            if let column = made[predicate.column] { predicate.filter(&kept, by: column) }
        }
        if kept.count < split.range.count {
            generator.keep(kept)
            made = made.map { $0?.take(kept) }
        }
        let columns = made.indices.map { made[$0] ?? generator.column($0) }
        var batch = SplitBatch(
            columns: columns, rowCount: kept.count, end: split.range.upperBound,
            sum: SplitSum(records: Int64(split.range.count)))
        batch.recordIndexes = kept
        return assign(batch, split)
    }

    private func assign(_ made: SplitBatch, _ split: Split) -> SplitRows {
        var batch = made
        var rows = SplitRows(end: split.range.upperBound)
        rows.path = description.table
        if let assigner, batch.rowCount > 0 {
            let assigned = assigner.assign(batch.columns, rowCount: batch.rowCount)
            batch.watermarks = assigned.values
            if let rowtime = assigned.rowtime { batch.columns.append(rowtime) }
            if let first = assigned.bad.first {
                guard badRecords != .fail else {
                    rows.end = split.range.lowerBound
                    rows.failure = failure(
                        first.reason, row: split.range.lowerBound + Int64(batch.recordIndexes?[Int(first.row)] ?? 0))
                    return rows
                }
                if badRecords == .quarantine { batch.rejected = rejected(assigned.bad, batch) }
                leaveOut(assigned.bad.map(\.row), &batch)
            }
            batch.sum.greatest = (batch.watermarks ?? []).reduce(.min, max)
        }
        rows.batches = [batch]
        return rows
    }

    private func leaveOut(_ bad: [Int32], _ batch: inout SplitBatch) {
        let out = Set(bad)
        let kept = (0..<Int32(batch.rowCount)).filter { !out.contains($0) }
        batch.columns = batch.columns.map { $0.take(kept) }
        batch.rowCount = kept.count
        batch.recordIndexes = batch.recordIndexes.map { indexes in kept.map { indexes[Int($0)] } }
        batch.watermarks = batch.watermarks.map { values in kept.map { values[Int($0)] } }
        if badRecords == .skip { batch.skippedRecords += out.count }
    }

    private func rejected(
        _ bad: [(row: Int32, reason: String, place: SourcePlace?)], _ batch: SplitBatch
    ) -> [RejectedRecord] {
        let rows = Batch(columns: Array(batch.columns.prefix(description.columns.count)), rowCount: batch.rowCount)
        let texts = RowJSON(description.columns).texts(of: bad.map(\.row), in: rows)
        return zip(bad, texts).map { bad, text in
            let index = batch.recordIndexes?[Int(bad.row)] ?? bad.row
            return RejectedRecord(
                lineIndex: Int(index), column: nil, reason: bad.reason, place: bad.place, bytes: text)
        }
    }

    private func failure(_ reason: String, row: Int64) -> (SplitSum) -> JobFailure {
        let table = description.table
        return { _ in
            JobFailure(
                .data, "\(table):\(row + 1): \(reason)", detail: "in the watermark of table \"\(table)\"",
                hint: "SET 'sluice.bad-records' = 'skip' leaves such records out and counts them")
        }
    }
}

extension ScanPredicate {
    /// Leaves the rows of `column` that pass.
    func filter(_ rows: inout [Int32], by column: Column) {
        switch (comparison, literal) {
        case (.isNull, _): rows.removeAll { !column.isNull(Int($0)) }
        case (.isNotNull, _): rows.removeAll { column.isNull(Int($0)) }
        default: rows.removeAll { column.isNull(Int($0)) || !holds(column, Int($0)) }
        }
    }

    private func holds(_ column: Column, _ row: Int) -> Bool {
        switch (column, literal) {
        case (.boolean(let c), .boolean(let value)): comparison.holds(c.values[row] ? 1 : 0, value ? 1 : 0)
        case (.int(let c), .int(let value)): comparison.holds(c.values[row], value)
        case (.bigint(let c), .bigint(let value)): comparison.holds(c.values[row], value)
        case (.date(let c), .date(let value)): comparison.holds(c.values[row], value)
        case (.timestamp(let c), .timestamp(let value)): comparison.holds(c.values[row], value)
        case (.timestampMicros(let c), .timestampMicros(let value)): comparison.holds(c.values[row], value)
        case (.double(let c), .double(let value)): comparison.holds(c.values[row], value)
        case (.string(let c), .string(let value)):
            comparison.holds(order(c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])], value.utf8), 0)
        // Nothing is equal to NULL, and literals have the types of their columns.
        default: false
        }
    }

    private func order(_ left: ArraySlice<UInt8>, _ right: String.UTF8View) -> Int {
        left.elementsEqual(right) ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
    }
}
