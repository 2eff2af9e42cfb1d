extension Bitmap {
    /// One bit for each value.
    package init(packing values: [Bool]) {
        let count = values.count
        let words = [UInt64](unsafeUninitializedCapacity: (count + 63) / 64) { out, wordCount in
            values.withUnsafeBytes { raw in
                for word in 0..<(count + 63) / 64 {
                    var bits: UInt64 = 0
                    let start = word * 64
                    let end = min(count, start + 64)
                    var row = start
                    while row + 8 <= end {
                        // Each byte is 0 or 1; the product brings the eight of them together in its top byte.
                        let eight = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: row, as: UInt64.self))
                        bits |= ((eight &* 0x0102_0408_1020_4080) >> 56) << UInt64(row - start)
                        row += 8
                    }
                    while row < end {
                        bits |= UInt64(raw[row]) << UInt64(row - start)
                        row += 1
                    }
                    out.initializeElement(at: word, to: bits)
                }
            }
            wordCount = (count + 63) / 64
        }
        self.init(words: words, count: count)
    }

    /// One value for each bit.
    package func unpacked() -> [Bool] {
        [Bool](unsafeUninitializedCapacity: count) { out, filled in
            words.withUnsafeBufferPointer { w in
                for row in 0..<count { out.initializeElement(at: row, to: w[row >> 6] >> UInt64(row & 63) & 1 != 0) }
            }
            filled = count
        }
    }

    package var isEmptySet: Bool { words.allSatisfy { $0 == 0 } }
}
