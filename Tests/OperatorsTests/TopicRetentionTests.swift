import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import Simulation
import TestSupport
import Testing

@Suite struct TopicRetentionTests {
    private static let fields = [Field("id", .bigint, isNullable: false)]

    /// A topic of ids from 0 on, published one hour after the other.
    private static func run(partitions: UInt32 = 1, publishes: Int = 10, rows: Int = 10) throws -> TopicRun {
        let run = try TopicRun()
        try run.create("topic", fields, partitions: partitions)
        for publish in 0..<publishes {
            try run.publish("topic", (0..<rows).map { [.bigint(Int64(publish * rows + $0))] })
            run.time.advance(milliseconds: 3_600_000)
        }
        return run
    }

    private static func kept(_ run: TopicRun) throws -> [UInt64] {
        try TopicAdmin.describe("topic", in: run.log).partitions.map(\.firstKept)
    }

    private static func failure(_ body: () throws -> Void) throws -> JobFailure? {
        do {
            try body()
            return nil
        } catch let error as JobFailure {
            return error
        }
    }

    private static func source(_ start: TopicStart = .earliest) -> TopicSourceDescription {
        TopicSourceDescription(
            operatorID: 1, table: "t", topic: "topic",
            columns: [ScanColumn(path: ["id"], type: .bigint, isNullable: false)], fields: fields, start: start,
            isBounded: true)
    }

    @Test func rowsAreGivenUpByOffsetAndByTime() throws {
        let run = try Self.run()
        func move(_ offsets: (TopicRetention) throws -> [Int: UInt64]) throws -> [OffsetRange] {
            let retention = try TopicRetention("topic", in: run.log)
            return try retention.move(to: try offsets(retention)).dropped
        }
        #expect(try move { _ in [0: 0] }.isEmpty)
        #expect(try move { _ in [0: 15] }.map(\.end) == [15])
        #expect(try Self.kept(run) == [15])
        #expect(try move { _ in [0: 3] }.isEmpty)
        let now = run.time.wallMilliseconds()
        #expect(try move { try $0.offsets(publishedSince: now - 4 * 3_600_000) }.map(\.end) == [60])
        #expect(try move { try $0.offsets(publishedSince: 0) }.isEmpty)
        #expect(try move { _ in [0: .max] }.map(\.end) == [100])
        let consumer = try TopicConsumer("topic", in: run.log)
        #expect(try consumer.next() == nil)
        try run.publish("topic", [[.bigint(100)]])
        #expect(try consumer.wait(timeoutMilliseconds: 0))
        #expect(try consumer.next()?.offsets == 100..<101)
    }

    @Test func whoBeginsFindsWhatIsKeptAndWhoGoesOnIsToldWhatIsGone() throws {
        let run = try Self.run()
        let first = try run.read(Self.source(), batches: 0)
        _ = try TopicRetention("topic", in: run.log).move(to: [0: 25])
        #expect(try run.read(Self.source()).rows.count == 75)
        #expect(try run.read(Self.source(.offsets([0: 30]))).rows.count == 70)
        let failure = try Self.failure { _ = try run.read(Self.source(), from: first.position) }
        let text = "\(failure?.message ?? "") \(failure?.detail ?? "") \(failure?.hint ?? "")"
        for part in ["\"topic\"", "partition 0", "offset 0", "offset 25", "--fresh"] {
            #expect(text.contains(part), "\(text)")
        }
    }

    /// Positions of a run, as its file has them, and a savepoint elsewhere.
    @Test func whatAJobNeedsStaysUnlessItIsForced() throws {
        let run = try Self.run(partitions: 2, publishes: 20, rows: 5)
        let ends = try TopicAdmin.describe("topic", in: run.log).partitions.map(\.publishedEnd)
        #expect(ends == [50, 50])
        let start = try run.read(Self.source(), batches: 0).position
        let end = try run.read(Self.source()).position
        let id = RunID(high: 7, low: 7)
        try run.log.append(
            .checkpoint(job: "reader", run: id, CommittedCheckpoint(number: 0, recordChecksum: 1)))
        func move(force: Bool = false) throws -> TopicRetention.Move {
            try TopicRetention("topic", in: run.log).move(to: [0: 20, 1: 30], isForced: force)
        }
        func say(_ positions: [[UInt8]], run id: RunID) throws {
            try run.files.makeDirectories("data/jobs/reader/run")
            let file = try run.files.open("data/jobs/reader/run/reads", .createIfMissing)
            try file.truncate(to: 0)
            try file.write(RunReads(run: id, positions: positions).encoded(), at: 0)
        }
        // Nobody knows what it needs: nothing is said, or another run said it, or the file is torn.
        #expect(try move().dropped.isEmpty)
        #expect(try move().holders == [TopicHolder(name: "job \"reader\"", offsets: nil)])
        try say([end], run: RunID(high: 1, low: 1))
        #expect(try move().dropped.isEmpty)
        try run.files.open("data/jobs/reader/run/reads", .update).truncate(to: 20)
        #expect(try move().dropped.isEmpty)
        // It has read nothing.
        try say([start], run: id)
        #expect(try move().dropped.isEmpty)
        #expect(try move().holders == [TopicHolder(name: "job \"reader\"", offsets: [0, 0])])
        // One of its sources has read all, another one not.
        try say([start, end], run: id)
        #expect(try move().dropped.isEmpty)
        #expect(try Self.kept(run) == [0, 0])
        try say([end], run: id)
        #expect(try move().dropped.map(\.end) == [20, 30])
        #expect(try Self.kept(run) == [20, 30])
        try say([start], run: id)
        let forced = try TopicRetention("topic", in: run.log).move(to: [0: 22], isForced: true)
        #expect(forced.broken.map(\.name) == ["job \"reader\""] && forced.dropped.map(\.end) == [22])
        // What it has finished it does not need.
        try say([], run: id)
        #expect(try TopicRetention("topic", in: run.log).move(to: [0: 50, 1: 50]).dropped.map(\.end) == [50, 50])
    }

    @Test func optionsSayWhatIsKept() throws {
        let run = try TopicRun()
        try TopicAdmin.create(
            "topic", schema: TopicSchema(fields: Self.fields, key: []),
            options: TopicOptions(retentionMilliseconds: 5 * 3_600_000), random: run.random, in: run.log)
        for publish in 0..<10 {
            try run.publish("topic", (0..<10).map { [.bigint(Int64(publish * 10 + $0))] })
            run.time.advance(milliseconds: 3_600_000)
        }
        // The last publish looked: five hours before it, the fifth was just published.
        #expect(try Self.kept(run) == [40])
        try TopicAdmin.change(RetentionChange(milliseconds: .unbounded), of: "topic", in: run.log)
        run.time.advance(milliseconds: 100 * 3_600_000)
        try run.publish("topic", [[.bigint(100)]])
        #expect(try Self.kept(run) == [40])
        try TopicAdmin.change(RetentionChange(bytes: .at(1)), of: "topic", in: run.log)
        #expect(try TopicAdmin.describe("topic", in: run.log).options.retentionBytes == 1)
        try run.publish("topic", [[.bigint(101)]])
        // Whole segments stay.
        #expect(try Self.kept(run) == [40])
    }

    /// The files go with those who hold the partition.
    @Test func filesOfRowsThatAreGoneAreRemoved() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        let topic = try TopicAdmin.describe("topic", in: run.log)
        let directory = run.log.directory(of: "topic", partition: 0)
        let columns = topic.schema.columns
        do {
            let writer = try PartitionWriter.open(
                directory: directory, partition: topic.partition(0), publishedEnd: 0, files: run.files,
                options: SegmentOptions(rollBytes: 1))
            // Fewer than are merged into one.
            for id in 0..<7 {
                let batch = TopicRun.batch([[.bigint(Int64(id))]], Self.fields)
                _ = try writer.append(TopicFrame.encode(batch, columns, schemaID: 0))
            }
            try writer.sync()
            try run.log.append(
                .published([OffsetRange(partition: topic.partition(0), start: 0, end: 7)], producer: nil))
        }
        func segments() throws -> Int { try run.files.list(directory).filter { $0.hasSuffix(".segment") }.count }
        #expect(try segments() == 7)
        let retention = try TopicRetention("topic", in: run.log)
        #expect(try retention.move(to: [0: 2]).dropped.count == 1)
        #expect(try segments() == 7)
        try retention.removeFiles()
        #expect(try segments() == 5)
        // A job keeps the partition, and does it when it looks.
        let sink = TopicSinkDescription(operatorID: 2, table: "t", topic: "topic", fields: Self.fields)
        let sinks = try run.open(sink)
        _ = try run.commit(sinks)
        let again = try TopicRetention("topic", in: run.log)
        #expect(try again.move(to: [0: 4]).dropped.count == 1)
        try again.removeFiles()
        #expect(try segments() == 5)
        run.time.advance(milliseconds: 120_000)
        _ = try run.commit(sinks)
        #expect(try segments() == 3)
        #expect(try run.read(Self.source()).rows.count == 3)
    }

    @Test func whatARunReadsIsEncodedAndDamageIsFound() throws {
        let reads = RunReads(run: RunID(high: 1, low: 2), positions: [[1, 2, 3], []])
        let bytes = reads.encoded()
        #expect(try RunReads(decoding: bytes) == reads)
        for bit in 0..<8 * bytes.count {
            var flipped = bytes
            flipped[bit / 8] ^= UInt8(1 << (bit % 8))
            #expect(throws: CorruptBytes.self) { try RunReads(decoding: flipped) }
        }
        for count in 0..<bytes.count {
            #expect(throws: CorruptBytes.self) { try RunReads(decoding: Array(bytes[..<count])) }
        }
    }
}
