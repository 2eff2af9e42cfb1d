import Columnar

/// A row as an error shows it: `[alice, 3, null]`, long strings shortened.
package enum RowText {
    private static let longestString = 60

    static func describe(_ columns: [Column], row: Int) -> String {
        "[" + columns.map { value($0, row) }.joined(separator: ", ") + "]"
    }

    /// Of one value.
    package static func value(_ column: Column, _ row: Int) -> String {
        if column.isNull(row) { return "null" }
        switch column {
        case .boolean(let c): return c.values[row] ? "true" : "false"
        case .int(let c): return String(c.values[row])
        case .bigint(let c): return String(c.values[row])
        case .double(let c): return String(c.values[row])
        case .timestamp(let c):
            var text: [UInt8] = []
            TextFormatting.appendTimestamp(c.values[row], .milliseconds, style: .fixed(digits: 3), to: &text)
            return String(decoding: text, as: UTF8.self)
        case .timestampMicros(let c):
            var text: [UInt8] = []
            TextFormatting.appendTimestamp(c.values[row], .microseconds, style: .fixed(digits: 6), to: &text)
            return String(decoding: text, as: UTF8.self)
        case .date(let c):
            var text: [UInt8] = []
            TextFormatting.appendDate(days: c.values[row], to: &text)
            return String(decoding: text, as: UTF8.self)
        case .string(let c):
            let text = String(decoding: c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])], as: UTF8.self)
            return text.count > longestString ? "'" + text.prefix(longestString) + "…'" : "'" + text + "'"
        }
    }
}
