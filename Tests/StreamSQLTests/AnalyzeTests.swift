import Columnar
import Dataflow
import Operators
import StreamSQL
import Testing

@Suite struct AnalyzeTests {
    private func analyzed(
        _ sql: String, _ overrides: [(key: String, value: String)] = []
    ) throws(SQLError) -> JobDefinition {
        try analyze(Array(sql.utf8), file: "job.sql", overrides: overrides)
    }

    // MARK: Plans as values

    private static let keyedCount = """
        CREATE TABLE e (kind INT, bid ROW<auction BIGINT, price BIGINT>)
          WITH ('connector' = 'filesystem', 'path' = 'e.jsonl', 'format' = 'json');
        CREATE TABLE o (auction BIGINT, n BIGINT NOT NULL, top BIGINT) WITH ('connector' = 'print');
        INSERT INTO o SELECT bid.auction, COUNT(*), MAX(bid.price) FROM e WHERE kind = 2 GROUP BY bid.auction;
        """

    @Test func planOfAKeyedCount() throws {
        let job = try analyzed(Self.keyedCount)
        guard case .sink(let sink) = try #require(job.sinks.first), case .aggregate(let aggregation) = sink.input,
            case .project(let projection) = aggregation.input, case .scan(let scan) = projection.input
        else {
            Issue.record("\(explainText(job))")
            return
        }
        #expect(sink.notNullColumns.isEmpty)
        #expect(aggregation.groupColumns == [0])
        #expect(aggregation.calls.map(\.function) == [.countStar, .max])
        #expect(aggregation.calls.map(\.argument) == [nil, 1])
        #expect(aggregation.calls.map(\.resultType) == [.bigint, .bigint])
        #expect(projection.items.map(\.expression) == [.column(1, .bigint), .column(2, .bigint)])
        #expect(scan.columns.map(\.path) == [["kind"], ["bid", "auction"], ["bid", "price"]])
        #expect(scan.predicates == [ScanPredicate(column: 0, comparison: .equal, literal: .int(2))])
        #expect(job.sinks[0].changelog == .updates)
    }

    @Test func optionsAreRead() throws {
        let job = try analyzed(
            """
            CREATE TABLE i (a INT) WITH ('connector' = 'filesystem', 'path' = 'i', 'format' = 'csv',
              'csv.field-delimiter' = '\\t', 'csv.skip-header' = 'TRUE');
            CREATE TABLE o (a INT) WITH ('connector' = 'filesystem', 'path' = 'o', 'format' = 'json',
              'json.timestamp-format.standard' = 'ISO-8601', 'sink.rolling-policy.file-size' = '2 mb',
              'sink.rolling-policy.rollover-interval' = '90 s', 'sink.rolling-policy.inactivity-interval' = '500');
            INSERT INTO o SELECT a FROM i;
            """)
        guard case .sink(let sink) = try #require(job.sinks.first), case .scan(let scan) = sink.input,
            case .filesystem(let output) = sink.table.connector, case .filesystem(let input) = scan.table.connector
        else {
            Issue.record("\(explainText(job))")
            return
        }
        var csv = CSVOptions()
        csv.syntax.fieldDelimiter = UInt8(ascii: "\t")
        csv.skipHeader = true
        var json = JSONOptions()
        json.timestampFormat = .iso8601
        #expect(input.format == .csv(csv) && output.format == .json(json))
        #expect(output.rolling.fileSizeBytes == 2 << 20)
        #expect(output.rolling.rolloverMilliseconds == 90_000)
        #expect(output.rolling.inactivityMilliseconds == 500)
    }

    // MARK: Settings

    @Test func theLastSettingHoldsAndOptionsBeatIt() throws {
        let sql = """
            SET 'pipeline.name' = 'first'; SET 'execution.checkpointing.interval' = '1 min';
            SET 'pipeline.name' = 'second'; SET 'sluice.bad-records' = 'skip'; SET unknown.key = 1;
            """
        let plain = try analyzed(sql)
        #expect(plain.settings.pipelineName == "second")
        #expect(plain.settings.checkpointIntervalMilliseconds == 60_000)
        #expect(plain.settings.badRecords == .skip)
        #expect(plain.warnings == ["setting 'unknown.key' has no effect"])
        let overridden = try analyzed(sql, [("sluice.bad-records", "fail"), ("pipeline.name", "third")])
        #expect(overridden.settings.badRecords == .fail)
        #expect(overridden.settings.pipelineName == "third")
    }

    @Test func settingsOfARunAreTyped() throws {
        let settings = try analyzed(
            """
            SET 'parallelism.default' = '4'; SET 'pipeline.max-parallelism' = '256';
            SET 'table.exec.source.idle-timeout' = '5 s'; SET 'execution.checkpointing.dir' = 'file:///c';
            SET 'execution.checkpointing.savepoint-dir' = 's'; SET 'state.checkpoints.num-retained' = '3';
            """
        ).settings
        #expect(settings.parallelism == 4 && settings.maximumParallelism == 256)
        #expect(settings.idleTimeoutMilliseconds == 5000)
        #expect(settings.checkpointDirectory == "/c" && settings.savepointDirectory == "s")
        #expect(settings.retainedCheckpoints == 3)
        #expect(settings.restartStrategy == .none)
        #expect(try analyzed("SET 'table.exec.source.idle-timeout' = '0'").settings.idleTimeoutMilliseconds == nil)
    }

    @Test func restartStrategiesHaveFlinksDefaults() throws {
        func strategy(_ sql: String) throws -> RestartStrategy { try analyzed(sql).settings.restartStrategy }
        #expect(try strategy("SET 'restart-strategy.type' = 'off'") == .none)
        #expect(
            try strategy("SET 'restart-strategy.type' = 'fixed-delay'")
                == .fixedDelay(
                    attempts: 1, delayMilliseconds: 1000))
        #expect(
            try strategy("SET 'restart-strategy' = 'failure-rate'; SET 'restart-strategy.failure-rate.delay' = '2 s'")
                == .failureRate(mostFailures: 1, intervalMilliseconds: 60_000, delayMilliseconds: 2000))
        var delay = ExponentialDelay()
        #expect(try strategy("SET 'restart-strategy.type' = 'exponential-delay'") == .exponentialDelay(delay))
        #expect(delay.initialMilliseconds == 1000 && delay.mostMilliseconds == 60_000 && delay.multiplier == 1.5)
        delay.initialMilliseconds = 50
        delay.multiplier = 2
        delay.attempts = 7
        let tuned = """
            SET 'restart-strategy.type' = 'exponential-delay';
            SET 'restart-strategy.exponential-delay.initial-backoff' = '50 ms';
            SET 'restart-strategy.exponential-delay.backoff-multiplier' = '2.0';
            SET 'restart-strategy.exponential-delay.attempts-before-reset-backoff' = '7';
            """
        #expect(try strategy(tuned) == .exponentialDelay(delay))
    }

    @Test func aMistakeInAnOptionHasNoPlace() {
        do throws(SQLError) {
            _ = try analyzed("", [("sluice.bad-recrods", "fail")])
            Issue.record("accepted")
        } catch {
            #expect(error.place == nil)
            let expected = "error: unknown setting 'sluice.bad-recrods'\nhint: did you mean \"sluice.bad-records\"?"
            #expect(error.rendered(file: "job.sql", source: "") == expected)
        }
    }

    @Test(
        arguments: [
            ("500 ms", 500), ("10s", 10_000), ("1 min", 60_000), ("2 h", 7_200_000), ("1 d", 86_400_000), ("250", 250),
            ("3000 ns", 0), ("5000 µs", 5), ("-1 s", nil), ("1.5 s", nil), ("s", nil), ("", nil),
            ("9223372036854775807 d", nil), ("99999999999999999999", nil),
        ] as [(String, Int64?)])
    func durations(text: String, milliseconds: Int64?) {
        do throws(SQLError) {
            let job = try analyzed("SET 'execution.checkpointing.interval' = '\(text)'")
            #expect(job.settings.checkpointIntervalMilliseconds == milliseconds)
        } catch {
            #expect(milliseconds == nil, "\(error.message)")
        }
    }

    // MARK: Fingerprint

    private func fingerprint(_ sql: String) throws(SQLError) -> [String] {
        try analyzed(sql).sinks.flatMap(fingerprintLines)
    }

    @Test func theFingerprintDoesNotSeeWhatDoesNotMatter() throws {
        let original = try fingerprint(Self.keyedCount)
        let same = """
            SET 'pipeline.name' = 'other'; SET 'execution.checkpointing.interval' = '1 s';
            -- a comment
            create table `events` (kind int, bid row<auction bigint, price bigint>, unused string)
              with ('path' = 'e.jsonl', 'format' = 'json', 'connector' = 'filesystem');
            CREATE TABLE o (auction BIGINT, n BIGINT NOT NULL, top BIGINT) WITH ('connector' = 'print');
            CREATE VIEW bids AS SELECT bid.auction AS x, bid.price AS y FROM events WHERE 2 = kind;
            INSERT INTO o SELECT x AS k, COUNT(*) AS c, MAX(y) FROM bids AS z GROUP BY x;
            """
        #expect(try fingerprint(same) == original)
    }

    @Test(arguments: [
        ("kind = 2", "kind = 3"), ("'e.jsonl'", "'f.jsonl'"), ("MAX(bid", "MIN(bid"), ("'print'", "'blackhole'"),
        ("GROUP BY bid.auction", "GROUP BY bid.auction, bid.price"), ("price BIGINT", "price INT"),
        ("'format' = 'json'", "'format' = 'json', 'json.ignore-parse-errors' = 'true'"),
        ("n BIGINT NOT NULL", "m BIGINT NOT NULL"),
    ])
    func theFingerprintSeesWhatMatters(old: String, new: String) throws {
        let parts = Self.keyedCount.split(separator: old, omittingEmptySubsequences: false)
        #expect(parts.count > 1)
        let changed = parts.joined(separator: new)
        #expect(try fingerprint(changed) != fingerprint(Self.keyedCount))
    }

    private static let windowedCount = """
        CREATE TABLE e (k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
          WITH ('connector' = 'filesystem', 'path' = 'e.jsonl', 'format' = 'json');
        CREATE TABLE o (k STRING, n BIGINT, s TIMESTAMP(3)) WITH ('connector' = 'print');
        INSERT INTO o SELECT k, COUNT(*), window_start
        FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
        GROUP BY k, window_start, window_end;
        """

    @Test(arguments: [
        ("INTERVAL '4'", "INTERVAL '5'"), ("'2' SECOND", "'1' SECOND"), ("'10' SECOND", "'20' SECOND"),
        ("'10' SECOND)", "'10' SECOND, INTERVAL '1' SECOND)"), ("), window_start", "), window_end"),
    ])
    func theFingerprintSeesWindows(old: String, new: String) throws {
        let changed = Self.windowedCount.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        #expect(changed != Self.windowedCount)
        #expect(try fingerprint(changed) != fingerprint(Self.windowedCount))
    }

    @Test func theFingerprintDoesNotSeeTheParallelism() throws {
        let changed = "SET 'parallelism.default' = '4';" + Self.windowedCount
        #expect(try fingerprint(changed) == fingerprint(Self.windowedCount))
    }

    @Test func oneLinePerOperatorNamesTheFirstThatDiffers() throws {
        let lines = try fingerprint(Self.keyedCount)
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("#0 scan filesystem \"e.jsonl\" json("))
        #expect(lines[2] == "#2 aggregate by [$0] calls [COUNT(*)():BIGINT MAX($1):BIGINT] <- #1")
    }

    // MARK: Rendering

    @Test func theCaretStandsUnderTheCharacter() {
        let source = "SET 'a' = 'b';\r\n\t'漢字' nosuch\r\n"
        let error = SQLError("m", place: SQLPlace(line: 2, column: 7, length: 6))
        #expect(
            error.rendered(file: "f.sql", source: source) == """
                error: f.sql:2:7: m
                 2 | \t'漢字' nosuch
                   | \t       ^~~~~~
                """)
    }

    @Test func longLinesAreShownAroundThePlace() {
        let source = String(repeating: "x", count: 500) + "!" + String(repeating: "y", count: 500)
        let error = SQLError("m", place: SQLPlace(line: 1, column: 501, length: 1))
        let shown = "…" + String(repeating: "x", count: 60) + "!" + String(repeating: "y", count: 59) + "…"
        let caret = String(repeating: " ", count: 61) + "^"
        #expect(error.rendered(file: "f.sql", source: source) == "error: f.sql:1:501: m\n 1 | \(shown)\n   | \(caret)")
    }

    @Test func controlCharactersAreNotPrinted() {
        let error = SQLError("m", place: SQLPlace(line: 1, column: 3, length: 1))
        #expect(error.rendered(file: "f", source: "\u{1B}[2J") == "error: f:1:3: m\n 1 | \u{FFFD}[2J\n   |   ^")
    }
}
