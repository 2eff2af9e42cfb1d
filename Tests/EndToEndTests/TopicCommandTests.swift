import Foundation
import TestSupport
import Testing

/// `sluice topic`, as people and scripts use it.
@Suite struct TopicCommandTests {
    private static let lines = (1...2000).map { "{\"k\":\"key \($0 % 7)\",\"v\":\($0)}\n" }.joined()

    private func workspace() throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write(Self.lines, to: "rows.jsonl")
        try topic("create", "rows", "--schema", "k STRING NOT NULL, v BIGINT", "-p", "2", in: workspace)
        return workspace
    }

    @discardableResult
    private func topic(_ arguments: String..., in workspace: Workspace, fails code: Int32 = 0) throws -> SluiceRun {
        let process = try SluiceRun.start(["topic"] + arguments + ["--data", "state"], in: workspace)
        let run = try SluiceRun(process)
        #expect(run.ending == .exit(code), "\(arguments): \(run.messages)")
        return run
    }

    private func values(_ run: SluiceRun) -> [Int] {
        run.output.split(separator: "\n").compactMap { line in
            line.split(separator: ":").last.flatMap { Int($0.dropLast()) }
        }
    }

    @Test func aRepeatedProduceDoublesNothing() throws {
        let workspace = try workspace()
        for _ in 0..<2 { try topic("produce", "rows", "rows.jsonl", "--id", "a", in: workspace) }
        // More of the same input: only what is new is published.
        try workspace.write(Self.lines + "{\"k\":\"more\",\"v\":2001}\n", to: "rows.jsonl")
        let more = try topic("produce", "rows", "rows.jsonl", "--id", "a", in: workspace)
        #expect(more.messages.contains("published 1 row ") && more.messages.contains("2,000 had been published before"))
        let all = try topic("consume", "rows", "--from-beginning", "--until-end", in: workspace)
        #expect(values(all).sorted() == Array(1...2001))
        let some = try topic("consume", "rows", "--from-beginning", "-n", "10", "--columns", "v", in: workspace)
        #expect(values(some).count == 10 && !some.output.contains("\"k\""))
    }

    /// Killed when the entry that publishes is written, and not yet known to be durable.
    @Test func aKilledProduceIsRepeatedWithoutDoubling() throws {
        let workspace = try workspace()
        let killed = try SluiceRun.start(
            ["topic", "produce", "rows", "rows.jsonl", "--id", "a", "--data", "state"], in: workspace,
            environment: ["SLUICE_FAULT": "after-journal-append:1"])
        #expect(try killed.wait() == .signal(SIGKILL))
        try topic("produce", "rows", "rows.jsonl", "--id", "a", in: workspace)
        let all = try topic("consume", "rows", "--from-beginning", "--until-end", in: workspace)
        #expect(values(all).sorted() == Array(1...2000))
    }

    @Test func aRowThatDoesNotFitIsRefusedWithItsPlace() throws {
        let workspace = try workspace()
        try workspace.write("{\"k\":\"a\",\"v\":1}\n{\"k\":\"b\",\"v\":\"x\"}\n", to: "bad.jsonl")
        let refused = try topic("produce", "rows", "bad.jsonl", in: workspace, fails: 1)
        #expect(refused.messages.contains("bad.jsonl:2:") && refused.messages.contains("0 rows before it"))
        let skipping = try topic("produce", "rows", "bad.jsonl", "--skip-bad-records", in: workspace)
        #expect(skipping.messages.contains("1 bad records left out"))
        try workspace.write("{\"v\":1}\n", to: "null.jsonl")
        try topic("produce", "rows", "null.jsonl", in: workspace, fails: 1)
        try workspace.write("c,7\n", to: "rows.csv")
        try topic("produce", "rows", "rows.csv", "--format", "csv", in: workspace)
        let all = try topic("consume", "rows", "--from-beginning", "--until-end", in: workspace)
        #expect(values(all).sorted() == [1, 7])
    }

    @Test func addedColumnsAreNullInOldRows() throws {
        let workspace = try workspace()
        try workspace.write("{\"k\":\"a\",\"v\":1}\n", to: "old.jsonl")
        try topic("produce", "rows", "old.jsonl", in: workspace)
        try topic("alter", "rows", "--add", "at DATE", in: workspace)
        try topic("alter", "rows", "--add", "more BIGINT NOT NULL", in: workspace, fails: 4)
        try workspace.write("{\"k\":\"b\",\"v\":2,\"at\":\"2026-02-03\"}\n", to: "new.jsonl")
        try topic("produce", "rows", "new.jsonl", in: workspace)
        let all = try topic("consume", "rows", "--from-beginning", "--until-end", "--columns", "k,at", in: workspace)
        #expect(
            all.output.split(separator: "\n").sorted() == [
                "{\"k\":\"a\",\"at\":null}", "{\"k\":\"b\",\"at\":\"2026-02-03\"}",
            ])
    }

    @Test func aConsumerFollowsWhatIsProduced() throws {
        let workspace = try workspace()
        try topic("produce", "rows", "rows.jsonl", in: workspace)
        let consumer = try SluiceRun.start(
            ["topic", "consume", "rows", "--data", "state", "--from-beginning", "-n", "2001"], in: workspace)
        try workspace.write("{\"k\":\"late\",\"v\":2001}\n", to: "late.jsonl")
        try topic("produce", "rows", "late.jsonl", in: workspace)
        let run = try SluiceRun(consumer)
        #expect(run.ending == .exit(0), "\(run.messages)")
        #expect(values(run).sorted() == Array(1...2001))
    }

    @Test func aTopicIsATableOfQueries() throws {
        let workspace = try workspace()
        try topic("produce", "rows", "rows.jsonl", in: workspace)
        let sums = try SluiceRun(
            "sql", "--data", "state", "--output", "csv", "-e",
            "SELECT k, COUNT(*) AS n, SUM(v) AS total FROM `rows` GROUP BY k ORDER BY k LIMIT 2", in: workspace)
        #expect(sums.ending == .exit(0), "\(sums.messages)")
        #expect(sums.output.contains("285") || sums.output.contains("286"))
        let tables = try SluiceRun("sql", "--data", "state", "-e", "SHOW TABLES", in: workspace)
        #expect(tables.output.contains("rows"))
    }

    /// Upserts, changes and deletes of keys; a changelog that is copied is the same table.
    @Test func topicsWithAKeyTakeUpsertsAndChanges() throws {
        let workspace = try workspace()
        for name in ["users", "copy"] {
            try topic(
                "create", name, "--schema", "id BIGINT, name STRING NOT NULL", "--key", "id", "-p", "2", in: workspace)
        }
        func produce(_ name: String, _ lines: String, _ arguments: String...) throws -> SluiceRun {
            try workspace.write(lines, to: "input")
            let process = try SluiceRun.start(
                ["topic", "produce", name, "input", "--data", "state"] + arguments, in: workspace)
            return try SluiceRun(process)
        }
        let upserts = "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":\"b\"}\n{\"id\":1,\"name\":\"c\"}\n"
        for published in ["published 4 changes", "published 0 changes"] {
            let run = try produce("users", upserts, "--id", "first")
            #expect(run.ending == .exit(0) && run.messages.contains(published), "\(run.messages)")
        }
        _ = try produce("users", "3,x\n2,b\n", "--format", "csv")
        _ = try produce("users", "{\"op\":\"-D\",\"row\":{\"id\":2}}\n", "--format", "change")
        _ = try produce(
            "users",
            "{\"before\":{\"id\":3,\"name\":\"x\"},\"after\":{\"id\":4,\"name\":\"y\"},\"op\":\"u\"}\n", "--format",
            "debezium-json")
        let changes = try topic("consume", "users", "--from-beginning", "--until-end", in: workspace).output
        #expect(
            changes.split(separator: "\n").sorted() == [
                "{\"op\":\"+I\",\"row\":{\"id\":1,\"name\":\"a\"}}",
                "{\"op\":\"+I\",\"row\":{\"id\":2,\"name\":\"b\"}}",
                "{\"op\":\"+I\",\"row\":{\"id\":3,\"name\":\"x\"}}",
                "{\"op\":\"+I\",\"row\":{\"id\":4,\"name\":\"y\"}}",
                "{\"op\":\"+U\",\"row\":{\"id\":1,\"name\":\"c\"}}",
                "{\"op\":\"-D\",\"row\":{\"id\":2,\"name\":\"b\"}}",
                "{\"op\":\"-D\",\"row\":{\"id\":3,\"name\":\"x\"}}",
                "{\"op\":\"-U\",\"row\":{\"id\":1,\"name\":\"a\"}}",
            ])
        #expect(try produce("copy", changes, "--format", "change").ending == .exit(0))
        for name in ["users", "copy"] {
            let table = try SluiceRun(
                "sql", "--data", "state", "--output", "csv", "-e", "SELECT id, name FROM \(name) ORDER BY id",
                in: workspace)
            #expect(table.output == "id,name\n1,c\n4,y\n", "\(name): \(table.messages)")
        }
        let refused = try produce("rows", changes, "--format", "change")
        #expect(refused.ending == .exit(1), "the rows of this topic have other columns")
        let bad = try produce("users", "{\"op\":\"+U\",\"row\":{\"id\":1}}\n", "--format", "change")
        #expect(bad.ending == .exit(1) && bad.messages.contains("input:1:1: field \"row.name\" must not be NULL"))
        let small = try produce("users", upserts, "--memory", "1KB")
        #expect(
            small.ending == .exit(1) && small.messages.contains("the latest rows of the topic do not fit in memory"))
    }

    private func position(_ workspace: Workspace) throws -> String {
        let described = try topic("describe", "rows", "--output", "json", in: workspace).output
        let digits = described.components(separatedBy: "\"position\":").last?.prefix { $0.isNumber }
        return String(digits ?? "")
    }

    @Test func queriesReadThePast() throws {
        let workspace = try workspace()
        let created = try position(workspace)
        try topic("produce", "rows", "rows.jsonl", in: workspace)
        let first = try position(workspace)
        try topic("produce", "rows", "rows.jsonl", in: workspace)
        func count(_ arguments: String...) throws -> SluiceRun {
            let process = try SluiceRun.start(
                ["sql", "--data", "state", "--output", "csv", "-e", "SELECT COUNT(*) AS n FROM `rows`"] + arguments,
                in: workspace)
            return try SluiceRun(process)
        }
        #expect(try count().output == "n\n4000\n")
        for _ in 0..<2 { #expect(try count("--at", first).output == "n\n2000\n") }
        #expect(try count("--at", created).output == "n\n0\n")
        let before = try count("--at", "0")
        #expect(before.ending == .exit(1) && before.messages.contains("table \"rows\" does not exist"))
        let beyond = try count("--at", "99")
        #expect(beyond.ending == .exit(4) && beyond.messages.contains("position 99 is past the end of the journal"))
        let past = try count("--at", "2001-01-01 00:00:00")
        #expect(past.ending == .exit(1) && past.messages.contains("does not exist"))
        let future = try count("--at", "9999-01-01")
        #expect(future.ending == .exit(4) && future.messages.contains("is yet to come"))
    }

    @Test func aFinishedJobTellsOfRowsThatItHasNotRead() throws {
        let workspace = try workspace()
        try topic("produce", "rows", "rows.jsonl", in: workspace)
        try workspace.write(
            """
            CREATE TABLE input (v BIGINT)
              WITH ('connector' = 'log', 'topic' = 'rows', 'scan.bounded.mode' = 'latest-offset');
            CREATE TABLE nowhere (v BIGINT) WITH ('connector' = 'blackhole');
            INSERT INTO nowhere SELECT v FROM input;
            """, to: "read.sql")
        for _ in 0..<2 {
            #expect(try SluiceRun("run", "read.sql", "--data", "state", in: workspace).ending == .exit(0))
        }
        try workspace.write("{\"k\":\"a\",\"v\":1}\n", to: "one.jsonl")
        try topic("produce", "rows", "one.jsonl", in: workspace)
        let refused = try SluiceRun("run", "read.sql", "--data", "state", in: workspace)
        #expect(refused.ending == .exit(4), "\(refused.messages)")
        #expect(refused.messages.contains("1 row of topic \"rows\" is unread"), "\(refused.messages)")
        #expect(refused.messages.contains("--fresh") && refused.messages.contains("--available-now"))
        let again = try SluiceRun("run", "read.sql", "--data", "state", "--fresh", in: workspace)
        #expect(again.ending == .exit(0), "\(again.messages)")
        let plan = try SluiceRun("explain", "read.sql", "--data", "state", in: workspace)
        #expect(plan.output.contains("partitions: 2"), "\(plan.output)")
    }

    /// ROWs are told from ROWs of NULLs, and queries read some of their fields.
    @Test func rowsAreNestedJSON() throws {
        let workspace = try workspace()
        try topic("create", "nested", "--schema", "k INT, r ROW<a INT, s ROW<x STRING>>", in: workspace)
        let lines = """
            {"k":1,"r":{"a":5,"s":{"x":"p"}}}
            {"k":2,"r":{"a":null,"s":null}}
            {"k":3,"r":null}

            """
        try workspace.write(lines, to: "nested.jsonl")
        try topic("produce", "nested", "nested.jsonl", in: workspace)
        #expect(try topic("consume", "nested", "--from-beginning", "--until-end", in: workspace).output == lines)
        let described = try topic("describe", "nested", in: workspace).output
        #expect(described.contains("ROW<"), "\(described)")
        let query = try SluiceRun(
            "sql", "--data", "state", "--output", "csv", "-e",
            "SELECT k, t.r.s.x AS x, r IS NULL AS missing FROM nested AS t ORDER BY k", in: workspace)
        #expect(query.output == "k,x,missing\n1,p,false\n2,,false\n3,,true\n", "\(query.messages)")
        func whole(_ arguments: String...) throws -> String {
            let process = try SluiceRun.start(
                ["sql", "--data", "state", "-e", "SELECT r, k FROM nested"] + arguments, in: workspace)
            return try SluiceRun(process).output
        }
        #expect(
            try whole("--output", "csv")
                == "r,k\n\"{\"\"a\"\":5,\"\"s\"\":{\"\"x\"\":\"\"p\"\"}}\",1\n\"{\"\"a\"\":null,\"\"s\"\":null}\",2\n,3\n"
        )
        #expect(
            try whole("--output", "json").split(separator: "\n").first
                == "{\"r\":{\"a\":5,\"s\":{\"x\":\"p\"}},\"k\":1}")
        #expect(try whole().contains(" {\"a\":null,\"s\":null}   | 2\n NULL"))
        #expect(try whole("--follow", "-n", "1") == "+I[{\"a\":5,\"s\":{\"x\":\"p\"}}, 1]\n")
        let csv = try topic("produce", "nested", "nested.jsonl", "--format", "csv", in: workspace, fails: 4)
        #expect(csv.messages.contains("is a ROW, which CSV has no place for"))
    }

    @Test func queriesFollowTopics() throws {
        let workspace = try workspace()
        try workspace.write("{\"k\":\"a\",\"v\":1}\n", to: "one.jsonl")
        let query = "SELECT k, SUM(v) AS total FROM `rows` GROUP BY k"
        let process = try SluiceRun.start(
            ["sql", "--data", "state", "--follow", "-n", "3", "-e", query], in: workspace)
        try topic("produce", "rows", "one.jsonl", in: workspace)
        #expect(try process.read { $0.outputText == "+I[a, 1]\n" })
        try topic("produce", "rows", "one.jsonl", in: workspace)
        #expect(try process.wait() == .exit(0))
        #expect(process.outputText == "+I[a, 1]\n-U[a, 1]\n+U[a, 2]\n")
    }

    @Test func whatIsNotThereIsNamed() throws {
        let workspace = try workspace()
        let nowhere = try SluiceRun("topic", "list", "--data", "nowhere", in: workspace)
        #expect(nowhere.ending == .exit(4) && nowhere.messages.contains("is no data directory"))
        #expect(!workspace.exists("nowhere"))
        let missing = try topic("consume", "row", in: workspace, fails: 4)
        #expect(missing.messages.contains("topic \"row\" does not exist") && missing.messages.contains("topics: rows"))
        try topic("create", "rows", "--schema", "x INT", in: workspace, fails: 4)
        try topic("create", "other", "--schema", "x FOO", in: workspace, fails: 1)
        try topic("create", "keyed", "--schema", "user STRING, v INT", "--key", "user", in: workspace)
        let described = try topic("describe", "keyed", in: workspace)
        #expect(described.output.contains("STRING NOT NULL") && described.output.contains("key"))
        try topic("delete", "rows", in: workspace)
        #expect(try topic("list", in: workspace).output.contains("keyed"))
        #expect(!workspace.exists("state/topics/rows"))
    }
}
