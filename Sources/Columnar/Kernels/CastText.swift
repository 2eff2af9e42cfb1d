/// What CAST reads beyond what the formats do, as Flink does: blanks around numbers, a fraction that an integer drops,
/// more words for BOOLEAN, a date alone for a TIMESTAMP, a timestamp or a month for a DATE.
package enum CastText {
    static func int64(_ text: UnsafeRawBufferPointer) -> Int64? {
        let text = trimmed(text) { $0 == 0x20 }
        if let value = TextParsing.int64(text) { return value }
        guard let point = text.firstIndex(of: UInt8(ascii: ".")) else { return nil }
        let fraction = text[(point + 1)...]
        guard fraction.allSatisfy({ $0 &- 0x30 < 10 }) else { return nil }
        let whole = text[..<point]
        if whole.isEmpty || whole.count == 1 && (whole[0] == 0x2B || whole[0] == 0x2D) { return 0 }
        return TextParsing.int64(UnsafeRawBufferPointer(rebasing: whole))
    }

    static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        TextParsing.double(trimmed(text) { $0 <= 0x20 })
    }

    static func boolean(_ text: UnsafeRawBufferPointer) -> Bool? {
        if let value = TextParsing.boolean(text) { return value }
        guard text.count <= 3 else { return nil }
        switch String(decoding: text, as: UTF8.self).lowercased() {
        case "t", "y", "yes", "1": return true
        case "f", "n", "no", "0": return false
        default: return nil
        }
    }

    /// `2026`, `2026-1`, `2026-1-31`, or a timestamp, whose time is dropped; blanks around it.
    ///
    /// - Output: days since 1970-01-01.
    package static func date(_ text: UnsafeRawBufferPointer) -> Int32? {
        if let days = TextParsing.date(text) { return days }
        var rest = trimmed(text) { $0 <= 0x20 }[...]
        guard let year = number(&rest, 1...4), year >= 1 else { return nil }
        var (month, day) = (1, 1)
        if take(0x2D, &rest) {
            guard let number = self.number(&rest, 1...2), 1...12 ~= number else { return nil }
            month = number
            if take(0x2D, &rest) {
                guard let number = self.number(&rest, 1...2) else { return nil }
                day = number
            }
        }
        guard 1...CivilDate.daysInMonth(month, ofYear: year) ~= day else { return nil }
        guard rest.isEmpty || timeOfDay(&rest, .milliseconds) != nil else { return nil }
        return Int32(truncatingIfNeeded: CivilDate(year: year, month: month, day: day).daysSinceEpoch)
    }

    /// Months, days and times of one digit too, `24:00:00`, and a fraction of at most nine digits.
    ///
    /// - Output: time since 1970-01-01 00:00:00, cut to the unit.
    package static func timestamp(_ text: UnsafeRawBufferPointer, _ unit: TimestampUnit) -> Int64? {
        if text.count <= 29, let value = TextParsing.timestamp(text, format: .sql, unit: unit) { return value }
        var rest = text[...]
        guard let year = number(&rest, 4...4), take(0x2D, &rest), let month = number(&rest, 1...2), take(0x2D, &rest),
            let day = number(&rest, 1...2), year >= 1, 1...12 ~= month, day >= 1,
            day <= CivilDate.daysInMonth(month, ofYear: year)
        else { return nil }
        let midnight = Int64(CivilDate(year: year, month: month, day: day).daysSinceEpoch) * unit.perDay
        if rest.isEmpty { return midnight }
        guard let time = timeOfDay(&rest, unit) else { return nil }
        return midnight + time
    }

    /// ` 12:34:56.789`
    private static func timeOfDay(_ rest: inout Slice<UnsafeRawBufferPointer>, _ unit: TimestampUnit) -> Int64? {
        guard take(0x20, &rest), let hour = number(&rest, 1...2), take(0x3A, &rest), let minute = number(&rest, 1...2),
            take(0x3A, &rest), let second = number(&rest, 1...2), hour <= 24, minute <= 59, second <= 59
        else { return nil }
        var fraction: Int64 = 0
        var isWholeSecond = true
        if take(0x2E, &rest) {
            guard rest.count <= 9 else { return nil }
            var place = unit.perSecond / 10
            while let digit = number(&rest, 1...1) {
                fraction += Int64(digit) * place
                place /= 10
                isWholeSecond = isWholeSecond && digit == 0
            }
        }
        guard rest.isEmpty, hour < 24 || minute == 0 && second == 0 && isWholeSecond else { return nil }
        return Int64((hour * 60 + minute) * 60 + second) * unit.perSecond + fraction
    }

    /// As many digits as there are, up to the range's end.
    private static func number(_ rest: inout Slice<UnsafeRawBufferPointer>, _ counts: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix(counts.upperBound).prefix { $0 &- 0x30 < 10 }
        guard counts ~= digits.count else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
    }

    private static func take(_ byte: UInt8, _ rest: inout Slice<UnsafeRawBufferPointer>) -> Bool {
        guard rest.first == byte else { return false }
        rest = rest.dropFirst()
        return true
    }

    @inline(__always)
    private static func trimmed(
        _ text: UnsafeRawBufferPointer, _ isBlank: (UInt8) -> Bool
    ) -> UnsafeRawBufferPointer {
        var (start, end) = (0, text.count)
        while start < end, isBlank(text[start]) { start += 1 }
        while end > start, isBlank(text[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: text[start..<end])
    }
}
