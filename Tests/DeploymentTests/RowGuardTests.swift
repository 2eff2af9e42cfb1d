import Deployment
import HostSystem
import Synchronization
import Testing

/// Late and rejected rows of a version that has become live, against those before.
@Suite(.timeLimit(.minutes(3))) struct RowGuardTests {
    private typealias Counts = RowGuard.Counts

    private func problems(_ previous: Counts?, start: Counts, _ now: Counts) -> [String] {
        RowGuard(start: start, previous: previous, number: 1).problems(now)
    }

    @Test func whatIsAsUsualIsNoProblem() {
        let start = Counts(rows: 1000, late: 10, rejected: 5)
        #expect(problems(start, start: start, start).isEmpty)
        // 1 % and 0.5 % before: up to twice that.
        #expect(problems(start, start: start, Counts(rows: 2000, late: 30, rejected: 15)).isEmpty)
    }

    @Test func moreThanTwiceAsManyIsOne() {
        let start = Counts(rows: 1000, late: 10, rejected: 5)
        #expect(
            problems(
                start, start: Counts(rows: 900, late: 10, rejected: 400), Counts(rows: 1900, late: 31, rejected: 411))
                == [
                    "21 of the 1000 rows read since it became live came too late: 2.1 %, in version 1 1 %",
                    "11 of the 1000 rows read since it became live were rejected: 1.1 %, in version 1 0.5 %",
                ])
    }

    @Test func fewSayNothingWhereSomeWereUsual() {
        let before = Counts(rows: 100_000, late: 1, rejected: 1)
        #expect(problems(before, start: before, Counts(rows: 100_010, late: 10, rejected: 10)).isEmpty)
        #expect(problems(before, start: before, Counts(rows: 100_010, late: 11, rejected: 11)).count == 2)
    }

    @Test func oneIsOneWhereThereWasNone() {
        let before = Counts(rows: 50, late: 0, rejected: 0)
        #expect(
            problems(before, start: before, Counts(rows: 150, late: 0, rejected: 1))
                == ["1 of the 100 rows read since it became live were rejected: 1 %, in version 1 none"])
    }

    @Test func aWorkerThatWasStartedAgainCountsFromZero() {
        let before = Counts(rows: 50, late: 0, rejected: 0)
        let start = Counts(rows: 50, late: 0, rejected: 7)
        #expect(
            problems(before, start: start, Counts(rows: 60, late: 0, rejected: 2))
                == ["2 of the 10 rows read since it became live were rejected: 20 %, in version 1 none"])
    }

    @Test func withoutTheVersionBeforeItsReplayIsUsual() {
        let start = Counts(rows: 100, late: 50, rejected: 0)
        #expect(problems(nil, start: start, Counts(rows: 200, late: 150, rejected: 0)).isEmpty)
        #expect(
            problems(nil, start: start, Counts(rows: 200, late: 50, rejected: 3))
                == ["3 of the 100 rows read since it became live were rejected: 3 %, in its replay none"])
    }

    @Test func countsThatCannotBeDoNotTrap() {
        let most = Counts(rows: .max, late: .max, rejected: .max)
        let none = Counts(rows: 0, late: 0, rejected: 0)
        #expect(problems(none, start: none, most).count == 2)
        #expect(problems(most, start: most, none).isEmpty)
        #expect(problems(most, start: none, most).isEmpty)
    }

    @Test func theServerShowsThem() throws {
        let bench = try ServerBench()
        let late = Mutex(0)
        let server = try bench.serverWithCandidate(metrics: { folder in
            folder.hasSuffix("/2")
                ? #"{"lateRows":\#(late.withLock { $0 }),"skippedRecords":4,"quarantinedRows":1}"# : nil
        })
        _ = try bench.switching({ try bench.standStill([1, 2]) }) { () throws(OperationFailure) in
            try server.promote("orders", version: nil, isForced: true, command: "promote --force").json
        }
        try bench.waitFor(.guarded, 2, of: server)
        func problems() throws -> [String] {
            let found = try bench.version(2, of: server)?["guard"]?["problems"]?.arrayValue ?? []
            return found.compactMap(\.stringValue).filter { $0.contains("rows read since") }
        }
        #expect(try problems().isEmpty)
        late.withLock { $0 = 3 }
        #expect(
            try problems() == ["3 of the 3 rows read since it became live came too late: 100 %, in its replay none"])
        server.close(.stop)
    }
}
