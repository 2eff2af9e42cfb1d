import Columnar

// The `debezium-json` format: {"before":{…},"after":{…},"op":"u"} per change.
//
//   +I, and a +U without its -U      c   before null
//   -D, and a -U without its +U      d   after null
//   -U and the +U right behind it    u   both
//
// Flink writes an update as d and c; readers of the format take both.

package final class DebeziumJSONWriter: RowWriter {
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
        withExtendedLifetime(batch) {
            let columns = RowColumns(batch)
            let layout = layout
            var buffer = buffer
            // The -U before this row, while its +U may be this one.
            var before: Int?
            batch.forEachSelectedRow { row in
                // Two objects, and the words around them.
                let beforeBytes = before.map { columns.textBytes($0) } ?? 0
                let most =
                    layout.mostBytes(textBytes: columns.textBytes(row)) + layout.mostBytes(textBytes: beforeBytes)
                buffer.reserve(most + 256, flushingTo: &out)
                let kind = batch.rowKinds?[row] ?? .insert
                if let old = before {
                    before = nil
                    if kind == .updateAfter, row == old + 1 {
                        buffer.putChange(layout, columns, before: old, after: row, "u")
                        return
                    }
                    buffer.putChange(layout, columns, before: old, after: nil, "d")
                }
                switch kind {
                case .insert, .updateAfter: buffer.putChange(layout, columns, before: nil, after: row, "c")
                case .delete: buffer.putChange(layout, columns, before: row, after: nil, "d")
                case .updateBefore: before = row
                }
            }
            if let old = before {
                buffer.reserve(layout.mostBytes(textBytes: columns.textBytes(old)) + 256, flushingTo: &out)
                buffer.putChange(layout, columns, before: old, after: nil, "d")
            }
            buffer.flush(to: &out)
            self.buffer = buffer
        }
    }
}

extension RowBuffer {
    @inline(__always)
    fileprivate mutating func putChange(
        _ layout: JSONObjectLayout, _ columns: RowColumns, before: Int?, after: Int?, _ operation: StaticString
    ) {
        put("{\"before\":")
        putObject(layout, columns, before)
        put(",\"after\":")
        putObject(layout, columns, after)
        put(",\"op\":\"")
        put(operation)
        put("\"}\n")
    }

    @inline(__always)
    private mutating func putObject(_ layout: JSONObjectLayout, _ columns: RowColumns, _ row: Int?) {
        if let row { at = layout.write(columns, row: row, to: at) } else { put("null") }
    }
}
