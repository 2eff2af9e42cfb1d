// `2026-01-01`, `2026-01-01 00:00:00.5`: fixed places, so three overlapping words are checked against their pattern at once.

extension TextParsing {
    package enum TimestampFormat: Hashable, Sendable {
        /// `2026-01-01 00:00:00`
        case sql
        /// `2026-01-01T00:00:00`; seconds may be left out.
        case iso8601
    }

    /// A date of the years 0001 to 9999 and a time, with a fraction of any length cut to the unit.
    ///
    /// - Output: time since 1970-01-01 00:00:00; nil for any other form, days the month does not have, `24:00` and leap
    ///   seconds.
    package static func timestamp(
        _ text: UnsafeRawBufferPointer, format: TimestampFormat, unit: TimestampUnit
    ) -> Int64? {
        guard let base = text.baseAddress else { return nil }
        guard text.count >= 19 else { return format == .iso8601 ? minutes(text, unit) : nil }
        // "YYYY-MM-" and "DD HH:MM", then ":SS" from a word that begins at "HH".
        let separator = base.load(fromByteOffset: 10, as: UInt8.self)
        guard format == .sql ? separator == 0x20 : separator | 0x20 == UInt8(ascii: "t"),
            let date = fields(base.loadUnaligned(as: UInt64.self), like: 0x2D30_302D_3030_3030),
            let day = fields(
                base.loadUnaligned(fromByteOffset: 8, as: UInt64.self) & ~0xFF_0000, like: 0x3030_3A30_3000_3030),
            let time = fields(
                base.loadUnaligned(fromByteOffset: 11, as: UInt64.self), like: 0x3030_3A30_303A_3030),
            let fraction = fraction(UnsafeRawBufferPointer(rebasing: text[19...]), unit)
        else { return nil }
        let (hour, minute, second) = (pair(time, 0), pair(time, 3), pair(time, 6))
        guard let days = days(date, dayOfMonth: pair(day, 0)), hour <= 23, minute <= 59, second <= 59 else {
            return nil
        }
        return Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * unit.perSecond + fraction
    }

    /// As `timestamp`, in milliseconds.
    package static func timestampMilliseconds(_ text: UnsafeRawBufferPointer, format: TimestampFormat) -> Int64? {
        timestamp(text, format: format, unit: .milliseconds)
    }

    /// `2026-01-01`, of the years 0001 to 9999.
    ///
    /// - Output: days since 1970-01-01; nil for any other form, and days the month does not have.
    package static func date(_ text: UnsafeRawBufferPointer) -> Int32? {
        guard text.count == 10, let base = text.baseAddress,
            let date = fields(base.loadUnaligned(as: UInt64.self), like: 0x2D30_302D_3030_3030)
        else { return nil }
        let (tens, ones) = (text[8] &- 0x30, text[9] &- 0x30)
        guard tens <= 9, ones <= 9 else { return nil }
        return days(date, dayOfMonth: Int(tens) * 10 + Int(ones)).map { Int32(truncatingIfNeeded: $0) }
    }

    /// - Input: the digits of "YYYY-MM-".
    private static func days(_ digits: UInt64, dayOfMonth: Int) -> Int? {
        let year = pair(digits, 0) * 100 + pair(digits, 2)
        let month = pair(digits, 5)
        guard year >= 1, 1...12 ~= month, dayOfMonth >= 1,
            dayOfMonth <= 28 || dayOfMonth <= CivilDate.daysInMonth(month, ofYear: year)
        else { return nil }
        return CivilDate(year: year, month: month, day: dayOfMonth).daysSinceEpoch
    }

    /// `2026-01-01T00:00`: read as if `:00` followed.
    private static func minutes(_ text: UnsafeRawBufferPointer, _ unit: TimestampUnit) -> Int64? {
        guard text.count == 16 else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 19, alignment: 1) { whole in
            whole.copyMemory(from: text)
            whole[16] = UInt8(ascii: ":")
            whole[17] = UInt8(ascii: "0")
            whole[18] = UInt8(ascii: "0")
            return timestamp(UnsafeRawBufferPointer(whole), format: .iso8601, unit: unit)
        }
    }

    /// Empty, or a point and at least one digit.
    private static func fraction(_ text: UnsafeRawBufferPointer, _ unit: TimestampUnit) -> Int64? {
        guard text.count > 0 else { return 0 }
        guard text.count > 1, text[0] == UInt8(ascii: ".") else { return nil }
        var fraction: Int64 = 0
        var place = unit.perSecond / 10
        for byte in text[1...] {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            fraction += Int64(digit) * place
            place /= 10
        }
        return fraction
    }

    /// The word with 0 to 9 in every byte where `pattern` has `0`; nil where a digit is none or another byte differs.
    private static func fields(_ word: UInt64, like pattern: UInt64) -> UInt64? {
        let digits = UInt64(littleEndian: word) ^ pattern
        // Of `0`, `-`, `:` and the zero byte only `0` has bit 4 without bit 3. There up to 9 may be left, elsewhere nothing.
        let isDigit = (pattern >> 4) & ~(pattern >> 3) & 0x0101_0101_0101_0101
        let limits = 0x7F7F_7F7F_7F7F_7F7F &- isDigit &* 9
        guard (digits | (digits &+ limits)) & 0x8080_8080_8080_8080 == 0 else { return nil }
        return digits
    }

    private static func pair(_ digits: UInt64, _ at: UInt64) -> Int {
        Int(digits >> (at * 8) & 0xF) * 10 + Int(digits >> (at * 8 + 8) & 0xF)
    }
}
