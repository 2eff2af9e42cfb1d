extension KeyHash {
    /// The hash of each selected row's key, in order. No columns at all: 0 for each row.
    ///
    /// - Output: replaces what `hashes` held, keeping its memory.
    package static func hash(
        _ keys: [Column], rowCount: Int, selection: [Int32]? = nil, into hashes: inout [UInt64]
    ) {
        let count = selection?.count ?? rowCount
        hashes.removeAll(keepingCapacity: true)
        hashes.append(contentsOf: repeatElement(0, count: count))
        for (index, key) in keys.enumerated() {
            let isFirst = index == 0
            switch key {
            case .boolean(let c): add(c.values, c.validity, selection, isFirst, &hashes) { hash($0 ? Int64(1) : 0) }
            case .int(let c), .date(let c): add(c.values, c.validity, selection, isFirst, &hashes) { hash(Int64($0)) }
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
                add(c.values, c.validity, selection, isFirst, &hashes) { hash($0) }
            case .double(let c): add(c.values, c.validity, selection, isFirst, &hashes) { hash($0) }
            case .string(let c): add(c, selection, isFirst, &hashes)
            }
        }
    }

    @inline(__always)
    private static func add<T>(
        _ values: [T], _ validity: Bitmap?, _ selection: [Int32]?, _ isFirst: Bool, _ hashes: inout [UInt64],
        _ body: (T) -> UInt64
    ) {
        let values = values.span
        forEachRow(selection, validity, isFirst, &hashes) { row in body(values[row]) }
    }

    private static func add(
        _ column: StringColumn, _ selection: [Int32]?, _ isFirst: Bool, _ hashes: inout [UInt64]
    ) {
        let offsets = column.offsets.span
        column.bytes.withUnsafeBytes { raw in
            let start = raw.baseAddress ?? UnsafeRawPointer(emptyBytes)
            forEachRow(selection, column.validity, isFirst, &hashes) { row in
                hashBytes(start + Int(offsets[row]), Int(offsets[row + 1] &- offsets[row]))
            }
        }
    }

    /// Paths chosen once per column: with a selection or not, with NULLs or not, first column or a further one.
    @inline(__always)
    private static func forEachRow(
        _ selection: [Int32]?, _ validity: Bitmap?, _ isFirst: Bool, _ hashes: inout [UInt64],
        _ body: (Int) -> UInt64
    ) {
        var out = hashes.mutableSpan
        if selection == nil && validity == nil && isFirst {
            for row in out.indices { out[row] = body(row) }
            return
        }
        for i in out.indices {
            let row = selection.map { Int($0[i]) } ?? i
            let next = validity.map { $0[row] } ?? true ? body(row) : ofNull
            out[i] = isFirst ? next : combine(out[i], next)
        }
    }
}
