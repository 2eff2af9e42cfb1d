import CommitLog
import HostSystem
import Simulation
import Testing

/// Rows whose values follow from their offset and from who wrote them: eight bytes of column 1, one of column 2, and in
/// frames of schema 1 two of column 3.
struct LoggedRow: Equatable {
    var offset: UInt64
    var writer: UInt64

    var value: UInt64 {
        var random = SplitMix64(seed: offset &* 31 &+ writer)
        return random.next() >> 40
    }
}

extension FrameContent {
    static func rows(_ rows: [LoggedRow], schemaID: UInt32 = 0) -> FrameContent {
        var first = ByteWriter()
        var second = ByteWriter()
        var third = ByteWriter()
        for row in rows {
            first.write(row.value)
            second.write(UInt8(truncatingIfNeeded: row.offset / 64))
            third.write(UInt16(truncatingIfNeeded: row.offset))
        }
        let values = rows.map(\.value)
        var chunks = [
            ColumnChunk(
                columnID: 1, encoding: 7, nullCount: 0, minimum: bound(values.min()), maximum: bound(values.max()),
                bytes: first.bytes),
            ColumnChunk(columnID: 2, encoding: 1, nullCount: UInt32(rows.count / 2), bytes: second.bytes),
        ]
        if schemaID == 1 { chunks.append(ColumnChunk(columnID: 3, encoding: 2, nullCount: 0, bytes: third.bytes)) }
        return FrameContent(rowCount: rows.count, schemaID: schemaID, chunks: chunks)
    }

    /// As sorted bytes.
    static func bound(_ value: UInt64?) -> [UInt8] {
        value.map { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) } } ?? []
    }

    /// Frames of one schema, one behind the other.
    static func joined(_ frames: [FrameContent]) -> [FrameContent] {
        var joined = frames[0]
        for frame in frames.dropFirst() {
            joined.rowCount += frame.rowCount
            for (i, chunk) in frame.chunks.enumerated() {
                joined.chunks[i].bytes += chunk.bytes
                joined.chunks[i].nullCount += chunk.nullCount
                joined.chunks[i].minimum = min(joined.chunks[i].minimum, chunk.minimum, by: <)
                joined.chunks[i].maximum = min(joined.chunks[i].maximum, chunk.maximum, by: >)
            }
        }
        return [joined]
    }

    private static func min(_ a: [UInt8], _ b: [UInt8], by precedes: (UInt8, UInt8) -> Bool) -> [UInt8] {
        b.lexicographicallyPrecedes(a, by: precedes) ? b : a
    }
}

/// A machine with a partition on it.
struct PartitionMachine {
    static let directory = "data/topics/clicks/3"
    static let partition = TopicPartition(topic: TopicID(high: 1, low: 2), partition: 3)
    let disk: SimulatedDisk

    init(seed: UInt64 = 1) { disk = SimulatedDisk(seed: seed) }

    func writer(
        _ publishedEnd: UInt64 = 0, firstKept: UInt64 = 0, files: SimulatedFileSystem? = nil,
        compression: ChunkCompression = .lz4, rollBytes: Int = 64 << 20, rollFrames: Int = 16_384
    ) throws(LogError) -> PartitionWriter {
        try PartitionWriter.open(
            directory: Self.directory, partition: Self.partition, publishedEnd: publishedEnd, firstKept: firstKept,
            files: files ?? disk.start(),
            options: SegmentOptions(compression: compression, rollBytes: rollBytes, rollFrames: rollFrames))
    }

    func reader(_ files: SimulatedFileSystem? = nil) -> PartitionReader {
        PartitionReader(directory: Self.directory, partition: Self.partition, files: files ?? disk.start())
    }

    /// Frames of these numbers of rows, every third one of schema 1.
    @discardableResult
    func fill(_ writer: PartitionWriter, _ rowCounts: [Int]) throws(LogError) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        for (i, count) in rowCounts.enumerated() {
            let rows = (0..<count).map { LoggedRow(offset: writer.end + UInt64($0), writer: 0) }
            ranges.append(try writer.append(.rows(rows, schemaID: i % 3 == 2 ? 1 : 0)))
        }
        try writer.sync()
        return ranges
    }

    func segments() throws -> [String] {
        try disk.start().list(Self.directory).filter { $0.hasSuffix(".segment") }.sorted()
            .map { Self.directory + "/" + $0 }
    }
}

/// What a reader gave, step by step.
struct ReadRows: Equatable {
    /// Column 1.
    var values: [UInt64] = []
    var end: UInt64
    var failure: LogError?

    /// Reads until `end`, or an error. Checks what every step promises.
    init(_ reader: PartitionReader, _ range: Range<UInt64>, columns: [UInt32]? = nil) {
        end = range.lowerBound
        do throws(LogError) {
            while let slice = try reader.next(columns: columns, from: end, below: range.upperBound) {
                #expect(slice.offsets.lowerBound == end && !slice.rows.isEmpty)
                #expect(slice.firstRow == end)
                #expect(UInt64(slice.rows.count) == slice.offsets.upperBound - end)
                take(slice)
                end = slice.offsets.upperBound
            }
        } catch {
            failure = error
        }
    }

    private mutating func take(_ slice: FrameSlice) {
        for chunk in slice.chunks {
            switch chunk.columnID {
            case 1:
                var reader = ByteReader(chunk.bytes)
                do throws(CorruptBytes) {
                    let all = try (0..<slice.rowCount).map { _ throws(CorruptBytes) in try reader.read(UInt64.self) }
                    values += all[slice.rows]
                } catch {
                    Issue.record("\(error)")
                }
            case 2:
                let offsets = Array(slice.firstRow..<slice.offsets.upperBound)
                #expect(Array(chunk.bytes[slice.rows]) == offsets.map { UInt8(truncatingIfNeeded: $0 / 64) })
            default:
                #expect(chunk.columnID == 3 && slice.schemaID == 1 && chunk.bytes.count == 2 * slice.rowCount)
            }
        }
    }

    /// It read exactly the rows of one writer, to the end.
    func isWhole(_ range: Range<UInt64>) -> Bool {
        failure == nil && end == range.upperBound && isRight(from: range.lowerBound)
    }

    /// What it read is right, however far it came.
    func isRight(from start: UInt64) -> Bool { values == (start..<end).map { LoggedRow(offset: $0, writer: 0).value } }
}
