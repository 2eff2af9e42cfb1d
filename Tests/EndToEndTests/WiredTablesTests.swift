import Foundation
import HostSystem
import TestSupport
import Testing

// File → topic → topic → keyed topic as one job, whose tables are wired, and as three that go through the topics. All topics
// hold the same in the end; the one job is killed around its commits, too.
//
// SLUICE_SEED=n for other input and kills.

@Suite(.serialized) struct WiredTablesTests {
    private static let events = """
        CREATE TABLE events (name STRING, amount BIGINT)
          WITH ('connector' = 'log', 'topic' = 'events', 'sink.partitions' = '3' BOUNDED);
        """
    private static let cleaned = """
        CREATE TABLE cleaned (name STRING NOT NULL, amount BIGINT, twice AS amount * 2)
          WITH ('connector' = 'log', 'topic' = 'cleaned' BOUNDED);
        """
    private static let totals = """
        CREATE TABLE totals (name STRING, n BIGINT, total BIGINT, PRIMARY KEY (name) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'totals', 'sink.partitions' = '2');
        """
    private static let feed = """
        CREATE TABLE arrivals (name STRING, amount BIGINT)
          WITH ('connector' = 'filesystem', 'path' = 'input/raw.jsonl', 'format' = 'json');
        INSERT INTO events SELECT name, amount FROM arrivals;
        """
    private static let clean = """
        INSERT INTO cleaned SELECT name, amount FROM events WHERE name IS NOT NULL;
        INSERT INTO cleaned SELECT 'unknown', amount FROM events WHERE name IS NULL AND amount > 0;
        """
    private static let count = "INSERT INTO totals SELECT name, COUNT(*), SUM(twice) FROM cleaned GROUP BY name;"

    private static let apart = [
        "feed": [events, feed], "clean": [events, cleaned, clean], "count": [cleaned, totals, count],
    ]
    /// The INSERTs stand in no order.
    private static let whole = [events, cleaned, totals, count, clean, feed]

    private static let queries = [
        "SELECT name, amount FROM events", "SELECT name, amount FROM cleaned", "SELECT name, n, total FROM totals",
    ]

    @Test func oneJobGivesWhatThreeGive() throws {
        let seed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix64(seed: seed)
        let workspace = try Workspace()
        try workspace.write(Self.input(&random), to: "input/raw.jsonl")
        for (name, parts) in Self.apart {
            try workspace.write(Self.text(parts, bound: ", 'scan.bounded.mode' = 'latest-offset'"), to: "\(name).sql")
        }
        try workspace.write(Self.text(Self.whole, bound: ""), to: "whole.sql")
        for name in ["feed", "clean", "count"] { try run(name, "apart", parallelism: 1, in: workspace) }
        let expected = try Self.queries.map { try rows($0, "apart", in: workspace) }
        #expect(expected.allSatisfy { $0.count > 100 })
        for parallelism in 1...2 {
            for fault in [nil, "after-delta-sync", "after-journal-append", "after-commit"] {
                let data = "whole-\(parallelism)-\(fault ?? "calm")"
                let faults = fault.map { "\($0):\(2 + random.below(4))" }
                if let faults {
                    try run("whole", data, parallelism: parallelism, fault: faults, in: workspace)
                }
                try run("whole", data, parallelism: parallelism, in: workspace)
                let found = try Self.queries.map { try rows($0, data, in: workspace) }
                #expect(found == expected, "seed \(seed), \(data), \(faults ?? "calm")")
            }
        }
    }

    @Test func rowsFromBeforeAreToldOf() throws {
        let workspace = try Workspace()
        try workspace.write("{\"name\":\"a\",\"amount\":1}\n", to: "input/raw.jsonl")
        try workspace.write(Self.text([Self.events, Self.feed], bound: ""), to: "feed.sql")
        try workspace.write(Self.text(Self.whole, bound: ""), to: "whole.sql")
        try run("feed", "state", parallelism: 1, in: workspace)
        let job = try SluiceRun("run", "whole.sql", "--data", "state", in: workspace)
        #expect(job.ending == .exit(0))
        #expect(job.messages.contains("topic \"events\" holds rows already"), "\(job.messages)")
        #expect(!job.messages.contains("topic \"cleaned\" holds rows already"))
        #expect(try rows(Self.queries[0], "state", in: workspace).count == 2)
        #expect(try rows(Self.queries[1], "state", in: workspace).count == 1)
    }

    private static func text(_ parts: [String], bound: String) -> String {
        parts.joined(separator: "\n").replacing(" BOUNDED", with: bound)
    }

    private static func input(_ random: inout SplitMix64) -> String {
        var lines = ""
        for _ in 0..<20_000 {
            let name = random.below(20) == 0 ? "null" : "\"name \(random.below(500))\""
            lines += "{\"name\":\(name),\"amount\":\(random.below(1000) - 500)}\n"
        }
        return lines
    }

    /// With a fault it may be killed, or be over before.
    private func run(
        _ name: String, _ data: String, parallelism: Int, fault: String? = nil, in workspace: Workspace
    ) throws {
        let run = try SluiceRun(
            "run", "\(name).sql", "--data", data, "--parallelism", "\(parallelism)", "-D",
            "execution.checkpointing.interval=5ms", in: workspace,
            environment: fault.map { ["SLUICE_FAULT": $0] } ?? [:])
        let isKilled = fault != nil && run.ending == .signal(SIGKILL)
        #expect(isKilled || run.ending == .exit(0), "\(name), \(data), \(fault ?? "calm"): \(run.messages)")
    }

    /// Sorted, without the line that names the columns.
    private func rows(_ query: String, _ data: String, in workspace: Workspace) throws -> [Substring] {
        let answer = try SluiceRun("sql", "--data", data, "--output", "csv", "-e", query, in: workspace)
        #expect(answer.ending == .exit(0), "\(query), \(data): \(answer.messages)")
        return answer.output.split(separator: "\n").dropFirst().sorted()
    }
}
