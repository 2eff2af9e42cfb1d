import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// Upserts and deletes into topics with a key.
@Suite struct KeyedTopicProducerTests {
    private static let fields = [Field("k", .bigint, isNullable: false), Field("v", .bigint)]

    private func run(partitions: UInt32 = 2) throws -> TopicRun {
        let run = try TopicRun()
        try run.create("topic", Self.fields, key: ["k"], partitions: partitions)
        return run
    }

    private func producer(_ run: TopicRun, id: String? = nil, memoryBytes: Int = 1 << 30) throws -> KeyedTopicProducer {
        try KeyedTopicProducer(TopicProducer("topic", id: id, in: run.log), memoryBytes: memoryBytes, in: run.log)
    }

    private func rows(_ values: [(Int64, Int64)], _ kind: RowKind = .insert) -> Batch {
        TopicRun.batch(
            values.map { [.bigint($0.0), .bigint($0.1)] }, Self.fields,
            kinds: Array(repeating: kind, count: values.count))
    }

    /// The changelog of all partitions, each in its order.
    private func changelog(_ run: TopicRun) throws -> [String] {
        let consumer = try TopicConsumer("topic", in: run.log)
        var lines: [String] = []
        while let rows = try consumer.next() {
            for row in 0..<rows.batch.rowCount {
                let kind = (rows.batch.rowKinds?[row] ?? .insert).symbol
                lines.append(kind + rows.batch.columns.map { "\($0.cell(at: row))" }.joined(separator: ","))
            }
        }
        return lines
    }

    @Test func producersKnowWhatOthersHavePublished() throws {
        let run = try run(partitions: 1)
        let (first, second) = (try producer(run), try producer(run))
        #expect(try first.append(rows([(1, 10), (2, 20)])) == 2)
        try first.publish()
        #expect(try second.append(rows([(1, 11), (2, 20)])) == 2)
        try second.publish()
        #expect(try first.append(rows([(1, 0)], .delete)) == 1)
        try first.publish()
        #expect(try second.append(rows([(1, 0)], .delete)) == 0)
        try second.publish()
        // A third one begins with what is there.
        let third = try producer(run)
        #expect(try third.append(rows([(2, 20), (1, 12)])) == 1)
        try third.publish()
        #expect(try changelog(run) == ["+I1,10", "+I2,20", "-U1,10", "+U1,11", "-D1,11", "+I1,12"])
    }

    @Test func aCopyOfAChangelogIsTheSameTable() throws {
        for seed in 1...6 as ClosedRange<UInt64> {
            let run = try run(partitions: UInt32(1 + seed % 3))
            try run.create("copy", Self.fields, key: ["k"], partitions: 3)
            var random = SplitMix64(seed: seed)
            let producer = try producer(run)
            for _ in 0..<40 {
                let values = (0..<random.below(30)).map { _ in (Int64(random.below(20)), Int64(random.below(5))) }
                _ = try producer.append(rows(values, random.below(3) == 0 ? .delete : .insert))
                if random.below(2) == 0 { try producer.publish() }
            }
            try producer.publish()
            let copy = try KeyedTopicProducer(TopicProducer("copy", in: run.log), memoryBytes: 1 << 30, in: run.log)
            let consumer = try TopicConsumer("topic", in: run.log)
            while let rows = try consumer.next() { _ = try copy.append(rows.batch) }
            try copy.publish()
            #expect(try table("copy", run) == table("topic", run), "seed \(seed)")
        }
    }

    private func table(_ topic: String, _ run: TopicRun) throws -> Set<[Cell]> {
        let consumer = try TopicConsumer(topic, in: run.log)
        var table: Set<[Cell]> = []
        while let rows = try consumer.next() {
            for row in 0..<rows.batch.rowCount {
                let cells = rows.batch.columns.map { $0.cell(at: row) }
                switch rows.batch.rowKinds?[row] ?? .insert {
                case .insert, .updateAfter: #expect(table.insert(cells).inserted)
                case .updateBefore, .delete: #expect(table.remove(cells) != nil)
                }
            }
        }
        return table
    }

    @Test func anIdempotentProducerGoesOnWhereItHadPublished() throws {
        let run = try run()
        let first = try producer(run, id: "a")
        _ = try first.append(rows([(1, 10)]))
        try first.publish(last: 7)
        // What changes nothing counts too.
        _ = try first.append(rows([(1, 10)]))
        try first.publish(last: 9)
        #expect(try producer(run, id: "a").lastRecord == 9)
    }

    @Test func whatCannotBeKnownIsRefused() throws {
        let run = try run(partitions: 1)
        try run.publish("topic", (0..<2000).map { [.bigint(Int64($0)), .bigint(1)] })
        let large = #expect(throws: JobFailure.self) { try producer(run, memoryBytes: 10_000) }
        #expect(large?.kind == .memory)
        let topic = try TopicAdmin.describe("topic", in: run.log)
        try run.log.append(.retentionMoved([OffsetRange(partition: topic.partition(0), start: 0, end: 3)]))
        let lost = #expect(throws: JobFailure.self) { try producer(run) }
        #expect(lost?.message == "topic \"topic\" has lost its first changes to retention")
    }
}
