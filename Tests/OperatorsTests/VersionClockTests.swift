import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import Synchronization
import TestSupport
import Testing

// Versions with windows of processing time, while the clock goes on as the test says: which rows are in which window is
// decided by the journal alone.

@Suite struct VersionClockTests {
    /// The wall's is set by hand; what is waited for passes by itself.
    private final class SetClock: TimeSource {
        private let wall: Atomic<Int64>
        private let system = SystemTime()

        init(_ milliseconds: Int64) { wall = Atomic(milliseconds) }

        func set(_ milliseconds: Int64) { wall.store(milliseconds, ordering: .relaxed) }
        func wallMilliseconds() -> Int64 { wall.load(ordering: .relaxed) }
        func monotonicNanoseconds() -> Int64 { system.monotonicNanoseconds() }
    }

    private static let place = SourcePlace(line: 1, column: 1, text: "COUNT(*)")
    private static let fields = [
        Field("window_end", .timestamp(precision: 3), isNullable: false), Field("id", .bigint), Field("n", .bigint),
    ]

    private let clock = SetClock(10_000)
    private let bench: VersionBench

    init() throws { bench = try VersionBench(partitions: 2, time: clock) }

    /// How many rows came of each id in each second; perhaps how many such counts in two of them.
    private func graph(overCounts: Bool = false) -> JobGraph {
        var source = TopicSourceDescription(
            operatorID: 1, table: "input", topic: "input",
            columns: VersionBench.fields.map { ScanColumn(path: [$0.name], type: $0.type, isNullable: $0.isNullable) },
            fields: VersionBench.fields)
        source.isTimed = true
        var vertices = [
            Vertex(name: "input", source: source, links: [], inputs: []),
            Vertex(name: "counts", links: [counts(2, size: 1000, by: 0)], inputs: [VertexInput(0, .keyed([0]))]),
        ]
        if overCounts {
            vertices.append(
                Vertex(name: "more", links: [counts(3, size: 2000, by: 1)], inputs: [VertexInput(1, .keyed([1]))]))
        }
        vertices[vertices.count - 1].links.append(
            TopicSinkDescription(operatorID: 9, table: "revenue", topic: "revenue", fields: Self.fields, key: []))
        return JobGraph(vertices: vertices, fingerprint: ["\(overCounts)"])
    }

    private func counts(_ operatorID: UInt32, size: Int64, by key: Int) -> WindowAggregateDescription {
        WindowAggregateDescription(
            operatorID: operatorID, name: "counts", window: .assigned(.tumble(size: size)), time: .processing,
            keys: [key], keyTypes: [.bigint],
            calls: [AggregateCall(.countStar, argument: nil, resultType: .bigint, place: Self.place)],
            argumentTypes: [.bigint], outputs: [.windowEnd, .key(0), .call(0)])
    }

    private func start(_ number: UInt32, _ graph: JobGraph, deploys: Bool = true) throws -> VersionBench.Worker {
        if deploys { try bench.deploy(number, fields: Self.fields, clocked: true) }
        var request = bench.request(number, parallelism: Int(number) % 2 + 1)
        request.graph = graph
        return bench.start(request)
    }

    /// At a time, rows of these ids: the total of all versions' inputs.
    private func publish(_ ids: [Int64], at milliseconds: Int64) throws {
        clock.set(milliseconds)
        try bench.publish(ids.map { ($0, 0) })
    }

    private func waitForClock(_ milliseconds: Int64, of version: UInt32) throws {
        try bench.wait("the clock of version \(version) is at \(milliseconds)") {
            $0.versions[version]?.position?.clock ?? 0 >= milliseconds
        }
    }

    private func waitUntilTogether(_ one: UInt32, _ other: UInt32) throws {
        try bench.wait("versions \(one) and \(other) stand at the same place") {
            $0.versions[one]?.position == $0.versions[other]?.position
        }
    }

    private func rows(_ version: UInt32, first: Int? = nil) throws -> [[Cell]] {
        let rows = try bench.rows(of: "revenue@\(version)").map(\.cells)
        return rows.prefix(first ?? rows.count).sorted { "\($0)" < "\($1)" }
    }

    private func row(_ end: Int64, _ id: Int64, _ count: Int64) -> [Cell] {
        [.timestamp(end), .bigint(id), .bigint(count)]
    }

    private func entries() throws -> [JournalEntry] {
        let reader = try bench.log.openReader(from: nil)
        return try reader.next(limit: .max)
    }

    private var ticks: Int {
        get throws { try entries().count { $0.body == .tick } }
    }

    @Test func windowsEndThoughNothingComes() throws {
        let live = try start(1, graph())
        try publish([1, 1, 2], at: 10_200)
        try bench.waitUntilRead(3, by: 1)
        try publish([1], at: 10_990)
        try bench.waitUntilRead(4, by: 1)
        #expect(try rows(1).isEmpty)
        clock.set(12_345)
        try waitForClock(11_000, of: 1)
        #expect(try rows(1) == [row(11_000, 1, 3), row(11_000, 2, 1)])
        #expect(try ticks == 1)
        // Nobody waits for anything any more: time passes, and nothing is written.
        let end = try bench.log.settled().end
        clock.set(99_999)
        let snapshot = EventAnswer()
        live.events.post(.metricsRequested { _ in snapshot.come() })
        snapshot.wait()
        #expect(try bench.log.settled().end == end)
        _ = try live.stop()
    }

    @Test func timeGoesOnFromTheLastCheckpoint() throws {
        let first = try start(1, graph())
        try publish([1], at: 10_200)
        try bench.waitUntilRead(1, by: 1)
        _ = try first.stop()
        try publish([1, 1], at: 12_500)
        clock.set(3_600_000)
        let again = try start(1, graph(), deploys: false)
        try waitForClock(13_000, of: 1)
        #expect(try rows(1) == [row(11_000, 1, 1), row(13_000, 1, 2)])
        _ = try again.stop()
    }

    @Test(arguments: [false, true]) func anUnchangedVersionHasTheSameWindows(overCounts: Bool) throws {
        let live = try start(1, graph(overCounts: overCounts))
        var total: UInt64 = 0
        for round in 0..<20 as Range<Int64> {
            let ids = (0..<(1 + round % 4)).map { ($0 + round) % 3 }
            try publish(ids, at: 10_000 + round * 370)
            total += UInt64(ids.count)
            // Now and then several are read at once.
            if round % 3 != 1 { try bench.waitUntilRead(total, by: 1) }
        }
        let candidate = try start(2, graph(overCounts: overCounts))
        try waitUntilTogether(1, 2)
        for round in 20..<30 as Range<Int64> {
            try publish([round % 3], at: 10_000 + round * 370)
            total += 1
            if round % 2 == 0 { try bench.waitUntilRead(total, by: 2) }
        }
        try bench.waitUntilRead(total, by: 1)
        clock.set(40_000)
        try waitForClock(22_000, of: 1)
        try waitForClock(22_000, of: 2)
        let attempt = try bench.attempt(from: 1, to: 2)
        try bench.wait("both stand") { $0.versions[1]?.holds == attempt && $0.versions[2]?.holds == attempt }
        try bench.splice(attempt)
        try publish([7], at: 40_100)
        try bench.waitUntilRead(total + 1, by: 2)
        clock.set(60_000)
        try waitForClock(42_000, of: 2)
        try waitForClock(42_000, of: 1)
        _ = try live.stop()
        _ = try candidate.stop()
        #expect(try rows(1).count > 10)
        #expect(try rows(1) == rows(2))
        let cuts = try compareAtCuts()
        #expect(cuts > 5, "\(cuts)")
    }

    /// Wherever both versions stood, their tables are equal there.
    /// - Returns: how many such places there are.
    private func compareAtCuts() throws -> Int {
        var stands: [[(position: InputPosition, rows: Int)]] = [[], []]
        let reader = try bench.log.openReader(from: nil)
        while let entry = try reader.next(limit: 1).first {
            guard case .checkpoint(let job, _, _, _, .some(let epoch)) = entry.body, let name = VersionName(job) else {
                continue
            }
            let topic = try #require(reader.state.topic(named: "revenue@\(name.number)"))
            stands[Int(name.number) - 1].append((epoch.reads, Int(topic.partitions[0].publishedEnd)))
        }
        var cuts = 0
        for other in stands[1] {
            for one in stands[0] where one.position == other.position {
                #expect(try rows(1, first: one.rows) == rows(2, first: other.rows), "at \(one.position)")
                cuts += 1
            }
        }
        return cuts
    }

    /// Time passes for a version in the shadow as it does for the live one, though that has no windows.
    @Test func aNewVersionMayBeTheFirstWithWindows() throws {
        try bench.deploy(1, clocked: true)
        let live = bench.start(1)
        try publish([1, 2], at: 10_100)
        try bench.waitUntilRead(2, by: 1)
        try publish([1], at: 11_500)
        try bench.waitUntilRead(3, by: 1)
        let candidate = try start(2, graph())
        try waitUntilTogether(1, 2)
        try publish([2], at: 11_900)
        try bench.waitUntilRead(4, by: 1)
        try waitUntilTogether(1, 2)
        #expect(try rows(2) == [row(11_000, 1, 1), row(11_000, 2, 1)])
        // Nobody has said that time has passed.
        clock.set(20_000)
        let attempt = try bench.attempt(from: 1, to: 2)
        try bench.wait("both stand") { $0.versions[1]?.holds == attempt && $0.versions[2]?.holds == attempt }
        try bench.splice(attempt)
        // Now it can say so itself.
        try waitForClock(12_000, of: 2)
        #expect(
            try rows(2) == [row(11_000, 1, 1), row(11_000, 2, 1), row(12_000, 1, 1), row(12_000, 2, 1)])
        _ = try live.stop()
        _ = try candidate.stop()
    }
}

/// What a worker has handled.
private final class EventAnswer: Sendable {
    private let doorbell = Doorbell()

    func come() { doorbell.ring() }
    func wait() { doorbell.wait() }
}
