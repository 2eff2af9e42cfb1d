import Columnar

// The `print` connector: `+I[a, 1]` per row, values as Java's `toString` shows them: strings without quotes or escapes, NULL as
// `null`, TIMESTAMP as `2026-01-01T00:00`.

package final class PrintWriter: RowWriter {
    private let identifier: [UInt8]
    private let fieldCount: Int
    private var buffer = RowBuffer()

    /// - Input: `identifier` stands before each row, as `id> `.
    package init(fields: [Field], identifier: String? = nil) {
        self.identifier = identifier.map { Array($0.utf8) + Array("> ".utf8) } ?? []
        fieldCount = fields.count
    }

    deinit { buffer.deallocate() }

    package func write(_ batch: Batch, to out: inout [UInt8]) {
        withExtendedLifetime(batch) {
            let columns = RowColumns(batch)
            let identifier = identifier
            var buffer = buffer
            let fixedBytes = identifier.count + fieldCount * (TextFormatting.roomBytes + 2) + 64
            batch.forEachSelectedRow { row in
                buffer.reserve(fixedBytes + columns.textBytes(row), flushingTo: &out)
                identifier.withUnsafeBytes { buffer.put($0) }
                buffer.put(batch.rowKinds?[row] ?? .insert)
                for index in 0..<columns.columns.count {
                    if index > 0 { buffer.put(", ") }
                    buffer.put(columns.columns[index], row)
                }
                buffer.put("]\n")
            }
            buffer.flush(to: &out)
            self.buffer = buffer
        }
    }
}

extension RowBuffer {
    @inline(__always)
    fileprivate mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        at.copyMemory(from: base, byteCount: bytes.count)
        at += bytes.count
    }

    @inline(__always)
    fileprivate mutating func put(_ kind: RowKind) {
        switch kind {
        case .insert: put("+I[")
        case .updateBefore: put("-U[")
        case .updateAfter: put("+U[")
        case .delete: put("-D[")
        }
    }

    @inline(__always)
    fileprivate mutating func put(_ column: RowColumn, _ row: Int) {
        guard !column.isNull(row) else { return put("null") }
        switch column.kind {
        case .boolean: put(column.value(row, as: Bool.self) ? "true" : "false")
        case .int: at += TextFormatting.write(Int64(column.value(row, as: Int32.self)), to: at)
        case .bigint: at += TextFormatting.write(column.value(row, as: Int64.self), to: at)
        case .double: at += TextFormatting.write(column.value(row, as: Double.self), to: at)
        case .timestamp, .timestampMicros:
            let time = column.value(row, as: Int64.self)
            at += TextFormatting.writeTimestamp(time, column.timestampUnit, style: .localDateTime, to: at)
        case .date: at += TextFormatting.writeDate(days: column.value(row, as: Int32.self), to: at)
        case .string: put(UnsafeRawBufferPointer(column.text(row)))
        }
    }
}
