import ChangelogTable
import Foundation
import TestSupport
import Testing

// The jobs of Jobs/ over topics give what they give over files: with any number of partitions, at any parallelism, while
// rows are produced and afterwards.

@Suite struct TopicJobsTests {
    private static let partitions = [1, 2, 4]

    // MARK: A chain of three jobs

    @Test(arguments: [(1, 2), (2, 1), (4, 2)]) func aChainGivesItsExpectedTable(partitions: Int, parallelism: Int)
        throws
    {
        let stage = try Stage.pipeline(partitions)
        for (job, end) in [("bronze", []), ("silver", ["--available-now"]), ("gold", ["--available-now"])] {
            try stage.sluice(["run", job + ".sql", "--parallelism", "\(parallelism)"] + end)
        }
        #expect(try stage.summary() == stage.workspace.text(of: "expected.csv"))
    }

    /// The later jobs run before there is anything to read.
    @Test func aChainThatRunsAtOnceGivesTheSame() throws {
        let stage = try Stage.pipeline(2)
        let expected = try stage.workspace.text(of: "expected.csv")
        for topic in ["readings", "measurements"] {
            let job = topic == "readings" ? "bronze.sql" : "silver.sql"
            try stage.sluice(["topic", "create", topic, "--from", job, "-p", "2"])
        }
        let later = try ["silver", "gold"].map { try stage.start(["run", $0 + ".sql", "--parallelism", "2"]) }
        try stage.sluice(["run", "bronze.sql"])
        try stage.wait { try stage.summaryIfThere() == expected }
        for process in later { try stage.stop(process) }
        #expect(try stage.summary() == expected)
    }

    // MARK: Generated events

    /// Produced while the job runs, which is stopped, and goes on with what has come since.
    @Test func bidsAreCountedWhileTheyAreMade() throws {
        let stage = Stage(workspace: try Workspace(copyOf: "Jobs/nexmark-live"))
        try stage.sluice(["topic", "create", "events", "--from", "job.sql", "-p", "2"])
        let job = try stage.start(["run", "job.sql"])
        try stage.produce(NexmarkInput.lines(0..<50_000))
        try stage.wait { try stage.workspace.rowsTaken(by: job) >= 50_000 }
        try stage.stop(job)
        try stage.produce(NexmarkInput.lines(50_000..<100_000))
        try stage.sluice(["run", "job.sql", "--available-now", "--parallelism", "2"])
        let query = "SELECT COUNT(*) AS auctions, SUM(num) AS bids FROM counts"
        let answer = try stage.sluice(["sql", "--output", "csv", "-e", query]).output
        #expect(answer == (try stage.workspace.text(of: "expected.csv")))
    }

    /// The jobs of a shop, one after the other; its orders come in at once.
    @Test func totalsOfAShopAreTheExpectedOnes() throws {
        let stage = Stage(workspace: try Workspace(copyOf: "Jobs/shop-revenue"))
        let orders = try stage.workspace.text(of: "orders.sql")
        try stage.workspace.write(orders.replacingOccurrences(of: "'8000'", with: "'100000000'"), to: "orders.sql")
        for job in ["history", "orders"] { try stage.sluice(["run", job + ".sql"]) }
        for job in ["v1", "totals"] {
            try stage.sluice(["run", job + ".sql", "--available-now", "--parallelism", "2"])
        }
        let answer = try stage.sluice(["sql", "--output", "json", "-e", "SELECT * FROM totals ORDER BY country"]).output
        #expect(answer == (try stage.workspace.text(of: "expected.jsonl")))
    }

    @Test(arguments: ["nexmark-tumbling", "nexmark-hopping"], partitions)
    func windowsOverATopicAreThoseOfTheFile(name: String, partitions: Int) throws {
        let stage = try Stage.windows(name, partitions, isBounded: true)
        let expected = try JobsTests.expectedAnswers(stage.workspace)["100k"]?["job"]
        try stage.produce(NexmarkInput.lines(0..<100_000, rate: 10_000))
        for parallelism in [1, 2] {
            try stage.sluice(["run", "job.sql", "--parallelism", "\(parallelism)", "--fresh"])
            let table = try stage.workspace.table("output")
            #expect(table.rowCount == expected?.rows, "parallelism \(parallelism)")
            #expect(
                try table.checksum() == expected.flatMap { UInt64($0.checksum, radix: 16) },
                "parallelism \(parallelism)")
        }
    }

    /// Produced piece by piece while the job runs; what closes the last windows is an event of a later day.
    @Test(arguments: partitions) func windowsCloseWhileEventsAreProduced(partitions: Int) throws {
        let stage = try Stage.windows("nexmark-tumbling", partitions, isBounded: false)
        let expected = try #require(try JobsTests.expectedAnswers(stage.workspace)["100k"]?["job"])
        let job = try stage.start(["run", "job.sql", "--parallelism", "2"])
        for start in stride(from: 0, to: 100_000, by: 12_500) {
            try stage.produce(NexmarkInput.lines(start..<start + 12_500, rate: 10_000))
            // A pause, until the job has taken it all in.
            try stage.wait { try stage.workspace.rowsTaken(by: job) >= start + 12_500 }
        }
        let later = "{\"event_type\":0,\"person\":{\"id\":1,\"dateTime\":\"2036-01-01 00:00:00\"}}\n"
        for partition in 0..<partitions { try stage.produce(Array(later.utf8), to: partition) }
        try stage.wait { try stage.workspace.rowsTaken(by: job) >= 100_000 + partitions }
        try stage.stop(job)
        let table = try stage.workspace.table("output")
        #expect(table.rowCount == expected.rows)
        #expect(try table.checksum() == UInt64(expected.checksum, radix: 16))
    }

    // MARK: Late rows

    /// Series by series in partitions, in the order in which their files are read in step.
    @Test(arguments: partitions) func lateRowsAreThoseOfTheFiles(partitions: Int) throws {
        let stage = try Stage.series(partitions)
        for parallelism in [1, 2] {
            let messages = try stage.sluice(["run", "topic.sql", "--parallelism", "\(parallelism)", "--fresh"]).messages
            #expect(messages.contains(", 10 late rows dropped"), "\(messages)")
            let rows = try stage.workspace.table("output/ten-minutes").sortedRows()
            let expected = try stage.workspace.text(of: "expected-ten-minutes.txt")
            #expect(rows == expected.split(separator: "\n").map(String.init))
        }
    }
}

/// A workspace with a job and its topics.
private struct Stage {
    let workspace: Workspace

    // MARK: Settings

    static func pipeline(_ partitions: Int) throws -> Stage {
        let workspace = try Workspace(copyOf: "Jobs/readings-pipeline")
        for job in ["bronze", "silver"] {
            let text = try workspace.text(of: job + ".sql")
                .replacingOccurrences(of: "'sink.partitions' = '2'", with: "'sink.partitions' = '\(partitions)'")
                .replacingOccurrences(of: "../nab-hourly/input", with: SourceTree.root + "/Jobs/nab-hourly/input")
            try workspace.write(text, to: job + ".sql")
        }
        return Stage(workspace: workspace)
    }

    /// A job over files, made to read topic `events`.
    static func windows(_ name: String, _ partitions: Int, isBounded: Bool) throws -> Stage {
        let stage = Stage(workspace: try Workspace(copyOf: "Jobs/" + name))
        let job = try stage.workspace.text(of: "job.sql").replacingOccurrences(
            of: """
                'connector' = 'filesystem',
                  'path' = 'input/events.jsonl',
                  'format' = 'json',
                  'json.timestamp-format.standard' = 'SQL'
                """,
            with: "'connector' = 'log', 'topic' = 'events'"
                + (isBounded ? ", 'scan.bounded.mode' = 'latest-offset'" : ""))
        try stage.workspace.write(job, to: "job.sql")
        try stage.sluice(["topic", "create", "events", "--from", "job.sql", "-p", "\(partitions)"])
        return stage
    }

    /// The rows of 47 files, those of a file in one partition, as if all were merged by what each has reached.
    static func series(_ partitions: Int) throws -> Stage {
        let workspace = try Workspace(copyOf: "Jobs/nab-hourly")
        let stage = Stage(workspace: workspace)
        let folder = workspace.path + "/input"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".csv") }.sorted()
        var rows: [(reached: String, partition: Int, line: String)] = []
        for (number, file) in files.enumerated() {
            var reached = ""
            for line in try workspace.text(of: "input/" + file).split(whereSeparator: \.isNewline).dropFirst() {
                let fields = line.split(separator: ",")
                // As text: all have the same form.
                reached = max(reached, String(fields[0]))
                let json = "{\"origin\":\"/\(file)\",\"ts\":\"\(fields[0])\",\"value\":\(fields[1])}\n"
                rows.append((reached, number % partitions, json))
            }
        }
        #expect(rows.count == 321_206)
        rows.sort { $0.reached < $1.reached }
        let job = try workspace.text(of: "ten-minutes.sql")
            .replacingOccurrences(of: "STRING NOT NULL METADATA FROM 'file.path' VIRTUAL", with: "STRING")
            .replacingOccurrences(
                of: """
                    'connector' = 'filesystem',
                      'path' = 'input',
                      'format' = 'csv',
                      'csv.skip-header' = 'true'
                    """, with: "'connector' = 'log', 'topic' = 'measurements', 'scan.bounded.mode' = 'latest-offset'")
        try workspace.write(job, to: "topic.sql")
        try stage.sluice(["topic", "create", "measurements", "--from", "topic.sql", "-p", "\(partitions)"])
        for partition in 0..<partitions {
            try stage.produce(
                rows.filter { $0.partition == partition }.flatMap(\.line.utf8), to: partition, of: "measurements")
        }
        return stage
    }

    // MARK: Commands

    @discardableResult
    func sluice(_ arguments: [String]) throws -> SluiceRun {
        let run = try SluiceRun(start(arguments))
        #expect(run.ending == .exit(0), "\(arguments): \(run.messages)")
        return run
    }

    func start(_ arguments: [String]) throws -> ChildProcess {
        try SluiceRun.start(
            arguments + ["--data", "state"] + (arguments[0] == "run" ? ["-D", "sluice.progress-interval=0ms"] : []),
            in: workspace)
    }

    func stop(_ process: ChildProcess) throws {
        process.send(SIGTERM)
        #expect(try process.wait() == .exit(0), "\(process.messageText)")
    }

    func produce(_ lines: [UInt8], to partition: Int? = nil, of topic: String = "events") throws {
        try workspace.write(lines, to: "piece.jsonl")
        try sluice(
            ["topic", "produce", topic, "piece.jsonl", "--batch-rows", "3000"]
                + (partition.map { ["-p", "\($0)"] } ?? []))
    }

    func summary() throws -> String {
        try sluice(["sql", "--output", "csv", "-f", "summary.sql", "-e", "SELECT * FROM summary ORDER BY series"])
            .output
    }

    /// nil: there is no such table yet.
    func summaryIfThere() throws -> String? {
        guard try sluice(["topic", "list"]).output.contains("hours") else { return nil }
        return try summary()
    }

    /// Asks again and again, while processes do their work.
    func wait(until isReached: () throws -> Bool) throws {
        for _ in 0..<10_000 where try isReached() { return }
        Issue.record("it does not come")
    }
}

extension Workspace {
    /// As a job's last line about a checkpoint says. Reads what it has written for a moment.
    fileprivate func rowsTaken(by job: ChildProcess) throws -> Int {
        if let ending = try job.ending(withinMilliseconds: 20) {
            Issue.record("\(ending): \(job.messageText)")
        }
        guard let line = job.messageLines.last(where: { $0.hasPrefix("in ") }) else { return 0 }
        return Int(line.dropFirst(3).prefix { $0 != " " }.filter { $0 != "," }) ?? 0
    }
}
