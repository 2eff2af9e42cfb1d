// Values as text. `write` puts at most `roomBytes` bytes at a pointer and may scribble on the rest of that room; `append` is
// the same for arrays. Eight decimal digits are made at a time in one machine word, the first digit lowest.

package enum TextFormatting {
    /// What every `write` here needs at its pointer.
    package static let roomBytes = 48

    /// - Output: the bytes written.
    package static func write(_ value: Int64, to out: UnsafeMutableRawPointer) -> Int {
        guard value < 0 else { return write(magnitude: UInt64(value), to: out) }
        out.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
        return write(magnitude: value.magnitude, to: out + 1) + 1
    }

    package static func append(_ value: Int64, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: roomBytes, alignment: 8) { room in
            let start = room.baseAddress.unsafelyUnwrapped
            out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: write(value, to: start)))
        }
    }

    static func write(magnitude: UInt64, to out: UnsafeMutableRawPointer) -> Int {
        if magnitude < 100_000_000 { return writeLeading(magnitude, to: out) }
        let (high, low) = magnitude.quotientAndRemainder(dividingBy: 100_000_000)
        let length = write(magnitude: high, to: out)
        store(eightDigits(low), to: out + length)
        return length + 8
    }

    /// The digits of a number below 10^8, without leading zeros.
    private static func writeLeading(_ value: UInt64, to out: UnsafeMutableRawPointer) -> Int {
        let digits = digitValues(value)
        let leadingZeros = min(digits.trailingZeroBitCount, 56) / 8
        store((digits | asciiZeros) >> UInt64(leadingZeros * 8), to: out)
        return 8 - leadingZeros
    }

    /// The digits of a number below 10^8 as ASCII, the first one lowest.
    static func eightDigits(_ value: UInt64) -> UInt64 { digitValues(value) | asciiZeros }

    static func store(_ word: UInt64, to out: UnsafeMutableRawPointer) {
        out.storeBytes(of: word.littleEndian, as: UInt64.self)
    }

    private static let asciiZeros: UInt64 = 0x3030_3030_3030_3030

    /// Two halves of four digits, each split into two hundreds, each split into two digits, all in parallel:
    /// x / 100 = x × 10486 >> 20 below 10^4, and x / 10 = x × 103 >> 10 below 100.
    private static func digitValues(_ value: UInt64) -> UInt64 {
        let (high, low) = value.quotientAndRemainder(dividingBy: 10_000)
        let halves = high | low << 32
        let top = ((halves &* 10_486) >> 20) & 0x0000_007F_0000_007F
        let hundreds = top | (halves &- top &* 100) << 16
        let tens = ((hundreds &* 103) >> 10) & 0x000F_000F_000F_000F
        return tens | (hundreds &- tens &* 10) << 8
    }
}
