import Columnar
import Glibc

// From the row loop's storage to columns.

/// What one call takes.
struct JSONScanInput {
    /// The newline that a last line lacks, and what may be read behind it.
    static let paddingBytes = 1 + 64

    /// Lines with their ends.
    var lines: UnsafeBufferPointer<UInt8>
    /// Where the file's last line has no end and is taken too: a copy of it, and `paddingBytes` newlines.
    var tail: UnsafeBufferPointer<UInt8>
}

extension JSONLinesScanner {
    /// Scans into columns made for that.
    func fill(from input: JSONScanInput, rows: Int) -> ScanOutcome {
        var values = [Column?](repeating: nil, count: tree.fields.count)
        var consumed = 0
        let indexes = [Int32](unsafeUninitializedCapacity: rows) { buffer, count in
            lineIndexes = buffer.baseAddress!
            fillField(0, input, rows: rows, &values, &consumed)
            count = rowCount
        }
        var made: [Column] = []
        for (index, column) in columns.enumerated() {
            let field = tree.columnFields[index]
            if column.kind == .presence {
                made.append(.boolean(FixedColumn(presence(of: field))))
            } else if let column = values[field] {
                made.append(column)
            }
        }
        resetBitmaps()
        var outcome = ScanOutcome(
            columns: made, rowCount: rowCount, lineIndexes: indexes, consumedBytes: consumed, consumedLines: lineCount,
            skippedRecords: skippedRecords, nulledFields: nulledFields)
        outcome.rejected = rejected
        return outcome
    }

    /// Makes the array of field `index`, inside its closure those of the later ones, and inside the last one's the rows: so
    /// all arrays are written in place, through pointers that are valid.
    private func fillField(
        _ index: Int, _ input: JSONScanInput, rows: Int, _ values: inout [Column?], _ consumed: inout Int
    ) {
        guard index < tree.fields.count else {
            consumed = scanInput(input, rows: rows)
            return
        }
        switch tree.fields[index].content {
        case .object, .presence: fillField(index + 1, input, rows: rows, &values, &consumed)
        case .boolean:
            let array: [Bool] = fillFixed(index, input, rows: rows, &values, &consumed)
            values[index] = .boolean(FixedColumn(array, validity: validity(of: index)))
        case .int:
            let array: [Int32] = fillFixed(index, input, rows: rows, &values, &consumed)
            values[index] = .int(FixedColumn(array, validity: validity(of: index)))
        case .bigint:
            let array: [Int64] = fillFixed(index, input, rows: rows, &values, &consumed)
            values[index] = .bigint(FixedColumn(array, validity: validity(of: index)))
        case .date:
            let array: [Int32] = fillFixed(index, input, rows: rows, &values, &consumed)
            values[index] = .date(FixedColumn(array, validity: validity(of: index)))
        case .timestamp(let precision):
            let array: [Int64] = fillFixed(index, input, rows: rows, &values, &consumed)
            let times = FixedColumn(array, validity: validity(of: index))
            values[index] = .timestamps(times, TimestampUnit(precision: precision))
        case .double:
            let array: [Double] = fillFixed(index, input, rows: rows, &values, &consumed)
            values[index] = .double(FixedColumn(array, validity: validity(of: index)))
        case .string: fillStrings(index, input, rows: rows, &values, &consumed)
        }
    }

    /// Bytes taken.
    private func scanInput(_ input: JSONScanInput, rows: Int) -> Int {
        var consumed = 0
        if let start = input.lines.baseAddress, !input.lines.isEmpty {
            consumed = scanRows(from: start, to: start + input.lines.count, maxRows: rows) - start
        }
        guard let tail = input.tail.baseAddress, consumed == input.lines.count, rowCount < rows, failure == nil,
            !isStorageFull
        else {
            return consumed
        }
        let count = input.tail.count - JSONScanInput.paddingBytes
        let end = scanRows(from: tail, to: tail + count + 1, maxRows: rows)
        return end == tail ? consumed : consumed + count
    }

    private func fillFixed<Element>(
        _ index: Int, _ input: JSONScanInput, rows: Int, _ values: inout [Column?], _ consumed: inout Int
    ) -> [Element] {
        [Element](unsafeUninitializedCapacity: rows) { buffer, count in
            storage[index].values = UnsafeMutableRawPointer(buffer.baseAddress!)
            fillField(index + 1, input, rows: rows, &values, &consumed)
            count = rowCount
        }
    }

    private func fillStrings(
        _ index: Int, _ input: JSONScanInput, rows: Int, _ values: inout [Column?], _ consumed: inout Int
    ) {
        var arena: [UInt8] = []
        let offsets = [Int32](unsafeUninitializedCapacity: rows + 1) { offsets, offsetCount in
            offsets[0] = 0
            storage[index].offsets = offsets.baseAddress!
            let size = arenaBytes(of: index, inputBytes: input.lines.count + input.tail.count)
            arena = [UInt8](unsafeUninitializedCapacity: size) { bytes, byteCount in
                storage[index].arena = bytes.baseAddress!
                storage[index].arenaLimit = bytes.baseAddress! + (size - JSONColumnStorage.slackBytes)
                fillField(index + 1, input, rows: rows, &values, &consumed)
                byteCount = Int(offsets[rowCount])
            }
            offsetCount = rowCount + 1
        }
        if consumed >= Self.measuredBytes { storage[index].density = Double(arena.count) / Double(consumed) }
        values[index] = .string(StringColumn(offsets: offsets, bytes: arena, validity: validity(of: index)))
    }

    /// Room for a quarter more text than the last call had, or for as much as there can be: no string is longer than its line.
    private func arenaBytes(of index: Int, inputBytes: Int) -> Int {
        let expected = Int(Double(inputBytes) * storage[index].density * 1.25) + 4096
        return min(inputBytes, expected) + 2 * JSONColumnStorage.slackBytes
    }

    private func validity(of index: Int) -> Bitmap? {
        if storage[index].nullCount == 0 { return nil }
        let words = UnsafeBufferPointer(start: storage[index].validity, count: (rowCount + 63) / 64)
        return Bitmap(words: Array(words), count: rowCount)
    }

    private func presence(of field: Int) -> [Bool] {
        guard absentRows[field] > 0, let rows = presences[field] else {
            return [Bool](repeating: true, count: rowCount)
        }
        return Array(UnsafeBufferPointer(start: rows, count: rowCount))
    }

    /// Back to "nothing is NULL or absent", which the next call begins with.
    private func resetBitmaps() {
        for index in tree.fields.indices {
            if storage[index].nullCount > 0 {
                storage[index].validity.update(repeating: ~0, count: (rowCount + 63) / 64)
                storage[index].nullCount = 0
            }
            if absentRows[index] > 0 {
                presences[index]?.update(repeating: true, count: rowCount)
                absentRows[index] = 0
            }
        }
    }

    func emptyOutcome() -> ScanOutcome {
        let empty = columns.map { column -> Column in
            if column.kind == .presence { return .boolean(FixedColumn([])) }
            return switch column.type {
            case .boolean: .boolean(FixedColumn([]))
            case .int: .int(FixedColumn([]))
            case .bigint: .bigint(FixedColumn([]))
            case .double: .double(FixedColumn([]))
            case .date: .date(FixedColumn([]))
            case .timestamp(let precision): .timestamps(FixedColumn([]), TimestampUnit(precision: precision))
            case .string, .row: .string(StringColumn())
            }
        }
        return ScanOutcome(columns: empty, rowCount: 0, lineIndexes: [], consumedBytes: 0, consumedLines: 0)
    }
}

// MARK: - Bad records

extension JSONLinesScanner {
    /// The place behind a bad line that is left out; nil where it stops the scan, with `failure` or `isStorageFull` set.
    @inline(never)
    func skipBadLine(_ lineStart: JSONBytes, line: Int, end: JSONBytes) -> JSONBytes? {
        if case .fullStorage = fault.pointee.reason {
            isStorageFull = true
            return nil
        }
        guard let newline = memchr(lineStart, Int32(JSONGrammar.newline), end - lineStart) else {
            preconditionFailure("a scanned line has an end")
        }
        let lineEnd = UnsafePointer(newline.assumingMemoryBound(to: UInt8.self))
        if isLeftOut {
            skippedRecords += 1
            return lineEnd + 1
        }
        let column = (fault.pointee.at ?? lineStart) - lineStart + 1
        let bad = BadRecord(lineIndex: line, column: column, reason: reason(lineEnd: lineEnd))
        if options.badRecords == .quarantine {
            rejected.append(RejectedRecord(bad, firstLine: line))
            return lineEnd + 1
        }
        failure = bad
        return nil
    }

    private var isLeftOut: Bool {
        if options.badRecords == .skip { return true }
        switch fault.pointee.reason {
        case .misfit, .missing, .null: return false
        default: return options.ignoreParseErrors
        }
    }

    private func reason(lineEnd: JSONBytes) -> String {
        switch fault.pointee.reason {
        case .misfit(let field):
            let found = fault.pointee.at.map { excerpt($0, lineEnd: lineEnd) } ?? ""
            let field = tree.fields[field]
            return "expected \(field.expectation) for field \"\(field.title)\", found \(found)"
        case .missing(let field): return "field \"\(tree.fields[field].title)\" is missing"
        case .null(let field): return "field \"\(tree.fields[field].title)\" must not be NULL"
        default: return fault.pointee.grammarMessage
        }
    }

    /// A checked value's text, shortened.
    private func excerpt(_ start: JSONBytes, lineEnd: JSONBytes) -> String {
        var unused = fault.pointee
        guard let end = JSONGrammar.value(start, depth: 0, &unused) else { return "" }
        let text = String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
        return text.count <= 60 ? text : text.prefix(59) + "…"
    }
}
