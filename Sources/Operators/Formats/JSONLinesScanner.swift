import Columnar
import Glibc

// JSON lines into columns. A call takes the whole lines of its input (a last one without an end is read from a copy that
// has one), makes arrays for the columns, pins them, runs the row loop over them, and cuts them to the rows that were kept.

/// Reads JSON lines: one object per line, every line checked whole (RFC 8259, UTF-8), asked-for fields converted.
///
/// A lone surrogate escape becomes U+FFFD in a STRING; objects and arrays in a STRING column become compact JSON with
/// numbers and repeated names as written; empty lines are passed over; the last of equal names wins.
package final class JSONLinesScanner: RecordScanner {
    /// Longer lines are refused: a string column's offsets have 31 bits.
    package static let maximumLineBytes = 1 << 30
    /// So much input is taken per call, unless one line is longer.
    static let regionBytes = 16 << 20
    /// A call that took less says nothing of how much text there is.
    static let measuredBytes = 64 << 10

    let columns: [ScanColumn]
    let options: JSONReadOptions
    let tree: JSONFields
    let tests: [JSONTest]
    let stretches: JSONStretches
    let masks: JSONRowMasks
    /// One per field.
    let storage: UnsafeMutablePointer<JSONColumnStorage>
    /// Stretches whose objects are open.
    let stack: UnsafeMutablePointer<Int32>
    let timestampSeparator: UInt8
    /// Where a field's presence is written, if it is asked for; all true between calls, as validity is all set.
    private(set) var presences: [UnsafeMutablePointer<Bool>?]
    private var bitmapRows = 0

    // Of the call that runs.
    var lineIndexes = UnsafeMutablePointer<Int32>(bitPattern: 64)!
    var rowCount = 0
    var lineCount = 0
    var skippedRecords = 0
    var nulledFields = 0
    var rejected: [RejectedRecord] = []
    var absentRows: [Int]
    /// Why the line being read is bad, once something has found it so.
    let fault: UnsafeMutablePointer<JSONFault>
    /// The row being read is judged by predicates only at its end.
    var isCareful = false
    var failure: BadRecord?
    /// The call has ended early, since a string column had no more room.
    var isStorageFull = false

    package init(columns: [ScanColumn], predicates: [ScanPredicate], options: JSONReadOptions) {
        self.columns = columns
        self.options = options
        let tree = JSONFields(columns: columns, predicates: predicates)
        self.tree = tree
        tests = predicates.map {
            JSONTest($0, column: columns[$0.column], field: tree.columnFields[$0.column])
        }
        masks = JSONRowMasks(fields: tree.fields)
        // Predicates on presence are decided at the row's end, so no row is plain.
        if tests.contains(where: \.isOfPresence) { masks.complete[masks.wordCount] = 2 }
        stretches = JSONStretches(tree, unaskedField: masks.unaskedField)
        timestampSeparator = UInt8(ascii: options.timestampFormat == .sql ? " " : "T")
        storage = .allocate(capacity: max(1, tree.fields.count))
        for (index, field) in tree.fields.enumerated() {
            let column = JSONColumnStorage(for: field, timestampSeparator: timestampSeparator)
            (storage + index).initialize(to: column)
        }
        fault = .allocate(capacity: 1)
        fault.initialize(to: JSONFault(reason: .noValue, at: nil))
        stack = .allocate(capacity: stretches.levelLimit)
        presences = [UnsafeMutablePointer<Bool>?](repeating: nil, count: tree.fields.count)
        absentRows = [Int](repeating: 0, count: tree.fields.count)
    }

    deinit {
        freeBitmaps()
        masks.deallocate()
        storage.deallocate()
        stack.deallocate()
        fault.deallocate()
    }

    /// JSON lines have no header, and what has been learned serves the next file.
    package func beginFile() {}
    package func continueFile() {}

    package func scan(
        _ input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int
    ) throws(BadRecord) -> ScanOutcome {
        let bytes = input.bindMemory(to: UInt8.self)
        let lines = try wholeLines(of: bytes)
        let tail = isFinal ? unendedLine(in: bytes, behind: lines.count) : []
        // A kept row takes two bytes at least, and its line's end.
        let rows = min(maxRows, (lines.count + tail.count) / 3 + 1)
        if rows <= 0 || (lines.isEmpty && tail.isEmpty) { return emptyOutcome() }
        return try tail.withUnsafeBufferPointer { (tail) throws(BadRecord) in
            let input = JSONScanInput(lines: lines, tail: tail)
            var outcome = try attempt(input, rows: rows)
            if isStorageFull {
                // There is much more text than before: make room for any. What has been read goes back as it is.
                for field in tree.fields.indices { storage[field].density = 1 }
                if outcome.consumedBytes == 0 { outcome = try attempt(input, rows: rows) }
            }
            return outcome
        }
    }

    package func recordRanges(_ lines: [Int], in input: UnsafeRawBufferPointer) -> [Range<Int>] {
        LineRanges.find(lines, in: input)
    }

    private func attempt(_ input: JSONScanInput, rows: Int) throws(BadRecord) -> ScanOutcome {
        begin(rows: rows)
        let outcome = fill(from: input, rows: rows)
        if let failure { throw failure }
        return outcome
    }

    /// The lines of the input that end in it, so many as one call takes.
    private func wholeLines(of bytes: UnsafeBufferPointer<UInt8>) throws(BadRecord) -> UnsafeBufferPointer<UInt8> {
        guard let start = bytes.baseAddress else { return bytes }
        let probe = min(bytes.count, Self.regionBytes)
        var length = probe
        while length > 0, start[length - 1] != JSONGrammar.newline { length -= 1 }
        if length == 0, let next = memchr(start + probe, Int32(JSONGrammar.newline), bytes.count - probe) {
            length = UnsafeRawPointer(next) - UnsafeRawPointer(start) + 1
        }
        if length > Self.maximumLineBytes || (length == 0 && bytes.count > Self.maximumLineBytes) {
            throw BadRecord(lineIndex: 0, column: 1, reason: JSONFault(reason: .tooLong, at: nil).grammarMessage)
        }
        return UnsafeBufferPointer(rebasing: bytes[..<length])
    }

    /// The last line, where it has no end: a copy that has one, and the bytes behind it that the row loop may read.
    private func unendedLine(in bytes: UnsafeBufferPointer<UInt8>, behind place: Int) -> [UInt8] {
        let count = bytes.count - place
        guard count > 0, count <= Self.maximumLineBytes, place <= Self.regionBytes, let start = bytes.baseAddress,
            memchr(start + place, Int32(JSONGrammar.newline), count) == nil
        else { return [] }
        let size = count + JSONScanInput.paddingBytes
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            buffer.baseAddress!.update(from: start + place, count: count)
            (buffer.baseAddress! + count).update(repeating: JSONGrammar.newline, count: JSONScanInput.paddingBytes)
            initialized = size
        }
    }

    private func begin(rows: Int) {
        if rows > bitmapRows {
            freeBitmaps()
            allocateBitmaps(rows: rows)
        }
        rowCount = 0
        lineCount = 0
        skippedRecords = 0
        nulledFields = 0
        rejected = []
        failure = nil
        isStorageFull = false
        masks.clear()
    }

    private func allocateBitmaps(rows: Int) {
        bitmapRows = rows
        for index in tree.fields.indices {
            storage[index].validity = .allocate(capacity: (rows + 63) / 64)
            storage[index].validity.initialize(repeating: ~0, count: (rows + 63) / 64)
        }
        for (index, column) in columns.enumerated() where column.kind == .presence {
            let field = tree.columnFields[index]
            if presences[field] != nil { continue }
            let rowsPresent = UnsafeMutablePointer<Bool>.allocate(capacity: rows)
            rowsPresent.initialize(repeating: true, count: rows)
            presences[field] = rowsPresent
            masks.presences[field >> 6] |= JSONRowMasks.bit(field)
        }
    }

    private func freeBitmaps() {
        if bitmapRows == 0 { return }
        for index in tree.fields.indices {
            storage[index].validity.deallocate()
            presences[index]?.deallocate()
            presences[index] = nil
        }
        bitmapRows = 0
    }
}
