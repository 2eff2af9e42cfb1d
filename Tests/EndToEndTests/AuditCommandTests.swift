import Glibc
import HostSystem
import TestSupport
import Testing

/// Audits and differences of a job with two versions, by the commands, with a server.
@Suite struct AuditCommandTests {
    /// A server over a folder, with the job "sums" deployed: version 1 counts and adds by name, version 2 adds twice as much of
    /// those that begin with b, and has a column more.
    private final class DeployedSums {
        let workspace: Workspace
        private let server: ChildProcess

        /// - Parameter audit: a folder with nothing in it, for the audits of version 2.
        init(audit: String? = nil) throws {
            workspace = try Workspace()
            if let audit { try workspace.write("", to: "\(audit)/expect.sql") }
            server = try SluiceRun.start(["server", "--port", "0"], in: workspace)
            var rows = ""
            for id in 0..<300 { rows += "{\"name\":\"\(["a", "b"][id % 2])\(id % 30)\",\"n\":\(id)}\n" }
            try workspace.write(rows, to: "rows.jsonl")
            try workspace.write(Self.job("SUM(n)", more: ""), to: "one.sql")
            try workspace.write(
                Self.job("SUM(CASE WHEN name LIKE 'b%' THEN 2 * n ELSE n END)", more: ", MAX(n)"), to: "two.sql")
            try shell(
                "sluice topic create rows --schema 'name STRING, n BIGINT' && sluice topic produce rows < rows.jsonl")
            try shell("until test -S sluice-data/server.sock; do sleep 0.05; done")
            try shell("sluice deploy sums one.sql --yes && sluice wait sums@1 --until live")
            let folder = audit.map { " --audit \($0)" } ?? ""
            try shell("sluice deploy sums two.sql --yes\(folder) && sluice wait sums@2 --until audited")
        }

        deinit {
            server.send(SIGTERM)
            do { try server.wait() } catch { print("the server stays behind: \(error)") }
        }

        private static func job(_ sum: String, more: String) -> String {
            let (column, value) = more.isEmpty ? ("", "") : (", greatest BIGINT", more)
            return """
                CREATE TABLE rows_in (name STRING, n BIGINT) WITH ('connector' = 'log', 'topic' = 'rows');
                CREATE TABLE sums (name STRING, c BIGINT, total BIGINT\(column), PRIMARY KEY (name) NOT ENFORCED)
                  WITH ('connector' = 'log', 'topic' = 'sums');
                INSERT INTO sums SELECT name, COUNT(*), \(sum)\(value) FROM rows_in GROUP BY name;
                """
        }

        func shell(_ script: String) throws {
            let path = try BuiltProducts.folder() + ":/usr/bin:/bin"
            let process = try ChildProcess(
                "/bin/bash", ["-c", script], in: workspace.path, environment: ["PATH": path])
            let ending = try process.wait()
            #expect(ending == .exit(0), "\(script): \(process.messageText)")
        }

        func run(_ arguments: String...) throws -> SluiceRun {
            try SluiceRun(SluiceRun.start(arguments, in: workspace))
        }

        /// A folder with these files.
        func audit(_ files: [String: String], _ arguments: String...) throws -> SluiceRun {
            for (name, text) in files { try workspace.write(text, to: "checks/\(name)") }
            defer {
                do { try workspace.remove("checks") } catch { print("\(error)") }
            }
            return try SluiceRun(
                SluiceRun.start(["audit", "sums", "--audit", "checks"] + arguments, in: workspace))
        }
    }

    @Test func anAuditSaysWhatDiffers() throws {
        let job = try DeployedSums()
        // The server has made the first one.
        let first = try job.run("audit", "sums", "--show")
        #expect(
            first.ending == .exit(0) && first.output.contains("WARN  output \"sums\" differs in 15 rows"), "\(first)")
        #expect(first.output.contains("changed  15  total 15") && first.output.contains("new columns: greatest"))

        let expected = try job.run("audit", "sums", "--expect", "ONLY IN COLUMNS (total) WHERE name LIKE 'b%'")
        #expect(expected.ending == .exit(0) && expected.output.hasSuffix("\nPASS\n"), "\(expected)")
        let unexpected = try job.run("audit", "sums@2", "--expect", "NO DIFF", "--samples", "1", "--output", "json")
        #expect(unexpected.ending == .exit(2), "\(unexpected)")
        let line = try #require(unexpected.output.split(separator: "\n").first)
        let json = try JSONValue(parsing: String(line))
        let output = try #require(json["outputs"]?.arrayValue?.first)
        #expect(json["verdict"] == .string("FAIL") && output["notExpected"]?.integerValue == 15)
        #expect(output["samples"]?.arrayValue?.count == 1)
        #expect(try job.run("audit", "sums", "--show").ending == .exit(2))

        for (arguments, code, message) in [
            (["--expect", "ONLY IN COLUMNS (totl)"], Int32(1), "did you mean \"total\"?"),
            (["--expect", "ONLY"], 1, "--expect:1:5: syntax error"),
            (["--audit", "nowhere"], 1, "cannot read the audit folder 'nowhere'"),
            (["--window", "name"], 4, "no output has a TIMESTAMP column \"name\""),
            (["--old", "7"], 4, "has no version 7"), (["--volume-tolerance", "much"], 64, "--volume-tolerance"),
        ] {
            let run = try SluiceRun(SluiceRun.start(["audit", "sums"] + arguments, in: job.workspace))
            #expect(run.ending == .exit(code) && run.messages.contains(message), "\(arguments): \(run)")
        }
    }

    /// Of its process, or told by itself.
    @Test(arguments: [SIGINT, SIGTERM, SIGKILL])
    func anAuditThatIsInterruptedIsGivenUp(signal: Int32) throws {
        let job = try DeployedSums(audit: "kept")
        try job.workspace.remove("kept")
        // More numbers than anybody waits for.
        try job.workspace.write(
            """
            CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'fields.id.kind' = 'sequence',
              'fields.id.start' = '0', 'fields.id.end' = '1000000000000');
            SELECT id FROM numbers WHERE id < 0;
            """, to: "kept/slow.sql")
        try job.shell("mkdir scratch")
        let audit = try SluiceRun.start(["audit", "sums"], in: job.workspace, environment: ["TMPDIR": "scratch"])
        // Its query has begun.
        try job.shell("until ls scratch | grep -q sluice-sql-; do sleep 0.05; done")
        #expect(try job.run("status", "sums").output.contains("AUDITING"))
        audit.send(signal)
        let ending = try audit.wait()
        #expect(ending == (signal == SIGKILL ? .signal(SIGKILL) : .exit(128 + signal)), "\(audit.messageText)")
        if signal == SIGKILL { try job.shell("while sluice status sums | grep -q AUDITING; do sleep 0.05; done") }
        let history = try job.run("history", "sums")
        let reason = signal == SIGKILL ? "the process that made it has ended" : "somebody has interrupted it"
        #expect(history.output.contains("AUDITING -> IN_SYNC  the audit was not made: \(reason)"), "\(history)")
    }

    @Test func checksReadBothVersionsAndTheInputsUpToTheCut() throws {
        let job = try DeployedSums()
        let good = try job.audit(
            [
                "expect.sql": "EXPECT DIFF IN sums ONLY WHERE name LIKE 'b%';",
                "counts.sql": """
                CREATE VIEW counts AS SELECT name, COUNT(*) AS c FROM `rows` GROUP BY name;
                SELECT name, SUM(c) AS missing FROM (SELECT name, c FROM counts UNION ALL SELECT name, -c FROM `sums$candidate`)
                  GROUP BY name HAVING SUM(c) <> 0;
                """,
                "old.sql": "SELECT * FROM (SELECT COUNT(*) AS n FROM `sums$live`) WHERE n <> 30",
                "numbered.sql":
                    "SELECT name FROM `sums$v2` WHERE c <> 10 UNION ALL SELECT name FROM `sums$v1` WHERE c <> 10",
                "warn_large.sql":
                    "SELECT name, total FROM `sums$candidate` WHERE total > 3000 ORDER BY total DESC, name",
            ])
        #expect(good.ending == .exit(0), "\(good)")
        for line in [
            "counts      PASS", "numbered    PASS", "old         PASS", "warn_large  WARN  ", "name='b29', total=",
        ] {
            #expect(good.output.contains(line), "\(line): \(good.output)")
        }
        let bad = try job.audit(
            [
                "broken.sql": "SELECT nme FROM `sums$live`", "which.sql": "SELECT name FROM sums",
                "gone.sql": "SELECT name FROM `sums$v9`", "none.sql": "CREATE VIEW v AS SELECT name FROM `rows`",
                "empty.sql": "-- nothing", "plan.sql": "EXPLAIN SELECT name FROM `rows`",
                "many.sql": "SELECT name, n FROM `rows` ORDER BY n",
            ])
        #expect(bad.ending == .exit(2), "\(bad)")
        for part in [
            "checks/broken.sql:1:8: column \"nme\" does not exist", "did you mean \"name\"?",
            "checks/which.sql:1:18: output \"sums\" has two versions here", "`sums$candidate` is the new one",
            "checks/gone.sql:1:18: \"sums@9\" is no part of this audit", "checks/none.sql: there is no query in it",
            "checks/empty.sql: there is no query in it", "checks/plan.sql: a check is a query",
            "FAIL  300 violations, 10 of them:", "name='a0', n=0",
        ] {
            #expect(bad.output.contains(part), "\(part): \(bad.output)")
        }
    }

    @Test func aDifferenceIsListed() throws {
        let job = try DeployedSums()
        let some = try job.run("diff", "sums", "-n", "2")
        #expect(some.ending == .exit(0), "\(some)")
        let lines = some.output.split(separator: "\n")
        #expect(lines.first == "sums: 30 rows before, 30 now: 15 equal, 15 changed")
        #expect(lines.count == 4 && lines.last == "  … 13 more: -n all")
        let all = try job.run("diff", "sums", "1", "2", "-n", "all", "--exit-code")
        #expect(all.ending == .exit(1) && all.output.split(separator: "\n").count == 16, "\(all)")
        let json = try job.run("diff", "sums", "2", "1", "--output", "json")
        let rows = try json.output.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
        #expect(rows.count == 30 && json.ending == .exit(0))
        #expect(rows.allSatisfy { $0["columns"] == .array([.string("total")]) })
        let totals = rows.prefix(2).compactMap { $0["row"]?["total"]?.integerValue }
        #expect(totals.count == 2 && totals[0] == 2 * totals[1])
        #expect(try job.run("diff", "nothing").ending != .exit(0))
    }
}
