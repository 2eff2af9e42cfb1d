import ArgumentParser
import Columnar
import HostSystem
import Operators

enum ResultFormat: String, ExpressibleByArgument, CaseIterable {
    /// A table for people, and the number of rows on standard error.
    case text
    /// With a header.
    case csv
    /// An object a line.
    case json
}

/// Writes results on standard output.
struct ResultOutput {
    let format: ResultFormat

    private static let pieceBytes = 1 << 20

    /// A text of lines.
    func write(_ text: String) {
        guard format == .json else { return StandardStreams.output(text) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        StandardStreams.output(
            JSONValue.object([("plan", .array(lines.map { .string(String($0)) }))]).text + "\n")
    }

    /// - Parameter batches: without selections; of the fields' leaves.
    func write(_ fields: [Field], _ batches: [Batch]) {
        guard format != .json else { return write(batches, JSONRowWriter(fields: fields), header: []) }
        let texts = RowTexts(fields)
        writeValues(texts.fields, batches.map { texts.apply($0) })
    }

    private func writeValues(_ fields: [Field], _ batches: [Batch]) {
        switch format {
        case .json: write(batches, JSONRowWriter(fields: fields), header: [])
        case .csv:
            let writer = CSVRowWriter(fields: fields)
            var header: [UInt8] = []
            writer.write(Self.names(of: fields), to: &header)
            write(batches, writer, header: header)
        case .text:
            var table = TextTable(fields: fields)
            for batch in batches { table.measure(batch) }
            var out = Array(table.header.utf8)
            for batch in batches {
                table.write(batch, to: &out)
                Self.flush(&out, above: Self.pieceBytes)
            }
            Self.flush(&out, above: 0)
            let count = batches.reduce(0) { $0 + $1.rowCount }
            StandardStreams.error("(\(RunDisplay.count(count)) row\(count == 1 ? "" : "s"))\n")
        }
    }

    private func write(_ batches: [Batch], _ writer: some RowWriter, header: [UInt8]) {
        var out = header
        for batch in batches {
            writer.write(batch, to: &out)
            Self.flush(&out, above: Self.pieceBytes)
        }
        Self.flush(&out, above: 0)
    }

    private static func flush(_ out: inout [UInt8], above bytes: Int) {
        guard out.count > bytes else { return }
        StandardStreams.output(out)
        out.removeAll(keepingCapacity: true)
    }

    /// One row of the fields' names.
    static func names(of fields: [Field]) -> Batch {
        let columns = fields.map { field in
            let bytes = Array(field.name.utf8)
            return Column.string(StringColumn(offsets: [0, Int32(truncatingIfNeeded: bytes.count)], bytes: bytes))
        }
        return Batch(columns: columns, rowCount: 1)
    }
}
