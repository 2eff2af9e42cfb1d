import CommitLog
import Columnar
import Dataflow
import HostSystem
import Operators

/// What it takes to begin in a data directory with a long history: a million journal entries, ten thousand segments.
struct Opening {
    let directory: String
    private let files = PosixFileSystem()
    private let time = SystemTime()
    private static let topics = 10
    private static let partitions = 10
    private static let segments = 100
    private static let rowsPerSegment = 100
    private static let entriesAtOnce = 1000

    init(_ directory: String) {
        self.directory = FilePath.join(directory, "opening-benchmark-" + String(SystemRandom().next(), radix: 16))
    }

    func run() throws {
        defer {
            do throws(FileError) { try files.removeTree(directory) } catch { print("left behind: \(error)") }
        }
        let began = time.monotonicNanoseconds()
        try build()
        print("built in \((time.monotonicNanoseconds() - began) / 1_000_000_000) s")
        for _ in 0..<3 { try measure() }
    }

    // MARK: Building

    private func build() throws {
        let log = try access()
        let schema = try TopicSchema(fields: [Field("n", .bigint)], key: [])
        var partitions: [(TopicPartition, String)] = []
        for topic in 0..<Self.topics {
            let made = try TopicAdmin.create(
                "topic-\(topic)", schema: schema, partitions: UInt32(Self.partitions), random: SystemRandom(), in: log)
            for number in 0..<Self.partitions {
                partitions.append((made.partition(number), log.directory(of: made.name, partition: number)))
            }
        }
        let rows = Column.bigint(FixedColumn((0..<Int64(Self.rowsPerSegment)).map { $0 }))
        let frame = TopicFrame.encode(
            Batch(columns: [rows], rowCount: Self.rowsPerSegment), schema.columns, schemaID: 0)
        for (partition, path) in partitions {
            let writer = try PartitionWriter.open(
                directory: path, partition: partition, publishedEnd: 0, files: files,
                options: SegmentOptions(rollBytes: 1))
            for _ in 0..<Self.segments { _ = try writer.append(frame) }
            try writer.sync()
        }
        try publish(partitions.map(\.0), log.journal)
    }

    /// Row by row, each with an entry of its own.
    private func publish(_ partitions: [TopicPartition], _ journal: Journal) throws(JournalError) {
        var placed = 0
        for offset in 0..<UInt64(Self.segments * Self.rowsPerSegment) {
            for partition in partitions {
                let entry = try journal.place(
                    .published([OffsetRange(partition: partition, start: offset, end: offset + 1)]))
                placed += 1
                if placed % Self.entriesAtOnce == 0 { _ = try journal.makeDurable(entry) }
            }
        }
    }

    // MARK: Measuring

    private func access() throws -> CommitLogAccess {
        let data = try DataDirectory(directory, files: files)
        let journal = try Journal.open(directory: data.journal, files: files, time: time)
        return CommitLogAccess(journal: journal, directory: data, time: time)
    }

    private func measure() throws {
        var last = time.monotonicNanoseconds()
        let first = last
        func tell(_ what: String) {
            let now = time.monotonicNanoseconds()
            print("  \(what): \(Double((now - last) / 1000) / 1000) ms")
            last = now
        }
        let log = try access()
        tell("the journal")
        let topics = try TopicAdmin.list(in: log)
        precondition(topics.count == Self.topics, "all topics are there")
        tell("a list of the topics")
        let consumer = try TopicConsumer("topic-3", in: log)
        let firstRows = try consumer.next()
        precondition(firstRows?.offsets.lowerBound == 0, "it begins at the beginning")
        tell("a reader's first rows")
        for number in 0..<Self.partitions { consumer.seek(number, to: .max - 1) }
        consumer.seek(7, to: UInt64(Self.segments * Self.rowsPerSegment) - 1)
        let lastRow = try consumer.next()
        precondition(lastRow?.batch.rowCount == 1, "it reads the last row")
        tell("the last row of a partition")
        let state = try log.settled()
        tell("settling once more")
        print("together: \(Double((last - first) / 1000) / 1000) ms, \(state.end) entries")
        let producer = try TopicProducer("topic-5", in: log)
        withExtendedLifetime(producer) { tell("a producer") }
    }
}

/// What many frames of one row cost until they are merged: in the file, and of who opens the partition to write.
struct SmallFrames {
    let directory: String
    private let files = PosixFileSystem()
    private let time = SystemTime()
    private let partition = TopicPartition(topic: TopicID(high: 1, low: 1), partition: 0)

    func run(_ frames: Int, _ make: (Int) -> FrameContent) throws {
        let path = FilePath.join(directory, "frames-benchmark-" + String(SystemRandom().next(), radix: 16))
        defer {
            do throws(FileError) { try files.removeTree(path) } catch { print("left behind: \(error)") }
        }
        var writer = try open(path, 0)
        let frame = make(1)
        for _ in 0..<frames { _ = try writer.append(frame) }
        try writer.sync()
        writer.close()
        var began = time.monotonicNanoseconds()
        writer = try open(path, UInt64(frames))
        let opened = time.monotonicNanoseconds() - began
        let segment = FilePath.join(path, String(repeating: "0", count: 20) + ".segment")
        let before = try files.status(segment)?.sizeBytes ?? 0
        try writer.seal()
        began = time.monotonicNanoseconds()
        try writer.mergeSealed(below: UInt64(frames), merge: joined)
        let merged = time.monotonicNanoseconds() - began
        let after = try files.status(segment)?.sizeBytes ?? 0
        print(
            "\(frames) frames of one row: opened in \(opened / 1000) us, \(before >> 10) KiB; "
                + "merged in \(merged / 1000) us, \(after >> 10) KiB")
    }

    private func open(_ path: String, _ end: UInt64) throws(LogError) -> PartitionWriter {
        try PartitionWriter.open(
            directory: path, partition: partition, publishedEnd: end, files: files,
            options: SegmentOptions(rollFrames: .max))
    }
}

/// Frames one behind the other, as one.
func joined(_ frames: [FrameContent]) -> [FrameContent] {
    var joined = frames[0]
    for frame in frames.dropFirst() {
        joined.rowCount += frame.rowCount
        for i in joined.chunks.indices { joined.chunks[i].bytes += frame.chunks[i].bytes }
    }
    return [joined]
}
