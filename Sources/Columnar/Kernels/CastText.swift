/// What CAST reads beyond what the formats do, as Flink does: blanks around numbers, a fraction that an integer drops,
/// more words for BOOLEAN, a date alone for a TIMESTAMP.
enum CastText {
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

    /// Months, days and times of one digit too, `24:00:00`, and a fraction of at most nine digits.
    static func timestamp(_ text: UnsafeRawBufferPointer) -> Int64? {
        if text.count <= 29, let value = TextParsing.timestampMilliseconds(text, format: .sql) { return value }
        var rest = text[...]
        guard let year = number(&rest, 4...4), take(0x2D, &rest), let month = number(&rest, 1...2), take(0x2D, &rest),
            let day = number(&rest, 1...2), year >= 1, 1...12 ~= month, day >= 1,
            day <= CivilDate.daysInMonth(month, ofYear: year)
        else { return nil }
        let midnight = Int64(CivilDate(year: year, month: month, day: day).daysSinceEpoch) * 86_400_000
        if rest.isEmpty { return midnight }
        guard let time = timeOfDay(&rest) else { return nil }
        return midnight + time
    }

    /// ` 12:34:56.789`, in milliseconds.
    private static func timeOfDay(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Int64? {
        guard take(0x20, &rest), let hour = number(&rest, 1...2), take(0x3A, &rest), let minute = number(&rest, 1...2),
            take(0x3A, &rest), let second = number(&rest, 1...2), hour <= 24, minute <= 59, second <= 59
        else { return nil }
        var milliseconds = 0
        var isWholeSecond = true
        if take(0x2E, &rest) {
            guard rest.count <= 9 else { return nil }
            var unit = 100
            while let digit = number(&rest, 1...1) {
                milliseconds += digit * unit
                unit /= 10
                isWholeSecond = isWholeSecond && digit == 0
            }
        }
        guard rest.isEmpty, hour < 24 || minute == 0 && second == 0 && isWholeSecond else { return nil }
        return Int64(((hour * 60 + minute) * 60 + second) * 1000 + milliseconds)
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
