import ChangelogTable
import Foundation
import TestSupport
import Testing

/// Every folder of Jobs/ gives its expected output.
@Suite struct JobsTests {
    @Test(arguments: ["filter-computed", "taxi-days"])
    func aJobGivesItsExpectedTable(name: String) throws {
        let workspace = try Workspace(copyOf: "Jobs/" + name)
        let run = try SluiceRun("run", "job.sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(0), "\(run.messages)")
        let rows = try workspace.table("output").sortedRows()
        #expect(rows.map { $0 + "\n" }.joined() == (try workspace.text(of: "expected.txt")))
    }

    @Test(arguments: ["100k", "100k-r500"], ["job", "q0", "q2"])
    func nexmarkAnswersAreTheExpectedOnes(dataSet: String, query: String) throws {
        let workspace = try Workspace(copyOf: "Jobs/nexmark-count")
        let expected = try Self.expectedAnswers(workspace)[dataSet]
        let rate = dataSet == "100k" ? 10_000 : 500
        try workspace.write(NexmarkInput.lines(0..<100_000, rate: rate), to: "input/events.jsonl")
        let run = try SluiceRun("run", query + ".sql", "--data", "state", in: workspace)
        #expect(run.ending == .exit(0), "\(run.messages)")
        let table = try workspace.table("output/" + (query == "job" ? "counts" : query))
        let answer = expected?[query]
        #expect(table.rowCount == answer?.rows)
        #expect(try table.checksum() == answer.flatMap { UInt64($0.checksum, radix: 16) })
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
