import Foundation
import HostSystem
import TestSupport
import Testing

// File → topic → a job over the topic → keyed topic → file, in one data directory. Each job is killed in and around its
// commits and started again; what comes out at the end is what a straight count of the file gives.
//
// SLUICE_KILLS=n for more kills, SLUICE_SEED=n for other ones.

@Suite(.serialized) struct TopicPipelineTests {
    private static let jobs = [
        "feed": """
        CREATE TABLE payments (name STRING, amount BIGINT)
          WITH ('connector' = 'filesystem', 'path' = 'input/raw.jsonl', 'format' = 'json');
        CREATE TABLE events (name STRING, amount BIGINT)
          WITH ('connector' = 'log', 'topic' = 'events', 'sink.partitions' = '3');
        INSERT INTO events SELECT name, amount FROM payments;
        """,
        "totals": """
        CREATE TABLE events (name STRING, amount BIGINT)
          WITH ('connector' = 'log', 'topic' = 'events', 'scan.bounded.mode' = 'latest-offset');
        CREATE TABLE totals (name STRING, n BIGINT, total BIGINT, PRIMARY KEY (name) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'totals', 'sink.partitions' = '2', 'compression' = 'zstd');
        INSERT INTO totals SELECT name, COUNT(*), SUM(amount) FROM events GROUP BY name;
        """,
        "show": """
        CREATE TABLE totals (name STRING, n BIGINT, total BIGINT, PRIMARY KEY (name) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'totals', 'scan.bounded.mode' = 'latest-offset');
        CREATE TABLE shown (name STRING, n BIGINT, total BIGINT)
          WITH ('connector' = 'filesystem', 'path' = 'output', 'format' = 'debezium-json');
        INSERT INTO shown SELECT name, n, total FROM totals;
        """,
    ]

    private static let points: [FaultPoint] = [.afterDeltaSync, .afterJournalAppend, .afterCommit]

    @Test func whatGoesThroughTopicsIsExactWhateverIsKilled() throws {
        let settings = ProcessInfo.processInfo.environment
        let wanted = settings["SLUICE_KILLS"].flatMap { Int($0) } ?? 12
        let seed = settings["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix64(seed: seed)
        var kills = 0
        var rounds = wanted
        while kills < wanted, rounds > 0 {
            rounds -= 1
            let (lines, expected) = Self.input(&random)
            let workspace = try Workspace()
            try workspace.write(lines, to: "input/raw.jsonl")
            for (name, sql) in Self.jobs { try workspace.write(sql, to: name + ".sql") }
            var story = "seed \(seed)"
            for name in ["feed", "totals", "show"] {
                var isOver = false
                while !isOver {
                    let parallelism = 1 + random.below(3)
                    let fault = "\(Self.points[random.below(Self.points.count)].rawValue):\(1 + random.below(6))"
                    story += ", \(name) x\(parallelism) \(fault)"
                    let environment = kills < wanted ? ["SLUICE_FAULT": fault] : [:]
                    let run = try SluiceRun(
                        "run", "\(name).sql", "--data", "state", "--parallelism", "\(parallelism)", "-D",
                        "execution.checkpointing.interval=5ms", in: workspace, environment: environment)
                    switch run.ending {
                    case .signal(SIGKILL): kills += 1
                    case .exit(0): isOver = true
                    default:
                        Issue.record("\(story): \(run.ending) \(run.messages)")
                        return
                    }
                }
            }
            #expect(try workspace.table("output").sortedRows() == expected, "\(story)")
        }
        #expect(kills > 0, "seed \(seed)")
    }

    private static func input(_ random: inout SplitMix64) -> (lines: String, expected: [String]) {
        var lines = ""
        var totals: [String: (n: Int, total: Int)] = [:]
        for _ in 0..<100_000 {
            let name = "name \(random.below(5000))"
            let amount = random.below(1000) - 500
            lines += "{\"name\":\"\(name)\",\"amount\":\(amount)}\n"
            let known = totals[name] ?? (0, 0)
            totals[name] = (known.n + 1, known.total + amount)
        }
        return (lines, totals.map { "\($0.key)\t\($0.value.n)\t\($0.value.total)" }.sorted())
    }
}
