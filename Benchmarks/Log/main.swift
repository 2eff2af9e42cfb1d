// What appending to a partition and reading from it cost: `LogBenchmark DIRECTORY [MILLIONS OF ROWS]`, on the disk of
// that directory; what it takes to begin in a directory with a long history: `LogBenchmark DIRECTORY opening`; one column of a topic's six
// against all of them: `LogBenchmark DIRECTORY columns`. Six columns: two ascending integers, a small one, a random one, words, and random text.

import CommitLog
import Glibc
import HostSystem

private struct Clock {
    let wall = SystemTime().monotonicNanoseconds()
    let cpu = Clock.cpuNanoseconds()

    static func cpuNanoseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    func tell(_ what: String, rows: Int, bytes: Int) {
        let wall = Double(SystemTime().monotonicNanoseconds() - wall) / 1e9
        let cpu = Double(Clock.cpuNanoseconds() - cpu) / 1e9
        func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
        let millions = Double(rows) / 1e6
        print(
            what + String(repeating: " ", count: max(1, 40 - what.count))
                + "\(tenths(millions / wall)) M rows/s, CPU \(tenths(millions / cpu)) M rows/s, "
                + "\(tenths(Double(bytes) / 1e6 / wall)) MB/s of plain bytes")
    }
}

private struct LogBenchmark {
    let directory: String
    let rowCount: Int
    let files = PosixFileSystem()
    let partition = TopicPartition(topic: TopicID(high: 1, low: 1), partition: 0)

    private static let words = ["click", "view", "purchase", "return", "search", "login"]

    func frame(of count: Int) -> FrameContent {
        var random = SplitMix64(seed: UInt64(count))
        var columns = [ByteWriter](repeating: ByteWriter(capacityBytes: count * 8), count: 6)
        for row in 0..<count {
            columns[0].write(UInt64(row))
            columns[1].write(UInt64(1_700_000_000_000 + row * 10))
            columns[2].write(UInt32(random.below(100)))
            columns[3].write(random.next())
            columns[4].writeString(LogBenchmark.words[random.below(6)])
            columns[5].writeString(String(random.next() >> 24, radix: 36))
        }
        let chunks = columns.enumerated().map { i, column in
            ColumnChunk(columnID: UInt32(i), encoding: 0, nullCount: 0, bytes: column.bytes)
        }
        return FrameContent(rowCount: count, schemaID: 0, chunks: chunks)
    }

    func measure(_ compression: ChunkCompression, rowsPerFrame: Int, rows: Int) throws(LogError) {
        let path = FilePath.join(directory, "log-benchmark-" + String(SystemRandom().next(), radix: 16))
        defer {
            do throws(FileError) { try files.removeTree(path) } catch { print("left behind: \(error)") }
        }
        let writer = try PartitionWriter.open(
            directory: path, partition: partition, publishedEnd: 0, files: files,
            options: SegmentOptions(compression: compression))
        let frame = frame(of: rowsPerFrame)
        let plainBytes = frame.chunks.reduce(0) { $0 + $1.bytes.count } * (rows / rowsPerFrame)
        let name = "\(compression), frames of \(rowsPerFrame)"
        let clock = Clock()
        for _ in 0..<(rows / rowsPerFrame) { _ = try writer.append(frame) }
        try writer.sync()
        clock.tell("append \(name)", rows: rows, bytes: plainBytes)
        if compression == .none { try merge(writer, name, rows) }
        try scan("scan all, \(name)", path, nil, writer.end, plainBytes)
        try scan("scan 1 of 6, \(name)", path, [0], writer.end, rows * 8)
        try scan("pass over, \(name)", path, [0], writer.end, 0)
        writer.close()
        print("on disk: \(try sizeBytes(path) * 100 / max(1, plainBytes)) % of the plain bytes")
    }

    private func merge(_ writer: PartitionWriter, _ name: String, _ rows: Int) throws(LogError) {
        let clock = Clock()
        var merged = 0
        try writer.mergeSealed(below: writer.end) { frames in
            merged += frames.reduce(0) { $0 + $1.rowCount }
            return joined(frames)
        }
        if merged > 0 { clock.tell("merge \(name)", rows: merged, bytes: 0) }
    }

    private func scan(
        _ what: String, _ path: String, _ columns: [UInt32]?, _ end: UInt64, _ plainBytes: Int
    ) throws(LogError) {
        let reader = PartitionReader(directory: path, partition: partition, files: files)
        let clock = Clock()
        var offset: UInt64 = 0
        var sum = 0
        while let slice = try reader.next(
            columns: columns, from: offset, below: end, keep: { _ in plainBytes > 0 })
        {
            offset = slice.offsets.upperBound
            sum += slice.chunks.reduce(0) { $0 + $1.bytes.count }
        }
        precondition(offset == end && sum == plainBytes, "everything was read")
        clock.tell(what, rows: Int(end), bytes: sum)
    }

    private func sizeBytes(_ path: String) throws(LogError) -> Int {
        do throws(FileError) {
            var bytes = 0
            for name in try files.list(path) { bytes += try files.status(FilePath.join(path, name))?.sizeBytes ?? 0 }
            return bytes
        } catch {
            throw .file(error)
        }
    }
}

private let arguments = CommandLine.arguments.dropFirst()
guard let directory = arguments.first else {
    print("usage: LogBenchmark DIRECTORY [MILLIONS OF ROWS | opening | columns]")
    exit(2)
}
private let millions = arguments.dropFirst().first.flatMap { Int($0) } ?? 16
private let benchmark = LogBenchmark(directory: directory, rowCount: millions * 1_000_000)
do {
    if arguments.contains("opening") {
        try Opening(directory).run()
        for frames in [1024, 4096, 16_384] { try SmallFrames(directory: directory).run(frames, benchmark.frame) }
        exit(0)
    }
    if arguments.contains("columns") {
        try Columns(directory).run()
        exit(0)
    }
    for compression in [ChunkCompression.none, .lz4, .zstd] {
        try benchmark.measure(compression, rowsPerFrame: 50_000, rows: benchmark.rowCount)
    }
    for compression in [ChunkCompression.none, .lz4] {
        try benchmark.measure(compression, rowsPerFrame: 10, rows: benchmark.rowCount / 10)
    }
} catch {
    print(error)
    exit(1)
}
