import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import Simulation
import TestSupport
import Testing

@Suite struct TopicSourceTests {
    private static let fields = [
        Field("id", .bigint), Field("name", .string), Field("at", .timestamp(precision: 3)),
    ]

    private static func source(
        _ names: [String] = ["id", "name"], metadata: [TopicMetadata] = [], key: [String] = [],
        predicates: [ScanPredicate] = [], start: TopicStart = .earliest, isBounded: Bool = true
    ) -> TopicSourceDescription {
        let declared = fields.map { Field($0.name, $0.type, isNullable: $0.isNullable && !key.contains($0.name)) }
        let columns = names.compactMap { name in
            declared.first { $0.name == name }.map {
                ScanColumn(path: [name], type: $0.type, isNullable: $0.isNullable)
            }
        }
        return TopicSourceDescription(
            operatorID: 1, table: "t", topic: "topic", columns: columns, metadata: metadata, fields: declared,
            key: key, predicates: predicates, start: start, isBounded: isBounded)
    }

    private static func row(_ id: Int, at: Int64? = nil) -> [Cell] {
        [.bigint(Int64(id)), id % 7 == 0 ? .null : .string("name \(id % 10)"), .timestamp(at ?? Int64(id) * 10)]
    }

    /// Rows in publishes of random lengths.
    private static func filled(
        _ count: Int, partitions: UInt32, key: [String] = [], seed: UInt64 = 1
    ) throws -> TopicRun {
        let run = try TopicRun(seed: seed)
        try run.create("topic", fields, key: key, partitions: partitions)
        var random = SplitMix64(seed: seed)
        var next = 0
        while next < count {
            let rows = (next..<min(count, next + 1 + random.below(60))).map { row($0) }
            try run.publish("topic", rows)
            next += rows.count
        }
        return run
    }

    @Test func whatHasComeSinceIsKnown() throws {
        let run = try Self.filled(50, partitions: 3)
        let source = Self.source()
        func unread(_ position: [UInt8]) throws -> [UnreadInput] {
            try source.unread(since: position, files: run.files, log: run.log)
        }
        let position = try run.read(source).position
        #expect(try unread(position) == [])
        try run.publish("topic", (50..<57).map { Self.row($0) })
        let topic = try TopicAdmin.describe("topic", in: run.log)
        #expect(try unread(position) == [.topic(name: "topic", rows: 7)])
        // What is gone is not unread.
        let gone = topic.partitions.indices.map { number in
            OffsetRange(
                partition: topic.partition(number), start: 0, end: topic.partitions[number].publishedEnd)
        }
        try run.log.append(.retentionMoved(gone.filter { $0.start < $0.end }))
        #expect(try unread(position) == [])
        try TopicAdmin.delete("topic", in: run.log)
        #expect(try unread(position) == [])
        try run.create("topic", Self.fields, partitions: 3)
        #expect(throws: JobFailure.self) { try unread(position) }
    }

    @Test func everyRowIsGivenOnceByAnyReadersAcrossRestarts() throws {
        for seed in 1...12 {
            let run = try Self.filled(500, partitions: UInt32(1 + seed % 3), seed: UInt64(seed))
            run.parallelism = 1 + seed % 4
            var source = Self.source(metadata: [.partition, .offset])
            source.rowsPerSplit = [3, 20, 1000][seed % 3]
            var given: [TopicRun.Given] = []
            var position: [UInt8]?
            var isOver = false
            while !isOver {
                let part = try run.read(source, from: position, seed: UInt64(seed), batches: 5)
                given += part.rows
                (position, isOver) = (part.position, part.isOver)
            }
            let ids = given.map { $0.cells[0] }
            #expect(Set(ids).count == 500 && ids.count == 500, "seed \(seed)")
            for row in given {
                guard case .bigint(let id) = row.cells[0] else { continue }
                #expect(row.cells[1] == Self.row(Int(id))[1])
                guard case .int(let partition) = row.cells[2], case .bigint(let offset) = row.cells[3] else { continue }
                #expect(row.place == "topic topic, partition \(partition), offset \(offset)")
            }
        }
    }

    @Test func whatIsPublishedLaterIsReadOn() throws {
        let run = try Self.filled(50, partitions: 2)
        var more = 3
        let all = try run.read(Self.source(isBounded: false)) {
            more -= 1
            guard more >= 0 else { return false }
            try run.publish("topic", (0..<10).map { Self.row(1000 + more * 10 + $0) })
            return true
        }
        #expect(Set(all.rows.map { $0.cells[0] }).count == 80 && all.rows.count == 80 && !all.isOver)
        try run.publish("topic", [Self.row(7000)])
        let rest = try run.read(Self.source(isBounded: false), from: all.position)
        #expect(rest.rows.map { $0.cells[0] } == [.bigint(7000)])
    }

    @Test func aBoundedSourceKeepsTheEndThatItBeganWith() throws {
        let run = try Self.filled(100, partitions: 1)
        var source = Self.source()
        source.rowsPerSplit = 10
        let begun = try run.read(source, batches: 2)
        try run.publish("topic", (500..<600).map { Self.row($0) })
        let rest = try run.read(source, from: begun.position)
        #expect(begun.rows.count + rest.rows.count == 100 && rest.isOver)
        run.settings.readsWhatIsThere = true
        run.settings.listsInputsAnew = true
        #expect(try run.read(source, from: rest.position).rows.count == 100)
    }

    @Test func itBeginsWhereItIsTold() throws {
        let run = try Self.filled(100, partitions: 1)
        #expect(try run.read(Self.source(start: .latest)).rows.isEmpty)
        #expect(
            try run.read(Self.source(start: .offsets([0: 90]))).rows.map { $0.cells[0] }
                == (90..<100).map { .bigint($0) })
        #expect(throws: JobFailure.self) { try run.read(Self.source(start: .offsets([0: 101]))) }
        #expect(throws: JobFailure.self) { try run.read(Self.source(start: .offsets([1: 0]))) }
    }

    @Test func pushedPredicatesGiveTheSameRows() throws {
        let run = try Self.filled(400, partitions: 2)
        let all = try run.read(Self.source()).rows.map(\.cells)
        for comparison in [ScanPredicate.Comparison.equal, .less, .lessOrEqual, .greater, .greaterOrEqual, .notEqual] {
            for value in [Int64(-1), 0, 57, 399, 400] {
                let predicate = ScanPredicate(column: 0, comparison: comparison, literal: .bigint(value))
                let given = try run.read(Self.source(predicates: [predicate])).rows.map(\.cells)
                let wanted = all.filter { cells in
                    guard case .bigint(let id) = cells[0] else { return false }
                    return switch comparison {
                    case .equal: id == value
                    case .less: id < value
                    case .lessOrEqual: id <= value
                    case .greater: id > value
                    case .greaterOrEqual: id >= value
                    default: id != value
                    }
                }
                #expect(given == wanted, "\(comparison) \(value)")
            }
        }
    }

    @Test func ownWatermarksDependOnThePartitionAlone() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields, partitions: 2)
        var random = SplitMix64(seed: 3)
        for publish in 0..<40 {
            try run.publish(
                "topic", (0..<10).map { Self.row(publish * 10 + $0, at: Int64(publish * 10 + random.below(50))) })
        }
        var source = Self.source(["id", "at"])
        source.watermark = WatermarkStrategy(
            rowtime: .column(1, .timestamp(precision: 3)), delay: .constant(milliseconds: 5))
        var known: [[Cell]: Int64?]?
        for seed in 1...6 {
            run.parallelism = 1 + seed % 3
            source.rowsPerSplit = [1, 7, 1000][seed % 3]
            let rows = try run.read(source, seed: UInt64(seed)).rows
            let watermarks = Dictionary(uniqueKeysWithValues: rows.map { ($0.cells, $0.ownWatermark) })
            #expect(watermarks.count == 400)
            if let known { #expect(watermarks == known) }
            known = watermarks
        }
    }

    @Test func changesOfAKeyStayInOrder() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields, key: ["id"], partitions: 4)
        for round in 0..<30 {
            let ids = (0..<20).map { $0 }
            let rows = ids.flatMap { [Self.row($0, at: Int64(round - 1)), Self.row($0, at: Int64(round))] }
            let kinds = ids.flatMap { _ in [RowKind.updateBefore, .updateAfter] }
            try run.publish(
                "topic", round == 0 ? ids.map { Self.row($0, at: 0) } : rows, kinds: round == 0 ? nil : kinds)
        }
        for parallelism in 1...5 {
            run.parallelism = parallelism
            var source = Self.source(["id", "at"], key: ["id"])
            source.rowsPerSplit = 100
            let rows = try run.read(source, seed: UInt64(parallelism)).rows
            #expect(rows.count == 20 + 29 * 40)
            var last: [Cell: Cell] = [:]
            for (index, row) in rows.enumerated() {
                switch row.kind {
                case .updateBefore:
                    #expect(last[row.cells[0]] == row.cells[1])
                    #expect(rows[index + 1].kind == .updateAfter && rows[index + 1].cells[0] == row.cells[0])
                default: last[row.cells[0]] = row.cells[1]
                }
            }
            #expect(last.values.allSatisfy { $0 == .timestamp(29) })
        }
    }

    @Test func addedColumnsAreNullInOldRows() throws {
        let run = try Self.filled(10, partitions: 1)
        try TopicAdmin.add([Field("country", .string)], to: "topic", in: run.log)
        try run.publish("topic", [Self.row(10) + [.string("de")]])
        var source = Self.source(["id"])
        source.columns.append(ScanColumn(path: ["country"], type: .string))
        source.fields.append(Field("country", .string))
        let rows = try run.read(source).rows
        #expect(rows.map { $0.cells[1] } == [Cell](repeating: .null, count: 10) + [.string("de")])
    }

    @Test func rowsKnowWhenTheyWerePublished() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields, partitions: 1)
        var times: [Int64] = []
        for id in 0..<5 {
            run.time.advance(milliseconds: 1000)
            times.append(run.time.wallMilliseconds())
            try run.publish("topic", [Self.row(id), Self.row(id)])
        }
        let rows = try run.read(Self.source(metadata: [.timestamp])).rows
        #expect(rows.map { $0.cells[2] } == times.flatMap { [.timestamp($0), .timestamp($0)] })
        let later = try run.read(Self.source(start: .timestamp(milliseconds: times[2] - 1))).rows
        #expect(later.map { $0.cells[0] } == [2, 2, 3, 3, 4, 4].map { .bigint($0) })
        #expect(try run.read(Self.source(start: .timestamp(milliseconds: times[4] + 1))).rows.isEmpty)
    }

    @Test func aTableThatDoesNotFitIsRefusedWithTheReason() throws {
        let run = try Self.filled(10, partitions: 1)
        func failure(_ change: (inout TopicSourceDescription) -> Void) -> JobFailure? {
            var source = Self.source()
            change(&source)
            do {
                _ = try run.read(source)
                return nil
            } catch {
                return error as? JobFailure
            }
        }
        #expect(failure { $0.topic = "topik" }?.message == "topic \"topik\" does not exist")
        #expect(
            failure { $0.fields.append(Field("x", .int)) }?.detail == "the topic has no column \"x\"")
        #expect(
            failure { $0.fields[0].type = .int }?.detail
                == "column \"id\" is INT in the table and BIGINT in the topic")
        #expect(failure { $0.key = ["id"] }?.detail == "the table's key is (id), the topic's ()")
        let bad = failure { $0.columns[1].isNullable = false }
        #expect(bad?.kind == .data)
        #expect(
            bad?.message
                == "topic \"topic\", partition 0, offset 0: column \"name\" is NOT NULL, and the row has a NULL")
    }

    @Test func aTopicThatWasCreatedAgainIsAnotherOne() throws {
        let run = try Self.filled(10, partitions: 1)
        let position = try run.read(Self.source()).position
        try TopicAdmin.delete("topic", in: run.log)
        try run.create("topic", Self.fields)
        #expect(throws: JobFailure.self) { try run.read(Self.source(), from: position) }
    }
}
