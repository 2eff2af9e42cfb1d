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
    var absentRows: [Int]
    var fault = JSONFault(reason: .noValue, at: nil)
    /// The row being read is judged by predicates only at its end.
    var isCareful = false
    var failure: BadRecord?

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
            let column = JSONColumnStorage(
                timestampUnit: field.timestampUnit, timestampSeparator: timestampSeparator)
            (storage + index).initialize(to: column)
        }
        stack = .allocate(capacity: stretches.levelLimit)
        presences = [UnsafeMutablePointer<Bool>?](repeating: nil, count: tree.fields.count)
        absentRows = [Int](repeating: 0, count: tree.fields.count)
    }

    deinit {
        freeBitmaps()
        masks.deallocate()
        storage.deallocate()
        stack.deallocate()
    }

    /// JSON lines have no header, and what has been learned serves the next file.
    package func beginFile() {}

    package func scan(
        _ input: UnsafeRawBufferPointer, isFinal: Bool, maxRows: Int
    ) throws(BadRecord) -> ScanOutcome {
        let bytes = input.bindMemory(to: UInt8.self)
        let region = try wholeLines(of: bytes)
        let isTail = region.isEmpty && isFinal && !bytes.isEmpty
        let rowLimit = max(0, min(maxRows, (isTail ? bytes.count : region.count) / 2 + 1))
        if rowLimit == 0 || (region.isEmpty && !isTail) { return emptyOutcome() }
        begin(rows: rowLimit)
        var consumed = 0
        let outcome =
            if isTail {
                withTerminated(bytes) { fill(from: $0, rows: rowLimit, &consumed) }
            } else {
                fill(from: region, rows: rowLimit, &consumed)
            }
        if let failure { throw failure }
        var result = outcome
        result.consumedBytes = min(consumed, bytes.count)
        return result
    }

    /// The lines of the input that end in it, so many as one call takes.
    private func wholeLines(of bytes: UnsafeBufferPointer<UInt8>) throws(BadRecord) -> UnsafeBufferPointer<UInt8> {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return UnsafeBufferPointer(rebasing: bytes[..<0]) }
        let newline = Int32(JSONGrammar.newline)
        let probe = min(bytes.count, Self.regionBytes)
        var length = probe
        while length > 0, start[length - 1] != JSONGrammar.newline { length -= 1 }
        if length == 0, let next = memchr(start + probe, newline, bytes.count - probe) {
            length = UnsafeRawPointer(next) - UnsafeRawPointer(start) + 1
        }
        if max(length, length == 0 ? bytes.count : 0) > Self.maximumLineBytes {
            throw BadRecord(lineIndex: 0, column: 1, reason: JSONFault(reason: .tooLong, at: nil).grammarMessage)
        }
        return UnsafeBufferPointer(rebasing: bytes[..<length])
    }

    /// A last line without an end, with one.
    private func withTerminated(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> ScanOutcome
    ) -> ScanOutcome {
        let line = [UInt8](unsafeUninitializedCapacity: bytes.count + 1 + 64) { buffer, count in
            count = bytes.count + 1 + 64
            buffer.baseAddress!.update(from: bytes.baseAddress!, count: bytes.count)
            (buffer.baseAddress! + bytes.count).update(repeating: JSONGrammar.newline, count: 65)
        }
        return line.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<(bytes.count + 1)])) }
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
        failure = nil
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
