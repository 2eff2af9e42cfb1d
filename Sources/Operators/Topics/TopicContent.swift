import Columnar
import CommitLog
import Dataflow
import HostSystem

/// The splits of a topic's partitions as rows, for one reader: frame by frame, the columns that somebody asks for.
///
/// A split ends where its last whole frame ends, as long as it has one: frames are taken apart once, and an update's two
/// rows stay together.
final class TopicContent: SplitContent {
    private struct Partition {
        var base: UInt64
        var reader: NamedPartitionReader
        /// The frame that was read last, if not all of it was given.
        var rest: Frame?
        /// The frame behind one that is given now.
        var next: Frame?
    }

    fileprivate struct Frame {
        /// Of its rows.
        var offsets: Range<UInt64>
        var batch: Batch
    }

    private let description: TopicSourceDescription
    private let topic: Topic
    private let log: CommitLogAccess
    private let input: TopicInput
    private var partitions: [Partition]
    private let columns: [TopicColumn]
    private let columnIDs: [UInt32]
    private let requiredColumns: [Int]
    private let predicates: [FramePredicate]
    private let badRecords: BadRecordPolicy
    private let assigner: WatermarkAssigner?

    let countsBytes = false

    init(
        _ description: TopicSourceDescription, _ topic: Topic, bases: [UInt64], _ input: TopicInput,
        _ log: CommitLogAccess, _ context: LinkContext
    ) throws(JobFailure) {
        self.description = description
        self.topic = topic
        self.log = log
        self.input = input
        badRecords = context.badRecords
        partitions = bases.enumerated().map { number, base in
            Partition(base: base, reader: topic.reader(of: number, in: log, context.files))
        }
        let found = description.columns.map { column in
            guard let inTopic = topic.schema.column(column) else {
                preconditionFailure("the table's columns were looked up in the topic")
            }
            return inTopic
        }
        columns = found
        columnIDs = found.map(\.id) + (topic.schema.isKeyed ? [TopicFrame.rowKindsID] : [])
        requiredColumns = description.columns.indices.filter { !description.columns[$0].isNullable }
        predicates = description.predicates.compactMap { FramePredicate($0, found) }
        if let strategy = description.watermark {
            assigner = try WatermarkAssigner(strategy)
        } else {
            assigner = nil
        }
    }

    func read(_ split: Split) throws(JobFailure) -> SplitRows {
        let base = partitions[split.input].base
        let end = base + UInt64(split.range.upperBound)
        var rows = SplitRows(end: split.range.lowerBound)
        rows.source = topic.name
        rows.partition = Int32(truncatingIfNeeded: split.input)
        rows.path = "topic \(topic.name), partition \(split.input), offset"
        rows.firstLine = Int64(clamping: base)
        var at = base + UInt64(split.range.lowerBound)
        while at < end {
            let frame = try frame(at: at, in: split.input)
            if frame.offsets.upperBound > end, !rows.batches.isEmpty {
                partitions[split.input].rest = frame
                return rows
            }
            let wanted = at..<min(frame.offsets.upperBound, end)
            let start = Int(wanted.lowerBound - frame.offsets.lowerBound)
            // Nothing is kept of frames that were passed over.
            let isPassed = frame.batch.rowCount == 0
            let batch = isPassed ? frame.batch : frame.batch.rows(start..<start + wanted.count)
            guard try add(batch, wanted, split, base, to: &rows) else { return rows }
            partitions[split.input].rest = wanted.upperBound < frame.offsets.upperBound ? frame : nil
            at = wanted.upperBound
        }
        return rows
    }

    private func frame(at offset: UInt64, in number: Int) throws(JobFailure) -> Frame {
        for known in [partitions[number].rest, partitions[number].next] {
            if let known, known.offsets.contains(offset) { return known }
        }
        partitions[number].next = nil
        let partition = partitions[number]
        let end = input.end(of: number, base: partition.base)
        let predicates = predicates
        // Whatever is published by `end` is in a span that is known by now.
        if topic.isName { partition.reader.goOn(in: input.spans) }
        let slice = try topic.read(in: log) { () throws(LogError) in
            try partition.reader.next(columns: columnIDs, from: offset, below: end) { statistics in
                predicates.allSatisfy { $0.mayHold(statistics) }
            }
        }
        guard let slice, !slice.offsets.isEmpty else {
            preconditionFailure("rows that are published are there, or an error says why not")
        }
        guard !slice.rows.isEmpty else { return Frame(offsets: slice.offsets, batch: Batch(columns: [], rowCount: 0)) }
        do throws(CorruptBytes) {
            let decoded = try TopicFrame.decode(slice.chunks, rowCount: slice.rowCount, columns)
            // What is before is read, or not the name's; what is behind is not published yet, or not to be read.
            let batch = slice.rows.count == slice.rowCount ? decoded : decoded.rows(slice.rows)
            let frame = Frame(offsets: slice.firstRow..<slice.offsets.upperBound, batch: batch)
            guard offset < slice.firstRow else { return frame }
            // Frames in front of it were passed over: they count, and have no rows.
            partitions[number].next = frame
            return Frame(offsets: offset..<slice.firstRow, batch: Batch(columns: [], rowCount: 0))
        } catch {
            throw .log(
                .damaged(
                    directory: "", partition: UInt32(truncatingIfNeeded: number), offset: slice.firstRow,
                    detail: "\(error)"), topic: topic.name)
        }
    }

    // MARK: Rows of a frame

    /// - Returns: false where it holds a mistake: `rows` say so then.
    private func add(
        _ frame: Batch, _ offsets: Range<UInt64>, _ split: Split, _ base: UInt64, to rows: inout SplitRows
    ) throws(JobFailure) -> Bool {
        let end = Int64(offsets.upperBound - base)
        var batch = SplitBatch(
            columns: [], rowCount: frame.rowCount, end: end, sum: SplitSum(records: Int64(offsets.count)))
        defer { rows.end = rows.failure == nil ? end : split.range.lowerBound }
        guard frame.rowCount > 0 else {
            rows.batches.append(batch)
            return true
        }
        batch.columns = frame.columns + metadata(offsets, in: split.input)
        batch.rowKinds = frame.rowKinds
        if input.givesTimes { batch.times = input.times(of: offsets, in: split.input) }
        batch.recordIndexes = [Int32](0..<Int32(frame.rowCount))
        var bad = nullRows(frame).map { (row: $0.row, reason: $0.reason, place: SourcePlace?.none) }
        if let assigner {
            let assigned = assigner.assign(batch.columns, rowCount: batch.rowCount)
            batch.watermarks = assigned.values
            if let rowtime = assigned.rowtime { batch.columns.append(rowtime) }
            bad += assigned.bad
        }
        if let first = bad.min(by: { $0.row < $1.row }) {
            guard badRecords != .fail, frame.rowKinds == nil else {
                rows.failure = failure(first.reason, split.input, offsets.lowerBound + UInt64(first.row))
                rows.batches = []
                return false
            }
            let out = Set(bad.map(\.row))
            if badRecords == .quarantine {
                batch.rejected = rejected(bad, frame)
            } else {
                batch.skippedRecords = out.count
            }
            batch.keep([Int32](0..<Int32(batch.rowCount)).filter { !out.contains($0) })
        }
        batch.sum.greatest = (batch.watermarks ?? []).reduce(.min, max)
        filter(&batch)
        rows.batches.append(batch)
        return true
    }

    /// A row of a topic has no bytes of its own: it is kept as JSON, of the columns that are read.
    private func rejected(
        _ bad: [(row: Int32, reason: String, place: SourcePlace?)], _ frame: Batch
    ) -> [RejectedRecord] {
        var first: [Int32: (reason: String, place: SourcePlace?)] = [:]
        for (row, reason, place) in bad where first[row] == nil { first[row] = (reason, place) }
        let rows = first.keys.sorted()
        let texts = RowJSON(description.columns).texts(of: rows, in: frame)
        return zip(rows, texts).map { row, text in
            RejectedRecord(
                lineIndex: Int(row), column: nil, reason: first[row]?.reason ?? "", place: first[row]?.place,
                bytes: text)
        }
    }

    private func metadata(_ offsets: Range<UInt64>, in partition: Int) -> [Column] {
        description.metadata.map { kind in
            switch kind {
            case .timestamp: .timestamp(FixedColumn(input.times(of: offsets, in: partition)))
            case .partition: .int(FixedColumn([Int32](repeating: Int32(partition), count: offsets.count)))
            case .offset: .bigint(FixedColumn(offsets.map { Int64(truncatingIfNeeded: $0) }))
            }
        }
    }

    /// The table may say NOT NULL where the topic does not.
    private func nullRows(_ frame: Batch) -> [(row: Int32, reason: String)] {
        var bad: [(row: Int32, reason: String)] = []
        for index in requiredColumns {
            if columns[index].kind == .presence, case .boolean(let isThere) = frame.columns[index] {
                for row in 0..<frame.rowCount where !isThere.values[row] {
                    bad.append((Int32(row), "ROW \"\(columns[index].name)\" is NOT NULL, and the row has a NULL"))
                }
            }
            guard let validity = frame.columns[index].validity, !validity.isAllSet else { continue }
            for row in 0..<frame.rowCount where !validity[row] {
                bad.append((Int32(row), "column \"\(columns[index].name)\" is NOT NULL, and the row has a NULL"))
            }
        }
        return bad
    }

    private func filter(_ batch: inout SplitBatch) {
        guard !description.predicates.isEmpty else { return }
        var kept = [Int32](0..<Int32(batch.rowCount))
        for predicate in description.predicates { predicate.filter(&kept, by: batch.columns[predicate.column]) }
        if kept.count < batch.rowCount { batch.keep(kept) }
    }

    private func failure(_ reason: String, _ partition: Int, _ offset: UInt64) -> (SplitSum) -> JobFailure {
        let (topic, table) = (topic.name, description.table)
        return { _ in
            JobFailure(
                .data, "topic \"\(topic)\", partition \(partition), offset \(offset): \(reason)",
                detail: "in table \"\(table)\"",
                hint: "SET 'sluice.bad-records' = 'skip' leaves such records out and counts them")
        }
    }
}

extension SplitBatch {
    /// Of its rows, these remain.
    fileprivate mutating func keep(_ rows: [Int32]) {
        columns = columns.map { $0.take(rows) }
        rowKinds = rowKinds.map { $0.take(rows) }
        recordIndexes = recordIndexes.map { indexes in rows.map { indexes[Int($0)] } }
        watermarks = watermarks.map { values in rows.map { values[Int($0)] } }
        times = times.map { values in rows.map { values[Int($0)] } }
        rowCount = rows.count
    }
}

/// A predicate as what a frame's bounds can say about it.
struct FramePredicate {
    private let columnID: UInt32
    private let comparison: ScanPredicate.Comparison
    private let literal: [UInt8]

    /// nil: bounds say nothing about such a predicate.
    init?(_ predicate: ScanPredicate, _ columns: [TopicColumn]) {
        guard columns.indices.contains(predicate.column) else { return nil }
        columnID = columns[predicate.column].id
        comparison = predicate.comparison
        switch predicate.literal {
        case .int(let value), .date(let value): literal = ColumnCodec.ordered(Int64(value))
        case .bigint(let value), .timestamp(let value), .timestampMicros(let value):
            literal = ColumnCodec.ordered(value)
        case .null, .boolean, .double, .string: return nil
        }
    }

    /// False only where no row of the frame passes.
    func mayHold(_ frame: FrameStatistics) -> Bool {
        // A column that was added later is NULL in the whole frame.
        guard let column = frame.column(columnID) else { return false }
        if column.nullCount == frame.rowCount { return false }
        guard !column.minimum.isEmpty, !column.maximum.isEmpty else { return true }
        let (least, greatest) = (column.minimum, column.maximum)
        switch comparison {
        case .equal: return !literal.lexicographicallyPrecedes(least) && !greatest.lexicographicallyPrecedes(literal)
        case .less: return least.lexicographicallyPrecedes(literal)
        case .lessOrEqual: return !literal.lexicographicallyPrecedes(least)
        case .greater: return literal.lexicographicallyPrecedes(greatest)
        case .greaterOrEqual: return !greatest.lexicographicallyPrecedes(literal)
        case .notEqual, .isNull, .isNotNull: return true
        }
    }
}
