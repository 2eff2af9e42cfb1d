import Columnar
import Dataflow
import HostSystem

// The splits of files as rows.
//
// Lines: a split [a, b) holds the lines that begin in it. The first begins behind the first newline at or after a - 1, the
// last ends with the first newline at or after b - 1: what the next split begins with. A split without a newline in
// [a - 1, b - 1) holds nothing, so a line longer than a split is read by one reader only.
// CSV, whose newlines may be quoted: a split is what of its bytes is whole records; what is left is taken again.
//
// Errors need the line, and so the carry: they are made when that is known.

final class FileContent: SplitContent {
    /// Rows and bytes of columns of one split; what goes beyond is left for another.
    static let splitRows = 1 << 16
    static let splitColumnBytes = 16 << 20
    static let longestRecordBytes = 1 << 30
    /// Read behind a split at once: most lines end there.
    static let readBehind = 4096

    private let description: FileSourceDescription
    private let list: SourceFileList
    private let context: LinkContext
    private let scanner: any RecordScanner
    private let assigner: WatermarkAssigner?
    private let bytes: FileBytes
    private var metadata: FileMetadataColumns

    init(_ description: FileSourceDescription, _ list: SourceFileList, _ context: LinkContext) throws(JobFailure) {
        self.description = description
        self.list = list
        self.context = context
        scanner = description.format.makeScanner(
            columns: description.columns, predicates: description.predicates,
            badRecords: context.badRecords)
        if let strategy = description.watermark {
            assigner = try WatermarkAssigner(strategy)
        } else {
            assigner = nil
        }
        bytes = FileBytes(context.files, usualBytes: description.pieceBytes + Self.readBehind)
        metadata = FileMetadataColumns(
            description.metadata, rowsPerBatch: description.rowsPerBatch,
            workingDirectory: context.files.workingDirectory)
    }

    var countsBytes: Bool { true }

    /// A record is held twice while its buffer grows, and once more as columns.
    private var longestRecord: Int { min(Self.longestRecordBytes, context.settings.memoryBytes / 4) }

    func read(_ split: Split) throws(JobFailure) -> SplitRows {
        let entry = list.entry(split.input)
        let file = SourceFile(path: entry.path, identity: entry.identity)
        let limit = entry.limitBytes
        var scan = SplitScan(split: split, entry: entry)
        var outcome =
            description.format.isLines
            ? try readLines(&scan, file, limit: limit) : try readRecords(&scan, file, limit: limit)
        outcome.path = entry.path
        outcome.source = entry.path
        let (files, format, columns) = (context.files, description.format, description.columns)
        outcome.records = { batch, firstLine in
            FileRecords(
                files: files, file: file, range: batch.place, firstLine: firstLine, format: format,
                columns: columns)
        }
        return outcome
    }

    // MARK: Lines

    private func readLines(_ scan: inout SplitScan, _ file: SourceFile, limit: Int) throws(JobFailure) -> SplitRows {
        let (a, b) = (scan.start, scan.end)
        let from = max(0, a - 1)
        try bytes.begin(file, from: from, to: b + Self.readBehind, limit: limit)
        let begin = a == 0 ? behindByteOrderMark() : bytes.behindNewline(in: from..<b - 1)
        guard let begin else { return scan.nothing() }
        guard let end = try endOfLines(from: begin, split: b) else {
            // The lines in front of the one that is too long may be bad.
            let line = bytes.behindLastNewline(in: begin..<max(begin, b - 1)) ?? begin
            if let failure = scanAll(&scan, begin..<line, isFinal: false) { return scan.failed(failure) }
            return scan.failed(tooLong(scan, file))
        }
        let isEnded = end > begin && bytes.bytes(end - 1..<end)[0] == 0x0A
        if let failure = scanAll(&scan, begin..<end, isFinal: !isEnded && list.endsForGood) {
            return scan.failed(failure)
        }
        if scan.isFull { return scan.rows(end: min(scan.at, b), nil) }
        // A byte-order mark belongs to the line behind it.
        if !isEnded && !list.endsForGood { return scan.rows(end: scan.at == begin && a == 0 ? 0 : scan.at, limit) }
        precondition(scan.at == end, "a scan takes all whole lines")
        return scan.rows(end: b, nil)
    }

    private func behindByteOrderMark() -> Int {
        bytes.end >= 3 && bytes.bytes(0..<3).elementsEqual([0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// Where the last line ends that begins before `split`; the file's end where it has none. nil: it is too long.
    private func endOfLines(from begin: Int, split: Int) throws(JobFailure) -> Int? {
        var searched = max(begin, split - 1)
        while true {
            if searched < bytes.end, let end = bytes.behindNewline(in: searched..<bytes.end) { return end }
            searched = max(searched, bytes.end)
            if bytes.end >= bytes.limit { return max(begin, bytes.limit) }
            let line = bytes.behindLastNewline(in: begin..<max(begin, split - 1)) ?? begin
            let size = bytes.end - line
            guard size <= longestRecord else { return nil }
            try bytes.extend(to: min(bytes.end + max(size, 64 << 10), line + longestRecord + 1))
        }
    }

    private func tooLong(_ scan: SplitScan, _ file: SourceFile) -> (SplitSum) -> JobFailure {
        let (lines, longest) = (scan.lines, longestRecord)
        return { carry in
            JobFailure(
                .data, "\(file.path):\(carry.records &+ lines &+ 1): a record of more than \(byteText(longest))",
                hint: "a larger --memory takes longer ones, up to \(byteText(Self.longestRecordBytes))")
        }
    }

    // MARK: CSV

    private func readRecords(_ scan: inout SplitScan, _ file: SourceFile, limit: Int) throws(JobFailure) -> SplitRows {
        guard let carry = scan.split.carry else { preconditionFailure("a file of CSV is read in order") }
        scan.isAtStart = carry.records == 0
        try bytes.begin(file, from: scan.start, to: scan.end, limit: limit)
        beginOrContinue(scan)
        while true {
            let isWhole = bytes.end >= limit
            if let failure = scanAll(&scan, scan.at..<bytes.end, isFinal: isWhole && list.endsForGood) {
                return scan.failed(failure)
            }
            if scan.at > scan.start || isWhole {
                // Where the source ends for good a scan takes all there is.
                let isStalled = isWhole && scan.at < bytes.end && !scan.isFull
                return scan.rows(end: isStalled || scan.at < bytes.end ? scan.at : bytes.end, isStalled ? limit : nil)
            }
            let size = bytes.end - scan.start
            guard size < longestRecord else { return scan.failed(tooLong(scan, file)) }
            try bytes.extend(to: scan.start + min(2 * size, longestRecord))
        }
    }

    private func beginOrContinue(_ scan: SplitScan) {
        if scan.isAtStart && scan.lines == 0 { scanner.beginFile() } else { scanner.continueFile() }
    }

    // MARK: Scanning

    /// Scans whole records, up to the limit of a split. Gives what makes the first mistake.
    private func scanAll(
        _ scan: inout SplitScan, _ range: Range<Int>, isFinal: Bool
    ) -> ((SplitSum) -> JobFailure)? {
        scan.at = range.lowerBound
        while scan.at < range.upperBound, !scan.isFull {
            let outcome: ScanOutcome
            do throws(BadRecord) {
                outcome = try scanner.scan(
                    bytes.bytes(scan.at..<range.upperBound), isFinal: isFinal, maxRows: description.rowsPerBatch)
            } catch {
                return firstMistake(error, scan, upTo: range.upperBound)
            }
            if outcome.consumedBytes == 0 { return nil }
            var (batch, bad) = batch(outcome, end: scan.at + outcome.consumedBytes, scan.entry)
            if let first = bad.first {
                guard context.badRecords != .fail else { return mistake(first, batch, outcome, scan) }
                if context.badRecords == .quarantine { addRejected(bad, outcome, &batch) }
                leaveOut(bad.map(\.row), &batch)
                bad = []
            }
            batch.place = Int64(scan.at)..<batch.end
            if !batch.rejected.isEmpty { addBytes(to: &batch.rejected, outcome, from: scan.at) }
            scan.append(batch)
        }
        return nil
    }

    private func batch(
        _ outcome: ScanOutcome, end: Int, _ entry: SourceFileList.Entry
    ) -> (SplitBatch, bad: [(row: Int32, reason: String, place: SourcePlace?)]) {
        let columns = outcome.columns + metadata.columns(for: entry, rowCount: outcome.rowCount)
        var batch = SplitBatch(
            columns: columns, rowCount: outcome.rowCount, end: Int64(end),
            sum: SplitSum(records: Int64(outcome.consumedLines)))
        batch.rowKinds = outcome.rowKinds
        batch.recordIndexes = outcome.lineIndexes
        batch.skippedRecords = outcome.skippedRecords
        batch.nulledFields = outcome.nulledFields
        batch.rejected = outcome.rejected
        guard let assigner, outcome.rowCount > 0 else { return (batch, []) }
        let assigned = assigner.assign(columns, rowCount: outcome.rowCount)
        batch.watermarks = assigned.values
        if let rowtime = assigned.rowtime { batch.columns.append(rowtime) }
        if assigned.bad.isEmpty { batch.sum.greatest = assigned.values.reduce(.min, max) }
        return (batch, assigned.bad)
    }

    /// Without the records of these rows.
    private func leaveOut(_ bad: [Int32], _ batch: inout SplitBatch) {
        let records = batch.recordIndexes ?? []
        let out = Set(bad.map { records[Int($0)] })
        let kept = (0..<Int32(batch.rowCount)).filter { !out.contains(records[Int($0)]) }
        batch.columns = batch.columns.map { $0.take(kept) }
        batch.rowCount = kept.count
        batch.rowKinds = batch.rowKinds?.take(kept)
        batch.recordIndexes = batch.recordIndexes.map { indexes in kept.map { indexes[Int($0)] } }
        batch.watermarks = batch.watermarks.map { values in kept.map { values[Int($0)] } }
        batch.sum.greatest = (batch.watermarks ?? []).reduce(.min, max)
        if context.badRecords == .skip { batch.skippedRecords += out.count }
    }

    // MARK: Quarantine

    /// The records of these rows: of two rows of one record the first is told.
    private func addRejected(
        _ bad: [(row: Int32, reason: String, place: SourcePlace?)], _ outcome: ScanOutcome, _ batch: inout SplitBatch
    ) {
        var known: Set<Int> = []
        for (row, reason, place) in bad {
            let line = Int(outcome.lineIndexes[Int(row)])
            guard known.insert(line).inserted else { continue }
            batch.rejected.append(RejectedRecord(lineIndex: line, column: nil, reason: reason, place: place))
        }
    }

    private func addBytes(to rejected: inout [RejectedRecord], _ outcome: ScanOutcome, from start: Int) {
        rejected.sort { $0.lineIndex < $1.lineIndex }
        let input = bytes.bytes(start..<start + outcome.consumedBytes)
        let ranges = scanner.recordRanges(rejected.map(\.lineIndex), in: input)
        for (index, range) in ranges.enumerated() {
            rejected[index].bytes = Array(UnsafeRawBufferPointer(rebasing: input[range]))
        }
    }

    // MARK: Mistakes

    /// A record that the scanner refuses, unless a row in front of it, which the scanner has read in vain, is one.
    private func firstMistake(_ bad: BadRecord, _ scan: SplitScan, upTo end: Int) -> (SplitSum) -> JobFailure {
        if assigner != nil, bad.lineIndex > 0, let line = start(ofLine: bad.lineIndex, from: scan.at, upTo: end) {
            var before = scan
            if !description.format.isLines { beginOrContinue(scan) }
            if let earlier = scanAll(&before, scan.at..<line, isFinal: false) { return earlier }
        }
        let (path, lines, table) = (scan.entry.path, scan.lines, description.table)
        return { carry in
            let line = carry.records &+ lines &+ Int64(bad.lineIndex) &+ 1
            return JobFailure(
                .data, "\(path):\(line):\(bad.column): \(bad.reason)",
                detail: "a record of table \"\(table)\" does not fit",
                hint: "SET 'sluice.bad-records' = 'skip' leaves such records out and counts them")
        }
    }

    private func start(ofLine index: Int, from begin: Int, upTo end: Int) -> Int? {
        var at = begin
        for _ in 0..<index {
            guard let next = bytes.behindNewline(in: at..<end) else { return nil }
            at = next
        }
        return at
    }

    private func mistake(
        _ bad: (row: Int32, reason: String, place: SourcePlace?), _ batch: SplitBatch, _ outcome: ScanOutcome,
        _ scan: SplitScan
    ) -> (SplitSum) -> JobFailure {
        let lines = scan.lines &+ Int64(outcome.lineIndexes[Int(bad.row)])
        let row = RowText.describe(batch.columns, row: Int(bad.row))
        let place = bad.place.map { "at line \($0.line), column \($0.column) of the job, " } ?? ""
        let (path, table) = (scan.entry.path, description.table)
        return { carry in
            JobFailure(
                .data, "\(path):\(carry.records &+ lines &+ 1): \(bad.reason)",
                detail: place + "in the watermark of table \"\(table)\", on the row " + row,
                hint: "SET 'sluice.bad-records' = 'skip' leaves such records out and counts them")
        }
    }
}

/// What is scanned of a split so far.
private struct SplitScan {
    let split: Split
    let entry: SourceFileList.Entry
    /// Of the file: what comes next.
    var at: Int
    var lines: Int64 = 0
    var isAtStart = false
    private var batches: [SplitBatch] = []
    private var rowCount = 0
    private var columnBytes = 0

    init(split: Split, entry: SourceFileList.Entry) {
        self.split = split
        self.entry = entry
        at = Int(split.range.lowerBound)
    }

    var start: Int { Int(split.range.lowerBound) }
    var end: Int { Int(split.range.upperBound) }

    var isFull: Bool { rowCount >= FileContent.splitRows || columnBytes >= FileContent.splitColumnBytes }

    mutating func append(_ batch: SplitBatch) {
        at = Int(batch.end)
        lines &+= batch.sum.records
        rowCount += batch.rowCount
        columnBytes += batch.columns.reduce(0) { $0 + $1.sizeBytes }
        // Records that leave nothing go with those in front of them.
        if batch.rowCount == 0, let last = batches.indices.last {
            batches[last].end = batch.end
            batches[last].place = batches[last].place.lowerBound..<batch.place.upperBound
            batches[last].rejected += batch.rejected.map { record in
                var record = record
                record.lineIndex += Int(batches[last].sum.records)
                return record
            }
            batches[last].sum.add(batch.sum)
            batches[last].skippedRecords += batch.skippedRecords
            batches[last].nulledFields += batch.nulledFields
        } else {
            batches.append(batch)
        }
    }

    func nothing() -> SplitRows { SplitRows(end: split.range.upperBound).covered }

    /// - Parameter stalledAt: the length of the file, where a record at `end` has not ended.
    func rows(end: Int, _ stalledAt: Int?) -> SplitRows {
        var rows = SplitRows(batches: batches, end: Int64(end))
        if let last = batches.indices.last { rows.batches[last].end = Int64(end) }
        rows.stalledAt = stalledAt.map { Int64($0) }
        return end > start ? rows.covered : rows
    }

    func failed(_ failure: @escaping (SplitSum) -> JobFailure) -> SplitRows {
        var rows = SplitRows(end: split.range.lowerBound)
        rows.failure = failure
        return rows
    }
}

extension SplitRows {
    /// With a batch, of no rows, where there is none.
    fileprivate var covered: SplitRows {
        var rows = self
        if rows.batches.isEmpty { rows.batches = [SplitBatch(columns: [], rowCount: 0, end: end, sum: SplitSum())] }
        return rows
    }
}
