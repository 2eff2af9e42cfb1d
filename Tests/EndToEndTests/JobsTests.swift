import ChangelogTable
import Foundation
import TestSupport
import Testing

/// Every folder of Jobs/ gives its expected output, whatever the parallelism.
@Suite struct JobsTests {
    @Test(arguments: ["filter-computed", "taxi-days", "orders-changelog"], [1, 2])
    func aJobGivesItsExpectedTable(name: String, parallelism: Int) throws {
        let workspace = try Workspace(copyOf: "Jobs/" + name)
        try Self.run("job.sql", parallelism, in: workspace)
        let rows = try workspace.table("output").sortedRows()
        #expect(rows == (try Self.lines(of: "expected.txt", workspace)))
    }

    @Test(arguments: [1, 2])
    func hoursOf47SeriesAreTheExpectedOnes(parallelism: Int) throws {
        let workspace = try Workspace(copyOf: "Jobs/nab-hourly")
        try Self.run("job.sql", parallelism, in: workspace)
        let series = try workspace.table("output/series").sortedRows()
        #expect(series == (try Self.lines(of: "expected.txt", workspace)))
        let hours = try workspace.table("output/hours").sortedRows()
        #expect(hours.count == 48_163)
        #expect(try Set(hours).isSuperset(of: Self.lines(of: "expected-hours.txt", workspace)))
    }

    @Test(arguments: [1, 2])
    func lateRowsOf47SeriesAreCountedAndLeftOut(parallelism: Int) throws {
        let workspace = try Workspace(copyOf: "Jobs/nab-hourly")
        let messages = try Self.run("ten-minutes.sql", parallelism, in: workspace)
        #expect(messages.contains(", 10 late rows dropped"), "\(messages)")
        let series = try workspace.table("output/ten-minutes").sortedRows()
        #expect(series == (try Self.lines(of: "expected-ten-minutes.txt", workspace)))
    }

    @Test(arguments: [1, 2])
    func lateRowsOf47SeriesAreKeptInQuarantine(parallelism: Int) throws {
        let workspace = try Workspace(copyOf: "Jobs/nab-hourly")
        let messages = try Self.run("late.sql", parallelism, in: workspace)
        #expect(messages.contains(", 10 rows in quarantine, 10 late rows"), "\(messages)")
        let kept = try SluiceRun(
            "topic", "consume", "late$measurements$quarantine", "--data", "state", "--from-beginning", "--until-end",
            "--columns", "source_position,record", in: workspace)
        #expect(
            kept.output.split(separator: "\n").map(String.init) == (try Self.lines(of: "expected-late.txt", workspace)))
        #expect(try workspace.table("output/late").rowCount == 177_820)
    }

    @Test(arguments: ["100k", "100k-r500"], ["job", "q0", "q2"])
    func nexmarkAnswersAreTheExpectedOnes(dataSet: String, query: String) throws {
        let workspace = try Workspace(copyOf: "Jobs/nexmark-count")
        for parallelism in [1, 2] {
            try Self.expectAnswer(
                query, from: "output/" + (query == "job" ? "counts" : query), dataSet, parallelism, workspace)
        }
    }

    @Test(arguments: ["100k", "100k-r500"], ["nexmark-tumbling", "nexmark-hopping"])
    func windowsOverNexmarkAreTheExpectedOnes(dataSet: String, name: String) throws {
        let workspace = try Workspace(copyOf: "Jobs/" + name)
        for parallelism in [1, 2] {
            try Self.expectAnswer("job", from: "output", dataSet, parallelism, workspace)
        }
    }

    // MARK: -

    /// Runs a job to its end. Returns what it wrote to standard error.
    @discardableResult
    private static func run(_ file: String, _ parallelism: Int, in workspace: Workspace) throws -> String {
        let run = try SluiceRun(
            "run", file, "--data", "state", "--parallelism", "\(parallelism)", "--fresh", in: workspace)
        #expect(run.ending == .exit(0), "\(file), parallelism \(parallelism): \(run.messages)")
        return run.messages
    }

    private static func lines(of file: String, _ workspace: Workspace) throws -> [String] {
        try workspace.text(of: file).split(separator: "\n").map(String.init)
    }

    private static func expectAnswer(
        _ query: String, from output: String, _ dataSet: String, _ parallelism: Int, _ workspace: Workspace
    ) throws {
        let expected = try expectedAnswers(workspace)[dataSet]?[query]
        let rate = dataSet == "100k" ? 10_000 : 500
        try workspace.write(NexmarkInput.lines(0..<100_000, rate: rate), to: "input/events.jsonl")
        try run(query + ".sql", parallelism, in: workspace)
        let table = try workspace.table(output)
        #expect(table.rowCount == expected?.rows, "parallelism \(parallelism)")
        #expect(
            try table.checksum() == expected.flatMap { UInt64($0.checksum, radix: 16) }, "parallelism \(parallelism)")
    }

    struct Answer: Decodable {
        var rows: Int
        var checksum: String
    }

    /// By data set and query.
    static func expectedAnswers(_ workspace: Workspace) throws -> [String: [String: Answer]] {
        let bytes = try workspace.bytes(of: "expected.json")
        let sets = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: [String: Any]] ?? [:]
        return try sets.mapValues { queries in
            try queries.filter { $0.key != "generate" }.mapValues { answer in
                try JSONDecoder().decode(Answer.self, from: JSONSerialization.data(withJSONObject: answer))
            }
        }
    }
}
