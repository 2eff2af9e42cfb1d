// Characters are code points, counted in UTF-8 as the bytes that do not continue one.

enum CharacterPosition {
    static func count(_ text: UnsafeRawBufferPointer) -> Int {
        var count = 0
        for byte in text { count &+= byte & 0xC0 == 0x80 ? 0 : 1 }
        return count
    }

    /// The byte at which character `index` (from 0) begins, or the end.
    static func offset(of index: Int, in text: UnsafeRawBufferPointer, from start: Int = 0) -> Int {
        var at = start
        var left = index
        while left > 0, at < text.count {
            at += 1
            while at < text.count, text[at] & 0xC0 == 0x80 { at += 1 }
            left -= 1
        }
        return at
    }

    static func isASCII(_ text: UnsafeRawBufferPointer) -> Bool {
        var bits: UInt8 = 0
        for byte in text { bits |= byte }
        return bits < 0x80
    }
}

/// `CHAR_LENGTH`: in characters, as INT or BIGINT.
package enum CharacterLength {
    package static func apply(_ text: Operand, as type: DataType, rowCount: Int) -> Column {
        let column = text.strings(rowCount)
        var lengths = [Int64](repeating: 0, count: rowCount)
        column.bytes.withUnsafeBytes { raw in
            let offsets = column.offsets.span
            var out = lengths.mutableSpan
            if CharacterPosition.isASCII(raw) {
                for row in 0..<rowCount { out[row] = Int64(offsets[row + 1] &- offsets[row]) }
                return
            }
            for row in 0..<rowCount {
                let slice = UnsafeRawBufferPointer(rebasing: raw[Int(offsets[row])..<Int(offsets[row + 1])])
                out[row] = Int64(CharacterPosition.count(slice))
            }
        }
        // A string is shorter than 2 GiB, so INT holds its length.
        return type == .int
            ? .int(FixedColumn(mapValues(lengths) { Int32(truncatingIfNeeded: $0) }, validity: column.validity))
            : .bigint(FixedColumn(lengths, validity: column.validity))
    }
}
