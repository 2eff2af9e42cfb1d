import CKernels
import Columnar

// `YYYY-MM-DD HH:MM:SS` and up to nine digits of a fraction, cut to the column's unit. Dates and times that do not exist (30
// February, 24:00:00) do not fit; Flink would move them.
enum JSONTimestamps {
    /// Time since 1970-01-01 00:00:00; nil where the text is no timestamp.
    static func time(_ text: UnsafeBufferPointer<UInt8>, separator: UInt8, unit: TimestampUnit) -> Int64? {
        guard text.count >= 19, let p = text.baseAddress else { return nil }
        guard let start = minuteStart(p, separator: separator, unit: unit), p[16] == JSONGrammar.colon,
            let second = number(p + 17, digits: 2), second < 60
        else { return nil }
        var fraction: Int64 = 0
        if text.count > 19 {
            guard p[19] == UInt8(ascii: "."), text.count <= 29 else { return nil }
            var place = unit.perSecond / 10
            for i in 20..<text.count {
                guard JSONGrammar.isDigit(p[i]) else { return nil }
                fraction += Int64(p[i] &- 0x30) * place
                place /= 10
            }
        }
        return start + second * unit.perSecond + fraction
    }

    /// Of 16 bytes `YYYY-MM-DD HH:MM`.
    static func minuteStart(_ p: JSONBytes, separator: UInt8, unit: TimestampUnit) -> Int64? {
        guard p[4] == UInt8(ascii: "-"), p[7] == UInt8(ascii: "-"), p[10] == separator, p[13] == JSONGrammar.colon,
            let year = number(p, digits: 4), let month = number(p + 5, digits: 2), let day = number(p + 8, digits: 2),
            let hour = number(p + 11, digits: 2), let minute = number(p + 14, digits: 2),
            year >= 1, 1...12 ~= month, hour < 24, minute < 60, day >= 1, day <= days(in: month, of: year)
        else { return nil }
        return ((daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60 * unit.perSecond
    }

    /// Cut towards the past.
    static func cut(_ time: Int64, step: Int64) -> Int64 {
        if step == 1 { return time }
        let rest = time % step
        return time - (rest < 0 ? rest + step : rest)
    }

    private static func number(_ p: JSONBytes, digits: Int) -> Int64? {
        var value: Int64 = 0
        for i in 0..<digits {
            guard JSONGrammar.isDigit(p[i]) else { return nil }
            value = value * 10 + Int64(p[i] &- 0x30)
        }
        return value
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`. For years from 0 on.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        // Years begin in March, so that a leap day is a year's last; 400 more keep year 0's January positive.
        let y = (month <= 2 ? year - 1 : year) + 400
        let era = y / 400
        let yearOfEra = y % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return (era - 1) * 146_097 + dayOfEra - 719_468
    }
}
