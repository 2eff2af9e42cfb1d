import Operators
import StreamSQL
import Testing

/// Texts made to break a parser: each has to give a plan or an error with a place, and neither trap nor hang.
@Suite struct HostileTests {
    private static let tables = """
        CREATE TABLE t (a INT, b BOOLEAN, s STRING) WITH ('connector' = 'filesystem', 'path' = 'x', 'format' = 'json');
        CREATE TABLE o (a INT) WITH ('connector' = 'blackhole');

        """

    private static func message(_ sql: String) -> String? { message(Array(sql.utf8)) }

    /// The error's message, nil for a plan. Also renders it, for that must not trap either.
    private static func message(_ bytes: [UInt8]) -> String? {
        do throws(SQLError) {
            let job = try analyze(bytes, file: "h.sql")
            _ = explainText(job)
            for sink in job.sinks { _ = fingerprintText(sink) }
            return nil
        } catch {
            _ = error.rendered(file: "h.sql", source: String(decoding: bytes, as: UTF8.self))
            expectPlace(of: error, in: bytes)
            return error.message
        }
    }

    static func expectPlace(of error: SQLError, in bytes: [UInt8]) {
        guard let place = error.place else {
            Issue.record("\(error.message) has no place")
            return
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let isInside = place.line >= 1 && place.line <= lines.count && place.column >= 1 && place.length >= 1
        #expect(isInside && place.column <= lines[place.line - 1].count + 1, "\(error.message) at \(place)")
    }

    private static func select(_ expression: String) -> String? {
        message(tables + "INSERT INTO o SELECT \(expression) FROM t;")
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    @Test(arguments: [10, 190, 1000, 100_000])
    func nestedExpressions(depth: Int) {
        let results = [
            Self.select(Self.repeated("(", depth) + "1" + Self.repeated(")", depth)),
            Self.select("CASE WHEN " + Self.repeated("NOT ", depth) + "b THEN 1 END"),
            Self.select(Self.repeated("- ", depth) + "a"),
            Self.select(Self.repeated("CASE WHEN b THEN ", depth) + "1" + Self.repeated(" END", depth)),
            Self.select(Self.repeated("COALESCE(", depth) + "a" + Self.repeated(")", depth)),
            Self.select(
                "CAST(" + Self.repeated("CAST(", depth) + "a" + Self.repeated(" AS STRING)", depth) + " AS INT)"),
        ]
        for result in results where depth >= 1000 { #expect(result == "expression too deep") }
        for result in results where depth == 190 { #expect(result == nil || result == "expression too deep") }
        for result in results where depth == 10 { #expect(result == nil) }
    }

    @Test(arguments: [150, 100_000])
    func longChains(count: Int) {
        let sum = Self.select("a" + Self.repeated(" + a", count))
        #expect(sum == (count == 150 ? nil : "expression too deep"))
        let isLong = count > 50_000
        for word in [" AND b", " OR b"] {
            let message = Self.message(
                Self.tables + "INSERT INTO o SELECT a FROM t WHERE b" + Self.repeated(word, isLong ? 50_000 : count))
            #expect(message == nil)
        }
        let list = "INSERT INTO o SELECT a FROM t WHERE a IN (1" + Self.repeated(", 2", isLong ? 50_000 : count) + ")"
        #expect(Self.message(Self.tables + list) == nil)
        let union = "INSERT INTO o SELECT a FROM t" + Self.repeated(" UNION ALL SELECT a FROM t", isLong ? 2000 : count)
        #expect(Self.message(Self.tables + union) == nil)
    }

    @Test(arguments: [10, 40, 1000, 50_000])
    func nestedQueries(depth: Int) {
        let nested = Self.repeated("SELECT * FROM (", depth) + "SELECT a FROM t" + Self.repeated(")", depth)
        let brackets = Self.repeated("(", depth) + "SELECT a FROM t" + Self.repeated(")", depth)
        let common = Self.repeated("WITH x AS (", depth) + "SELECT a FROM t" + Self.repeated(") SELECT a FROM x", depth)
        for query in [nested, brackets, common] {
            let message = Self.message(Self.tables + "INSERT INTO o " + query + ";")
            if depth <= 40 { #expect(message == nil) } else { #expect(message?.isEmpty == false) }
        }
    }

    @Test(arguments: [5, 20, 1000, 50_000])
    func nestedWindows(depth: Int) {
        let table = """
            CREATE TABLE w (a INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
              WITH ('connector' = 'filesystem', 'path' = 'x', 'format' = 'json');

            """
        let size = "DESCRIPTOR(ts), INTERVAL '1' HOUR))"
        let flowing =
            Self.repeated("SELECT a, ts FROM TABLE(TUMBLE((", depth) + "SELECT a, ts FROM w"
            + Self.repeated("), \(size)", depth)
        let grouped =
            Self.repeated("SELECT MAX(a) AS a, window_time AS ts FROM TABLE(TUMBLE((", depth) + "SELECT a, ts FROM w"
            + Self.repeated("), \(size) GROUP BY window_start, window_end, window_time", depth)
        for query in [flowing, grouped] {
            let message = Self.message(Self.tables + table + "INSERT INTO o SELECT a FROM (\(query));")
            if depth <= 20 { #expect(message == nil) } else { #expect(message?.isEmpty == false) }
        }
    }

    /// The deepest recursion there is: an expression of full depth inside queries of full depth.
    @Test func expressionInNestedQueries() {
        let sum = "a" + Self.repeated(" + (a", 95) + Self.repeated(")", 95)
        let query = Self.repeated("SELECT a FROM (", 48) + "SELECT \(sum) AS a FROM t" + Self.repeated(")", 48)
        #expect(Self.message(Self.tables + "INSERT INTO o " + query) == nil)
        let stacked =
            Self.repeated("SELECT a + (a + (a + 1)) AS a FROM (", 48) + "SELECT a FROM t" + Self.repeated(")", 48)
        #expect(Self.message(Self.tables + "INSERT INTO o " + stacked) == nil)
        let single =
            Self.repeated("SELECT UPPER(UPPER(UPPER(s))) AS s FROM (", 48) + "SELECT s FROM t" + Self.repeated(")", 48)
        #expect(Self.message(Self.tables + "INSERT INTO o SELECT CHAR_LENGTH(s) FROM (\(single))") == nil)
    }

    @Test func nestedTypes() {
        let depth = 100_000
        let sql = "CREATE TABLE x (a " + Self.repeated("ROW<a ", depth) + "INT" + Self.repeated(">", depth) + ")"
        #expect(Self.message(sql) == "expression too deep")
    }

    /// What is small as text and large once views are expanded.
    @Test func expansions() {
        var doubling = Self.tables + "CREATE VIEW v0 AS SELECT a FROM t;\n"
        var growing = doubling
        var squares = doubling
        var stars = doubling
        var chain = doubling
        for index in 1...60 {
            let below = "v\(index - 1)"
            doubling += "CREATE VIEW v\(index) AS SELECT a FROM \(below) UNION ALL SELECT a FROM \(below);\n"
            growing += "CREATE VIEW v\(index) AS SELECT a + a AS a FROM \(below);\n"
            squares +=
                "CREATE VIEW v\(index) AS SELECT CASE a WHEN 1 THEN 2 WHEN 3 THEN 4 ELSE a END AS a FROM \(below);\n"
            stars +=
                "CREATE VIEW v\(index) (a) AS SELECT a FROM (SELECT *, * FROM (SELECT a AS b FROM \(below)) AS x) AS y (a, c);\n"
        }
        for index in 1...1000 { chain += "CREATE VIEW v\(index) AS SELECT a + 1 AS a FROM v\(index - 1);\n" }
        let insert = "INSERT INTO o SELECT a FROM v60;"
        #expect(Self.message(doubling + insert) == "the query is too large once its views and sub-queries are expanded")
        #expect(Self.message(chain) == "the query is too large once its views and sub-queries are expanded")
        #expect(Self.message(growing + insert) == nil)
        #expect(Self.message(squares + insert) == nil)
        #expect(Self.message(stars + insert) == nil)
        let nested = Self.repeated("CASE ", 60) + "a" + Self.repeated(" WHEN 1 THEN 2 WHEN 3 THEN 4 END", 60)
        #expect(Self.select(nested) == "expression too large")
        let columns = Self.repeated("SELECT *, * FROM (", 30) + "SELECT a FROM t" + Self.repeated(")", 30)
        #expect(Self.message(Self.tables + "INSERT INTO o " + columns) == "more than 10000 columns")
    }

    @Test func largeFiles() {
        let megabytes = 1 << 20
        #expect(Self.message(Self.repeated(";", megabytes)) == "the file has more than 1000000 words")
        #expect(Self.message(Self.repeated("(", megabytes)) == "a query by itself has no place in a job file")
        #expect(
            Self.select("'" + Self.repeated("x", megabytes) + "'")
                == "string longer than \(ExpressionProgram.stringLimit) bytes")
        #expect(Self.select("'" + Self.repeated("x", megabytes)) == "unterminated string")
        #expect(Self.select(Self.repeated("x", megabytes))?.hasPrefix("column \"xxx") == true)
        #expect(Self.select(Self.repeated("9", megabytes)) == "number out of range")
        #expect(Self.select("1e" + Self.repeated("9", megabytes)) == "number out of range")
        #expect(Self.message("/*" + Self.repeated("* ", megabytes)) == "unterminated comment")
        #expect(Self.message("--" + Self.repeated("-", megabytes)) == nil)
        #expect(Self.select("1" + Self.repeated(", 1", 20_000)) == "more than 10000 columns")
        #expect(Self.message(Self.repeated("SET 'a' = 'b';", 10_001)) == "more than 10000 statements")
    }

    @Test func oddBytes() {
        #expect(Self.message([0xFF]) == "the file is not UTF-8")
        #expect(Self.message(Array("SET 'a' = '".utf8) + [0xC3, 0x28] + Array("';".utf8)) == "the file is not UTF-8")
        #expect(Self.message([0xED, 0xA0, 0x80]) == "the file is not UTF-8")
        #expect(Self.message([0]) == "unexpected character")
        #expect(Self.message([]) == nil)
        #expect(Self.message([0xEF, 0xBB, 0xBF] + Array("SET 'pipeline.name' = 'x';".utf8)) == nil)
        #expect(Self.message("SET 'pipeline.name' = 'a\u{0}b';") == nil)
        #expect(Self.select("a\u{200B}") == "unexpected character")
        #expect(Self.select("é̂ + 🙂") != nil)
        #expect(
            Self.message("'") == "syntax error at \"'\": expected a statement"
                || Self.message("'") == "unterminated string")
        for byte in UInt8.min...UInt8.max {
            _ = Self.message(Array((Self.tables + "INSERT INTO o SELECT a ").utf8) + [byte])
        }
    }
}
