import Operators

// Event times are written `YYYY-MM-DD HH:MM:SS.mmm` in UTC and begin with 2026-01-01. The date is worked out once a day
// of event time.

struct EventTime {
    /// 2026-01-01 in days since 1970-01-01.
    private static let baseDay = 20454
    private static let millisecondsPerDay = 86_400_000
    /// The last millisecond that still has a year of four digits: 9999-12-31 is day 2,932,896.
    static let lastMillisecond = (2_932_897 - baseDay) * millisecondsPerDay - 1

    private var day = -1
    private var year = 0
    private var month = 0
    private var dayOfMonth = 0

    /// `milliseconds` since the base.
    @inline(__always)
    mutating func write(_ milliseconds: Int, to line: inout NexmarkCursor) {
        let thisDay = milliseconds / Self.millisecondsPerDay
        if thisDay != day { turn(to: thisDay) }
        let rest = milliseconds % Self.millisecondsPerDay
        line.write(year, digits: 4)
        line.write(byte: 0x2D)
        line.write(month, digits: 2)
        line.write(byte: 0x2D)
        line.write(dayOfMonth, digits: 2)
        line.write(byte: 0x20)
        line.write(rest / 3_600_000, digits: 2)
        line.write(byte: 0x3A)
        line.write(rest / 60_000 % 60, digits: 2)
        line.write(byte: 0x3A)
        line.write(rest / 1000 % 60, digits: 2)
        line.write(byte: 0x2E)
        line.write(rest % 1000, digits: 3)
    }

    /// Days to a civil date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private mutating func turn(to newDay: Int) {
        day = newDay
        let shifted = newDay + Self.baseDay + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        dayOfMonth = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }
}
