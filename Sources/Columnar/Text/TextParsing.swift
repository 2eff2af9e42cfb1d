// Values out of text, as the formats and CAST read them: the whole text is the value (callers cut blanks off), nothing is
// allocated, and no length or byte traps. Eight digits at a time are checked and converted in one machine word; a text is
// read little-endian, so its first byte is the lowest.

package enum TextParsing {
    /// An optional sign and decimal digits. nil for anything else, and out of range.
    package static func int64(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard let base = text.baseAddress, text.count > 0 else { return nil }
        let first = base.load(as: UInt8.self)
        let isNegative = first == UInt8(ascii: "-")
        var at = isNegative || first == UInt8(ascii: "+") ? 1 : 0
        let end = text.count
        guard at < end else { return nil }
        while end - at > 19, base.load(fromByteOffset: at, as: UInt8.self) == UInt8(ascii: "0") { at += 1 }
        // Nineteen digits cannot overflow 64 bits without sign.
        guard end - at <= 19 else { return nil }
        var magnitude: UInt64 = 0
        while end - at >= 8 {
            guard let eight = eightDigits(base.loadUnaligned(fromByteOffset: at, as: UInt64.self)) else { return nil }
            magnitude = magnitude &* 100_000_000 &+ eight
            at += 8
        }
        while at < end {
            let digit = base.load(fromByteOffset: at, as: UInt8.self) &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            at += 1
        }
        if isNegative {
            return magnitude <= UInt64(1) << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    /// As `int64`, in the range of INT.
    package static func int32(_ text: UnsafeRawBufferPointer) -> Int32? {
        int64(text).flatMap { Int32(exactly: $0) }
    }

    /// `true` or `false` in any case.
    package static func boolean(_ text: UnsafeRawBufferPointer) -> Bool? {
        guard let base = text.baseAddress, text.count == 4 || text.count == 5 else { return nil }
        let lowerCase: UInt32 = 0x2020_2020
        let head = UInt32(littleEndian: base.loadUnaligned(as: UInt32.self)) | lowerCase
        if text.count == 4 { return head == 0x6575_7274 ? true : nil }
        return head == 0x736C_6166 && text[4] | 0x20 == UInt8(ascii: "e") ? false : nil
    }

    /// The value of eight ASCII digits, nil where a byte is none.
    static func eightDigits(_ word: UInt64) -> UInt64? {
        let digits = UInt64(littleEndian: word) ^ 0x3030_3030_3030_3030
        // A byte above 9 gets its high bit set by adding 0x76; where one had it before, the `|` sees it.
        guard (digits | (digits &+ 0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080 == 0 else { return nil }
        let pairs = digits &* 10 &+ (digits >> 8)
        let high = (pairs & 0x0000_00FF_0000_00FF) &* 0x000F_4240_0000_0064
        let low = ((pairs >> 16) & 0x0000_00FF_0000_00FF) &* 0x0000_2710_0000_0001
        return (high &+ low) >> 32
    }
}
