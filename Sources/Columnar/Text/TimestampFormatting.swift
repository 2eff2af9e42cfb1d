// Milliseconds since 1970-01-01 00:00:00 as dates and times. Any 64-bit value has a form: years beyond 9999 are written
// `+10000`, years before 1 as `0000` and `-0001`, as Java's LocalDateTime does.

extension TextFormatting {
    package enum TimestampStyle: Hashable, Sendable {
        /// `2026-01-01 00:00:00.5`: trailing zeros of the fraction cut. The JSON format's.
        case sql
        /// `2026-01-01T00:00:00.5`
        case iso8601
        /// `2026-01-01 00:00:00.50`: so many digits of the fraction, 0 to 3, cut. CAST's.
        case fixed(digits: Int)
        /// `2026-01-01T00:00`, `2026-01-01T00:00:01`, `2026-01-01T00:00:00.500`: Java's `LocalDateTime.toString`, which the
        /// `print` connector shows.
        case localDateTime
    }

    package static func appendTimestamp(milliseconds: Int64, style: TimestampStyle, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: roomBytes, alignment: 8) { room in
            let start = room.baseAddress.unsafelyUnwrapped
            let count = writeTimestamp(milliseconds: milliseconds, style: style, to: start)
            out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    /// - Output: the bytes written.
    package static func writeTimestamp(
        milliseconds: Int64, style: TimestampStyle, to out: UnsafeMutableRawPointer
    ) -> Int {
        let dayLength: Int64 = 86_400_000
        let remainder = milliseconds % dayLength
        let timeOfDay = UInt64(remainder < 0 ? remainder + dayLength : remainder)
        let days = milliseconds / dayLength - (remainder < 0 ? 1 : 0)
        var at = out + writeDate(CivilDate(daysSinceEpoch: Int(days)), to: out)
        let isSpaced =
            switch style {
            case .sql, .fixed: true
            case .iso8601, .localDateTime: false
            }
        let (seconds, fraction) = timeOfDay.quotientAndRemainder(dividingBy: 1000)
        let clock = seconds / 3600 * 1_000_000 + seconds / 60 % 60 * 1_000 + seconds % 60
        // "HHxMMxSS": the gaps between the pairs are zeros of the number, replaced by the colons.
        let text = eightDigits(clock) & ~0x0000_FF00_00FF_0000 | 0x0000_3A00_003A_0000
        at.storeBytes(of: isSpaced ? 0x20 : UInt8(ascii: "T"), as: UInt8.self)
        store(text, to: at + 1)
        at += 9
        if style == .localDateTime, seconds % 60 == 0, fraction == 0 { return at - 3 - out }
        return at - out + writeFraction(fraction, style, to: at)
    }

    private static func writeFraction(
        _ milliseconds: UInt64, _ style: TimestampStyle, to out: UnsafeMutableRawPointer
    ) -> Int {
        let digits =
            switch style {
            case .fixed(let digits): min(max(digits, 0), 3)
            case _ where milliseconds == 0: 0
            case .localDateTime: 3
            case .sql, .iso8601: milliseconds % 10 != 0 ? 3 : milliseconds % 100 != 0 ? 2 : 1
            }
        guard digits > 0 else { return 0 }
        store(eightDigits(milliseconds * 10_000) & ~0xFF | 0x2E, to: out)
        return digits + 1
    }

    private static func writeDate(_ date: CivilDate, to out: UnsafeMutableRawPointer) -> Int {
        let year = UInt64(date.year.magnitude)
        var at = out
        if date.year < 0 || year > 9999 {
            at.storeBytes(of: UInt8(ascii: date.year < 0 ? "-" : "+"), as: UInt8.self)
            at += 1
        }
        if year > 9999 {
            at += write(magnitude: year / 10_000, to: at)
        }
        // "YYYYMMDD" of the last four digits of the year, pulled apart for the hyphens.
        let digits = eightDigits(year % 10_000 * 10_000 + UInt64(date.month) * 100 + UInt64(date.day))
        store(digits & 0xFFFF_FFFF | 0x2D_0000_0000 | (digits >> 32) << 40, to: at)
        store(0x2D | (digits >> 48) << 8, to: at + 7)
        return at - out + 10
    }
}
