/// One bit a row, bit i of word i / 64. Bits beyond `count` are zero.
package struct Bitmap: Hashable, Sendable {
    package var words: [UInt64]
    package private(set) var count: Int

    package init(repeating bit: Bool, count: Int) {
        self.count = count
        words = [UInt64](repeating: bit ? ~0 : 0, count: (count + 63) / 64)
        clearTail()
    }

    /// Takes words as they are; bits beyond `count` are cleared.
    package init(words: [UInt64], count: Int) {
        precondition(words.count == (count + 63) / 64, "a bitmap has one word per 64 rows")
        self.words = words
        self.count = count
        clearTail()
    }

    package subscript(row: Int) -> Bool {
        get { words[row >> 6] >> UInt64(row & 63) & 1 != 0 }
        set {
            let mask: UInt64 = 1 << UInt64(row & 63)
            if newValue { words[row >> 6] |= mask } else { words[row >> 6] &= ~mask }
        }
    }

    package var setCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
    package var isAllSet: Bool { setCount == count }

    private mutating func clearTail() {
        if count & 63 != 0, !words.isEmpty { words[words.count - 1] &= (1 << UInt64(count & 63)) - 1 }
    }
}
