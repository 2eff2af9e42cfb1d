import Columnar
import Testing

import Operators

// What each type reads, and what does not fit it. Source: Flink 2.3, with the differences of the dialect (a bad field leaves
// its neighbours alone, BOOLEAN takes only true and false, timestamps are cut to their precision and must exist).
@Suite struct JSONTypeTests {
    static func read(_ type: DataType, _ value: String, format: JSONTimestampFormat = .sql) -> JSONCell? {
        let columns = [
            ScanColumn(path: ["before"], type: .int), ScanColumn(path: ["v"], type: type),
            ScanColumn(path: ["behind"], type: .int),
        ]
        let line = Array("{\"before\":1,\"v\":\(value),\"behind\":2}\n".utf8)
        let strict = JSONScanSetup(columns, options: JSONReadOptions(timestampFormat: format))
        let lenient = JSONScanSetup(columns, options: JSONReadOptions(ignoreParseErrors: true, timestampFormat: format))
        let skipping = JSONScanSetup(columns, options: JSONReadOptions(timestampFormat: format, badRecords: .skip))
        let result = lenient.scan(line + line)
        let failed = strict.scan(line).failedLine != nil
        // All ways to read it agree: it fits and is kept, or it fails, is skipped, or is NULL beside sound neighbours.
        let cell = result.rows.count == 2 && result.rows[0].count == 3 ? result.rows[1][1] : .text("no row")
        let isConsistent =
            result.rows.allSatisfy { $0 == [.integer(1), cell, .integer(2)] } && result.rows.count == 2
            && result.nulledFields == (failed ? 2 : 0) && skipping.scan(line).skippedRecords == (failed ? 1 : 0)
        if !isConsistent { return .text("inconsistent: \(result)") }
        return failed ? (cell == .null ? nil : .text("not NULL")) : cell
    }

    static let integers: [(String, Int64?)] = [
        ("1", 1), ("-1", -1), ("0", 0), ("-0", 0), ("1.5", 1), ("1.0", 1), ("1.9", 1), ("-1.9", -1), ("1e3", 1000),
        ("1.25e1", 12), ("12345e-2", 123), ("1E+2", 100), ("0e5", 0), ("0.0e-9", 0), ("1e-400", 0),
        ("0e999999999999999999999", 0),
        ("\"1\"", 1), ("\" 1 \"", 1), ("\"\\t1\\n\"", 1), ("\"+1\"", 1), ("\"-007\"", -7), ("\"\\u0031\"", 1),
        ("null", nil),
        ("2147483647", 2_147_483_647), ("-2147483648", -2_147_483_648), ("\"2147483647\"", 2_147_483_647),
        ("214748364.7e1", 2_147_483_647),
    ]

    @Test func integersRead() {
        for (text, value) in Self.integers {
            let expected = value.map { JSONCell.integer($0) } ?? .null
            #expect(Self.read(.int, text) == expected, "\(text)")
            #expect(Self.read(.bigint, text) == expected, "\(text)")
        }
        #expect(Self.read(.bigint, "2147483648") == .integer(2_147_483_648))
        #expect(Self.read(.bigint, "999999999999999") == .integer(999_999_999_999_999))
        #expect(Self.read(.bigint, "-9999999999999999") == .integer(-9_999_999_999_999_999))
        for text in [
            "9223372036854775807", "9223372036854775807.5", "9.223372036854775807e18", "\"9223372036854775807\"",
        ] {
            #expect(Self.read(.bigint, text) == .integer(.max), "\(text)")
        }
        for text in ["-9223372036854775808", "-9223372036854775808.9", "-92233720368547758080e-1"] {
            #expect(Self.read(.bigint, text) == .integer(.min), "\(text)")
        }
    }

    @Test(arguments: [
        "\"\"", "\" \"", "\"1.5\"", "\"1e3\"", "\"abc\"", "\"1x\"", "\"- 1\"", "\"--1\"", "\"+\"", "\"٣\"", "true",
        "false", "{}", "[]",
        "[1]", "{\"a\":1}", "1e400", "-1e400", "1e30", "9223372036854775808", "-9223372036854775809",
        "18446744073709551617",
        "99999999999999999999999", "\"9223372036854775808\"", "1e999999999999999999999999",
    ])
    func integersDoNotRead(text: String) {
        #expect(Self.read(.int, text) == nil)
        #expect(Self.read(.bigint, text) == nil)
    }

    @Test(arguments: [
        "2147483648", "-2147483649", "4294967296", "1e10", "2147483647.5", "-2147483648.9", "\"2147483648\"",
    ])
    func intsDoNotRead(text: String) { #expect(Self.read(.int, text) == nil) }

    @Test func doublesRead() {
        let values: [(String, Double)] = [
            ("1", 1), ("-1", -1), ("0", 0), ("-0", -0.0), ("-0.0", -0.0), ("1.5", 1.5), ("1e3", 1000), ("0.1", 0.1),
            ("1e22", 1e22), ("1e23", 1e23),
            ("9007199254740993", 9_007_199_254_740_992), ("123456789012345678901234567890", 1.2345678901234568e29),
            ("2.2250738585072014e-308", 2.2250738585072014e-308),
            ("5e-324", .leastNonzeroMagnitude), ("1e-400", 0), ("1e400", .infinity), ("-1e400", -.infinity),
            ("1.7976931348623157e308", 1.7976931348623157e308),
            ("0.30000000000000004", 0.30000000000000004), ("0.000000000000000000000000000001", 1e-30),
            ("8.41e-17", 8.41e-17),
            ("\"1.5\"", 1.5), ("\" 1e5 \"", 1e5), ("\".5\"", 0.5), ("\"5.\"", 5), ("\"+1\"", 1), ("\"NaN\"", .nan),
            ("\"Infinity\"", .infinity),
            ("\"-Infinity\"", -.infinity), ("\"1e400\"", .infinity), ("\"\\u0031\"", 1), ("0e999999999999999999", 0),
            ("1e-99999999999999999999", 0),
        ]
        for (text, value) in values { #expect(Self.read(.double, text) == .number(value), "\(text)") }
        for text in [
            "true", "\"x\"", "\"\"", "\" \"", "\"inf\"", "\"nan\"", "\"0x1p3\"", "\"1.5d\"", "\"1e\"", "\".\"",
            "\"e5\"", "\"1,5\"", "\"+-1\"",
            "{}", "[1]", "\"1 2\"",
        ] {
            #expect(Self.read(.double, text) == nil, "\(text)")
        }
        #expect(Self.read(.double, "null") == .null)
    }

    @Test func booleansRead() {
        for text in ["true", "\"true\"", "\"TRUE\"", "\" True \"", "\"\\u0074rue\""] {
            #expect(Self.read(.boolean, text) == .boolean(true), "\(text)")
        }
        for text in ["false", "\"false\"", "\"False\""] {
            #expect(Self.read(.boolean, text) == .boolean(false), "\(text)")
        }
        for text in ["0", "1", "\"yes\"", "\"\"", "\"t\"", "\"truee\"", "{}", "[true]", "1.0", "\"\\u0014rue\""] {
            #expect(Self.read(.boolean, text) == nil, "\(text)")
        }
        #expect(Self.read(.boolean, "null") == .null)
    }

    @Test func stringsRead() {
        let values = [
            ("\"a\"", "a"), ("\"\"", ""), ("\" a \"", " a "), ("1.50", "1.50"), ("1e400", "1e400"), ("-0", "-0"),
            ("true", "true"), ("false", "false"),
            ("\"null\"", "null"), ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{c}\n\r\t"), ("\"\\u0000\"", "\0"),
            ("\"\\u00e9\\u6f22\"", "é漢"),
            ("\"\\ud83d\\ude00\"", "😀"), ("\"\\ud83d\"", "\u{FFFD}"), ("\"\\ude00\\ud83d\"", "\u{FFFD}\u{FFFD}"),
            ("\"\\ud83d\\ud83d\\ude00\"", "\u{FFFD}😀"), ("\"\\ud83d\\n\"", "\u{FFFD}\n"),
            ("\"\\udbff\\udfff\"", "\u{10FFFF}"),
            ("{ \"b\" : 2.0 , \"a\" : [ 1.50, null , \" x \" ] }", "{\"b\":2.0,\"a\":[1.50,null,\" x \"]}"),
            ("[ ]", "[]"), ("{ }", "{}"),
            ("[\"\\u00e9\\/\\u0001\\n\\\"\\\\\\u0022\"]", "[\"é/\\u0001\\n\\\"\\\\\\\"\"]"),
            ("[\"\\ud800\",\"{ }\"]", "[\"\u{FFFD}\",\"{ }\"]"),
        ]
        for (text, value) in values { #expect(Self.read(.string, text) == .text(value), "\(text)") }
        #expect(Self.read(.string, "null") == .null)
    }

    @Test func timestampsRead() {
        let base: Int64 = 1_767_225_600_000
        let values: [(String, Int64)] = [
            ("2026-01-01 00:00:00", base), ("2026-01-01 00:00:00.", base), ("2026-01-01 00:00:00.5", base + 500),
            ("2026-01-01 00:00:00.123", base + 123),
            ("2026-01-01 00:00:00.123999999", base + 123), ("1970-01-01 00:00:00", 0),
            ("1970-01-01 00:00:59.999", 59_999), ("1969-12-31 23:59:59.999999", -1),
            ("0001-01-01 00:00:00", -62_135_596_800_000),
            ("9999-12-31 23:59:59.999", 253_402_300_799_999),
            ("2024-02-29 12:34:56.789", 1_709_210_096_789), ("2000-02-29 00:00:00", 951_782_400_000),
            ("1900-03-01 00:00:00", -2_203_891_200_000),
        ]
        for (text, value) in values {
            #expect(Self.read(.timestamp(precision: 3), "\"\(text)\"") == .integer(value), "\(text)")
            let iso = text.replacing(" ", with: "T")
            #expect(Self.read(.timestamp(precision: 3), "\"\(iso)\"", format: .iso8601) == .integer(value), "\(iso)")
            #expect(Self.read(.timestamp(precision: 3), "\"\(iso)\"") == nil, "\(iso)")
            let escaped = text.replacing("2", with: "\\u0032").replacing("0:", with: "\\u0030:")
            #expect(Self.read(.timestamp(precision: 3), "\"\(escaped)\"") == .integer(value), "\(escaped)")
        }
        for (precision, milliseconds) in [(0, 0), (1, 900), (2, 980), (3, 987)] {
            #expect(
                Self.read(.timestamp(precision: precision), "\"2026-01-01 00:00:01.987\"")
                    == .integer(base + 1000 + Int64(milliseconds)))
        }
        #expect(Self.read(.timestamp(precision: 0), "\"1969-12-31 23:59:58.700\"") == .integer(-2000))
        for text in [
            "2026-01-01", "2026-01-01 00:00", "2026-01-01 00:00:00Z", "2026-01-01 00:00:00.1Z", " 2026-01-01 00:00:00",
            "2026-01-01 00:00:00 ",
            "2026-1-1 00:00:00", "0000-01-01 00:00:00", "2026-02-30 00:00:00", "2025-02-29 00:00:00",
            "1900-02-29 00:00:00",
            "2026-04-31 00:00:00", "2026-00-01 00:00:00",
            "2026-13-01 00:00:00", "2026-01-00 00:00:00", "2026-01-32 00:00:00", "2026-01-01 24:00:00",
            "2026-01-01 00:60:00", "2026-01-01 00:00:60",
            "2026-01-01 00:00:00.1234567891", "2026-01-01 00:00:00,5", "2026-01-01 00:00:0a", "+2026-01-01 00:00:00",
            "-001-01-01 00:00:00", "",
            "2026/01/01 00:00:00", "2026-01-01 00:00:00.12x", "٢٠٢٦-01-01 00:00:00",
        ] {
            #expect(Self.read(.timestamp(precision: 3), "\"\(text)\"") == nil, "\(text)")
        }
        for value in ["1767225600000", "0", "true", "{}", "[]", "\"\""] {
            #expect(Self.read(.timestamp(precision: 3), value) == nil, "\(value)")
        }
        #expect(Self.read(.timestamp(precision: 3), "null") == .null)
    }

    @Test func microsecondsRead() {
        let base: Int64 = 1_767_225_600_000_000
        for (text, value) in [
            ("2026-01-01 00:00:00", base), ("2026-01-01 00:00:00.5", base + 500_000),
            ("2026-01-01 00:00:00.123456", base + 123_456), ("2026-01-01 00:00:00.1234569", base + 123_456),
            ("1969-12-31 23:59:59.999999", -1), ("0001-01-01 00:00:00", -62_135_596_800_000_000),
            ("9999-12-31 23:59:59.999999", 253_402_300_799_999_999),
        ] {
            #expect(Self.read(.timestamp(precision: 6), "\"\(text)\"") == .integer(value), "\(text)")
        }
        for (precision, micros) in [(4, 987_600), (5, 987_650), (6, 987_654)] {
            #expect(
                Self.read(.timestamp(precision: precision), "\"2026-01-01 00:00:01.987654\"")
                    == .integer(base + 1_000_000 + Int64(micros)))
        }
        #expect(Self.read(.timestamp(precision: 5), "\"1969-12-31 23:59:59.999999\"") == .integer(-10))
    }

    @Test func datesRead() {
        for (text, value) in [
            ("1970-01-01", Int64(0)), ("1970-01-02", 1), ("1969-12-31", -1), ("2026-01-01", 20_454),
            ("0001-01-01", -719_162),
            ("9999-12-31", 2_932_896), ("2024-02-29", 19_782),
        ] {
            #expect(Self.read(.date, "\"\(text)\"") == .integer(value), "\(text)")
            let escaped = text.replacing("-", with: "\\u002D")
            #expect(Self.read(.date, "\"\(escaped)\"") == .integer(value), "\(escaped)")
        }
        for text in [
            "", "2026-1-1", "2026-02-30", "2025-02-29", "2026-13-01", "2026-01-00", "0000-12-31", "2026-01-01 ",
            " 2026-01-01", "2026-01-01 00:00:00", "2026/01/01", "+2026-01-01", "2026-01-0a", "2026-01",
        ] {
            #expect(Self.read(.date, "\"\(text)\"") == nil, "\(text)")
        }
        for value in ["20454", "true", "{}", "[]"] { #expect(Self.read(.date, value) == nil, "\(value)") }
        #expect(Self.read(.date, "null") == .null)
    }

    /// The day and the minute that a scanner remembers are used only for what equals them to its end.
    @Test func datesAndMicrosecondsNearTheOneBefore() {
        let setup = JSONScanSetup(
            [
                ScanColumn(path: ["d"], type: .date), ScanColumn(path: ["t"], type: .timestamp(precision: 6)),
            ], options: JSONReadOptions(ignoreParseErrors: true))
        let dates = [
            "2026-05-06", "2026-05-07", "2026-05-06 ", "2026-05-0", "2026-05-06\\u0020", "2026-05-3a", "1970-01-01",
        ]
        let ends = [
            "09.123456", "09.12345", "09.1234567", "09.12345a", "09.123", "60.000000", "09,123456", "0/.123456",
        ]
        for date in dates {
            for end in ends {
                let line = "{\"d\":\"\(date)\",\"t\":\"2026-05-06 07:08:\(end)\"}"
                let lines = Array([line, line, line].joined(separator: "\n").utf8)
                let warmed = setup.makeScanner()
                _ = setup.scan(Array("{\"d\":\"2026-05-06\",\"t\":\"2026-05-06 07:08:09.123456\"}".utf8), with: warmed)
                #expect(setup.scan(lines, with: warmed).difference(from: setup.referenceScan(lines)) == nil, "\(line)")
                #expect(
                    setup.scan(lines, with: setup.makeScanner()).difference(from: setup.referenceScan(lines)) == nil)
            }
        }
    }

    /// The minute that a scanner remembers is used only for texts that are right to their end.
    @Test func timestampsNearTheOneBefore() {
        let setup = JSONScanSetup(
            [ScanColumn(path: ["t"], type: .timestamp(precision: 3))], options: JSONReadOptions(ignoreParseErrors: true)
        )
        let ends = [
            "00.000", "59.999", "60.000", "5a.000", "05,000", "05.00", "05.0000", "05", "05.00\\u0030", "05.0/0",
            "0:.000", "-1.000",
        ]
        for end in ends {
            let lines = Array((0..<3).map { _ in "{\"t\":\"2026-05-06 07:08:\(end)\"}" }.joined(separator: "\n").utf8)
            let warmed = setup.makeScanner()
            _ = setup.scan(Array("{\"t\":\"2026-05-06 07:08:09.123\"}".utf8), with: warmed)
            #expect(setup.scan(lines, with: warmed).difference(from: setup.referenceScan(lines)) == nil, "\(end)")
        }
    }
}
