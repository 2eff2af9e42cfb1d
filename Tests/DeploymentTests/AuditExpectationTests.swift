import Columnar
import Dataflow
import Deployment
import HostSystem
import StreamSQL
import TestSupport
import Testing

@Suite struct AuditExpectationTests {
    private typealias Bench = AuditBench

    /// 1: tax; 2: country and tax; 3: only old; 4: only new; 5: country from FR to DE.
    private func bench() throws -> AuditBench {
        let bench = try Bench()
        try bench.sales(
            [
                Bench.row(0, "DE", 0), Bench.row(1, "DE", 1), Bench.row(2, "FR", 2), Bench.row(3, "IT", 3),
                Bench.row(5, "FR", 5),
            ],
            [
                Bench.row(0, "DE", 0), Bench.row(1, "DE", 1.5), Bench.row(2, "IT", 2.5), Bench.row(4, "IT", 4),
                Bench.row(5, "DE", 5),
            ])
        return bench
    }

    @Test(arguments: [
        ("ONLY WHERE TRUE", 0), ("NO DIFF", 5), ("ONLY IN COLUMNS (tax)", 4), ("ONLY COLUMNS (tax, country)", 2),
        ("ONLY IN COLUMNS (tax, country) WHERE country = 'DE'", 3), ("ONLY WHERE country = 'FR'", 3),
        // The old row or the new one.
        ("ONLY WHERE country = 'IT'", 2), ("ONLY WHERE country = 'DE'", 3),
        // A row's columns may be expected by several.
        ("ONLY IN COLUMNS (tax); EXPECT DIFF ONLY IN COLUMNS (country) WHERE id = 2", 3),
        ("EXPECT DIFF ONLY WHERE id IN (3, 4); EXPECT DIFF IN sales ONLY IN COLUMNS (country, tax)", 0),
        // Nothing is expected to differ, whatever else is said.
        ("EXPECT NO DIFF IN sales; EXPECT DIFF ONLY WHERE TRUE", 5),
        // On such rows it is not TRUE.
        ("ONLY WHERE 1 / (id - id) = 1", 5), ("ONLY WHERE NULL", 5), ("ONLY WHERE sales.tax > 1", 0),
    ])
    func differencesAreCovered(expectations: String, unexpected: Int) throws {
        let report = try bench().report(expectations)
        let found = try bench().comparison(expectations)
        #expect(found.unexpected == unexpected && found.counts.different == 5)
        #expect(report.verdict == (unexpected == 0 ? .pass : .fail))
        if unexpected > 0 {
            let text = "\(unexpected) difference\(unexpected == 1 ? "" : "s") of output \"sales\""
            #expect(report.findings.map(\.verdict) == [.fail] && report.findings[0].text.hasPrefix(text))
        }
        #expect(found.samples.count { !$0.isExpected } == unexpected)
    }

    @Test func eachExpectationCountsItsRows() throws {
        let found = try bench().comparison("ONLY IN COLUMNS (tax);\n\nexpect diff  only where country\n = 'XX'")
        #expect(found.expectations.map(\.rows) == [1, 0])
        #expect(found.expectations.map(\.text) == ["ONLY IN COLUMNS (tax)", "expect diff only where country = 'XX'"])
    }

    @Test func expectationsAreOfTheOutputsThatTheyFit() throws {
        let bench = try bench()
        let other = [Field("id", .bigint, isNullable: false), Field("total", .bigint)]
        try bench.add("totals", [[.bigint(1), .bigint(1)]], [[.bigint(1), .bigint(2)]], fields: other)
        #expect(try bench.report("ONLY WHERE id > 0").verdict == .pass)
        #expect(
            try bench.report("ONLY WHERE total > 0").findings.map(\.text) == [
                "5 differences of output \"sales\" are not expected"
            ])
        #expect(try bench.report("ONLY IN COLUMNS (total); IN sales ONLY WHERE TRUE").verdict == .pass)
        #expect(
            try bench.report("IN sales ONLY WHERE TRUE").findings.map(\.text) == [
                "1 difference of output \"totals\" is not expected"
            ])
    }

    private func mistake(_ expectations: String) throws -> SQLError? {
        do {
            _ = try bench().report(expectations)
            return nil
        } catch AuditError.mistake(let mistake, _) {
            return mistake
        } catch {
            return error as? SQLError
        }
    }

    @Test(arguments: [
        ("ONLY IN COLUMNS (taxx)", "column \"taxx\" does not exist in output \"sales\"", 1, 18),
        ("NO DIFF;\nONLY WHERE contry = 'DE'", "column \"contry\" does not exist", 2, 12),
        ("ONLY WHERE tax", "the condition of WHERE must be BOOLEAN, this is DOUBLE", 1, 12),
        ("ONLY WHERE COUNT(*) > 1", "an aggregate is not allowed in WHERE", 1, 12),
        ("IN sale ONLY WHERE TRUE", "output \"sale\" does not exist", 1, 4),
        ("EXPECT", "syntax error at the end of the file: expected NO DIFF, IN or ONLY", 1, 7),
        ("EXPECT DIFF ONLY", "syntax error at the end of the file: expected COLUMNS", 1, 17),
        ("ONLY IN COLUMNS () ", "syntax error at \")\": expected a column", 1, 18),
        ("NO DIFF WHERE TRUE", "syntax error at \"WHERE\": expected \";\"", 1, 9),
        ("ONLY IN COLUMNS (tax) AND TRUE", "syntax error at \"AND\": expected \";\"", 1, 23),
    ])
    func mistakesHaveTheirPlace(expectations: String, message: String, line: Int, column: Int) throws {
        let found = try #require(try mistake(expectations))
        #expect(found.message == message)
        #expect(found.place?.line == line && found.place?.column == column, "\(found)")
    }

    @Test func namesAreSuggested() throws {
        #expect(try mistake("ONLY IN COLUMNS (taxx)")?.hint == "did you mean \"tax\"?")
        #expect(try mistake("IN sale ONLY WHERE TRUE")?.hint == "did you mean \"sales\"?")
    }

    // MARK: Volume

    private func timed(_ name: String, _ counts: [Int], digits: Int = 3) throws -> [[Cell]] {
        counts.enumerated().flatMap { hour, count in
            (0..<count).map { row in
                let milliseconds = Int64(hour - 1) * 3_600_000 + Int64(row)
                return [
                    digits <= 3 ? .timestamp(milliseconds) : .timestampMicros(milliseconds * 1000), .int(Int32(row)),
                ]
            }
        }
    }

    @Test(arguments: [3, 6]) func volumesAreComparedByPeriod(digits: Int) throws {
        let bench = try Bench()
        let fields = [Field("window_start", .timestamp(precision: digits)), Field("n", .int)]
        let (old, new) = ([100, 100, 100, 0, 7], [90, 111, 89, 1, 7])
        try bench.sales(
            key: [], timed("a", old, digits: digits) + [[.null, .int(1)]],
            timed("a", new, digits: digits) + [[.null, .int(1)]], fields: fields)
        let volume = try #require(try bench.comparison().volume)
        // The first hour is before 1970; the rows without a time are one more.
        #expect(volume.windows == 6 && volume.outside == 3 && volume.column == "window_start")
        #expect(volume.shown.map { $0.milliseconds.map { $0 / 3_600_000 } } == [0, 1, 2])
        #expect(volume.shown.map(\.old) == [100, 100, 0] && volume.shown.map(\.new) == [111, 89, 1])
        #expect(
            try bench.report("ONLY WHERE TRUE").findings.map(\.text) == [
                "output \"sales\" has 3 hours whose number of rows differs by more than 10 %"
            ])
        bench.options.volumeTolerance = 0.2
        #expect(try bench.comparison().volume?.outside == 1)
        bench.options.period = .day
        #expect(try bench.comparison().volume?.windows == 3)
    }

    @Test func aColumnIsNamedForVolumes() throws {
        let bench = try Bench()
        let fields = [Field("at", .timestamp(precision: 3)), Field("n", .int)]
        try bench.sales(key: [], timed("a", [1]), timed("a", [1]), fields: fields)
        #expect(try bench.comparison().volume == nil)
        bench.options.window = "at"
        #expect(try bench.comparison().volume?.windows == 1)
        bench.options.window = "n"
        #expect(throws: AuditError.self) { try bench.report() }
    }
}
