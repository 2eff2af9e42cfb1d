import CKernels
import Columnar

/// What a text says as a value of a type.
enum CSVReading<Value> {
    case value(Value)
    case null
    case misfit
}

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
    let syntax: CSVSyntax
    let nullLiteral: UnsafeBufferPointer<UInt8>?

    @inline(__always)
    func field(_ index: Int) -> CSVField { fields[Int(rows[index]) &* slotCount &+ slot] }

    /// Whether the null literal may be text that numbers and timestamps begin with.
    var nullLiteralLooksNumeric: Bool {
        guard let first = nullLiteral?.first else { return false }
        return "0123456789+-. \t".utf8.contains(first)
    }

    @inline(__always)
    func trimmedText(_ field: CSVField) -> UnsafeRawBufferPointer {
        CSVCells.trimmed(UnsafeRawBufferPointer(start: base + Int(field.offset), count: field.length))
    }

    /// Without blanks and controls on both sides, as Java's `String.trim`.
    @inline(__always)
    static func trimmed(_ text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var (begin, end) = (0, text.count)
        while begin < end, text[begin] <= 0x20 { begin += 1 }
        while begin < end, text[end - 1] <= 0x20 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[begin..<end])
    }

    @inline(never)
    func reading<Value: CSVFieldValue>(of field: CSVField) -> CSVReading<Value> {
        if field.isMissing || isNullLiteral(field) { return .null }
        if field.isEscaped { return withPlainText(field) { CSVReading(CSVCells.trimmed($0)) } }
        return CSVReading(trimmedText(field))
    }

    @inline(__always)
    func isNullLiteral(_ field: CSVField) -> Bool {
        guard let nullLiteral, field.length >= nullLiteral.count else { return false }
        return isText(field, nullLiteral)
    }

    @inline(never)
    private func isText(_ field: CSVField, _ literal: UnsafeBufferPointer<UInt8>) -> Bool {
        if !field.isEscaped {
            return UnsafeBufferPointer(start: base + Int(field.offset), count: field.length).elementsEqual(literal)
        }
        guard field.length <= 2 * literal.count else { return false }
        return withPlainText(field) { $0.elementsEqual(literal) }
    }

    /// The value of an escaped field.
    func withPlainText<Answer>(_ field: CSVField, _ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: field.length) { plain in
            let count = unescape(field, to: plain.baseAddress.unsafelyUnwrapped)
            return body(UnsafeRawBufferPointer(UnsafeMutableBufferPointer(rebasing: plain[..<count])))
        }
    }

    /// Copies a text without its escapes, and with every doubled quote single. - Output: the bytes written.
    func unescape(_ field: CSVField, to out: UnsafeMutablePointer<UInt8>) -> Int {
        var from = Int(field.offset)
        let end = from + field.length
        // What stands before a field that is not quoted is a delimiter, a line end or a blank.
        let doubled = from > 0 && base[from - 1] == syntax.quote ? syntax.quote : nil
        var count = 0
        while from < end {
            var byte = base[from]
            if byte == doubled {
                from += 1
            } else if byte == syntax.escape {
                from += 1
                byte = CSVCells.meaning(of: base[from])
            }
            out[count] = byte
            count += 1
            from += 1
        }
        return count
    }

    /// Of the character behind an escape character.
    private static func meaning(of byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "0"): 0
        default: byte
        }
    }
}

extension CSVReading where Value: CSVFieldValue {
    fileprivate init(_ text: UnsafeRawBufferPointer) {
        if text.count == 0 {
            self = .null
        } else if let value = Value(text) {
            self = .value(value)
        } else {
            self = .misfit
        }
    }
}
