import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import TestSupport
import Testing

@Suite struct TopicSinkTests {
    private static let fields = [Field("id", .bigint, isNullable: false), Field("name", .string)]

    private static func sink(
        key: [String] = [], partitions: UInt32? = nil, compression: TopicOptions.Compression? = nil
    ) -> TopicSinkDescription {
        TopicSinkDescription(
            operatorID: 2, table: "t", topic: "topic", fields: fields, key: key, partitions: partitions,
            compression: compression)
    }

    private static func batch(_ ids: some Sequence<Int>, kinds: [RowKind]? = nil) -> Batch {
        TopicRun.batch(ids.map { [.bigint(Int64($0)), .string("\($0 % 3)")] }, fields, kinds: kinds)
    }

    private static func ids(_ run: TopicRun) throws -> [Int64] {
        let consumer = try TopicConsumer("topic", columns: ["id"], in: run.log)
        var ids: [Int64] = []
        while let rows = try consumer.next() {
            for case .bigint(let id) in rows.batch.columns[0].cells { ids.append(id) }
        }
        return ids
    }

    @Test func rowsExistWithTheirCommitAndNotBefore() throws {
        let run = try TopicRun()
        run.parallelism = 2
        var sinks = try run.open(Self.sink(partitions: 3))
        #expect(try TopicAdmin.describe("topic", in: run.log).partitions.count == 3)
        var states: [CheckpointRecord.OperatorPart] = []
        var next = 0
        var committed = 0
        var random = SplitMix64(seed: 4)
        for epoch in 0..<40 {
            for sink in sinks where random.oneIn(2) {
                let count = 1 + random.below(30)
                try sink.write(Self.batch(next..<next + count))
                next += count
            }
            #expect(try Self.ids(run).count == committed)
            if epoch % 4 == 3 {
                // Dies between the sync and the commit: the next start writes the epoch again.
                if random.oneIn(2) { _ = try run.commit(sinks, dies: true) }
                next = committed
                sinks = []
                sinks = try run.open(Self.sink(partitions: 3), from: states)
            } else {
                states = try run.commit(sinks)
                committed = next
            }
            #expect(try Self.ids(run).sorted() == (0..<Int64(committed)).map { $0 }, "epoch \(epoch)")
        }
        #expect(committed > 0)
    }

    @Test func aTopicOfASideOutputIsMadeAnewWhereItWasDeleted() throws {
        let run = try TopicRun()
        var sink = Self.sink()
        var states = try run.commit(try run.open(sink))
        try TopicAdmin.delete("topic", in: run.log)
        #expect(throws: JobFailure.self) { try run.open(sink, from: states) }
        sink.isOfSideOutput = true
        for ids in [0..<3, 3..<5] {
            var sinks = try run.open(sink, from: states)
            #expect(sinks[0].isOfSideOutput)
            try sinks[0].write(Self.batch(ids))
            states = try run.commit(sinks)
            #expect(try Self.ids(run) == ids.map { Int64($0) })
            sinks = []
            try TopicAdmin.delete("topic", in: run.log)
        }
    }

    @Test func aKeyAlwaysGoesToTheSamePartition() throws {
        let run = try TopicRun()
        let sinks = try run.open(Self.sink(key: ["id"], partitions: 4))
        for _ in 0..<5 {
            try sinks[0].write(Self.batch(0..<200))
            _ = try run.commit(sinks)
        }
        let consumer = try TopicConsumer("topic", in: run.log)
        var places: [Cell: Set<Int>] = [:]
        while let rows = try consumer.next() {
            for cell in rows.batch.columns[0].cells { places[cell, default: []].insert(rows.partition) }
        }
        #expect(places.count == 200 && places.values.allSatisfy { $0.count == 1 })
        #expect(Set(places.values.compactMap(\.first)).count == 4)
    }

    @Test func anExistingTopicMustFit() throws {
        func failure(_ sink: TopicSinkDescription, _ fields: [Field], key: [String] = []) throws -> String? {
            let run = try TopicRun()
            try run.create("topic", fields, key: key, partitions: 2)
            do {
                _ = try run.open(sink)
                return nil
            } catch let failure as JobFailure {
                return failure.detail ?? failure.message
            }
        }
        #expect(try failure(Self.sink(), Self.fields) == nil)
        #expect(try failure(Self.sink(), Self.fields + [Field("more", .int)]) == nil)
        #expect(
            try failure(Self.sink(), Self.fields + [Field("more", .int, isNullable: false)])
                == "column \"more\" of the topic is NOT NULL, and the table does not have it")
        #expect(
            try failure(Self.sink(), [Self.fields[0], Field("name", .string, isNullable: false)])
                == "column \"name\" is NOT NULL in the topic and may be NULL in the table")
        #expect(try failure(Self.sink(), [Self.fields[0]]) == "the topic has no column \"name\"")
        #expect(
            try failure(Self.sink(key: ["id"]), Self.fields) == "the table's key is (id), the topic's ()")
        #expect(
            try failure(Self.sink(partitions: 3), Self.fields)
                == "table \"t\" asks for 3 partitions, and topic \"topic\" has 2")
        #expect(
            try failure(Self.sink(compression: .zstd), Self.fields)
                == "table \"t\" asks for compression 'zstd', and topic \"topic\" has 'lz4'")
    }

    @Test func twoWritersOfOneTopicAreRefused() throws {
        let run = try TopicRun()
        let sinks = try run.open(Self.sink())
        #expect(throws: JobFailure.self) { try TopicProducer("topic", in: run.log) }
        #expect(sinks.count == 1)
    }

    @Test func aTopicThatIsGoneIsNotMadeAgain() throws {
        let run = try TopicRun()
        var sinks = try run.open(Self.sink())
        let states = try run.commit(sinks)
        sinks = []
        try TopicAdmin.delete("topic", in: run.log)
        #expect(throws: JobFailure.self) { try run.open(Self.sink(), from: states) }
    }
}

@Suite struct TopicProducerTests {
    private static let fields = [Field("id", .bigint)]

    @Test func anIdempotentProducerGoesOnWhereItWas() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        for expected in [nil, 9, 9] as [UInt64?] {
            let producer = try TopicProducer("topic", id: "p", in: run.log)
            #expect(producer.lastRecord == expected)
            let next = producer.lastRecord.map { Int($0) + 1 } ?? 0
            guard next < 10 else { continue }
            try producer.append(TopicRun.batch((next..<10).map { [.bigint(Int64($0))] }, Self.fields))
            try producer.publish(last: 9)
        }
        let other = try TopicProducer("topic", id: "q", in: run.log)
        #expect(other.lastRecord == nil)
        let consumer = try TopicConsumer("topic", in: run.log)
        var count = 0
        while let rows = try consumer.next() { count += rows.batch.rowCount }
        #expect(count == 10)
    }

    @Test(arguments: [1, 2, 4] as [UInt32]) func producersTakeTurns(partitions: UInt32) throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields, partitions: partitions)
        var producers: [TopicProducer] = []
        for name in ["p", "q", "r"] { producers.append(try TopicProducer("topic", id: name, in: run.log)) }
        for round in 0..<20 {
            for (number, producer) in producers.enumerated() where (round + number) % 3 > 0 {
                let value = Int64(number * 100 + round)
                try producer.append(TopicRun.batch([[.bigint(value)]], Self.fields))
                try producer.publish(last: UInt64(round))
            }
        }
        let consumer = try TopicConsumer("topic", in: run.log)
        var values: Set<Cell> = []
        var count = 0
        while let rows = try consumer.next() {
            count += rows.batch.rowCount
            values.formUnion(rows.batch.columns[0].cells)
        }
        #expect(count == 40)
        #expect(values.count == 40)
    }

    @Test func aProducerOfADeletedTopicIsTold() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        let producer = try TopicProducer("topic", in: run.log)
        try TopicAdmin.delete("topic", in: run.log)
        try run.create("topic", Self.fields)
        let error = #expect(throws: JobFailure.self) {
            try producer.append(TopicRun.batch([[.bigint(1)]], Self.fields))
            try producer.publish()
        }
        #expect(error?.message == "topic \"topic\" was deleted while it was written")
    }

    @Test func aConsumerGoesWhereItIsSent() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        let consumer = try TopicConsumer("topic", in: run.log)
        #expect(try consumer.next().map(\.offsets) == nil)
        try run.publish("topic", (0..<10).map { [.bigint(Int64($0))] })
        #expect(try consumer.wait(timeoutMilliseconds: 0))
        let rows = try #require(try consumer.next())
        #expect(rows.offsets == 0..<10)
        consumer.seek(0, to: 7)
        #expect(try consumer.next()?.batch.columns[0].cells == [.bigint(7), .bigint(8), .bigint(9)])
        consumer.seekToEnd()
        #expect(try consumer.next().map(\.offsets) == nil)
    }
}
