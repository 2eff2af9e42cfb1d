import Columnar
import Dataflow
import Glibc
import HostSystem

// Reads the files of a table one after the other, in path order, up to the lengths they had at the start.
//
// Bytes are read in pieces into one buffer; the scanner takes whole records from its beginning, and what is left moves to
// the front before the next piece. A record longer than the buffer makes it grow. Behind the data 64 bytes are always
// readable, as scanners need. What was consumed is proven at a restart by checksums of its first and last 64 KiB.

package struct FileSourceDescription: SourceDescription {
    package var operatorID: UInt32
    package var table: String
    package var path: String
    package var format: SourceFormat
    package var columns: [ScanColumn]
    package var predicates: [ScanPredicate]

    package init(
        operatorID: UInt32, table: String, path: String, format: SourceFormat, columns: [ScanColumn],
        predicates: [ScanPredicate]
    ) {
        self.operatorID = operatorID
        self.table = table
        self.path = path
        self.format = format
        self.columns = columns
        self.predicates = predicates
    }

    package var isBounded: Bool { true }

    package func makeInput(_ context: LinkContext) throws(JobFailure) -> any SourceInput {
        FileSourceInput(FileSource(self, context))
    }
}

extension FileSourceDescription {
    package func unread(since position: [UInt8], files: any FileSystem) throws(JobFailure) -> [UnreadInput] {
        let before = try FilePosition.decode(position, table: table)
        var consumed: [String: Int] = [:]
        for file in before.files { consumed[file.path] = file.limitBytes }
        var unread: [UnreadInput] = []
        for file in before.files { try file.verify(files) }
        // Inputs may be taken away once they are read.
        let isThere = try JobFailure.onFiles("looking for '\(path)'") { () throws(FileError) in try files.exists(path) }
        guard isThere else { return [] }
        for file in try FileInventory(files: files).list(path, table: table) {
            let more = file.limitBytes - (consumed[file.path] ?? 0)
            if more > 0 { unread.append(UnreadInput(path: file.path, bytes: more)) }
        }
        return unread
    }
}

extension FileSourceDescription {
    package func checkInputs(files: any FileSystem) throws(JobFailure) {
        _ = try FileInventory(files: files).list(path, table: table)
    }
}

extension FilePosition {
    static func decode(_ bytes: [UInt8], table: String) throws(JobFailure) -> FilePosition {
        do throws(CorruptBytes) {
            return try FilePosition(decoding: bytes)
        } catch {
            throw JobFailure(.damage, "the position of table \"\(table)\" cannot be read: \(error)")
        }
    }
}

/// All is read by the first subtask.
///
/// `@unchecked Sendable`: the source is used by its reader's thread, and by the one that commits while the reader stands
/// still.
final class FileSourceInput: SourceInput, @unchecked Sendable {
    private let source: FileSource

    init(_ source: FileSource) { self.source = source }

    func restore(from position: [UInt8]?) throws(JobFailure) { try source.restore(from: position) }
    func makeReader(_ context: LinkContext) throws(JobFailure) -> any Source {
        context.subtask == 0 ? source : ExhaustedSource()
    }
    func position() throws(JobFailure) -> [UInt8] { try source.position() }
    func look() {}
    var lookIntervalNanoseconds: Int64? { nil }
}

/// Has nothing to give.
final class ExhaustedSource: Source {
    var watermark: WatermarkStatus? { nil }
    func read() -> SourceProgress { .exhausted }
    func prepareBarrier() {}
}

package final class FileSource: Source {
    package var watermark: WatermarkStatus? { nil }
    package func prepareBarrier() {}

    static let pieceBytes = 1 << 20
    static let longestRecordBytes = 1 << 30
    static let rowsPerBatch = 4096
    static let readableBehind = 64

    private let description: FileSourceDescription
    private let context: LinkContext
    private let scanner: any RecordScanner
    private var place = FilePosition(files: [])

    private var handle: (any FileHandle)?
    private var buffer: UnsafeMutableRawBufferPointer
    /// The bytes of the buffer that hold data not yet consumed.
    private var filled = 0..<0
    /// Where in the file the next piece begins.
    private var readOffset = 0

    package init(_ description: FileSourceDescription, _ context: LinkContext) {
        self.description = description
        self.context = context
        scanner = description.format.makeScanner(
            columns: description.columns, predicates: description.predicates,
            skipsBadRecords: context.settings.skipsBadRecords)
        buffer = .allocate(byteCount: Self.pieceBytes + Self.readableBehind, alignment: 64)
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        handle?.close()
        buffer.deallocate()
    }

    // MARK: Positions

    package func restore(from position: [UInt8]?) throws(JobFailure) {
        if let position {
            place = try FilePosition.decode(position, table: description.table)
            for file in place.files { try file.verify(context.files) }
            let listsAnew = place.isOpenEnded && !context.settings.readsWhatIsThere
            if context.settings.listsInputsAnew || listsAnew { try listAnew() }
        } else {
            place = FilePosition(files: try inventory())
        }
        place.isOpenEnded = context.settings.readsWhatIsThere
        let total = place.files.reduce(0) { $0 + $1.limitBytes }
        context.metrics.add(total, to: context.metrics.bytesTotal)
        context.metrics.add(place.files.reduce(0) { $0 + $1.consumedBytes }, to: context.metrics.bytesRead)
    }

    private func inventory() throws(JobFailure) -> [FilePosition.File] {
        try FileInventory(files: context.files).list(description.path, table: description.table)
    }

    /// After a run that took what was there: the files and lengths of now, each read on from where it stands.
    private func listAnew() throws(JobFailure) {
        var known: [String: FilePosition.File] = [:]
        for file in place.files { known[file.path] = file }
        var files: [FilePosition.File] = []
        for var file in try inventory() {
            if var before = known.removeValue(forKey: file.path) {
                before.limitBytes = file.limitBytes
                file = before
            }
            files.append(file)
        }
        // Files that are gone keep their place in the record: they are never read again under their name.
        files += known.values.filter { $0.consumedBytes > 0 }.sorted { $0.path < $1.path }.map { gone in
            var gone = gone
            gone.limitBytes = gone.consumedBytes
            return gone
        }
        place = FilePosition(files: files)
    }

    package func position() throws(JobFailure) -> [UInt8] {
        if place.current < place.files.count { try prove(place.current) }
        return place.encoded()
    }

    /// Brings the checksums of a file up to what is consumed of it.
    private func prove(_ index: Int) throws(JobFailure) {
        let file = place.files[index]
        guard let handle, file.consumedBytes > 0 else { return }
        let proof = min(file.consumedBytes, FilePosition.proofBytes)
        let sums = try JobFailure.onFiles("reading '\(file.path)'") { () throws(FileError) in
            (
                head: try FileProof.checksum(handle, 0, proof),
                tail: try FileProof.checksum(handle, file.consumedBytes - proof, proof)
            )
        }
        place.files[index].headChecksum = sums.head
        place.files[index].tailChecksum = sums.tail
    }

    // MARK: Reading

    package func read() throws(JobFailure) -> SourceProgress {
        guard place.current < place.files.count else { return .exhausted }
        if handle == nil {
            if place.files[place.current].consumedBytes >= place.files[place.current].limitBytes {
                place.current += 1
                return .nothing
            }
            try openCurrent()
        }
        let file = place.files[place.current]
        let isWhole = readOffset >= file.limitBytes
        let data = UnsafeRawBufferPointer(rebasing: buffer[filled])
        if data.isEmpty && isWhole {
            try finishFile()
            return .nothing
        }
        let outcome: ScanOutcome
        do throws(BadRecord) {
            outcome = try scanner.scan(
                data, isFinal: isWhole && !context.settings.readsWhatIsThere, maxRows: Self.rowsPerBatch)
        } catch {
            throw badRecord(error, file)
        }
        if outcome.consumedBytes == 0 {
            if isWhole { try finishFile() } else { try fill(file) }
            return .nothing
        }
        consume(outcome)
        guard outcome.rowCount > 0 else { return .nothing }
        let firstLine = file.consumedLines + 1
        let lines = outcome.lineIndexes.map { firstLine + Int64($0) }
        return .batch(
            Batch(
                columns: outcome.columns, rowCount: outcome.rowCount,
                origin: BatchOrigin(path: file.path, lines: lines)))
    }

    private func consume(_ outcome: ScanOutcome) {
        filled = filled.lowerBound + outcome.consumedBytes..<filled.upperBound
        place.files[place.current].consumedBytes += outcome.consumedBytes
        place.files[place.current].consumedLines += Int64(outcome.consumedLines)
        let metrics = context.metrics
        metrics.add(outcome.consumedLines, to: metrics.rowsIn)
        metrics.add(outcome.consumedBytes, to: metrics.bytesRead)
        if outcome.skippedRecords > 0 { metrics.add(outcome.skippedRecords, to: metrics.skippedRecords) }
        if outcome.nulledFields > 0 { metrics.add(outcome.nulledFields, to: metrics.nulledFields) }
    }

    private func openCurrent() throws(JobFailure) {
        let file = place.files[place.current]
        filled = 0..<0
        readOffset = file.consumedBytes
        handle = try JobFailure.onFiles("opening '\(file.path)'") { () throws(FileError) in
            try context.files.open(file.path, .read)
        }
        try fill(file)
        // A byte-order mark alone is no line: what follows it is still the beginning.
        if file.consumedLines > 0 {
            scanner.continueFile()
        } else {
            scanner.beginFile()
            if file.consumedBytes == 0 { skipByteOrderMark() }
        }
    }

    private func skipByteOrderMark() {
        let data = buffer[filled]
        guard data.count >= 3, data.prefix(3).elementsEqual([0xEF, 0xBB, 0xBF]) else { return }
        filled = filled.lowerBound + 3..<filled.upperBound
        place.files[place.current].consumedBytes += 3
    }

    /// Moves what is left to the front, and reads the next piece behind it.
    private func fill(_ file: FilePosition.File) throws(JobFailure) {
        if filled.lowerBound > 0 {
            memmove(buffer.baseAddress!, buffer.baseAddress! + filled.lowerBound, filled.count)
            filled = 0..<filled.count
        }
        if buffer.count - Self.readableBehind - filled.count < Self.pieceBytes / 2 { try grow(file) }
        let room = min(buffer.count - Self.readableBehind - filled.count, file.limitBytes - readOffset)
        guard let handle, room > 0 else { return }
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[filled.upperBound..<filled.upperBound + room])
        let got = try JobFailure.onFiles("reading '\(file.path)'") { () throws(FileError) in
            try handle.read(into: target, at: readOffset)
        }
        guard got > 0 else {
            throw JobFailure(
                .world, "'\(file.path)' has become shorter than the \(file.limitBytes) bytes it had at the start")
        }
        filled = filled.lowerBound..<filled.upperBound + got
        readOffset += got
    }

    /// A record is held twice while its buffer grows, and once more as columns.
    private var longestRecordBytes: Int { min(Self.longestRecordBytes, context.settings.memoryBytes / 4) }

    private func grow(_ file: FilePosition.File) throws(JobFailure) {
        let size = min(buffer.count * 2, longestRecordBytes + Self.readableBehind)
        guard size > buffer.count else {
            throw JobFailure(
                .data, "\(file.path):\(file.consumedLines + 1): a record of more than \(byteText(longestRecordBytes))",
                hint: "a larger --memory takes longer ones, up to \(byteText(Self.longestRecordBytes))")
        }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        larger.initializeMemory(as: UInt8.self, repeating: 0)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[filled]))
        filled = 0..<filled.count
        buffer.deallocate()
        buffer = larger
    }

    /// All of the current file is read that will be; an unterminated line may be left for a later start.
    private func finishFile() throws(JobFailure) {
        try prove(place.current)
        handle?.close()
        handle = nil
        place.current += 1
    }

    private func badRecord(_ error: BadRecord, _ file: FilePosition.File) -> JobFailure {
        let line = file.consumedLines + Int64(error.lineIndex) + 1
        return JobFailure(
            .data, "\(file.path):\(line):\(error.column): \(error.reason)",
            detail: "a record of table \"\(description.table)\" does not fit",
            hint: "SET 'sluice.bad-records' = 'skip' leaves such records out and counts them")
    }
}
