import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// Readers of a published name, whose rows lie in the topics of versions, against a list of the rows.
@Suite struct PublishedNameTests {
    private typealias Change = (cells: [Cell], kind: RowKind)

    private static func row(_ id: Int, _ v: Int) -> [Cell] {
        [.bigint(Int64(id)), .bigint(Int64(v)), .string("row \(id)")]
    }

    private static func inserts(_ ids: Range<Int>, _ v: Int) -> [Change] { ids.map { (row($0, v), .insert) } }

    /// Version 1, a difference of two rows, version 2, nothing in between, version 1 again, an empty difference, version 3.
    private static func switched(partitions: Int = 1, key: [String] = []) throws -> DeployedJobRun {
        let job = try DeployedJobRun(key: key, partitions: partitions)
        for _ in 0..<3 { try job.commit(try job.deploy()) }
        try job.append(inserts(0..<20, 1), to: 1)
        try job.append(inserts(100..<140, 2), to: 2)
        try job.append(inserts(200..<230, 3), to: 3)
        // In the middle of frames.
        try job.commit(1, Array(repeating: 12 / partitions, count: partitions))
        try job.commit(2, Array(repeating: 7, count: partitions))
        job.topics.time.advance(milliseconds: 100)
        try job.makeLive(2, difference: inserts(900..<902, 9))
        try job.commit(1)
        try job.commit(2)
        job.topics.time.advance(milliseconds: 100)
        try job.makeLive(1, difference: nil)
        try job.append(inserts(20..<31, 1), to: 1)
        try job.commit(2)
        try job.commit(1)
        try job.commit(3, Array(repeating: 3, count: partitions))
        try job.makeLive(3, difference: [])
        try job.commit(3)
        return job
    }

    @Test func aConsumerReadsAllSpans() throws {
        for partitions in 1...3 {
            let job = try Self.switched(partitions: partitions)
            var rows = job.empty
            try job.drain(try TopicConsumer("revenue", in: job.log), into: &rows)
            #expect(rows == DeployedJobRun.plain(job.published))
            #expect(job.published.joined().count > 60)
        }
    }

    @Test func aConsumerFollowsThroughSwitches() throws {
        let job = try DeployedJobRun()
        try job.commit(try job.deploy())
        let consumer = try TopicConsumer("revenue", in: job.log)
        var rows = job.empty
        for number in UInt32(2)...4 {
            try job.commit(try job.deploy())
            try job.append(Self.inserts(Int(number) * 100..<Int(number) * 100 + 9, 1), to: job.live)
            try job.append(Self.inserts(Int(number) * 100..<Int(number) * 100 + 5, 2), to: number)
            try job.commit(job.live)
            try job.drain(consumer, into: &rows)
            #expect(rows == DeployedJobRun.plain(job.published))
            try job.commit(number)
            try job.drain(consumer, into: &rows)
            #expect(rows == DeployedJobRun.plain(job.published))
            try job.makeLive(number, difference: number == 3 ? nil : Self.inserts(7..<Int(number) + 7, 3))
            try job.drain(consumer, into: &rows)
            #expect(rows == DeployedJobRun.plain(job.published))
        }
        #expect(consumer.topic.spans.count == 6)
        consumer.seek(0, to: 10)
        #expect(try consumer.next()?.offsets.lowerBound == 10)
    }

    @Test(arguments: [1, 2, 3]) func aJobIsRestoredAtEveryRow(partitions: Int) throws {
        let job = try Self.switched(partitions: partitions, key: partitions == 2 ? ["id"] : [])
        job.topics.parallelism = partitions
        var source = job.source()
        source.rowsPerSplit = 1
        var given: [TopicRun.Given] = []
        var position: [UInt8]?
        var isOver = false
        while !isOver {
            let part = try job.topics.read(source, from: position, batches: 1)
            given += part.rows
            (position, isOver) = (part.position, part.isOver)
        }
        #expect(job.rows(of: given) == job.published)
    }

    @Test func aJobGoesOnThroughSwitches() throws {
        let job = try DeployedJobRun(partitions: 2)
        for _ in 0..<3 { try job.commit(try job.deploy()) }
        var steps: [() throws -> Void] = []
        for number in UInt32(1)...3 {
            steps.append {
                try job.append(Self.inserts(0..<30, Int(number)), to: number)
                try job.commit(number, [4, 5])
            }
        }
        steps.append { try job.makeLive(2, difference: Self.inserts(50..<53, 0)) }
        steps.append { try job.commit(2, [3, 0]) }
        steps.append { try job.commit(1) }
        steps.append { try job.makeLive(3, difference: nil) }
        steps.append { try job.commit(3) }
        steps.append { try job.makeLive(2, difference: []) }
        steps.append { try job.commit(2) }
        var next = 0
        let streamed = try job.topics.read(job.source(isBounded: false)) {
            guard next < steps.count else { return false }
            job.topics.time.advance(milliseconds: 1000)
            try steps[next]()
            next += 1
            return true
        }
        #expect(job.rows(of: streamed.rows) == job.published && next == steps.count)
        #expect(try job.topics.read(job.source(isBounded: false), from: streamed.position).rows.isEmpty)
        // Who begins later is told the same times.
        #expect(try job.rows(of: job.topics.read(job.source()).rows) == job.published)
    }

    @Test func rowsPublishedSinceATimeAreFoundInAnySpan() throws {
        let job = try Self.switched()
        let all = job.published[0]
        for time in Set(all.map(\.milliseconds)).sorted() {
            var source = job.source()
            source.start = .timestamp(milliseconds: time)
            let found = try job.topics.read(source).rows.map { $0.cells[0] }
            #expect(found == all.filter { $0.milliseconds >= time }.map { $0.cells[0] })
        }
    }

    @Test func framesArePassedOverInEverySpan() throws {
        let job = try Self.switched(partitions: 2)
        let all = job.published.joined().map(\.cells)
        for (comparison, value) in [
            (ScanPredicate.Comparison.equal, Int64(900)), (.less, 15), (.greaterOrEqual, 120), (.greater, 5000),
        ] {
            let predicate = ScanPredicate(column: 0, comparison: comparison, literal: .bigint(value))
            let wanted = all.filter { cells in
                guard case .bigint(let id) = cells[0] else { return false }
                return switch comparison {
                case .equal: id == value
                case .less: id < value
                case .greater: id > value
                default: id >= value
                }
            }
            let given = try job.topics.read(job.source(predicates: [predicate])).rows
            #expect(Set(given.map { $0.cells[0] }) == Set(wanted.map { $0[0] }) && given.count == wanted.count)
        }
    }

    @Test func columnsThatAVersionAddsAreNullBefore() throws {
        let job = try DeployedJobRun()
        try job.commit(try job.deploy())
        try job.append(Self.inserts(0..<3, 1), to: 1)
        try job.commit(1)
        let early = try TopicConsumer("revenue", in: job.log)
        let position = try job.topics.read(job.source(isBounded: false)).position
        try job.commit(try job.deploy(adding: [Field("country", .string)]))
        try job.makeLive(2, difference: nil)
        try job.append([(Self.row(7, 2) + [.string("de")], .insert)], to: 2)
        try job.commit(2)
        let late = try TopicConsumer("revenue", columns: ["id", "country"], in: job.log)
        var countries: [Cell] = []
        while let rows = try late.next() {
            countries += (0..<rows.batch.rowCount).map { rows.batch.columns[1].cell(at: $0) }
        }
        #expect(countries == [.null, .null, .null, .string("de")])
        // Who runs keeps the columns that it began with.
        var rows = job.empty
        try job.drain(early, into: &rows)
        #expect(rows == DeployedJobRun.plain(job.published) && early.fields.count == 3)
        #expect(
            try job.topics.read(job.source(isBounded: false), from: position).rows.map { $0.cells[0] } == [.bigint(7)])
    }

    // MARK: At random

    private static func table(_ rows: [[DeployedJobRun.Row]]) -> [Cell: [Cell]] {
        var table: [Cell: [Cell]] = [:]
        for row in rows.joined() { DeployedJobRun.apply(row, to: &table) }
        return table
    }

    /// Changes of some keys, as a version would write them behind what it has written.
    private static func changes(_ table: inout [Cell: [Cell]], _ random: inout SplitMix64) -> [Change] {
        var changes: [Change] = []
        for _ in 0..<(1 + random.below(12)) {
            let new = row(random.below(15), random.below(4))
            if let old = table[new[0]] {
                let isGone = random.oneIn(3)
                changes.append((old, isGone ? .delete : .updateBefore))
                if !isGone { changes.append((new, .updateAfter)) }
                table[new[0]] = isGone ? nil : new
            } else {
                changes.append((new, .insert))
                table[new[0]] = new
            }
        }
        return changes
    }

    /// Versions that publish and switch, and readers of all kinds: they agree with the list, and the name's table is the live
    /// version's wherever it is cut.
    @Test(arguments: 1...25) func readersAgreeWithAList(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let partitions = 1 + random.below(3)
        let job = try DeployedJobRun(seed: UInt64(seed), key: ["id"], partitions: partitions)
        var written: [UInt32: [Cell: [Cell]]] = [1: [:]]
        try job.commit(try job.deploy())
        let consumer = try TopicConsumer("revenue", in: job.log)
        var consumed = job.empty
        var given: [TopicRun.Given] = []
        var position: [UInt8]?
        var cuts: [(position: UInt64, counts: [Int], table: [Cell: [Cell]])] = []
        for _ in 0..<60 {
            job.topics.time.advance(milliseconds: Int64(random.below(50)))
            switch random.below(10) {
            case 0 where job.versions.count < 5:
                let number = try job.deploy()
                written[number] = [:]
                try job.commit(number)
            case 1...2:
                let other = UInt32(1 + random.below(job.versions.count))
                guard other != job.live else { continue }
                let rows = try job.difference(from: job.live, to: other)
                try job.makeLive(other, difference: rows.isEmpty && random.oneIn(2) ? nil : rows)
            case 3...6:
                let number = random.oneIn(2) ? job.live : UInt32(1 + random.below(job.versions.count))
                try job.append(Self.changes(&written[number, default: [:]], &random), to: number)
            default:
                let number = random.oneIn(2) ? job.live : UInt32(1 + random.below(job.versions.count))
                try job.commit(number, random.oneIn(2) ? nil : (0..<partitions).map { _ in random.below(9) })
            }
            #expect(Self.table(job.published) == job.versions[job.live]?.table, "seed \(seed)")
            cuts.append((try job.log.settled().end, job.published.map(\.count), Self.table(job.published)))
            if random.oneIn(3) { try job.drain(consumer, into: &consumed) }
            guard random.oneIn(4) else { continue }
            var source = job.source(isBounded: false)
            source.rowsPerSplit = Int64([1, 4, 1000][random.below(3)])
            job.topics.parallelism = 1 + random.below(3)
            let part = try job.topics.read(
                source, from: position, seed: random.next(), batches: 1 + random.below(20))
            given += part.rows
            position = part.position
        }
        try job.drain(consumer, into: &consumed)
        #expect(consumed == DeployedJobRun.plain(job.published), "seed \(seed)")
        given += try job.topics.read(job.source(isBounded: false), from: position).rows
        #expect(job.rows(of: given) == job.published, "seed \(seed)")
        for cut in cuts where random.oneIn(4) {
            let rows = job.rows(of: try job.topics.read(job.source(asOf: cut.position)).rows)
            #expect(rows?.map(\.count) == cut.counts && rows.map(Self.table) == cut.table, "seed \(seed)")
        }
        var latest = LatestRows(keys: [0], types: DeployedJobRun.fields.map(\.type), limitBytes: 1 << 30)
        let last = try TopicConsumer("revenue", in: job.log)
        while let rows = try last.next() { try latest.apply(rows.batch) }
        #expect(latest.count == job.versions[job.live]?.table.count)
    }
}
