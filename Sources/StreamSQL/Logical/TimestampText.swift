/// The text form of timestamp literals: `2026-01-01`, `2026-01-01 12:30:00`, with up to three digits of a fraction.
enum TimestampText {
    /// Milliseconds since 1970-01-01 00:00:00, and the digits of the fraction; nil if malformed or not a date there is.
    static func parse(_ text: String) -> (milliseconds: Int64, precision: Int)? {
        let halves = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard date.count == 3, let year = digits(date[0], 4), let month = digits(date[1], 2),
            let day = digits(date[2], 2), year >= 1, (1...12).contains(month), day >= 1,
            day <= length(of: month, in: year)
        else { return nil }
        let days = daysSinceEpoch(year, month, day)
        guard halves.count == 2 else { return (days * 86_400_000, 0) }
        guard let time = timeOfDay(halves[1]) else { return nil }
        return (days * 86_400_000 + time.milliseconds, time.precision)
    }

    /// `2026-01-01 00:00:00.000`
    static func text(_ milliseconds: Int64) -> String {
        var days = milliseconds / 86_400_000
        var rest = milliseconds % 86_400_000
        if rest < 0 {
            rest += 86_400_000
            days -= 1
        }
        let (year, month, day) = civil(days)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let seconds = rest / 1000
        let clock = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return "\(date) \(clock).\(padded(rest % 1000, 3))"
    }

    private static func timeOfDay(_ text: Substring) -> (milliseconds: Int64, precision: Int)? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let clock = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, clock.count == 3, let hour = digits(clock[0], 2), let minute = digits(clock[1], 2),
            let second = digits(clock[2], 2), hour < 24, minute < 60, second < 60
        else { return nil }
        var milliseconds = (hour * 3600 + minute * 60 + second) * 1000
        guard parts.count == 2 else { return (milliseconds, 0) }
        let precision = parts[1].utf8.count
        guard (1...3).contains(precision), let fraction = digits(parts[1], precision) else { return nil }
        milliseconds += fraction * [100, 10, 1][precision - 1]
        return (milliseconds, precision)
    }

    private static func digits(_ text: Substring, _ count: Int) -> Int64? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int64(text)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static func length(of month: Int64, in year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Source: the same, civil_from_days.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
