import Glibc

/// Encodes the keys of a batch column by column, each row's key in one piece: first all lengths, then the bytes of one
/// column after the other at a cursor per row.
package struct BatchKeyEncoder {
    package private(set) var bytes: [UInt8] = []
    /// Where each key begins; the last one's end follows.
    package private(set) var starts: [Int] = []
    private var cursors: [Int] = []

    package init() {}

    /// The keys of all rows, replacing the last ones.
    package mutating func encode(_ keys: [Column], rowCount: Int) {
        let rows = [Int32](0..<Int32(truncatingIfNeeded: rowCount))
        encode(keys, rows: rows.span)
    }

    var sizeBytes: Int { bytes.heldBytes + starts.heldBytes + cursors.heldBytes }

    /// The keys of `rows` (numbers of rows), replacing the last ones.
    mutating func encode(_ keys: [Column], rows: Span<Int32>) {
        measure(keys, rows)
        let total = starts[rows.count]
        if bytes.count < total { bytes = [UInt8](repeating: 0, count: max(total, bytes.count * 2)) }
        cursors.removeAll(keepingCapacity: true)
        cursors.append(contentsOf: starts)
        for key in keys { Self.write(key, rows, &bytes, &cursors) }
    }

    private mutating func measure(_ keys: [Column], _ rows: Span<Int32>) {
        var lengths = [Int](repeating: keys.count, count: rows.count + 1)
        lengths[rows.count] = 0
        for key in keys {
            switch key {
            case .boolean(let c): addWidth(1, c.validity, rows, &lengths)
            case .int(let c), .date(let c): addWidth(4, c.validity, rows, &lengths)
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
                addWidth(8, c.validity, rows, &lengths)
            case .double(let c): addWidth(8, c.validity, rows, &lengths)
            case .string(let c): addText(c, rows, &lengths)
            }
        }
        var sum = 0
        for i in lengths.indices { (lengths[i], sum) = (sum, sum + lengths[i]) }
        starts = lengths
    }

    private func addWidth(_ width: Int, _ validity: Bitmap?, _ rows: Span<Int32>, _ lengths: inout [Int]) {
        var out = lengths.mutableSpan
        guard let validity else {
            for i in rows.indices { out[i] += width }
            return
        }
        for i in rows.indices where validity[Int(rows[i])] { out[i] += width }
    }

    private func addText(_ c: StringColumn, _ rows: Span<Int32>, _ lengths: inout [Int]) {
        let offsets = c.offsets.span
        var out = lengths.mutableSpan
        c.bytes.withUnsafeBytes { raw in
            // Zero bytes are rare: look for them once in all.
            let hasZeros = raw.count > 0 && memchr(raw.baseAddress!, 0, raw.count) != nil
            for i in rows.indices where !c.isNull(Int(rows[i])) {
                let (start, end) = (Int(offsets[Int(rows[i])]), Int(offsets[Int(rows[i]) + 1]))
                out[i] += end - start + 1
                if hasZeros { out[i] += raw[start..<end].reduce(0) { $0 + ($1 == 0 ? 1 : 0) } }
            }
        }
    }

    private static func write(
        _ key: Column, _ rows: Span<Int32>, _ bytes: inout [UInt8], _ cursors: inout [Int]
    ) {
        bytes.withUnsafeMutableBytes { target in
            guard let target = target.baseAddress else { return }
            var at = cursors.mutableSpan
            switch key {
            case .boolean(let c):
                let values = c.values.span
                fixed(c.validity, rows, target, &at) { row -> UInt8 in values[row] ? 1 : 0 }
            case .int(let c), .date(let c):
                let values = c.values.span
                fixed(c.validity, rows, target, &at) { KeyEncoding.ordered(values[$0]).bigEndian }
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
                let values = c.values.span
                fixed(c.validity, rows, target, &at) { KeyEncoding.ordered(values[$0]).bigEndian }
            case .double(let c):
                let values = c.values.span
                fixed(c.validity, rows, target, &at) { KeyEncoding.ordered(values[$0]).bigEndian }
            case .string(let c): text(c, rows, target, &at)
            }
        }
    }

    @inline(__always)
    private static func fixed<T: FixedWidthInteger>(
        _ validity: Bitmap?, _ rows: Span<Int32>, _ target: UnsafeMutableRawPointer, _ at: inout MutableSpan<Int>,
        _ value: (Int) -> T
    ) {
        for i in rows.indices {
            let row = Int(rows[i])
            let isValid = validity.map { $0[row] } ?? true
            target.storeBytes(of: isValid ? 1 : 0, toByteOffset: at[i], as: UInt8.self)
            at[i] += 1
            if isValid {
                target.storeBytes(of: value(row), toByteOffset: at[i], as: T.self)
                at[i] += MemoryLayout<T>.size
            }
        }
    }

    private static func text(
        _ c: StringColumn, _ rows: Span<Int32>, _ target: UnsafeMutableRawPointer, _ at: inout MutableSpan<Int>
    ) {
        c.bytes.withUnsafeBytes { raw in
            let hasZeros = raw.count > 0 && memchr(raw.baseAddress!, 0, raw.count) != nil
            for i in rows.indices {
                let row = Int(rows[i])
                var to = at[i]
                if c.isNull(row) {
                    target.storeBytes(of: 0, toByteOffset: to, as: UInt8.self)
                    at[i] = to + 1
                    continue
                }
                target.storeBytes(of: 1, toByteOffset: to, as: UInt8.self)
                to += 1
                let (start, end) = (Int(c.offsets[row]), Int(c.offsets[row + 1]))
                if hasZeros {
                    for byte in raw[start..<end] {
                        target.storeBytes(of: byte, toByteOffset: to, as: UInt8.self)
                        to += 1
                        if byte == 0 {
                            target.storeBytes(of: 0xFF, toByteOffset: to, as: UInt8.self)
                            to += 1
                        }
                    }
                } else if end > start {
                    memcpy(target + to, raw.baseAddress! + start, end - start)
                    to += end - start
                }
                target.storeBytes(of: 0, toByteOffset: to, as: UInt8.self)
                at[i] = to + 1
            }
        }
    }
}
