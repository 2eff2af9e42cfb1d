import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

// Where a version begins that does not read all of its input: now, or with another version's savepoint; and one that may
// not begin yet.

@Suite struct VersionStartTests {
    private func rows(_ range: Range<Int64>, v: Int64 = 0) -> [(id: Int64, v: Int64)] { range.map { ($0, v) } }

    private func ids(_ rows: [(cells: [Cell], kind: RowKind)]) -> [Cell] { rows.map { $0.cells[0] } }

    /// Version 1 has read a hundred rows.
    private func bench(key: [String] = [], repeated: Bool = false) throws -> (VersionBench, VersionBench.Worker) {
        let bench = try VersionBench(key: key)
        try bench.deploy(1)
        let live = bench.start(1)
        try bench.publish(rows(0..<50))
        try bench.publish(repeated ? rows(0..<50, v: 1) : rows(50..<100))
        try bench.waitUntilRead(100, by: 1)
        return (bench, live)
    }

    @Test func nowIsWhereTheLiveVersionStands() throws {
        let (bench, live) = try bench()
        try bench.deploy(2)
        var request = bench.request(2)
        request.startsNow = true
        let candidate = bench.start(request)
        try bench.wait("version 2 has begun") { $0.versions[2]?.start != nil }
        try bench.publish(rows(100..<120))
        try bench.waitUntilRead(120, by: 2)
        _ = try candidate.stop()
        #expect(ids(try bench.rows(of: "revenue@2")) == (100..<120).map { .bigint($0) })
        let start = try bench.log.settled().deployments["orders"]?.versions[2]?.start
        #expect(start?.ends.values.map(\.self) == [100])
        // Started again in the same way, it goes on.
        let again = bench.start(request)
        try bench.publish(rows(120..<130))
        try bench.waitUntilRead(130, by: 2)
        _ = try again.stop()
        #expect(ids(try bench.rows(of: "revenue@2")) == (100..<130).map { .bigint($0) })
        _ = try live.stop()
    }

    @Test func nowOfTheFirstVersionIsBehindAllThatIsThere() throws {
        let bench = try VersionBench()
        try bench.publish(rows(0..<10))
        try bench.deploy(1)
        var request = bench.request(1)
        request.startsNow = true
        let live = bench.start(request)
        try bench.wait("version 1 has begun") { $0.versions[1]?.start != nil }
        try bench.publish(rows(10..<15))
        try bench.waitUntilRead(15, by: 1)
        _ = try live.stop()
        #expect(ids(try bench.rows(of: "revenue")) == (10..<15).map { .bigint($0) })
    }

    @Test func rowsOnlyAddedGoOnBehindTheSavepoint() throws {
        let (bench, live) = try bench()
        let savepoint = try bench.savepoint(live)
        try bench.publish(rows(100..<130))
        try bench.waitUntilRead(130, by: 1)
        try bench.deploy(2)
        var request = bench.request(2)
        request.savepoint = savepoint
        // Other rows of the same source: nothing else keeps anything.
        request.graph.fingerprint = [
            bench.fingerprint[0], "#1 filter ($0:BIGINT > 7:BIGINT):BOOLEAN <- #0",
            bench.fingerprint[1].replacing("#1", with: "#2"),
        ]
        let candidate = bench.start(request)
        try bench.waitUntilRead(130, by: 2)
        _ = try candidate.stop()
        #expect(ids(try bench.rows(of: "revenue@2")) == (100..<130).map { .bigint($0) })
        // The savepoint is not needed any more.
        try bench.workspace.remove(String(savepoint.dropFirst(bench.workspace.path.count + 1)))
        let again = bench.start(request)
        try bench.publish(rows(130..<140))
        try bench.waitUntilRead(140, by: 2)
        _ = try again.stop()
        #expect(try bench.rows(of: "revenue@2").count == 40)
        _ = try live.stop()
    }

    @Test func aTableIsWholeFromTheFirstCommitOn() throws {
        let (bench, live) = try bench(key: ["id"], repeated: true)
        let savepoint = try bench.savepoint(live)
        try bench.publish(rows(50..<60, v: 2))
        try bench.waitUntilRead(110, by: 1)
        try bench.deploy(2)
        var request = bench.request(2, parallelism: 2)
        request.savepoint = savepoint
        let candidate = bench.start(request)
        try bench.waitUntilRead(110, by: 2)
        _ = try candidate.stop()
        let found = try bench.rows(of: "revenue@2")
        let expected =
            (0..<50).map { [Cell.bigint($0), .bigint(1)] } + (50..<60).map { [Cell.bigint($0), .bigint(2)] }
        #expect(found.map(\.cells).sorted { "\($0)" < "\($1)" } == expected.sorted { "\($0)" < "\($1)" })
        #expect(found.allSatisfy { $0.kind == .insert })
        #expect(found.suffix(10).map { $0.cells[1] } == [Cell](repeating: .bigint(2), count: 10))
        // All of it stands at the place of the savepoint.
        let start = try bench.log.settled().deployments["orders"]?.versions[2]?.start
        #expect(start?.ends.values.map(\.self) == [100])
        _ = try live.stop()
    }

    @Test func aTableThatAnotherPlanMakesIsRefused() throws {
        let (bench, live) = try bench(key: ["id"])
        let savepoint = try bench.savepoint(live)
        _ = try live.stop()
        try bench.deploy(2)
        var request = bench.request(2)
        request.savepoint = savepoint
        request.graph.fingerprint.insert("#1 filter ($0:BIGINT > 7:BIGINT):BOOLEAN <- #0", at: 1)
        do {
            _ = try bench.start(request).end()
            Issue.record("it begins")
        } catch let failure as JobFailure {
            #expect(failure.kind == .conflict)
            #expect(failure.message.hasSuffix("of job \"orders@1\" does not fit this plan"))
            #expect(failure.detail?.contains("filter") == true)
        }
    }

    @Test func whoBeginsBeforeTheLiveVersionWaitsForIt() throws {
        let bench = try VersionBench()
        try bench.publish(rows(0..<10))
        try bench.deploy(1)
        try bench.drop(below: 5)
        try bench.deploy(2)
        let candidate = bench.start(2)
        var notices: [String] = []
        while notices.isEmpty { notices = candidate.notices.takeAll() }
        #expect(notices[0].contains("it waits until that has"))
        let live = bench.start(1)
        try bench.waitUntilRead(10, by: 2)
        _ = try candidate.stop()
        _ = try live.stop()
        #expect(ids(try bench.rows(of: "revenue@2")) == (5..<10).map { .bigint($0) })
        #expect(!bench.workspace.exists("jobs/orders/2/set-aside-1"))
    }

    @Test func sourcesOfAStatelessPlanMayReadOtherColumns() {
        let old = [
            #"#0 scan log "a[1]" earliest ["id":BIGINT] where [] watermark $0 $0 -0"#, "#1 sink blackhole <- #0",
        ]
        let new = [
            #"#0 scan log "a[1]" earliest ["id":BIGINT "v":BIGINT] where [($1 > 5)] watermark $0 $0 -0"#,
            "#1 project $1:BIGINT <- #0", "#2 sink blackhole <- #1",
        ]
        #expect(PlanFingerprint.sourceDifference(from: old, to: new) == nil)
        var other = new
        other[0] = other[0].replacing("a[1]", with: "a[2]")
        #expect(PlanFingerprint.sourceDifference(from: old, to: other) != nil)
        other = new
        other[1] = "#1 aggregate by [$0] calls [COUNT():BIGINT] <- #0"
        #expect(PlanFingerprint.sourceDifference(from: old, to: other) != nil)
        #expect(PlanFingerprint.sourceDifference(from: other, to: new) != nil)
    }
}
