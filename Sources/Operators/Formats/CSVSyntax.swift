/// The characters of a CSV dialect; reader and writer share them.
package struct CSVSyntax: Hashable, Sendable {
    /// `csv.field-delimiter`
    package var fieldDelimiter: UInt8
    /// `csv.quote-character`; nil with `csv.disable-quote-character`.
    package var quote: UInt8?
    /// `csv.escape-character`: the character behind it is the character itself; `n`, `r`, `t` and `0` are LF, CR, TAB and NUL.
    package var escape: UInt8?

    package init(
        fieldDelimiter: UInt8 = UInt8(ascii: ","), quote: UInt8? = UInt8(ascii: "\""), escape: UInt8? = nil
    ) {
        self.fieldDelimiter = fieldDelimiter
        self.quote = quote
        self.escape = escape
    }

    /// What keeps these characters from being told apart, as the rest of a sentence that begins with the option; nil: nothing.
    package var problem: (option: String, reason: String)? {
        if !CSVSyntax.isFieldDelimiter(fieldDelimiter) {
            return ("csv.field-delimiter", "is one ASCII character other than a line end")
        }
        if let quote, !CSVSyntax.isMark(quote) {
            return ("csv.quote-character", "is one printable ASCII character other than a blank")
        }
        if let escape, !CSVSyntax.isMark(escape) {
            return ("csv.escape-character", "is one printable ASCII character other than a blank")
        }
        if quote == fieldDelimiter { return ("csv.quote-character", "differs from the field delimiter") }
        if escape == fieldDelimiter { return ("csv.escape-character", "differs from the field delimiter") }
        if let escape, escape == quote { return ("csv.escape-character", "differs from the quote character") }
        return nil
    }

    /// `csv.field-delimiter` as Flink reads it, with Java's escapes: `\t`, `\u0001`, `\1`. nil where it is not one character
    /// that can stand between fields.
    package static func fieldDelimiter(_ option: String) -> UInt8? {
        let scalars = Array(option.unicodeScalars)
        guard let scalar = scalars.count == 1 ? scalars[0] : unescaped(scalars), scalar.isASCII else { return nil }
        let byte = UInt8(truncatingIfNeeded: scalar.value)
        return isFieldDelimiter(byte) ? byte : nil
    }

    private static func isFieldDelimiter(_ byte: UInt8) -> Bool {
        byte < 0x80 && byte != 0 && byte != 0x0A && byte != 0x0D
    }

    private static func isMark(_ byte: UInt8) -> Bool { 0x21...0x7E ~= byte }

    /// One character from an escape of a Java string literal.
    private static func unescaped(_ text: [Unicode.Scalar]) -> Unicode.Scalar? {
        guard text.count > 1, text[0] == "\\" else { return nil }
        var digits = String(String.UnicodeScalarView(text.dropFirst()))
        if digits.hasPrefix("u") {
            digits.removeFirst(digits.prefix { $0 == "u" }.count)
            guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit) else { return nil }
            return UInt32(digits, radix: 16).flatMap { Unicode.Scalar($0) }
        }
        if digits.allSatisfy({ "0"..."7" ~= $0 }), digits.utf8.count <= 3 {
            return UInt32(digits, radix: 8).flatMap { Unicode.Scalar($0) }
        }
        let letters: [String: Unicode.Scalar] = [
            "t": "\t", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "\\": "\\", "\"": "\"", "'": "'",
        ]
        return letters[digits]
    }
}
