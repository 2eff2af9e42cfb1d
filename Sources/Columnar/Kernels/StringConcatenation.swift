import Glibc

/// `CONCAT(a, b, …)`, NULL where an argument is.
package enum StringConcatenation {
    /// - Errors: results of one batch that exceed 2 GiB are faults of their rows.
    package static func apply(_ parts: [Operand], scope: RowScope, faults: inout [RowFault]) -> Column {
        let validity = parts.reduce(nil) { Bitmap.intersection($0, $1.validity(scope.rowCount)) }
        let sources = parts.map { part in
            guard case .string(let c) = part.column else { preconditionFailure("CONCAT takes strings") }
            return Source(column: c, step: part.isConstant ? 0 : 1)
        }
        let offsets = measure(sources, validity, scope, &faults)
        let total = Int(offsets[scope.rowCount])
        let bytes = [UInt8](unsafeUninitializedCapacity: total) { out, count in
            count = total
            guard let out = out.baseAddress else { return }
            var cursors = offsets
            for source in sources { copy(source, scope, offsets, &cursors, out) }
        }
        return .string(StringColumn(offsets: offsets, bytes: bytes, validity: validity))
    }

    private struct Source {
        var column: StringColumn
        /// 0 where it is a constant.
        var step: Int

        @inline(__always)
        func length(_ row: Int) -> Int {
            Int(column.offsets[row * step + 1] &- column.offsets[row * step])
        }
    }

    /// The offsets of the results; NULL and rows out of scope are empty.
    private static func measure(
        _ sources: [Source], _ validity: Bitmap?, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> [Int32] {
        var lengths = [Int](repeating: 0, count: scope.rowCount)
        for source in sources {
            var out = lengths.mutableSpan
            scope.forEach(validBy: validity) { out[$0] += source.length($0) }
        }
        var offsets: [Int32] = [0]
        offsets.reserveCapacity(scope.rowCount + 1)
        var total = 0
        for row in lengths.indices {
            if total + lengths[row] > Int(Int32.max) {
                faults.append(RowFault(row: row, reason: .columnTooLarge))
            } else {
                total += lengths[row]
            }
            offsets.append(Int32(truncatingIfNeeded: total))
        }
        return offsets
    }

    /// One argument of all rows to where each row's cursor stands.
    private static func copy(
        _ source: Source, _ scope: RowScope, _ offsets: [Int32], _ cursors: inout [Int32],
        _ out: UnsafeMutablePointer<UInt8>
    ) {
        var at = cursors.mutableSpan
        let ends = offsets.span
        source.column.bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            scope.forEach { row in
                let length = source.length(row)
                // Rows left empty have no room.
                guard Int(ends[row + 1] &- at[row]) >= length else { return }
                memcpy(out + Int(at[row]), base + Int(source.column.offsets[row * source.step]), length)
                at[row] &+= Int32(truncatingIfNeeded: length)
            }
        }
    }
}
