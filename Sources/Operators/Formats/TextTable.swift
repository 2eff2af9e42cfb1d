import Columnar

// A result as people read it:
//
//      name  |  n
//     -------+----
//      alice |  2
//      NULL  | 14
//
// Columns are as wide as their widest cell, in cells of the terminal; numbers stand to the right. A character that does not
// show, a line end among them, is written as its escape, so that a row is a line and nothing in it moves the cursor. All
// rows are measured before the first is written.

package struct TextTable {
    private let names: [String]
    private let isNumeric: [Bool]
    private var widths: [Int]

    package init(fields: [Field]) {
        names = fields.map { Self.shown($0.name.unicodeScalars).text }
        isNumeric = fields.map(\.type.isNumeric)
        widths = fields.map { Self.shown($0.name.unicodeScalars).cells }
    }

    /// Makes room for the rows of a batch.
    package mutating func measure(_ batch: Batch) {
        withExtendedLifetime(batch) {
            let columns = RowColumns(batch).columns
            for index in columns.indices {
                var width = widths[index]
                batch.forEachSelectedRow { width = max(width, Self.cell(columns[index], $0).cells) }
                widths[index] = width
            }
        }
    }

    /// The two lines above the rows.
    package var header: String {
        let line = names.indices.map { index in
            padded(names[index], Self.shown(names[index].unicodeScalars).cells, index, isRight: isNumeric[index])
        }
        let rule = widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "+")
        return Self.trimmed(line.joined(separator: "|")) + "\n" + rule + "\n"
    }

    package func write(_ batch: Batch, to out: inout [UInt8]) {
        withExtendedLifetime(batch) {
            let columns = RowColumns(batch).columns
            batch.forEachSelectedRow { row in
                let cells = columns.indices.map { index in
                    let (text, cells) = Self.cell(columns[index], row)
                    return padded(text, cells, index, isRight: isNumeric[index])
                }
                out += Self.trimmed(cells.joined(separator: "|")).utf8
                out.append(0x0A)
            }
        }
    }

    private func padded(_ text: String, _ cells: Int, _ column: Int, isRight: Bool) -> String {
        let blanks = String(repeating: " ", count: max(0, widths[column] - cells))
        return isRight ? " \(blanks)\(text) " : " \(text)\(blanks) "
    }

    private static func trimmed(_ line: String) -> String {
        guard let last = line.lastIndex(where: { $0 != " " }) else { return "" }
        return String(line[...last])
    }

    private static func cell(_ column: RowColumn, _ row: Int) -> (text: String, cells: Int) {
        guard !column.isNull(row) else { return ("NULL", 4) }
        var bytes: [UInt8] = []
        switch column.kind {
        case .boolean: bytes += (column.value(row, as: Bool.self) ? "TRUE" : "FALSE").utf8
        case .int: TextFormatting.append(Int64(column.value(row, as: Int32.self)), to: &bytes)
        case .bigint: TextFormatting.append(column.value(row, as: Int64.self), to: &bytes)
        case .double: TextFormatting.append(column.value(row, as: Double.self), to: &bytes)
        case .timestamp, .timestampMicros:
            TextFormatting.appendTimestamp(
                column.value(row, as: Int64.self), column.timestampUnit, style: .sql, to: &bytes)
        case .date: TextFormatting.appendDate(days: column.value(row, as: Int32.self), to: &bytes)
        case .string:
            let text = column.text(row)
            if text.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
                return (String(decoding: text, as: UTF8.self), text.count)
            }
            return shown(String(decoding: text, as: UTF8.self).unicodeScalars)
        }
        return (String(decoding: bytes, as: UTF8.self), bytes.count)
    }

    private static func shown(_ scalars: String.UnicodeScalarView) -> (text: String, cells: Int) {
        var text = ""
        var cells = 0
        for scalar in scalars {
            if TerminalText.isShown(scalar) {
                text.unicodeScalars.append(scalar)
                cells += TerminalText.cells(of: scalar)
            } else {
                let escape = TerminalText.escape(scalar)
                text += escape
                cells += escape.utf8.count
            }
        }
        return (text, cells)
    }
}
