import Columnar

/// The text form of literals: `2026-01-31`, and `2026-01-31 12:30:00` with up to nine digits of a fraction. Months, days,
/// hours, minutes and seconds may have one digit.
enum TimestampText {
    /// Days since 1970-01-01; nil if malformed or not a date there is.
    static func date(_ text: some StringProtocol) -> Int32? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count == 4, let year = digits(parts[0], 4),
            let month = digits(parts[1], 2), let day = digits(parts[2], 2), year >= 1, (1...12).contains(month),
            day >= 1,
            day <= CivilDate.daysInMonth(month, ofYear: year)
        else { return nil }
        return Int32(CivilDate(year: year, month: month, day: day).daysSinceEpoch)
    }

    /// Microseconds since 1970-01-01 00:00:00, and the digits of the fraction, of which those beyond six are dropped; nil
    /// if malformed or not a time there is.
    static func timestamp(_ text: String) -> (micros: Int64, precision: Int)? {
        let halves = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let days = date(halves[0]) else { return nil }
        let midnight = Int64(days) * TimestampUnit.microseconds.perDay
        guard halves.count == 2 else { return (midnight, 0) }
        guard let time = timeOfDay(halves[1]) else { return nil }
        return (midnight + time.micros, time.precision)
    }

    /// `2026-01-01 00:00:00.000`, or with six digits.
    static func text(_ time: Int64, _ unit: TimestampUnit) -> String {
        var bytes: [UInt8] = []
        TextFormatting.appendTimestamp(time, unit, style: .fixed(digits: unit.digits), to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `2026-01-01`
    static func text(days: Int32) -> String {
        var bytes: [UInt8] = []
        TextFormatting.appendDate(days: days, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func timeOfDay(_ text: Swift.Substring) -> (micros: Int64, precision: Int)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let clock = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, clock.count == 3, let hour = digits(clock[0], 2), let minute = digits(clock[1], 2),
            let second = digits(clock[2], 2), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = Int64(hour * 3600 + minute * 60 + second) * 1_000_000
        guard parts.count == 2 else { return (seconds, 0) }
        let precision = parts[1].utf8.count
        guard (1...9).contains(precision), let fraction = digits(parts[1], 9) else { return nil }
        var nanos = Int64(fraction)
        for _ in precision..<9 { nanos *= 10 }
        return (seconds + nanos / 1000, precision)
    }

    /// One digit to `most`.
    private static func digits(_ text: some StringProtocol, _ most: Int) -> Int? {
        guard (1...most).contains(text.utf8.count), text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return Int(text)
    }
}
