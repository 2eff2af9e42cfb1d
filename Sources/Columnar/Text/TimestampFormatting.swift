// Time since 1970-01-01 00:00:00, and days, as dates and times. Any 64-bit value has a form: years beyond 9999 are written
// `+10000`, years before 1 as `0000` and `-0001`, as Java's LocalDateTime does.

extension TextFormatting {
    package enum TimestampStyle: Hashable, Sendable {
        /// `2026-01-01 00:00:00.5`: trailing zeros of the fraction cut. The JSON format's.
        case sql
        /// `2026-01-01T00:00:00.5`
        case iso8601
        /// `2026-01-01 00:00:00.50`: so many digits of the fraction, as far as the unit goes, cut. CAST's.
        case fixed(digits: Int)
        /// `2026-01-01T00:00`, `2026-01-01T00:00:01`, `2026-01-01T00:00:00.500`, `….500100`: Java's `LocalDateTime.toString`, which the
        /// `print` connector shows.
        case localDateTime
    }

    package static func appendTimestamp(
        _ time: Int64, _ unit: TimestampUnit, style: TimestampStyle, to out: inout [UInt8]
    ) {
        withUnsafeTemporaryAllocation(byteCount: roomBytes, alignment: 8) { room in
            let start = room.baseAddress.unsafelyUnwrapped
            let count = writeTimestamp(time, unit, style: style, to: start)
            out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        }
    }

    package static func appendTimestamp(milliseconds: Int64, style: TimestampStyle, to out: inout [UInt8]) {
        appendTimestamp(milliseconds, .milliseconds, style: style, to: &out)
    }

    /// `2026-01-01`
    package static func appendDate(days: Int32, to out: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: roomBytes, alignment: 8) { room in
            let start = room.baseAddress.unsafelyUnwrapped
            out.append(contentsOf: UnsafeRawBufferPointer(start: start, count: writeDate(days: days, to: start)))
        }
    }

    /// - Output: the bytes written.
    package static func writeDate(days: Int32, to out: UnsafeMutableRawPointer) -> Int {
        writeDate(CivilDate(daysSinceEpoch: Int(days)), to: out)
    }

    /// - Output: the bytes written.
    package static func writeTimestamp(
        _ time: Int64, _ unit: TimestampUnit, style: TimestampStyle, to out: UnsafeMutableRawPointer
    ) -> Int {
        let remainder = time % unit.perDay
        let timeOfDay = UInt64(remainder < 0 ? remainder + unit.perDay : remainder)
        let days = time / unit.perDay - (remainder < 0 ? 1 : 0)
        var at = out + writeDate(CivilDate(daysSinceEpoch: Int(days)), to: out)
        let isSpaced =
            switch style {
            case .sql, .fixed: true
            case .iso8601, .localDateTime: false
            }
        let (seconds, fraction) = timeOfDay.quotientAndRemainder(dividingBy: UInt64(unit.perSecond))
        let clock = seconds / 3600 * 1_000_000 + seconds / 60 % 60 * 1_000 + seconds % 60
        // "HHxMMxSS": the gaps between the pairs are zeros of the number, replaced by the colons.
        let text = eightDigits(clock) & ~0x0000_FF00_00FF_0000 | 0x0000_3A00_003A_0000
        at.storeBytes(of: isSpaced ? 0x20 : UInt8(ascii: "T"), as: UInt8.self)
        store(text, to: at + 1)
        at += 9
        if style == .localDateTime, seconds % 60 == 0, fraction == 0 { return at - 3 - out }
        return at - out + writeFraction(fraction, unit, style, to: at)
    }

    package static func writeTimestamp(
        milliseconds: Int64, style: TimestampStyle, to out: UnsafeMutableRawPointer
    ) -> Int {
        writeTimestamp(milliseconds, .milliseconds, style: style, to: out)
    }

    private static func writeFraction(
        _ fraction: UInt64, _ unit: TimestampUnit, _ style: TimestampStyle, to out: UnsafeMutableRawPointer
    ) -> Int {
        let micros = unit == .milliseconds ? fraction * 1000 : fraction
        let digits =
            switch style {
            case .fixed(let digits): min(max(digits, 0), unit.digits)
            case _ where micros == 0: 0
            case .localDateTime: micros % 1000 == 0 ? 3 : 6
            case .sql, .iso8601: significantDigits(ofMicros: micros)
            }
        guard digits > 0 else { return 0 }
        store(eightDigits(micros * 10) & ~0xFF | 0x2E, to: out)
        return digits + 1
    }

    /// Of six, without the zeros at the end.
    private static func significantDigits(ofMicros micros: UInt64) -> Int {
        var (digits, rest) = micros % 1000 == 0 ? (3, micros / 1000) : (6, micros)
        while rest % 10 == 0 {
            rest /= 10
            digits -= 1
        }
        return digits
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
