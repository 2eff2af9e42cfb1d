import Columnar

/// One slot of some records of a chunk: the texts that become a column's values.
struct CSVCells {
    let base: UnsafePointer<UInt8>
    let fields: UnsafePointer<CSVField>
    let slotCount: Int
    let slot: Int
    /// Records of the chunk, ascending.
    let rows: UnsafeBufferPointer<Int32>
    /// No text of the records together is longer.
    let spanBytes: Int
    let nullLiteral: UnsafeBufferPointer<UInt8>?

    @inline(__always)
    func field(_ index: Int) -> CSVField { fields[Int(rows[index]) &* slotCount &+ slot] }

    /// Without blanks and controls on both sides, as Java's `String.trim`.
    @inline(__always)
    func trimmedText(_ field: CSVField) -> UnsafeRawBufferPointer {
        var begin = Int(field.offset)
        var end = begin + field.length
        while begin < end, base[begin] <= 0x20 { begin += 1 }
        while begin < end, base[end - 1] <= 0x20 { end -= 1 }
        return UnsafeRawBufferPointer(start: base + begin, count: end - begin)
    }

    @inline(__always)
    func isNullLiteral(_ field: CSVField) -> Bool {
        guard let nullLiteral else { return false }
        return isText(field, nullLiteral)
    }

    @inline(never)
    private func isText(_ field: CSVField, _ literal: UnsafeBufferPointer<UInt8>) -> Bool {
        if !field.isEscaped {
            return UnsafeBufferPointer(start: base + Int(field.offset), count: field.length).elementsEqual(literal)
        }
        guard field.length <= 2 * literal.count else { return false }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: field.length) { plain in
            let count = unescape(field, to: plain.baseAddress.unsafelyUnwrapped)
            return plain[..<count].elementsEqual(literal)
        }
    }

    /// Copies a text with every doubled quote single. - Output: the bytes written.
    func unescape(_ field: CSVField, to out: UnsafeMutablePointer<UInt8>) -> Int {
        var from = Int(field.offset)
        let end = from + field.length
        var count = 0
        while from < end {
            let byte = base[from]
            out[count] = byte
            count += 1
            from += byte == CSVRecordCutter.quote ? 2 : 1
        }
        return count
    }
}

/// A value of fixed width that CSV text can say.
protocol CSVFieldValue {
    init?(_ text: UnsafeRawBufferPointer)
    static var underNull: Self { get }
}

extension Bool: CSVFieldValue {
    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.boolean(text) else { return nil }
        self = value
    }
    static var underNull: Bool { false }
}

extension Int32: CSVFieldValue {
    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.int32(text) else { return nil }
        self = value
    }
    static var underNull: Int32 { 0 }
}

extension Int64: CSVFieldValue {
    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.int64(text) else { return nil }
        self = value
    }
    static var underNull: Int64 { 0 }
}

extension Double: CSVFieldValue {
    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.double(text) else { return nil }
        self = value
    }
    static var underNull: Double { 0 }
}

/// Milliseconds, from `2026-01-01 00:00:00.5`.
struct CSVTimestamp: CSVFieldValue {
    let milliseconds: Int64

    init?(_ text: UnsafeRawBufferPointer) {
        guard let value = TextParsing.timestampMilliseconds(text, format: .sql) else { return nil }
        milliseconds = value
    }

    private init(milliseconds: Int64) { self.milliseconds = milliseconds }
    static var underNull: CSVTimestamp { CSVTimestamp(milliseconds: 0) }
}
