import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// Topics read as of a position of the journal.
@Suite struct PastTopicTests {
    private static let fields = [Field("id", .bigint)]

    private func source(asOf position: UInt64?, metadata: [TopicMetadata] = []) -> TopicSourceDescription {
        TopicSourceDescription(
            operatorID: 1, table: "t", topic: "topic",
            columns: [ScanColumn(path: ["id"], type: .bigint, isNullable: true)], metadata: metadata,
            fields: Self.fields, isBounded: true, asOf: position)
    }

    private func ids(_ run: TopicRun, asOf position: UInt64?) throws -> [Int64] {
        try run.read(source(asOf: position)).rows.compactMap { row in
            if case .bigint(let id) = row.cells[0] { id } else { nil }
        }.sorted()
    }

    private func publish(_ run: TopicRun, _ ids: Range<Int>) throws {
        try run.publish("topic", ids.map { [.bigint(Int64($0))] })
    }

    private func failure(_ body: () throws -> Void) -> JobFailure? {
        do {
            try body()
            return nil
        } catch {
            return error as? JobFailure
        }
    }

    @Test func aCutReadTwiceIsTheSameWhileProducersGoOn() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields, partitions: 2)
        var cuts: [(position: UInt64, rows: Int)] = []
        for step in 0..<20 {
            try publish(run, step * 7..<step * 7 + 7)
            cuts.append((try run.log.settled().end, step * 7 + 7))
            for cut in cuts {
                #expect(try ids(run, asOf: cut.position) == (0..<cut.rows).map { Int64($0) })
            }
        }
        #expect(try ids(run, asOf: nil).count == 140)
        #expect(try TopicAdmin.list(asOf: 0, in: run.log).isEmpty)
        #expect(try TopicAdmin.list(asOf: 1, in: run.log).map(\.name) == ["topic"])
    }

    @Test func aTopicIsReadUpToOffsets() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields, partitions: 2)
        for step in 0..<3 { try publish(run, step * 1000..<step * 1000 + 1000) }
        let ends = try TopicAdmin.describe("topic", in: run.log).partitions.map(\.publishedEnd)
        func read(upTo ends: [UInt64]) throws -> Int {
            var source = source(asOf: nil)
            source.ends = ends
            return try run.read(source).rows.count
        }
        for wanted in [[0, 0], [3, 0], [0, ends[1]], [ends[0] - 1, 400], ends] {
            #expect(try read(upTo: wanted) == Int(wanted[0] + wanted[1]))
        }
        for wanted in [[0], [ends[0] + 1, 0], []] {
            let failure = failure { _ = try read(upTo: wanted) }
            #expect(failure?.message == "topic \"topic\" cannot be read up to where it is asked for")
        }
    }

    @Test func timesAreKnownOfACutToo() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        try publish(run, 0..<3)
        let then = run.time.wallMilliseconds()
        let position = try run.log.settled().end
        run.time.advance(milliseconds: 1000)
        try publish(run, 3..<6)
        let rows = try run.read(source(asOf: position, metadata: [.timestamp])).rows
        #expect(rows.map { $0.cells[1] } == Array(repeating: .timestamp(then), count: 3))
        #expect(try run.log.position(at: then + 999) == position)
    }

    @Test func whatWasNotThereOrIsGoneIsNamed() throws {
        let run = try TopicRun()
        try run.create("other", Self.fields)
        try run.create("topic", Self.fields)
        try publish(run, 0..<10)
        let position = try run.log.settled().end
        let early = failure { _ = try ids(run, asOf: 1) }
        #expect(early?.message == "topic \"topic\" does not exist at position 1")
        let late = failure { _ = try ids(run, asOf: position + 1) }
        #expect(late?.message.contains("past the end of the journal, which is at \(position)") == true)
        let topic = try TopicAdmin.describe("topic", in: run.log)
        try run.log.append(.retentionMoved([OffsetRange(partition: topic.partition(0), start: 0, end: 4)]))
        let dropped = failure { _ = try ids(run, asOf: position) }
        #expect(dropped?.message == "topic \"topic\" as of position \(position) is no longer whole")
        #expect(dropped?.detail?.contains("the rows from offset 0 to 3") == true)
        try TopicAdmin.delete("topic", in: run.log)
        let deleted = failure { _ = try ids(run, asOf: position) }
        #expect(deleted?.message == "topic \"topic\" as of position \(position) is gone")
    }
}
