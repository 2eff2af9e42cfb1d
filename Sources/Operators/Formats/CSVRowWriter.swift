import CKernels
import Columnar

// The `csv` format: RFC 4180, quoted where Flink's writer (Jackson's) quotes, which is more often than a reader needs:
//
//  - text of more than 24 UTF-16 units, or with a byte up to the greatest of delimiter, quote and CR (a blank, for one), or
//    with the escape character (a backslash where there is none), and every timestamp;
//  - beyond Flink, a first field that a reader would take for a comment or a byte-order mark.
//
// Inside quotes the quote is doubled, and so is the escape character. NULL is the null literal, else nothing, as is an empty
// string. Without a quote character text is written as it is; where there is an escape character, delimiters and line ends
// are escaped then (Flink loses them), and what begins like a comment or a byte-order mark.

package final class CSVRowWriter: RowWriter {
    private let dialect: CSVDialect
    private let nullText: [UInt8]
    private let fieldCount: Int
    private var buffer = RowBuffer()

    package init(fields: [Field], options: CSVWriteOptions = CSVWriteOptions()) {
        precondition(options.syntax.problem == nil, "the binder refuses characters that cannot be told apart")
        dialect = CSVDialect(options.syntax)
        nullText = dialect.nullText(options.nullLiteral ?? "")
        fieldCount = fields.count
    }

    deinit { buffer.deallocate() }

    package func write(_ batch: Batch, to out: inout [UInt8]) {
        let isInsertOnly = batch.rowKinds?.allSatisfy { $0 == .insert } ?? true
        precondition(isInsertOnly, "the csv format takes inserts only; the planner refuses other results")
        withExtendedLifetime(batch) {
            let columns = RowColumns(batch)
            let dialect = dialect
            var buffer = buffer
            nullText.withUnsafeBytes { nullText in
                // A delimiter and two quotes a field; a short text may be copied in pieces of 16 bytes.
                let fieldBytes = 2 * TextFormatting.roomBytes + 3 + nullText.count
                let fixedBytes = fieldCount * fieldBytes + 64
                batch.forEachSelectedRow { row in
                    // Every byte of a text may be doubled.
                    buffer.reserve(fixedBytes + 2 * columns.textBytes(row), flushingTo: &out)
                    for index in 0..<columns.columns.count {
                        if index > 0 { buffer.put(dialect.delimiter) }
                        let column = columns.columns[index]
                        if column.isNull(row) {
                            buffer.putBytes(nullText)
                        } else if column.kind == .string {
                            let text = column.text(row)
                            buffer.putText(text, readableTo: column.bytesEnd, dialect, isFirst: index == 0)
                        } else {
                            buffer.putValue(column, row, dialect)
                        }
                    }
                    buffer.put(0x0A)
                }
            }
            buffer.flush(to: &out)
            self.buffer = buffer
        }
    }
}

/// What the syntax means for a writer.
private struct CSVDialect {
    let delimiter: UInt8
    /// 0: none.
    let quote: UInt8
    let escape: UInt8
    /// Text without bytes below this one and without `unsafe` needs no quotes.
    let leastSafe: UInt8
    let unsafe: UInt8
    /// Numbers, booleans and timestamps have none of the three characters in them.
    let valuesArePlain: Bool

    init(_ syntax: CSVSyntax) {
        delimiter = syntax.fieldDelimiter
        quote = syntax.quote ?? 0
        escape = syntax.escape ?? 0
        leastSafe = max(delimiter, quote, 0x0D) + 1
        unsafe = syntax.escape ?? UInt8(ascii: "\\")
        let ofValues = Set("0123456789+-.: TEINaefilnrstuy".utf8)
        valuesArePlain = !ofValues.contains(delimiter) && !ofValues.contains(quote) && !ofValues.contains(escape)
    }

    /// The text for NULL, in quotes or escaped only where it would fall apart without.
    func nullText(_ literal: String) -> [UInt8] {
        let bytes = Array(literal.utf8)
        func isDoubled(_ byte: UInt8) -> Bool { byte != 0 && (byte == quote || byte == escape) }
        let isApart = bytes.contains { $0 == delimiter || $0 == 0x0A || $0 == 0x0D || isDoubled($0) }
        guard isApart else { return bytes }
        if quote != 0 { return [quote] + bytes.flatMap { isDoubled($0) ? [$0, $0] : [$0] } + [quote] }
        return escape == 0 ? bytes : bytes.flatMap { $0 == delimiter || $0 == escape ? [escape, $0] : [$0] }
    }
}

extension RowBuffer {
    @inline(__always)
    fileprivate mutating func putBytes(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        at.copyMemory(from: base, byteCount: bytes.count)
        at += bytes.count
    }

    @inline(__always)
    fileprivate mutating func putText(
        _ text: UnsafeBufferPointer<UInt8>, readableTo readable: UnsafePointer<UInt8>, _ dialect: CSVDialect,
        isFirst: Bool
    ) {
        guard let begin = text.baseAddress, text.count > 0 else { return }
        let end = begin + text.count
        // The first byte of a comment, or of a byte-order mark.
        let isTaken = isFirst && (begin[0] == UInt8(ascii: "#") || begin[0] == 0xEF)
        guard dialect.quote != 0 else { return putUnquoted(text, dialect, isTaken: isTaken) }
        if text.count <= 72, !isTaken {
            let out = at.assumingMemoryBound(to: UInt8.self)
            let plain = Int(sluice_csv_plain(out, begin, end, readable, dialect.leastSafe, dialect.unsafe))
            if plain == text.count, plain <= 24 || RowBuffer.utf16Length(text) <= 24 {
                at += plain
                return
            }
        }
        putQuoted(begin, end, readable, dialect)
    }

    @inline(__always)
    private mutating func putQuoted(
        _ begin: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ readable: UnsafePointer<UInt8>,
        _ dialect: CSVDialect
    ) {
        put(dialect.quote)
        var from = begin
        let escape = dialect.escape == 0 ? dialect.quote : dialect.escape
        while true {
            let out = at.assumingMemoryBound(to: UInt8.self)
            let plain = Int(sluice_csv_undoubled(out, from, end, readable, dialect.quote, escape))
            at += plain
            from += plain
            guard from < end else { break }
            put(from[0])
            put(from[0])
            from += 1
        }
        put(dialect.quote)
    }

    @inline(never)
    private mutating func putUnquoted(_ text: UnsafeBufferPointer<UInt8>, _ dialect: CSVDialect, isTaken: Bool) {
        guard dialect.escape != 0 else { return putBytes(UnsafeRawBufferPointer(text)) }
        if isTaken { put(dialect.escape) }
        for byte in text {
            switch byte {
            case dialect.escape, dialect.delimiter:
                put(dialect.escape)
                put(byte)
            case 0x0A:
                put(dialect.escape)
                put(UInt8(ascii: "n"))
            case 0x0D:
                put(dialect.escape)
                put(UInt8(ascii: "r"))
            default: put(byte)
            }
        }
    }

    private static func utf16Length(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var units = 0
        for byte in text where byte & 0xC0 != 0x80 { units += byte >= 0xF0 ? 2 : 1 }
        return units
    }

    @inline(__always)
    fileprivate mutating func putValue(_ column: RowColumn, _ row: Int, _ dialect: CSVDialect) {
        // A date is text to Flink's writer: it depends on the delimiter whether it is quoted.
        guard dialect.valuesArePlain, column.kind != .date else { return putOddValue(column, row, dialect) }
        if column.kind == .timestamp || column.kind == .timestampMicros, dialect.quote != 0 {
            put(dialect.quote)
            at += RowBuffer.write(column, row, to: at)
            put(dialect.quote)
        } else {
            at += RowBuffer.write(column, row, to: at)
        }
    }

    /// A value that may have a delimiter, a quote or an escape character in it.
    @inline(never)
    private mutating func putOddValue(_ column: RowColumn, _ row: Int, _ dialect: CSVDialect) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: TextFormatting.roomBytes) { room in
            guard let start = room.baseAddress else { return }
            let count = RowBuffer.write(column, row, to: UnsafeMutableRawPointer(start))
            let text = UnsafeBufferPointer(start: start, count: count)
            putText(text, readableTo: start + count, dialect, isFirst: false)
        }
    }

    @inline(__always)
    private static func write(_ column: RowColumn, _ row: Int, to out: UnsafeMutableRawPointer) -> Int {
        switch column.kind {
        case .boolean:
            let text: StaticString = column.value(row, as: Bool.self) ? "true" : "false"
            out.copyMemory(from: text.utf8Start, byteCount: text.utf8CodeUnitCount)
            return text.utf8CodeUnitCount
        case .int: return TextFormatting.write(Int64(column.value(row, as: Int32.self)), to: out)
        case .bigint: return TextFormatting.write(column.value(row, as: Int64.self), to: out)
        case .double: return TextFormatting.write(column.value(row, as: Double.self), to: out)
        case .timestamp, .timestampMicros:
            let time = column.value(row, as: Int64.self)
            return TextFormatting.writeTimestamp(time, column.timestampUnit, style: .sql, to: out)
        case .date: return TextFormatting.writeDate(days: column.value(row, as: Int32.self), to: out)
        case .string: return 0
        }
    }
}
