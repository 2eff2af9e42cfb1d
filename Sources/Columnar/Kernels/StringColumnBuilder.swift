/// Strings of rows in order, written into one buffer. A row that would take the buffer past the reach of 32-bit offsets
/// is left empty and reported.
struct StringColumnBuilder {
    /// Whatever is appended belongs to the row that `endRow` ends next.
    var bytes: [UInt8] = []
    private var offsets: [Int32] = [0]

    init(rowCount: Int, bytes expected: Int = 0) {
        offsets.reserveCapacity(rowCount + 1)
        bytes.reserveCapacity(expected)
    }

    @inline(__always)
    mutating func endRow(_ row: Int, _ faults: inout [RowFault]) {
        if bytes.count > Int(Int32.max) { drop(row, &faults) }
        offsets.append(Int32(truncatingIfNeeded: bytes.count))
    }

    /// Ends empty rows until `row` is the next.
    @inline(__always)
    mutating func skip(to row: Int) {
        while offsets.count <= row { offsets.append(offsets[offsets.count - 1]) }
    }

    @inline(never)
    private mutating func drop(_ row: Int, _ faults: inout [RowFault]) {
        bytes.removeLast(bytes.count - Int(offsets[offsets.count - 1]))
        faults.append(RowFault(row: row, reason: .columnTooLarge))
    }

    func column(validity: Bitmap?) -> StringColumn {
        StringColumn(offsets: offsets, bytes: bytes, validity: validity)
    }
}

extension StringColumn {
    /// The bytes of a row, for the time of `body`.
    @inline(__always)
    func withRow<R>(_ row: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        bytes.withUnsafeBytes { raw in
            body(UnsafeRawBufferPointer(rebasing: raw[Int(offsets[row])..<Int(offsets[row + 1])]))
        }
    }

    func isNull(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }
}

extension Operand {
    func strings(_ rowCount: Int) -> StringColumn {
        guard case .string(let column) = expanded(to: rowCount) else {
            preconditionFailure("the operand is a STRING")
        }
        return column
    }
}
