import Columnar

/// Changes as lines of JSON: `{"op":"+U","row":{…}}`. Also of rows that are only added: `+I`.
package final class ChangeJSONWriter: RowWriter {
    private let rows: JSONRowWriter
    private var lines: [UInt8] = []

    package init(fields: [Field]) { rows = JSONRowWriter(fields: fields) }

    package func write(_ batch: Batch, to out: inout [UInt8]) {
        let batch = batch.compacted()
        var plain = batch
        plain.rowKinds = nil
        lines.removeAll(keepingCapacity: true)
        rows.write(plain, to: &lines)
        // What is in a row has its line ends escaped.
        for (row, line) in lines.split(separator: 0x0A).enumerated() {
            let kind = batch.rowKinds?[row] ?? .insert
            out += Array("{\"op\":\"\(kind.symbol)\",\"row\":".utf8)
            out += line
            out += [UInt8(ascii: "}"), 0x0A]
        }
    }
}
