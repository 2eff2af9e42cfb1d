import Operators

/// A stretch of the file, in bytes, with the place where it begins.
package struct SourceSpan: Hashable, Sendable {
    package var start: Int32
    package var end: Int32
    package var line: Int32
    package var column: Int32

    /// From the beginning of this one to the end of `other`.
    func through(_ other: SourceSpan) -> SourceSpan {
        SourceSpan(start: start, end: max(end, other.end), line: line, column: column)
    }

    /// The empty stretch at its end, of which only the position matters.
    static let none = SourceSpan(start: 0, end: 0, line: 1, column: 1)
}

/// The text of one SQL file: UTF-8, checked.
package final class SourceText: Sendable {
    package let bytes: [UInt8]

    /// - Errors: bytes that are not UTF-8, or more of them than a span can number.
    package init(_ bytes: [UInt8]) throws(SQLError) {
        guard bytes.count < Int(Int32.max) else {
            throw SQLError("the file is larger than 2 GiB", place: SQLPlace(line: 1, column: 1, length: 1))
        }
        self.bytes = bytes
        try checkUTF8()
    }

    func text(_ span: SourceSpan) -> String {
        String(decoding: bytes[Int(span.start)..<Int(span.end)], as: UTF8.self)
    }

    func place(_ span: SourceSpan) -> SQLPlace {
        var length = 0
        for byte in bytes[Int(span.start)..<Int(span.end)] {
            if byte == UInt8(ascii: "\n") { break }
            if byte & 0xC0 != 0x80 { length += 1 }
        }
        return SQLPlace(line: Int(span.line), column: Int(span.column), length: max(1, length))
    }

    func error(_ message: String, at span: SourceSpan, detail: String? = nil, hint: String? = nil) -> SQLError {
        SQLError(message, detail: detail, hint: hint, place: place(span))
    }

    /// For what the dialect has and this version does not.
    func notSupported(_ name: String, at span: SourceSpan, hint: String? = nil) -> SQLError {
        error("\(name) is not supported yet", at: span, hint: hint)
    }

    /// The place an expression carries to its rows: white space is folded, and the text is at most 60 characters.
    func sourcePlace(_ span: SourceSpan) -> SourcePlace {
        let start = Int(span.start)
        let end = min(Int(span.end), start + 240)
        var text = ""
        var count = 0
        var pendingSpace = false
        for scalar in String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars {
            if scalar.properties.isWhitespace {
                pendingSpace = !text.isEmpty
                continue
            }
            if pendingSpace {
                text += " "
                count += 1
                pendingSpace = false
            }
            if count >= 59 {
                text += "…"
                break
            }
            text.unicodeScalars.append(scalar)
            count += 1
        }
        return SourcePlace(line: Int(span.line), column: Int(span.column), text: text)
    }

    private func checkUTF8() throws(SQLError) {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var line = 1
        var column = 1
        while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: return
            case .error:
                throw SQLError(
                    "the file is not UTF-8", detail: "the bytes at this place are no character",
                    place: SQLPlace(line: line, column: column, length: 1))
            case .scalarValue("\n"):
                line += 1
                column = 1
            case .scalarValue: column += 1
            }
        }
    }
}
