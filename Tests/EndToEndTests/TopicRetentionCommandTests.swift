import Foundation
import TestSupport
import Testing

/// Rows that are given up, and who keeps them.
@Suite struct TopicRetentionCommandTests {
    private static let sql = """
        CREATE TABLE pieces (k STRING NOT NULL, v BIGINT) WITH ('connector' = 'log', 'topic' = 'rows');
        CREATE TABLE sums (k STRING NOT NULL, total BIGINT, PRIMARY KEY (k) NOT ENFORCED) WITH (
          'connector' = 'log', 'topic' = 'sums', 'retention.ms' = '7 d');
        INSERT INTO sums SELECT k, SUM(v) FROM pieces GROUP BY k;
        """

    private let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try workspace.write(Self.sql, to: "sums.sql")
        try run("topic", "create", "rows", "--schema", "k STRING NOT NULL, v BIGINT", "--config", "retention.bytes=-1")
    }

    @discardableResult
    private func run(_ arguments: String..., fails code: Int32 = 0) throws -> SluiceRun {
        let run = try SluiceRun(try SluiceRun.start(arguments + ["--data", "state"], in: workspace))
        #expect(run.ending == .exit(code), "\(arguments): \(run.messages)")
        return run
    }

    private func produce(_ count: Int) throws {
        try workspace.write((0..<count).map { "{\"k\":\"\($0 % 3)\",\"v\":1}\n" }.joined(), to: "rows.jsonl")
        try run("topic", "produce", "rows", "rows.jsonl")
    }

    private func trim(_ arguments: String...) throws -> String {
        let run = try SluiceRun(
            try SluiceRun.start(["topic", "trim", "rows", "--data", "state"] + arguments, in: workspace))
        #expect(run.ending == .exit(0), "\(arguments): \(run.messages)")
        return run.messages
    }

    @Test func aJobKeepsWhatItHasNotRead() throws {
        try produce(10)
        try run("run", "sums.sql", "--available-now")
        try produce(10)
        let dry = try trim("--before", "end", "--dry-run")
        #expect(dry.contains("offsets 0 to 9 would go") && dry.contains("job \"sums\" still needs rows"), "\(dry)")
        let kept = try trim("--before", "end")
        #expect(kept.contains("offsets 0 to 9 are gone, the first kept one is 10"), "\(kept)")
        #expect(try trim("--before", "end").contains("nothing to give up"))
        try run("run", "sums.sql", "--available-now")
        let sums = try run("topic", "consume", "sums", "--from-beginning", "--until-end")
        #expect(sums.output.contains(#"{"op":"+U","row":{"k":"0","total":8}}"#), "\(sums.output)")
        let rows = try run("topic", "consume", "rows", "--from-beginning", "--until-end")
        #expect(rows.output.split(separator: "\n").count == 10)
        // Forced, it says whom it breaks; who is broken says what is gone, and begins anew with what is kept.
        try produce(5)
        let forced = try trim("--before", "22", "--force")
        #expect(forced.contains("job \"sums\" is broken"), "\(forced)")
        let broken = try run("run", "sums.sql", "--available-now", fails: 4)
        for part in ["topic \"rows\", partition 0", "from offset 20 on", "before offset 22", "--fresh"] {
            #expect(broken.messages.contains(part), "\(broken.messages)")
        }
        let fresh = try run("run", "sums.sql", "--available-now", "--fresh")
        #expect(fresh.messages.contains("3 rows in"), "\(fresh.messages)")
        let described = try run("topic", "describe", "sums")
        #expect(described.output.contains("retention.ms 604800000, retention.bytes -1"), "\(described.output)")
    }

    @Test func aRetainedCheckpointKeepsWhatItNeedsUntilItIsDeleted() throws {
        let retains = ["-D", "execution.checkpointing.num-retained=2", "-D", "execution.checkpointing.dir=kept"]
        for _ in 0..<2 {
            try produce(10)
            let start = ["run", "sums.sql", "--available-now", "--data", "state"] + retains
            #expect(try SluiceRun(try SluiceRun.start(start, in: workspace)).ending == .exit(0))
        }
        let folders = try FileManager.default.contentsOfDirectory(atPath: workspace.path + "/kept/sums").sorted()
        #expect(folders.count == 2)
        let kept = try trim("--before", "end")
        #expect(kept.contains("retained checkpoint '") && kept.contains("/kept/sums/\(folders[0])'"), "\(kept)")
        #expect(kept.contains("offsets 0 to 9 are gone"), "\(kept)")
        try FileManager.default.removeItem(atPath: workspace.path + "/kept")
        #expect(try trim("--before", "end").contains("offsets 10 to 19 are gone"))
    }
}
