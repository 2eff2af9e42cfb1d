/// Why a kernel has no value for a row. Kernels report faults of the rows in scope that are not NULL, in row order.
package struct RowFault: Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case divisionByZero
        case overflow(DataType)
        /// The value as text.
        case outOfRange(value: String, type: DataType)
        /// The text, shortened.
        case malformed(text: String, type: DataType)
        /// An escape character that stands before nothing it could escape.
        case invalidEscape(pattern: String)
        /// A search took more steps than it may.
        case patternTooCostly
        /// The strings of a batch do not fit one column (2 GiB).
        case columnTooLarge
    }

    package var row: Int32
    package var reason: Reason

    package init(row: Int, reason: Reason) {
        self.row = Int32(truncatingIfNeeded: row)
        self.reason = reason
    }
}

extension RowFault.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .divisionByZero: "division by zero"
        case .overflow(let type): "\(type) overflow"
        case .outOfRange(let value, let type): "\(value) is out of range for \(type)"
        case .malformed(let text, let type): "cannot cast \"\(text)\" to \(type)"
        case .invalidEscape(let pattern): "invalid escape sequence in LIKE pattern \"\(pattern)\""
        case .patternTooCostly: "the regular expression takes too many steps on this text"
        case .columnTooLarge: "the strings of one batch exceed 2 GiB"
        }
    }

    /// At most `limit` characters of a text, with an ellipsis where it was cut. Control characters are written as
    /// `\u{…}`.
    static func shortened(_ bytes: UnsafeRawBufferPointer, limit: Int = 40) -> String {
        // Four bytes a code point at most: enough of a prefix to cut from.
        let text = String(decoding: bytes.prefix(limit * 4 + 4), as: UTF8.self)
        var short = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            if scalar.value < 0x20 || scalar.value == 0x7F {
                short += scalar.escaped(asASCII: true)
            } else {
                short.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.count > limit ? short + "…" : short
    }
}
