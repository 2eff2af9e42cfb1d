import Glibc
import HostSystem
import TestSupport
import Testing

/// A version whose text has not changed comes to the same tables as the live one, at every cut: whatever the live one has read
/// a little at a time, the new one reads at once, and much later.
@Suite struct UnchangedVersionTests {
    private static let text = """
        CREATE TABLE readings (sensor BIGINT, reading DOUBLE, ts TIMESTAMP(3), arrived AS PROCTIME(),
          WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
          WITH ('connector' = 'log', 'topic' = 'readings', 'late.policy' = 'quarantine');
        CREATE TABLE per_second (window_start TIMESTAMP(3) NOT NULL, sensor BIGINT NOT NULL, n BIGINT, total DOUBLE,
          PRIMARY KEY (window_start, sensor) NOT ENFORCED) WITH ('connector' = 'log', 'topic' = 'per_second');
        CREATE TABLE arrivals (window_end TIMESTAMP(3) NOT NULL, sensor BIGINT NOT NULL, n BIGINT, most DOUBLE,
          PRIMARY KEY (window_end, sensor) NOT ENFORCED) WITH ('connector' = 'log', 'topic' = 'arrivals');
        CREATE TABLE sensors (sensor BIGINT NOT NULL, n BIGINT, most DOUBLE, PRIMARY KEY (sensor) NOT ENFORCED)
          WITH ('connector' = 'log', 'topic' = 'sensors');
        CREATE TABLE high (sensor BIGINT, reading DOUBLE) WITH ('connector' = 'log', 'topic' = 'high');
        INSERT INTO per_second SELECT window_start, sensor, COUNT(*), SUM(reading)
          FROM TABLE(TUMBLE(TABLE readings, DESCRIPTOR(ts), INTERVAL '1' SECOND))
          WHERE sensor IS NOT NULL GROUP BY window_start, window_end, sensor;
        INSERT INTO arrivals SELECT window_end, sensor, COUNT(*), MAX(reading)
          FROM TABLE(HOP(TABLE readings, DESCRIPTOR(arrived), INTERVAL '0.05' SECOND, INTERVAL '0.2' SECOND))
          WHERE sensor IS NOT NULL GROUP BY window_start, window_end, sensor;
        INSERT INTO sensors SELECT sensor, COUNT(*), MAX(reading) FROM readings WHERE sensor IS NOT NULL GROUP BY sensor;
        INSERT INTO high SELECT sensor, reading FROM readings WHERE reading > 90;
        """

    /// Times go on, and now and then far back: those rows are late, or are not, by what was published before them.
    private static func rows(_ round: Int, _ random: inout SplitMix64) -> String {
        (0..<200).map { number in
            let second = round * 4 + number / 50 - (random.oneIn(10) ? random.below(20) : 0)
            let time =
                "2026-01-01 00:\(padded(max(0, second) / 60)):\(padded(max(0, second) % 60)).\(100 + random.below(900))"
            // In quarters: their sums are exact in every order.
            let reading = Double(random.below(400)) / 4
            return #"{"sensor":\#(random.below(7)),"reading":\#(reading),"ts":"\#(time)"}"# + "\n"
        }.joined()
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The second partition gets rows in the first rounds alone.
    @Test func itShowsNoDifference() throws {
        let workspace = try Workspace()
        try workspace.write(Self.text, to: "job.sql")
        var random = SplitMix64(seed: 6)
        let server = DeployedServer("state", in: workspace)
        try server.start(&random, isSpared: true)
        try server.waitUntilItListens()
        try expectSuccess(
            SluiceRun("topic", "create", "readings", "--from", "job.sql", "-p", "2", "--data", "state", in: workspace))
        try expectSuccess(SluiceRun("deploy", "sensors", "job.sql", "--data", "state", "--yes", in: workspace))
        for round in 0..<12 {
            try workspace.write(Self.rows(round, &random), to: "rows.jsonl")
            let partition = round < 3 ? round % 2 : 0
            try expectSuccess(
                SluiceRun(
                    "topic", "produce", "readings", "rows.jsonl", "-p", "\(partition)", "--data", "state", in: workspace
                ))
            guard round % 4 == 3 else { continue }
            let deployment = try SluiceRun(
                "deploy", "sensors", "job.sql", "--data", "state", "--yes", in: workspace)
            expectSuccess(deployment)
            #expect(!deployment.messages.contains("the windows of a row"), "\(deployment.messages)")
            try expectSuccess(
                SluiceRun(
                    "wait", "sensors", "--until", "in-sync", "--timeout", "60s", "--data", "state", in: workspace))
            let difference = try SluiceRun("diff", "sensors", "--exit-code", "--data", "state", in: workspace)
            #expect(difference.ending == .exit(0), "\(difference.output)\(difference.messages)")
            #expect(try count("sensors$readings$quarantine", in: workspace) > 0, "no row was late")
            // Those of the last rows end though nothing more comes.
            #expect(try count("arrivals", in: workspace) > 0, "no window of processing time has ended")
            try expectSuccess(SluiceRun("abort", "sensors", "--yes", "--data", "state", in: workspace))
        }
        #expect(try server.end() == .exit(0))
        #expect(server.problem == nil)
    }

    private func count(_ topic: String, in workspace: Workspace) throws -> Int {
        let run = try SluiceRun(
            "sql", "-e", "SELECT COUNT(*) FROM `\(topic)`", "--output", "csv", "--data", "state", in: workspace)
        return Int(run.output.split(separator: "\n").last ?? "") ?? 0
    }

    private func expectSuccess(_ run: SluiceRun) { #expect(run.ending == .exit(0), "\(run.output)\(run.messages)") }
}
