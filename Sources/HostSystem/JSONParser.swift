// A text of RFC 8259, strictly: one value, nothing but white space around it, valid UTF-8, escapes that name characters.
// Of members with one name the last counts, at the place of the first. Depth is bounded, so that no text overflows the
// stack.

/// What is wrong with a text that should be JSON.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    package var message: String
    /// From the beginning of the text, in bytes.
    package var offset: Int

    package init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    package var description: String { "\(message), at byte \(offset)" }
}

extension JSONValue {
    /// Arrays and objects inside each other.
    package static let maximumDepth = 64

    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes)
        self = try parser.document()
    }

    package init(parsing text: String) throws(JSONSyntaxError) { try self.init(parsing: Array(text.utf8)) }
}

private struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONSyntaxError(message: "invalid UTF-8", offset: error.byteOffsets.lowerBound)
        }
        skipSpaces()
        let value = try value(depth: 0)
        skipSpaces()
        guard position == bytes.count else { throw fault("something follows the value") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard let next else { throw fault("the text ends where a value is expected") }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return try numeral()
        default: throw fault("a value is expected")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try checkDepth(depth)
        var members: [(String, JSONValue)] = []
        var places: [String: Int] = [:]
        position += 1
        skipSpaces()
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpaces()
            guard next == UInt8(ascii: "\"") else { throw fault("the name of a member is expected") }
            let name = try string()
            skipSpaces()
            guard take(UInt8(ascii: ":")) else { throw fault("':' is expected") }
            skipSpaces()
            let value = try value(depth: depth)
            skipSpaces()
            if let place = places[name] {
                members[place].1 = value
            } else {
                places[name] = members.count
                members.append((name, value))
            }
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw fault("',' or '}' is expected") }
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try checkDepth(depth)
        var items: [JSONValue] = []
        position += 1
        skipSpaces()
        if take(UInt8(ascii: "]")) { return .array(items) }
        repeat {
            skipSpaces()
            items.append(try value(depth: depth))
            skipSpaces()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw fault("',' or ']' is expected") }
        return .array(items)
    }

    private mutating func numeral() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if isAtDigit { throw fault("a number does not begin with 0") }
        } else {
            try digits()
        }
        if take(UInt8(ascii: ".")) { try digits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        return .numeral(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func digits() throws(JSONSyntaxError) {
        guard isAtDigit else { throw fault("a digit is expected") }
        while isAtDigit { position += 1 }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("a value is expected") }
        position += word.utf8.count
        return value
    }

    // MARK: Strings

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        var text = ""
        var start = position
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                text += String(decoding: bytes[start..<position], as: UTF8.self)
                position += 1
                return text
            case UInt8(ascii: "\\"):
                text += String(decoding: bytes[start..<position], as: UTF8.self)
                position += 1
                text.unicodeScalars.append(try escaped())
                start = position
            case 0..<0x20: throw fault("a control character in a string")
            default: position += 1
            }
        }
        throw fault("the text ends in a string")
    }

    private mutating func escaped() throws(JSONSyntaxError) -> Unicode.Scalar {
        let start = position - 1
        guard let byte = next else { throw fault("the text ends in a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedUTF16(from: start)
        default: throw JSONSyntaxError(message: "an unknown escape", offset: start)
        }
    }

    private mutating func escapedUTF16(from start: Int) throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try fourHexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            throw JSONSyntaxError(message: "half of a surrogate pair", offset: start)
        }
        let second = try fourHexDigits()
        guard 0xDC00...0xDFFF ~= second, let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + second - 0xDC00)
        else { throw JSONSyntaxError(message: "half of a surrogate pair", offset: start) }
        return scalar
    }

    private mutating func fourHexDigits() throws(JSONSyntaxError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let next, let digit = Character(Unicode.Scalar(next)).hexDigitValue else {
                throw fault("four hexadecimal digits are expected")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    // MARK: Bytes

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private var isAtDigit: Bool { next.map { 0x30...0x39 ~= $0 } ?? false }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpaces() {
        while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { position += 1 }
    }

    private func checkDepth(_ depth: Int) throws(JSONSyntaxError) {
        guard depth <= JSONValue.maximumDepth else {
            throw fault("more than \(JSONValue.maximumDepth) arrays and objects inside each other")
        }
    }

    private func fault(_ message: String) -> JSONSyntaxError { JSONSyntaxError(message: message, offset: position) }
}
