import Columnar

/// The options of the JSON formats that concern writing.
package struct JSONWriteOptions: Hashable, Sendable {
    /// `json.timestamp-format.standard`: `.sql` or `.iso8601`.
    package var timestampStyle: TextFormatting.TimestampStyle

    package init(timestampStyle: TextFormatting.TimestampStyle = .sql) { self.timestampStyle = timestampStyle }
}

/// The `json` format: a line `{"a":1,"b":null}` per row. It has no place for a row kind: rows are inserts.
package final class JSONRowWriter: RowWriter {
    private let layout: JSONObjectLayout
    private var buffer = RowBuffer()

    package init(fields: [Field], options: JSONWriteOptions = JSONWriteOptions()) {
        layout = JSONObjectLayout(fields: fields, timestampStyle: options.timestampStyle)
    }

    deinit {
        layout.deallocate()
        buffer.deallocate()
    }

    package func write(_ batch: Batch, to out: inout [UInt8]) {
        let isInsertOnly = batch.rowKinds?.allSatisfy { $0 == .insert } ?? true
        precondition(isInsertOnly, "the json format takes inserts only; the planner refuses other results")
        withExtendedLifetime(batch) {
            let columns = RowColumns(batch)
            let layout = layout
            var buffer = buffer
            batch.forEachSelectedRow { row in
                buffer.reserve(layout.mostBytes(textBytes: columns.textBytes(row)), flushingTo: &out)
                buffer.at = layout.write(columns, row: row, to: buffer.at)
                buffer.put(0x0A)
            }
            buffer.flush(to: &out)
            self.buffer = buffer
        }
    }
}
