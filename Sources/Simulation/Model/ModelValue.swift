// A value of a row as the reference model sees it, and as JSON writes it. Nothing here is shared with the engine's columns
// and formats: two mistakes that agree would not be seen.

/// Strings are bytes: two texts are equal where their bytes are.
package enum ModelValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case double(Double)
    case text([UInt8])
    /// Milliseconds since 1970-01-01 00:00:00, in the year 2026.
    case timestamp(Int64)

    package static func text(_ text: String) -> ModelValue { .text(Array(text.utf8)) }

    package var isNull: Bool { self == .null }

    /// Of two values of one type, neither NULL. Texts compare by their bytes.
    package func isLess(than other: ModelValue) -> Bool {
        switch (self, other) {
        case (.integer(let a), .integer(let b)), (.timestamp(let a), .timestamp(let b)): a < b
        case (.double(let a), .double(let b)): a < b
        case (.text(let a), .text(let b)): a.lexicographicallyPrecedes(b)
        default: preconditionFailure("values of one type are compared")
        }
    }
}

extension ModelValue {
    /// As the `json` format writes it.
    package var json: String {
        switch self {
        case .null: "null"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)"
        case .text(let bytes): "\"" + Self.escaped(bytes) + "\""
        case .timestamp(let milliseconds): "\"" + ModelTimestamp.text(milliseconds) + "\""
        }
    }

    private static func escaped(_ bytes: [UInt8]) -> String {
        var text = ""
        for character in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch character {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }

    /// As SQL writes a constant.
    var sql: String {
        switch self {
        case .null: "NULL"
        case .integer(let value): "\(value)"
        case .double(let value): "\(value)e0"
        case .text(let bytes): "'" + String(decoding: bytes, as: UTF8.self).replacing("'", with: "''") + "'"
        case .timestamp(let milliseconds): "TIMESTAMP '\(ModelTimestamp.text(milliseconds))'"
        }
    }
}

/// Times of the year 2026.
package enum ModelTimestamp {
    /// 2026-01-01 00:00:00
    package static let yearBegin: Int64 = 1_767_225_600_000
    private static let daysOfMonths: [Int64] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

    /// `2026-01-01 00:00:00.5`: zeros at the end of the fraction are cut.
    package static func text(_ milliseconds: Int64) -> String {
        let since = milliseconds - yearBegin
        precondition(since >= 0 && since < 365 * 86_400_000, "the model's times are in 2026")
        var day = since / 86_400_000
        var month = 0
        while day >= daysOfMonths[month] {
            day -= daysOfMonths[month]
            month += 1
        }
        let second = since / 1000
        var text = "2026-\(digits(Int64(month + 1), 2))-\(digits(day + 1, 2)) "
        text += "\(digits(second / 3600 % 24, 2)):\(digits(second / 60 % 60, 2)):\(digits(second % 60, 2))"
        var fraction = digits(since % 1000, 3)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return fraction.isEmpty ? text : text + "." + fraction
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let text = "\(value)"
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
