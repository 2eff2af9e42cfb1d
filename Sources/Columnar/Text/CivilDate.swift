// Days since 1970-01-01 to and from dates of the proleptic Gregorian calendar.
//
// Years are counted from 1 March, so that the leap day is the last of its year, in cycles of 400 years of 146,097 days:
// within a cycle everything is non-negative and integer division is floor. Months from March have 31, 30, 31, 30, 31 days
// in turn, so that (153 × month + 2) / 5 days lie before one. Holds for every day whose milliseconds fit in 64 bits.

package struct CivilDate: Hashable, Sendable {
    /// Astronomical: 0 is 1 BC.
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int

    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    package init(daysSinceEpoch: Int) {
        // 719,468 days lie between 0000-03-01 and 1970-01-01.
        let days = daysSinceEpoch + 719_468
        let cycle = (days >= 0 ? days : days - 146_096) / 146_097
        let dayOfCycle = days - cycle * 146_097
        let yearOfCycle = (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfCycle + cycle * 400 + (month <= 2 ? 1 : 0)
    }

    package var daysSinceEpoch: Int {
        let yearFromMarch = month <= 2 ? year - 1 : year
        let cycle = (yearFromMarch >= 0 ? yearFromMarch : yearFromMarch - 399) / 400
        let yearOfCycle = yearFromMarch - cycle * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfCycle = yearOfCycle * 365 + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
        return cycle * 146_097 + dayOfCycle - 719_468
    }

    /// Days of a month, 1 to 12.
    package static func daysInMonth(_ month: Int, ofYear year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        // Odd months are long up to July, even ones from August.
        return 30 + ((month + (month >> 3)) & 1)
    }
}
