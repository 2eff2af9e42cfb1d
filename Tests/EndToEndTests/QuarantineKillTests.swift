import Foundation
import HostSystem
import TestSupport
import Testing

// A job over files with bad records, rows on which an expression fails, and late rows, killed in and around its commits and
// started again at another parallelism: whatever is in quarantine is there once, and at the end all of it is.
//
// SLUICE_KILLS=n for more kills, SLUICE_SEED=n for other ones.

@Suite(.serialized) struct QuarantineKillTests {
    @Test func whatIsInQuarantineIsThereOnce() throws {
        let settings = ProcessInfo.processInfo.environment
        let wanted = settings["SLUICE_KILLS"].flatMap { Int($0) } ?? 12
        let seed = settings["SLUICE_SEED"].flatMap { UInt64($0) } ?? 1
        var random = SplitMix64(seed: seed)
        let points = KillTests.pointsOfCommitting
        var kills = 0
        var runsLeft = wanted * 4
        while kills < wanted, runsLeft > 0 {
            let job = try QuarantineJob(&random)
            var story = "seed \(seed)"
            var isOver = false
            while !isOver {
                let mayDie = kills < wanted && runsLeft > 0
                let fault = "\(points[random.below(points.count)].rawValue):\(1 + random.below(5))"
                let parallelism = 1 + random.below(3)
                story += ", \(mayDie ? fault : "no fault") at \(parallelism)"
                let run = try SluiceRun(
                    SluiceRun.start(
                        [
                            "run", "watched.sql", "--data", "state", "--parallelism", "\(parallelism)", "-D",
                            "execution.checkpointing.interval=5ms",
                        ], in: job.workspace, environment: mayDie ? ["SLUICE_FAULT": fault] : [:]))
                runsLeft -= 1
                isOver = run.ending == .exit(0)
                #expect(isOver || run.ending == .signal(SIGKILL), "\(story): \(run.messages)")
                guard isOver || run.ending == .signal(SIGKILL) else { return }
                if !isOver { kills += 1 }
                try job.expect(isOver: isOver, "\(story)")
            }
        }
        #expect(kills == wanted, "seed \(seed)")
    }
}

/// Clicks in two files, and what of them belongs in quarantine: worked out here row by row, apart from the engine.
private struct QuarantineJob {
    private static let rowsPerFile = 20_000
    private static let windowMilliseconds = 10_000

    private static let sql = """
        SET 'sluice.bad-records' = 'quarantine';
        CREATE TABLE clicks (
          k BIGINT NOT NULL,
          v INT,
          ts TIMESTAMP(3),
          WATERMARK FOR ts AS ts
        ) WITH ('connector' = 'filesystem', 'path' = 'input', 'format' = 'csv', 'late.policy' = 'quarantine');

        CREATE TABLE sums (window_end TIMESTAMP(3), num BIGINT, total BIGINT, last BIGINT)
          WITH ('connector' = 'filesystem', 'path' = 'output', 'format' = 'json');

        INSERT INTO sums
        SELECT window_end, COUNT(*), SUM(CAST(1000 / v AS BIGINT)), MAX(k)
        FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND))
        GROUP BY window_start, window_end;
        """

    let workspace: Workspace
    /// Kind, file and line.
    private var quarantined: Set<String> = []
    private var counted = 0

    init(_ random: inout SplitMix64) throws {
        workspace = try Workspace()
        try workspace.write(Self.sql, to: "watched.sql")
        for file in 0..<2 {
            let path = "input/\(file).csv"
            var text = ""
            var watermark = Int.min
            for row in 0..<Self.rowsPerFile {
                let time = 100_000 + row * 10 - (random.oneIn(100) ? random.below(40_000) : random.below(500))
                let stamp = Self.text(time)
                let place = "\(path):\(row + 1)"
                if random.oneIn(150) {
                    let bad = ["7,x,\(stamp)", "7,1", ",1,\(stamp)", "7,1,", "7,1,\(stamp),8,9", "7,1,yesterday"]
                    text += bad[random.below(bad.count)] + "\n"
                    quarantined.insert("bad-record \(place)")
                    continue
                }
                let value = random.oneIn(200) ? 0 : 1 + random.below(9)
                text += "\(row),\(value),\(stamp)\n"
                let end = (time / Self.windowMilliseconds + 1) * Self.windowMilliseconds
                if value == 0 {
                    quarantined.insert("failed-row \(place)")
                } else if watermark >= end - 1 {
                    quarantined.insert("late-row \(place)")
                } else {
                    counted += 1
                }
                watermark = max(watermark, time)
            }
            try workspace.write(text, to: path)
        }
    }

    private static func text(_ milliseconds: Int) -> String {
        let (seconds, fraction) = (milliseconds / 1000, String(1000 + milliseconds % 1000).dropFirst())
        return "1970-01-01 00:\(String(100 + seconds / 60).dropFirst()):\(String(100 + seconds % 60).dropFirst())."
            + fraction
    }

    /// Nothing that does not belong there, nothing twice; at the end all of it.
    func expect(isOver: Bool, _ comment: Comment) throws {
        let run = try SluiceRun(
            "topic", "consume", "watched$clicks$quarantine", "--from-beginning", "--until-end", "--data", "state",
            in: workspace)
        // A job that was killed at its very start has no topic yet.
        guard run.ending == .exit(0) else {
            #expect(!isOver, comment)
            return
        }
        let rows = try run.output.split(separator: "\n").map { line -> String in
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return "\(row?["kind"] ?? "") \(row?["source"] ?? ""):\(row?["source_position"] ?? "")"
        }
        let areOnce = Set(rows).count == rows.count && quarantined.isSuperset(of: rows)
        #expect(areOnce, comment)
        guard isOver else { return }
        #expect(rows.count == quarantined.count, comment)
        let sums = try workspace.table("output").sortedRows()
        let total = sums.reduce(0) { $0 + (Int($1.split(separator: "\t")[1]) ?? 0) }
        #expect(total == counted, comment)
    }
}
