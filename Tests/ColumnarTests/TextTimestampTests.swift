import Columnar
import HostSystem
import Testing

/// Dates and timestamps, against a calendar that counts day by day.
@Suite struct TextTimestampTests {
    @Test func everyDayOfTenThousandYearsHasItsNumber() {
        var date = CivilDate(year: 0, month: 1, day: 1)
        for day in -719_528...2_932_896 {
            if date.daysSinceEpoch != day || CivilDate(daysSinceEpoch: day) != date {
                Issue.record("day \(day) is \(date)")
                return
            }
            date = date.next
        }
        #expect(date == CivilDate(year: 10_000, month: 1, day: 1))
    }

    @Test(
        arguments: [
            ("1970-01-01 00:00:00", 0), ("2026-01-01 00:00:00", 1_767_225_600_000),
            ("2026-01-01 00:00:00.5", 1_767_225_600_500), ("2026-01-01 00:00:00.123456789123", 1_767_225_600_123),
            ("1969-12-31 23:59:59.999", -1), ("0001-01-01 00:00:00", -62_135_596_800_000),
            ("9999-12-31 23:59:59.999999", 253_402_300_799_999), ("2000-02-29 12:00:00", 951_825_600_000),
        ] as [(String, Int64)])
    func timestampsAreRead(text: String, milliseconds: Int64) {
        #expect(parse(text, .sql) == milliseconds)
        #expect(parse(text.replacing(" ", with: "T"), .iso8601) == milliseconds)
        #expect(parse(text.replacing(" ", with: "T"), .sql) == nil)
        #expect(parse(text, .iso8601) == nil)
    }

    @Test(arguments: [
        "", "2026-01-01", "2026-01-01 00:00", "2026-01-01 00:00:00Z", "2026-01-01 00:00:00.", "2026-01-01 00:00:00.5Z",
        "2026-1-1 00:00:00", "0000-01-01 00:00:00", "2026-00-01 00:00:00", "2026-13-01 00:00:00", "2026-01-00 00:00:00",
        "2026-02-29 00:00:00", "1900-02-29 00:00:00", "2026-04-31 00:00:00", "2026-01-32 00:00:00",
        "2026-01-01 24:00:00", "2026-01-01 00:60:00", "2026-01-01 00:00:60", "2026/01/01 00:00:00",
        "2026-01-01 00-00-00", "2026-01-01  0:00:00", "+2026-01-01 00:00:00", "2026-01-01\u{0}00:00:00",
    ])
    func otherTextIsNoTimestamp(text: String) { #expect(parse(text, .sql) == nil) }

    @Test func secondsMayBeLeftOutInISO8601Only() {
        #expect(parse("1970-01-01T00:01", .iso8601) == 60_000)
        #expect(parse("1970-01-01t00:01:00", .iso8601) == 60_000)
        #expect(parse("1970-01-01T00:0", .iso8601) == nil)
        #expect(parse("1970-01-01T00:01:", .iso8601) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00", "1970-01-01T00:00", "1970-01-01 00:00:00.000"),
            (1000, "1970-01-01 00:00:01", "1970-01-01T00:00:01", "1970-01-01 00:00:01.000"),
            (60_500, "1970-01-01 00:01:00.5", "1970-01-01T00:01:00.500", "1970-01-01 00:01:00.500"),
            (1_767_225_600_120, "2026-01-01 00:00:00.12", "2026-01-01T00:00:00.120", "2026-01-01 00:00:00.120"),
            (-1, "1969-12-31 23:59:59.999", "1969-12-31T23:59:59.999", "1969-12-31 23:59:59.999"),
            (-86_400_000, "1969-12-31 00:00:00", "1969-12-31T00:00", "1969-12-31 00:00:00.000"),
            (253_402_300_800_000, "+10000-01-01 00:00:00", "+10000-01-01T00:00", "+10000-01-01 00:00:00.000"),
            (
                .max, "+292278994-08-17 07:12:55.807", "+292278994-08-17T07:12:55.807", "+292278994-08-17 07:12:55.807"
            ),
            (
                .min, "-292275055-05-16 16:47:04.192", "-292275055-05-16T16:47:04.192", "-292275055-05-16 16:47:04.192"
            ),
            (-62_167_219_200_000, "0000-01-01 00:00:00", "0000-01-01T00:00", "0000-01-01 00:00:00.000"),
            (-62_167_219_200_001, "-0001-12-31 23:59:59.999", "-0001-12-31T23:59:59.999", "-0001-12-31 23:59:59.999"),
        ] as [(Int64, String, String, String)])
    func timestampsAreWritten(milliseconds: Int64, sql: String, local: String, fixed: String) {
        #expect(format(milliseconds, .sql) == sql)
        #expect(format(milliseconds, .iso8601) == sql.replacing(" ", with: "T"))
        #expect(format(milliseconds, .localDateTime) == local)
        #expect(format(milliseconds, .fixed(digits: 3)) == fixed)
        #expect(format(milliseconds, .fixed(digits: 1)) == String(fixed.dropLast(2)))
        #expect(format(milliseconds, .fixed(digits: 0)) == String(fixed.dropLast(4)))
    }

    @Test func whatIsWrittenIsReadBack() {
        let seed: UInt64 = 0x7157
        var random = SplitMix64(seed: seed)
        for _ in 0..<20_000 {
            let unit: Int64 = [1, 10, 100, 1000, 60_000][random.below(5)]
            let milliseconds = Int64(random.below(315_537_897_600_000)) - 62_135_596_800_000
            let rounded = milliseconds / unit * unit
            for (style, read) in [
                (.sql, .sql), (.iso8601, .iso8601), (.fixed(digits: 3), .sql), (.localDateTime, .iso8601),
            ] as [(TextFormatting.TimestampStyle, TextParsing.TimestampFormat)] {
                #expect(parse(format(rounded, style), read) == rounded, "\(rounded) of seed \(seed)")
            }
        }
    }

    @Test func microsecondsAndDatesAreReadBack() {
        let seed: UInt64 = 0x7158
        var random = SplitMix64(seed: seed)
        for _ in 0..<20_000 {
            let step: Int64 = [1, 10, 1000, 60_000_000][random.below(4)]
            let micros =
                Int64.random(in: -62_135_596_800_000_000...253_402_300_799_999_999, using: &random) / step * step
            for (style, read) in [
                (.sql, .sql), (.iso8601, .iso8601), (.fixed(digits: 6), .sql), (.localDateTime, .iso8601),
            ] as [(TextFormatting.TimestampStyle, TextParsing.TimestampFormat)] {
                var out: [UInt8] = []
                TextFormatting.appendTimestamp(micros, .microseconds, style: style, to: &out)
                let back = out.withUnsafeBytes { TextParsing.timestamp($0, format: read, unit: .microseconds) }
                #expect(back == micros, "\(micros) of seed \(seed)")
            }
        }
        for days in Int32(-719_162)...2_932_896 {
            var out: [UInt8] = []
            TextFormatting.appendDate(days: days, to: &out)
            if out.count != 10 || out.withUnsafeBytes({ TextParsing.date($0) }) != days {
                Issue.record("day \(days)")
                return
            }
        }
    }

    @Test(
        arguments: [
            (0, "1970-01-01 00:00:00", "1970-01-01T00:00", "1970-01-01 00:00:00.000000"),
            (500_100, "1970-01-01 00:00:00.5001", "1970-01-01T00:00:00.500100", "1970-01-01 00:00:00.500100"),
            (500_000, "1970-01-01 00:00:00.5", "1970-01-01T00:00:00.500", "1970-01-01 00:00:00.500000"),
            (-1, "1969-12-31 23:59:59.999999", "1969-12-31T23:59:59.999999", "1969-12-31 23:59:59.999999"),
            (
                .max, "+294247-01-10 04:00:54.775807", "+294247-01-10T04:00:54.775807", "+294247-01-10 04:00:54.775807"
            ),
            (
                .min, "-290308-12-21 19:59:05.224192", "-290308-12-21T19:59:05.224192", "-290308-12-21 19:59:05.224192"
            ),
        ] as [(Int64, String, String, String)])
    func microsecondsAreWritten(micros: Int64, sql: String, local: String, fixed: String) {
        func text(_ style: TextFormatting.TimestampStyle) -> String {
            var out: [UInt8] = []
            TextFormatting.appendTimestamp(micros, .microseconds, style: style, to: &out)
            return String(decoding: out, as: UTF8.self)
        }
        #expect(text(.sql) == sql)
        #expect(text(.iso8601) == sql.replacing(" ", with: "T"))
        #expect(text(.localDateTime) == local)
        #expect(text(.fixed(digits: 6)) == fixed)
        #expect(text(.fixed(digits: 4)) == String(fixed.dropLast(2)))
    }

    private func parse(_ text: String, _ format: TextParsing.TimestampFormat) -> Int64? {
        text.withBytes { TextParsing.timestampMilliseconds($0, format: format) }
    }

    private func format(_ milliseconds: Int64, _ style: TextFormatting.TimestampStyle) -> String {
        var out: [UInt8] = []
        TextFormatting.appendTimestamp(milliseconds: milliseconds, style: style, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

extension CivilDate {
    fileprivate var next: CivilDate {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let length = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
        if day < length { return CivilDate(year: year, month: month, day: day + 1) }
        if month < 12 { return CivilDate(year: year, month: month + 1, day: 1) }
        return CivilDate(year: year + 1, month: 1, day: 1)
    }
}
