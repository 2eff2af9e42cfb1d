// A JSON reader that is as simple as it can be, to compare the scanner with: recursive descent over one line, one enum.

indirect enum JSONDocument: Equatable {
    case null
    case boolean(Bool)
    /// As written.
    case number(String)
    case string(String)
    case array([JSONDocument])
    case object([(name: String, value: JSONDocument)])

    static func == (a: JSONDocument, b: JSONDocument) -> Bool { a.compact == b.compact }

    /// What a STRING column makes of it.
    var compact: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[" + elements.map(\.compact).joined(separator: ",") + "]"
        case .object(let fields):
            "{" + fields.map { Self.quoted($0.name) + ":" + $0.value.compact }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{8}": out += "\\b"
            case "\t": out += "\\t"
            case "\n": out += "\\n"
            case "\u{c}": out += "\\f"
            case "\r": out += "\\r"
            case "\0"..<" ":
                let hex = String(scalar.value, radix: 16, uppercase: true)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

struct JSONReferenceParser {
    struct Rejection: Error {}

    private let bytes: [UInt8]
    private var place = 0

    /// The one object that `line` is; throws where it is none.
    static func object(in line: [UInt8]) throws -> JSONDocument {
        var parser = JSONReferenceParser(bytes: line)
        parser.spaces()
        guard parser.peek == UInt8(ascii: "{") else { throw Rejection() }
        let document = try parser.value(depth: 0)
        parser.spaces()
        guard parser.place == line.count else { throw Rejection() }
        return document
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take() throws -> UInt8 {
        guard let byte = peek else { throw Rejection() }
        place += 1
        return byte
    }

    private mutating func spaces() {
        while let byte = peek, [0x20, 0x09, 0x0D].contains(byte) { place += 1 }
    }

    private mutating func expect(_ text: String) throws {
        for byte in text.utf8 where try take() != byte { throw Rejection() }
    }

    private mutating func value(depth: Int) throws -> JSONDocument {
        switch peek {
        case UInt8(ascii: "{"): return try objectBody(depth: depth + 1)
        case UInt8(ascii: "["): return try arrayBody(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return .number(try number())
        }
    }

    private mutating func objectBody(depth: Int) throws -> JSONDocument {
        if depth > 512 { throw Rejection() }
        try expect("{")
        spaces()
        var fields: [(String, JSONDocument)] = []
        if peek == UInt8(ascii: "}") {
            place += 1
            return .object([])
        }
        while true {
            spaces()
            let name = try string()
            spaces()
            try expect(":")
            spaces()
            fields.append((name, try value(depth: depth)))
            spaces()
            let byte = try take()
            if byte == UInt8(ascii: "}") { return .object(fields) }
            if byte != UInt8(ascii: ",") { throw Rejection() }
        }
    }

    private mutating func arrayBody(depth: Int) throws -> JSONDocument {
        if depth > 512 { throw Rejection() }
        try expect("[")
        spaces()
        var elements: [JSONDocument] = []
        if peek == UInt8(ascii: "]") {
            place += 1
            return .array([])
        }
        while true {
            spaces()
            elements.append(try value(depth: depth))
            spaces()
            let byte = try take()
            if byte == UInt8(ascii: "]") { return .array(elements) }
            if byte != UInt8(ascii: ",") { throw Rejection() }
        }
    }

    private mutating func digits() throws -> String {
        var text = ""
        while let byte = peek, (0x30...0x39).contains(byte) {
            text.unicodeScalars.append(Unicode.Scalar(byte))
            place += 1
        }
        if text.isEmpty { throw Rejection() }
        return text
    }

    private mutating func number() throws -> String {
        var text = ""
        if peek == UInt8(ascii: "-") {
            place += 1
            text = "-"
        }
        let whole = try digits()
        if whole.count > 1, whole.hasPrefix("0") { throw Rejection() }
        text += whole
        if peek == UInt8(ascii: ".") {
            place += 1
            text += "." + (try digits())
        }
        if let byte = peek, byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            place += 1
            text.unicodeScalars.append(Unicode.Scalar(byte))
            if let sign = peek, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
                place += 1
                text.unicodeScalars.append(Unicode.Scalar(sign))
            }
            text += try digits()
        }
        return text
    }

    private mutating func string() throws -> String {
        try expect("\"")
        // UTF-16 units of escapes are joined with those of the text, then lone surrogates become U+FFFD.
        var units: [UInt16] = []
        var raw: [UInt8] = []
        func flush(_ raw: inout [UInt8], _ units: inout [UInt16]) throws {
            guard let text = String(validating: raw, as: UTF8.self) else { throw Rejection() }
            units += Array(text.utf16)
            raw = []
        }
        while true {
            let byte = try take()
            if byte == UInt8(ascii: "\"") { break }
            if byte < 0x20 { throw Rejection() }
            if byte == UInt8(ascii: "\\") {
                try flush(&raw, &units)
                units.append(try escape())
            } else {
                raw.append(byte)
            }
        }
        try flush(&raw, &units)
        return String(decoding: units, as: UTF16.self)
    }

    private mutating func escape() throws -> UInt16 {
        switch try take() {
        case UInt8(ascii: "\""): return 0x22
        case UInt8(ascii: "\\"): return 0x5C
        case UInt8(ascii: "/"): return 0x2F
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"):
            var unit: UInt16 = 0
            for _ in 0..<4 {
                guard let digit = Character(Unicode.Scalar(try take())).hexDigitValue else { throw Rejection() }
                unit = unit << 4 | UInt16(digit)
            }
            return unit
        default: throw Rejection()
        }
    }
}
