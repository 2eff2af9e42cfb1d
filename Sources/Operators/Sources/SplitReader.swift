import Columnar
import Dataflow
import HostSystem

// The reader of one subtask, for any content that comes in splits:
//
//   free ──take──▶ parse all of it, tell the ledger ──▶ held ──carry known──▶ giving ──last batch──▶ free
//                            └─ a mistake ──▶ failed ──the first one──▶ the job stops
//
// All of a split is parsed before any row of it is given, so that readers behind it in the same input learn their carry
// at once, whatever holds this reader up. Own watermarks and line numbers are then those of a single reader.

/// What stands in a split.
package struct SplitRows {
    package var batches: [SplitBatch]
    /// What is parsed of the split; what is behind it is read by another `take`.
    package var end: Int64
    /// A record begins at `end` that has not ended at this length of the input: it is read when that has grown.
    package var stalledAt: Int64?
    /// The split holds a mistake, and none of its rows are given; made from the sums of all records before the split.
    package var failure: ((SplitSum) -> JobFailure)?
    /// For the rows' origin.
    package var path: String?
    /// Where the records came from, as quarantine has it: the path, or a topic and its partition.
    package var source: String?
    package var partition: Int32?
    /// What can read the records of a batch again, of which this is the number of the first line; nil: nobody.
    var records: ((SplitBatch, _ firstLine: Int64) -> any OriginalRecords)?
    /// What the first record of the input is called there.
    package var firstLine: Int64 = 1

    package init(batches: [SplitBatch] = [], end: Int64) {
        self.batches = batches
        self.end = end
    }

    package var sum: SplitSum {
        batches.reduce(into: SplitSum()) { $0.add($1.sum) }
    }
}

package struct SplitBatch {
    package var columns: [Column]
    /// 0 where nothing is kept of its records.
    package var rowCount: Int
    /// nil: all rows are inserts.
    package var rowKinds: [RowKind]?
    /// For each row the watermark it makes; nil where the source has none.
    package var watermarks: [Int64]?
    /// For each row when it was published; nil where nobody asks.
    package var times: [Int64]?
    /// For each row the records of this batch in front of it; nil where the rows have no origin.
    package var recordIndexes: [Int32]?
    /// Units up to the end of its last record; of the last batch that of the split.
    package var end: Int64
    package var sum: SplitSum
    package var skippedRecords = 0
    package var nulledFields = 0
    /// What is left out for quarantine, in the order of their `lineIndex`: the records of this batch in front.
    package var rejected: [RejectedRecord] = []
    /// Where its records stand, in units of the input: the last one may go beyond the split.
    var place: Range<Int64> = 0..<0

    package init(columns: [Column], rowCount: Int, end: Int64, sum: SplitSum) {
        self.columns = columns
        self.rowCount = rowCount
        self.end = end
        self.sum = sum
    }
}

package protocol SplitContent: AnyObject {
    /// - Errors: what cannot be read at all. A mistake in the data is part of what is given back.
    func read(_ split: Split) throws(JobFailure) -> SplitRows
    /// Units are bytes of something that is read, and count as such.
    var countsBytes: Bool { get }
}

package final class SplitReader: Source {
    private enum Phase {
        case free
        case held(Split, SplitRows)
        case giving(Split, SplitRows, next: Int, SplitSum)
        case failed(Split, (SplitSum) -> JobFailure)
    }

    private let splits: SharedSplits
    private let content: any SplitContent
    private let context: LinkContext
    private let number: Int
    private let hasWatermark: Bool
    private var phase = Phase.free

    package init(_ splits: SharedSplits, _ content: any SplitContent, _ context: LinkContext) {
        self.splits = splits
        self.content = content
        self.context = context
        hasWatermark = splits.read { $0.policy.hasWatermark }
        number = splits.addReader(wake: context.wake)
    }

    package func read() throws(JobFailure) -> SourceProgress {
        switch phase {
        case .free: return try begin()
        case .held(let split, let rows):
            guard let carry = splits.carry(of: split, reader: number) else { return .waiting }
            phase = .giving(split, rows, next: 0, carry)
            return give(split, rows, next: 0, carry)
        case .giving(let split, let rows, let next, let carry):
            return give(split, rows, next: next, carry)
        case .failed(let split, let failure):
            guard let carry = splits.carryOfFirst(split, reader: number) else { return .waiting }
            throw failure(carry)
        }
    }

    /// What is given is in the ledger, and what is only parsed is read again after a restart.
    package func prepareBarrier() {}

    package var watermark: WatermarkStatus? {
        guard hasWatermark else { return nil }
        return splits.activeWatermark.map { .active($0) } ?? .idle
    }

    private func begin() throws(JobFailure) -> SourceProgress {
        let split: Split
        switch splits.take(reader: number) {
        case .split(let taken): split = taken
        case .nothing: return .waiting
        case .over: return .exhausted
        }
        let rows = try content.read(split)
        if let failure = rows.failure {
            phase = .failed(split, failure)
            return .nothing
        }
        splits.parsed(split, end: rows.end, rows.sum, stalledAt: rows.stalledAt)
        if rows.end > split.range.lowerBound {
            precondition(rows.batches.last.map { $0.end == rows.end } ?? false, "batches cover what is parsed")
            // Nobody waits for what is in front of nothing: that may be a record that has not ended.
            let isEmpty = rows.batches.allSatisfy { $0.rowCount == 0 && $0.rejected.isEmpty }
            phase = isEmpty ? .giving(split, rows, next: 0, SplitSum()) : .held(split, rows)
        }
        return .nothing
    }

    private func give(_ split: Split, _ rows: SplitRows, next: Int, _ carry: SplitSum) -> SourceProgress {
        let batch = rows.batches[next]
        var after = carry
        after.add(batch.sum)
        phase = next + 1 < rows.batches.count ? .giving(split, rows, next: next + 1, after) : .free
        let begin = next == 0 ? split.range.lowerBound : rows.batches[next - 1].end
        count(batch, bytes: Int(batch.end - begin))
        splits.give(split, upTo: batch.end, batch.sum, atNanoseconds: context.time.monotonicNanoseconds())
        if !batch.rejected.isEmpty { quarantine(batch.rejected, of: rows, firstRecord: carry.records) }
        guard batch.rowCount > 0 else { return .nothing }
        var given = Batch(columns: batch.columns, rowCount: batch.rowCount, rowKinds: batch.rowKinds)
        given.rowWatermarks = batch.watermarks.map { Self.ownWatermarks($0, before: carry.greatest) }
        given.rowTimes = batch.times
        if let path = rows.path, let indexes = batch.recordIndexes {
            let first = carry.records &+ rows.firstLine
            given.origin = BatchOrigin(path: path, lines: indexes.map { first &+ Int64($0) })
            given.origin?.source = rows.source
            given.origin?.partition = rows.partition
            given.origin?.records = rows.records.map { $0(batch, first) }
        }
        return .batch(given)
    }

    private func quarantine(_ rejected: [RejectedRecord], of rows: SplitRows, firstRecord: Int64) {
        guard let sideOutput = context.sideOutput else { preconditionFailure("records are rejected for a side output") }
        var quarantined = QuarantinedRows(to: sideOutput)
        for record in rejected {
            quarantined.append(
                .record(
                    record, source: rows.source ?? rows.path, partition: rows.partition,
                    position: firstRecord &+ rows.firstLine &+ Int64(record.lineIndex)))
        }
        quarantined.give()
    }

    private func count(_ batch: SplitBatch, bytes: Int) {
        let metrics = context.metrics
        metrics.add(Int(batch.sum.records), to: metrics.rowsIn)
        if content.countsBytes { metrics.add(bytes, to: metrics.bytesRead) }
        if batch.skippedRecords > 0 { metrics.add(batch.skippedRecords, to: metrics.skippedRecords) }
        if batch.nulledFields > 0 { metrics.add(batch.nulledFields, to: metrics.nulledFields) }
    }

    /// What had been reached before each row.
    private static func ownWatermarks(_ values: [Int64], before: Int64) -> [Int64] {
        [Int64](unsafeUninitializedCapacity: values.count) { own, count in
            let values = values.span
            var greatest = before
            for row in values.indices {
                own.initializeElement(at: row, to: greatest)
                greatest = max(greatest, values[row])
            }
            count = values.count
        }
    }
}
