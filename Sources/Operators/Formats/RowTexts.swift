import Columnar

/// Makes of each ROW the text of a JSON object, for forms of output that have values alone. A ROW that is not there is NULL.
package struct RowTexts {
    private struct Part {
        /// Of the field's leaves, among all of them.
        var leaves: Range<Int>
        /// nil: the field is no ROW.
        var writer: JSONRowWriter?
    }

    /// `{"":` before a ROW, written as the only field of an object.
    private static let prefixBytes = 4

    /// Of the result: none of them is a ROW.
    package let fields: [Field]
    private let parts: [Part]

    package init(_ fields: [Field]) {
        var parts: [Part] = []
        var next = 0
        for field in fields {
            let count = ScanColumn.leaves(of: [field]).count
            var part = Part(leaves: next..<next + count)
            if case .row = field.type { part.writer = JSONRowWriter(fields: [Field("", field.type)]) }
            parts.append(part)
            next += count
        }
        self.parts = parts
        self.fields = fields.map { field in
            if case .row = field.type { Field(field.name, .string, isNullable: field.isNullable) } else { field }
        }
    }

    /// - Parameter batch: a column for each leaf, all rows count.
    package func apply(_ batch: Batch) -> Batch {
        guard parts.contains(where: { $0.writer != nil }) else { return batch }
        var result = batch
        result.columns = parts.map { part in
            guard let writer = part.writer else { return batch.columns[part.leaves.lowerBound] }
            return Self.texts(Array(batch.columns[part.leaves]), batch.rowCount, writer)
        }
        return result
    }

    private static func texts(_ leaves: [Column], _ rowCount: Int, _ writer: JSONRowWriter) -> Column {
        guard case .boolean(let isThere) = leaves[0] else { preconditionFailure("a ROW's first leaf is its presence") }
        var lines: [UInt8] = []
        writer.write(Batch(columns: leaves, rowCount: rowCount), to: &lines)
        var texts = StringColumn()
        for (row, line) in lines.split(separator: 0x0A).enumerated() {
            if isThere.values[row] { texts.bytes += line.dropFirst(prefixBytes).dropLast() }
            texts.offsets.append(Int32(truncatingIfNeeded: texts.bytes.count))
        }
        if isThere.values.contains(false) { texts.validity = Bitmap(packing: isThere.values) }
        return .string(texts)
    }
}
