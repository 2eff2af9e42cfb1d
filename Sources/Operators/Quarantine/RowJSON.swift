import Columnar

/// Rows as JSON objects, for quarantine: of rows that have no bytes of their own.
struct RowJSON {
    private let writer: JSONRowWriter

    init(_ fields: [Field]) { writer = JSONRowWriter(fields: fields) }

    /// Values of records are named by their whole path.
    init(_ columns: [ScanColumn]) {
        self.init(columns.map { Field($0.path.joined(separator: "."), $0.kind == .presence ? .boolean : $0.type) })
    }

    /// - Shape: `rows` are rows of the batch, before any selection; their kinds are not told.
    func texts(of rows: some Sequence<Int32>, in batch: Batch) -> [[UInt8]] {
        var row = Batch(columns: batch.columns, rowCount: batch.rowCount)
        return rows.map { index in
            row.selection = [index]
            var text: [UInt8] = []
            writer.write(row, to: &text)
            // Its line end.
            text.removeLast()
            return text
        }
    }
}
