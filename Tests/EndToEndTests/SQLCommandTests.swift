import Foundation
import Glibc
import HostSystem
import TestSupport
import Testing

/// `sluice sql`, as people and scripts use it.
@Suite struct SQLCommandTests {
    private static let declarations = """
        CREATE TABLE payments (name STRING, amount INT)
          WITH ('connector' = 'filesystem', 'path' = 'payments.jsonl', 'format' = 'json');
        CREATE VIEW big AS SELECT name, amount FROM payments WHERE amount > 4;
        CREATE TABLE totals (name STRING, total INT) WITH ('connector' = 'print');
        INSERT INTO totals SELECT name, SUM(amount) FROM payments GROUP BY name;

        """

    private static let lines = """
        {"name":"bob","amount":7}
        {"name":"alice","amount":3}
        {"name":"carol"}
        {"name":"alice","amount":5}

        """

    private func workspace(_ lines: String = Self.lines) throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write(Self.declarations, to: "job.sql")
        try workspace.write(lines, to: "payments.jsonl")
        try workspace.write("", to: "temporary/keep")
        return workspace
    }

    /// Runs `sluice sql -f job.sql` with these arguments behind; it must leave nothing behind.
    private func sql(_ arguments: String..., in workspace: Workspace) throws -> SluiceRun {
        try run(arguments, in: workspace)
    }

    private func run(_ arguments: [String], in workspace: Workspace) throws -> SluiceRun {
        let process = try SluiceRun.start(
            ["sql", "-f", "job.sql"] + arguments, in: workspace,
            environment: ["TMPDIR": workspace.path + "/temporary", "SLUICE_HISTORY": "history"])
        let run = try SluiceRun(process)
        #expect(try PosixFileSystem().list(workspace.path + "/temporary") == ["keep"])
        #expect(!workspace.exists("sluice-data"))
        return run
    }

    private static let grouped =
        "SELECT name, SUM(amount) AS total, COUNT(*) AS n FROM payments GROUP BY name ORDER BY total DESC, name"

    // MARK: Forms of output

    @Test func aTableForPeople() throws {
        let run = try sql("-e", Self.grouped, in: workspace())
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(
            run.output == """
                 name  | total | n
                -------+-------+---
                 alice |     8 | 2
                 bob   |     7 | 1
                 carol |  NULL | 1

                """)
        #expect(run.messages == "(3 rows)\n")
    }

    @Test func linesForPrograms() throws {
        let workspace = try workspace()
        let json = try sql("--output", "json", "-e", Self.grouped, in: workspace)
        #expect(
            json.output == """
                {"name":"alice","total":8,"n":2}
                {"name":"bob","total":7,"n":1}
                {"name":"carol","total":null,"n":1}

                """)
        let csv = try sql("--output", "csv", "-e", Self.grouped, in: workspace)
        #expect(csv.output == "name,total,n\nalice,8,2\nbob,7,1\ncarol,,1\n")
        #expect(json.messages.isEmpty && csv.messages.isEmpty)
    }

    @Test func textsThatWouldTearTheOutput() throws {
        let workspace = try workspace(#"{"name":"a,\"b\"\n\u001b[2J日本","amount":1}"# + "\n")
        let query = "SELECT name, amount FROM payments"
        let text = try sql("-e", query, in: workspace)
        #expect(text.output.split(separator: "\n").last == " a,\"b\"\\n\\u001B[2J日本 |      1")
        let json = try sql("--output", "json", "-e", query, in: workspace)
        #expect(json.output.split(separator: "\n").count == 1)
        let csv = try sql("--output", "csv", "-e", query, in: workspace)
        #expect(csv.output == "name,amount\n\"a,\"\"b\"\"\n\u{1B}[2J日本\",1\n")
    }

    // MARK: Queries

    @Test(arguments: [
        ("SELECT name FROM big ORDER BY amount LIMIT 1", ["{\"name\":\"alice\"}"]),
        (
            "SELECT name FROM payments ORDER BY amount DESC NULLS FIRST, 1 OFFSET 1 ROWS FETCH FIRST 2 ROWS ONLY",
            ["{\"name\":\"bob\"}", "{\"name\":\"alice\"}"]
        ),
        ("SELECT name FROM payments LIMIT 2", ["{\"name\":\"bob\"}", "{\"name\":\"alice\"}"]),
        ("SELECT name FROM payments LIMIT 0", []),
        ("SELECT COUNT(*) AS n, MAX(amount) AS m FROM payments WHERE amount > 99", ["{\"n\":0,\"m\":null}"]),
        ("SELECT COUNT(*) + 1 AS n FROM payments HAVING COUNT(*) > 99", []),
        ("SELECT COUNT(*) + 1 AS n FROM payments WHERE FALSE HAVING COUNT(*) < 99", ["{\"n\":1}"]),
        ("SELECT COUNT(*) AS n FROM payments GROUP BY name HAVING COUNT(*) > 99", []),
        ("SELECT COUNT(*) AS n FROM payments WHERE FALSE GROUP BY 'a'", []),
        (
            "SELECT m, COUNT(*) AS n FROM (SELECT MAX(amount) AS m FROM payments WHERE FALSE) GROUP BY m",
            ["{\"m\":null,\"n\":1}"]
        ),
        (
            "SELECT SUM(c) AS s FROM (SELECT name, COUNT(*) AS c FROM payments GROUP BY name HAVING COUNT(*) > 99)",
            ["{\"s\":null}"]
        ),
        (
            "SELECT DISTINCT amount > 4 AS big FROM payments WHERE amount > 0 ORDER BY 1",
            ["{\"big\":false}", "{\"big\":true}"]
        ),
        (
            "VALUES (2, 'b'), (1, NULL) ORDER BY 1",
            ["{\"EXPR$0\":1,\"EXPR$1\":null}", "{\"EXPR$0\":2,\"EXPR$1\":\"b\"}"]
        ),
        ("SELECT SUM(x) AS s FROM (VALUES 1, 2, 3) AS v (x)", ["{\"s\":6}"]),
        (
            "SELECT 1 + 1 AS two, UPPER('a') AS a UNION ALL SELECT 3, 'b' ORDER BY 1 DESC",
            ["{\"two\":3,\"a\":\"b\"}", "{\"two\":2,\"a\":\"A\"}"]
        ),
        ("CREATE VIEW v AS SELECT amount * 2 AS a FROM payments; SELECT SUM(a) AS s FROM v", ["{\"s\":30}"]),
        (
            "CREATE TABLE g (a INT) WITH ('connector' = 'datagen'); SELECT COUNT(*) AS n FROM payments; "
                + "SELECT 1 AS a FROM g LIMIT 2", ["{\"n\":4}", "{\"a\":1}", "{\"a\":1}"]
        ),
        (
            "SHOW TABLES",
            ["{\"table name\":\"big\"}", "{\"table name\":\"payments\"}", "{\"table name\":\"totals\"}"]
        ),
        (
            "DESCRIBE big",
            [
                "{\"name\":\"name\",\"type\":\"STRING\",\"null\":\"TRUE\"}",
                "{\"name\":\"amount\",\"type\":\"INT\",\"null\":\"TRUE\"}",
            ]
        ),
    ])
    func answers(query: String, lines: [String]) throws {
        let run = try sql("--output", "json", "-e", query, in: workspace())
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(run.output.split(separator: "\n").map(String.init) == lines)
    }

    /// State that does not fit, more than one subtask, and several epochs.
    @Test func manyKeysAnswerTheSame() throws {
        let workspace = try Workspace()
        try workspace.write("", to: "temporary/keep")
        try workspace.write(
            """
            CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'fields.n.kind' = 'sequence',
              'fields.n.start' = '0', 'fields.n.end' = '299999', 'rows-per-second' = '1000000000');
            CREATE VIEW pairs AS SELECT n / 2 AS pair, COUNT(*) AS c, SUM(n) AS s FROM numbers GROUP BY n / 2;
            """, to: "job.sql")
        for arguments in [[], ["--parallelism", "2"], ["--memory", "64MB", "-D", "sluice.state-memory=2MB"]] {
            let query = "SELECT pair, c, s FROM pairs ORDER BY s DESC LIMIT 2"
            let run = try run(["--output", "csv", "-e", query] + arguments, in: workspace)
            #expect(run.output == "pair,c,s\n149999,2,599997\n149998,2,599993\n", "\(run.messages)")
        }
    }

    @Test func badRecordsAreShown() throws {
        let workspace = try workspace("no json\n" + Self.lines)
        let refused = try sql("-e", "SELECT COUNT(*) FROM payments", in: workspace)
        #expect(refused.ending == .exit(1) && refused.output.isEmpty)
        #expect(refused.messages.contains("payments.jsonl:1"), "\(refused.messages)")
        let skipped = try sql(
            "--output", "csv", "-D", "sluice.bad-records=skip", "-e", "SELECT COUNT(*) AS n FROM payments",
            in: workspace)
        #expect(skipped.output == "n\n4\n" && skipped.messages == "notice: 1 bad records skipped\n")
    }

    @Test func thePlanIsShown() throws {
        let run = try sql("-e", "EXPLAIN SELECT name FROM payments ORDER BY amount LIMIT 3", in: workspace())
        #expect(run.output.hasPrefix("Limit 3\nSort amount ASC NULLS FIRST\n"), "\(run.output)")
        #expect(run.output.contains("Scan payments"), "\(run.output)")
    }

    // MARK: Mistakes

    @Test func aMistakeIsShownAtItsPlace() throws {
        let workspace = try workspace()
        let run = try sql("-e", "SELECT 1;\nSELECT nmae FROM payments", in: workspace)
        #expect(run.ending == .exit(1))
        #expect(run.output.contains("EXPR$0"), "what stands before it was performed")
        #expect(run.messages.contains("error: -e:2:8: column \"nmae\" does not exist"), "\(run.messages)")
        #expect(run.messages.contains("hint: did you mean"), "\(run.messages)")
        let missing = try SluiceRun("sql", "-f", "nowhere.sql", "-e", "SELECT 1", in: workspace)
        #expect(missing.ending == .exit(1) && missing.messages.contains("cannot read 'nowhere.sql'"))
        #expect(try SluiceRun("sql", "--output", "xml", in: workspace).ending == .exit(64))
    }

    @Test(
        arguments: [
            (["--at", "17"], 4, "there is no data directory to read as of a past position"),
            (["--at", "yesterday"], 64, "--at"), (["--at", "17", "--follow"], 64, "either --at or --follow"),
            (["-n", "3"], 64, "-n goes with --follow"),
        ] as [([String], Int32, String)])
    func whatDoesNotGoTogetherIsRefused(arguments: [String], code: Int32, message: String) throws {
        let run = try run(arguments + ["-e", "SELECT 1"], in: workspace())
        #expect(run.ending == .exit(code) && run.output.isEmpty)
        #expect(run.messages.contains(message), "\(run.messages)")
    }

    // MARK: Following

    @Test(arguments: [
        ("text", ["+I[alice, 8]", "+I[bob, 7]", "+I[carol, null]"]),
        ("csv", ["\"+I\",alice,8", "\"+I\",bob,7", "\"+I\",carol,", "op,name,total"]),
        (
            "json",
            [
                "{\"op\":\"+I\",\"row\":{\"name\":\"alice\",\"total\":8}}",
                "{\"op\":\"+I\",\"row\":{\"name\":\"bob\",\"total\":7}}",
                "{\"op\":\"+I\",\"row\":{\"name\":\"carol\",\"total\":null}}",
            ]
        ),
    ])
    func changesAreShownInEveryForm(output: String, lines: [String]) throws {
        let query = "SELECT name, SUM(amount) AS total FROM payments GROUP BY name"
        let run = try sql("--follow", "--output", output, "-e", query, in: workspace())
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(run.output.split(separator: "\n").map(String.init).sorted() == lines)
        let some = try sql("--follow", "-n", "2", "-e", "SELECT name FROM payments", in: workspace())
        #expect(some.ending == .exit(0) && some.output == "+I[bob]\n+I[alice]\n")
    }

    /// Until the query is interrupted; one that was killed leaves nothing behind for longer than the next one.
    @Test func whatIsWatchedIsFollowed() throws {
        let workspace = try workspace()
        let watched = """
            CREATE TABLE watched (name STRING) WITH ('connector' = 'filesystem', 'path' = 'payments.jsonl',
              'format' = 'json', 'source.monitor-interval' = '10 ms'); SELECT name FROM watched;
            """
        let environment = ["TMPDIR": workspace.path + "/temporary"]
        let process = try SluiceRun.start(["sql", "--follow", "-e", watched], in: workspace, environment: environment)
        #expect(try process.read { $0.outputText == "+I[bob]\n+I[alice]\n+I[carol]\n+I[alice]\n" })
        let payments = try #require(FileHandle(forWritingAtPath: workspace.path + "/payments.jsonl"))
        try payments.seekToEnd()
        try payments.write(contentsOf: Data("{\"name\":\"dave\"}\n".utf8))
        #expect(try process.read { $0.outputText.hasSuffix("+I[dave]\n") })
        let killed = try SluiceRun.start(["sql", "--follow", "-e", watched], in: workspace, environment: environment)
        #expect(try killed.read { $0.outputText.hasSuffix("+I[dave]\n") })
        killed.send(SIGKILL)
        #expect(try killed.wait() == .signal(SIGKILL))
        #expect(try PosixFileSystem().list(workspace.path + "/temporary").count == 3)
        // Removes what the killed one has left, and not what is in use.
        _ = try SluiceRun("sql", "-e", "SELECT 1", in: workspace, environment: environment)
        #expect(try PosixFileSystem().list(workspace.path + "/temporary").count == 2)
        process.send(SIGINT)
        #expect(try process.wait() == .exit(0))
        #expect(try PosixFileSystem().list(workspace.path + "/temporary") == ["keep"])
    }

    // MARK: Standard input

    @Test func statementsComeFromStandardInput() throws {
        let workspace = try workspace()
        try workspace.write("SELECT COUNT(*) AS n FROM payments;\nSELECT name FROM big LIMIT 1;\n", to: "queries")
        let path = try BuiltProducts.program("sluice")
        let process = try ChildProcess(
            "/bin/sh", ["-c", "exec \"$0\" sql -f job.sql --output csv < queries", path], in: workspace.path)
        #expect(try process.wait() == .exit(0))
        #expect(process.outputText == "n\n4\nname\nbob\n")
    }

    @Test func aQueryIsCancelled() throws {
        let workspace = try workspace()
        let endless = """
            CREATE TABLE slow (a INT) WITH ('connector' = 'datagen', 'number-of-rows' = '1000000000',
              'rows-per-second' = '10'); SELECT 1 AS ready; SELECT SUM(a) FROM slow;
            """
        let process = try SluiceRun.start(
            ["sql", "--output", "csv", "-e", endless], in: workspace,
            environment: ["TMPDIR": workspace.path + "/temporary"])
        // Until the second query has its directory, an interruption would end the process all the same.
        #expect(try process.read { $0.outputText == "ready\n1\n" })
        process.send(SIGINT)
        #expect(try process.wait() == .exit(130))
    }

    @Test func thePromptReadsEditsAndRemembers() throws {
        let workspace = try workspace()
        let terminal = try PseudoTerminal()
        let path = try BuiltProducts.program("sluice")
        func start() throws -> ChildProcess {
            try ChildProcess(
                "/bin/sh", ["-c", "exec \"$0\" sql -f job.sql --output csv < \"$1\"", path, terminal.path],
                in: workspace.path, environment: ["SLUICE_HISTORY": "history"])
        }
        let process = try start()
        #expect(try process.read { $0.messageText.hasSuffix("sluice> \u{1B}[K\r\u{1B}[8C") })
        // A slip and its correction, two lines, a mistake, and what was typed before.
        terminal.type("SELECT 1 + 2 AS threw\u{7F}e\r")
        #expect(try process.read { $0.messageText.contains("     -> ") })
        terminal.type(";\r")
        #expect(try process.read { $0.outputText == "three\n3\n" })
        terminal.type("SELECT nothing;\r\\x\r")
        #expect(try process.read { $0.messageText.contains("there is no command \\x") })
        #expect(process.messageText.contains("error: prompt:1:8: column \"nothing\" does not exist"))
        terminal.type("\u{1B}[A\u{1B}[A\u{1B}[A\u{1B}[A\r;\r")
        #expect(try process.read { $0.outputText == "three\n3\nthree\n3\n" })
        terminal.type("dropped\u{3}\\q\r")
        #expect(try process.wait() == .exit(0))
        let kept = String(decoding: try PosixFileSystem().readAll(workspace.path + "/history"), as: UTF8.self)
        #expect(kept == "SELECT 1 + 2 AS three\n;\nSELECT nothing;\n\\x\nSELECT 1 + 2 AS three\n;\n\\q\n")
        let again = try start()
        // What is typed before the prompt is there is thrown away.
        #expect(try again.read { $0.messageText.hasSuffix("sluice> \u{1B}[K\r\u{1B}[8C") })
        terminal.type("\u{10}\u{10}\u{10}\r;\r\u{4}")
        #expect(try again.wait() == .exit(0))
        #expect(again.outputText == "three\n3\n")
    }
}

/// A terminal that a test types into.
private final class PseudoTerminal {
    private let master: Int32
    private let slave: Int32
    let path: String

    init() throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (number, locked): (Int32, Int32) = (0, 0)
        // TIOCSPTLCK and TIOCGPTN, which are macros.
        try #require(
            master >= 0 && ioctl(master, 0x4004_5431, &locked) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
        path = "/dev/pts/\(number)"
        // Held open, so that what is typed between two programs is not lost.
        slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(slave >= 0)
    }

    deinit {
        close(slave)
        close(master)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(write(master, bytes, bytes.count) == bytes.count)
    }
}
