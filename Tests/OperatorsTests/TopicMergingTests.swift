import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

@Suite struct TopicMergingTests {
    private static let fields = [
        Field("auction", .bigint), Field("price", .bigint), Field("at", .timestamp(precision: 3)),
        Field("channel", .string), Field("url", .string), Field("isFirst", .boolean),
    ]

    private static func row(_ number: Int, _ random: inout SplitMix64) -> [Cell] {
        [
            .bigint(Int64(number / 50 + random.below(100))), .bigint(Int64(random.below(100_000_000))),
            .timestamp(1_700_000_000_000 + Int64(number) * 7), .string(["Apple", "Baidu", "Google"][random.below(3)]),
            random.oneIn(10) ? .null : .string("https://www.nexmark.com/\(random.below(10_000))/item.htm?query=1"),
            .boolean(random.oneIn(5)),
        ]
    }

    /// On the real disk: frames of so many rows each, sealed and merged. Returns the size of the files.
    private static func sizeBytes(_ rows: Int, perFrame: Int, _ compression: ChunkCompression) throws -> Int {
        let workspace = try Workspace()
        let files = PosixFileSystem()
        let partition = TopicPartition(topic: TopicID(high: 1, low: 2), partition: 0)
        let schema = try TopicSchema(fields: fields, key: [])
        var random = SplitMix64(seed: 17)
        let cells = (0..<rows).map { row($0, &random) }
        let all = TopicRun.batch(cells, fields)
        let writer = try PartitionWriter.open(
            directory: workspace.path, partition: partition, publishedEnd: 0, files: files,
            options: SegmentOptions(compression: compression))
        for start in stride(from: 0, to: rows, by: perFrame) {
            let taken = (start..<min(start + perFrame, rows)).map { Int32($0) }
            let batch = Batch(columns: all.columns.map { $0.take(taken) }, rowCount: taken.count)
            for piece in TopicFrame.pieces(of: batch) {
                _ = try writer.append(TopicFrame.encode(piece, schema.columns, schemaID: 0))
            }
        }
        try writer.seal()
        try writer.mergeSealed(below: writer.end) { try TopicFrame.merge($0, [schema]) }
        try writer.sync()
        let names = try files.list(workspace.path).filter { $0.hasSuffix(".segment") }
        return try names.reduce(0) { try $0 + (files.status(workspace.path + "/" + $1)?.sizeBytes ?? 0) }
    }

    @Test(arguments: [ChunkCompression.lz4, .zstd])
    func rowsPublishedOneByOneTakeAsMuchSpaceAsAtOnce(_ compression: ChunkCompression) throws {
        let rows = 20_000
        let together = try Self.sizeBytes(rows, perFrame: rows, compression)
        for perFrame in [1, 7, 300] {
            let merged = try Self.sizeBytes(rows, perFrame: perFrame, compression)
            #expect(merged * 100 <= together * 120, "\(merged) bytes of \(perFrame) at once, \(together) of all")
        }
    }

    /// Frames of one row, many enough for a segment, which a process has left that was killed.
    @Test func aProducerThatComesAndGoesMergesWhatOthersLeft() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        let topic = try TopicAdmin.describe("topic", in: run.log)
        let directory = run.log.directory(of: "topic", partition: 0)
        var random = SplitMix64(seed: 3)
        do {
            let writer = try PartitionWriter.open(
                directory: directory, partition: topic.partition(0), publishedEnd: 0, files: run.files)
            for number in 0..<20_000 {
                let batch = TopicRun.batch([Self.row(number, &random)], Self.fields)
                _ = try writer.append(TopicFrame.encode(batch, topic.schema.columns, schemaID: 0))
            }
            try writer.sync()
            try run.log.append(
                .published([OffsetRange(partition: topic.partition(0), start: 0, end: writer.end)], producer: nil))
        }
        func segmentBytes() throws -> [Int] {
            try run.files.list(directory).filter { $0.hasSuffix(".segment") }.sorted().map {
                try run.files.status(directory + "/" + $0)?.sizeBytes ?? 0
            }
        }
        let before = try segmentBytes()
        #expect(before.count == 5)
        let consumer = try TopicConsumer("topic", in: run.log)
        let first = try #require(try consumer.next())
        let producer = try TopicProducer("topic", in: run.log)
        try producer.append(TopicRun.batch([Self.row(20_000, &random)], Self.fields))
        try producer.publish()
        producer.finish()
        #expect(producer.upkeepFailure == nil)
        let after = try segmentBytes()
        #expect(after.count == 5 && after[0] * 5 < before[0] && after[4] > before[4])
        // Who has begun with the old file goes on with it, who begins now has the same rows.
        var rows = first.batch.rowCount
        _ = try consumer.wait(timeoutMilliseconds: 0)
        while let more = try consumer.next() { rows += more.batch.rowCount }
        #expect(rows == 20_001)
        let anew = try TopicConsumer("topic", in: run.log)
        var seed = SplitMix64(seed: 3)
        var number = 0
        while let more = try anew.next() {
            for row in 0..<more.batch.rowCount {
                #expect(more.batch.columns.map { $0.cell(at: row) } == Self.row(number, &seed))
                number += 1
            }
        }
        #expect(number == 20_001)
    }
}
