import CommitLog
import Dataflow
import HostSystem

/// Where a source stands in a topic. Bytes: `Docs/Formats/topic-frames.md`.
struct TopicPosition {
    struct Partition {
        /// The offset that the source began with: the 0 of `progress`.
        var base: UInt64
        var progress: SplitProgress

        /// The first row that has not been given: what comes before it is not read again.
        var next: UInt64 { base + UInt64(max(0, progress.open?.lowerBound ?? progress.length)) }
    }

    var topic: TopicID
    /// What is there is read, and more may be read later: `--available-now`.
    var isOpenEnded: Bool
    /// What the source had reached.
    var watermark: Int64
    /// By number.
    var partitions: [Partition]

    private static let magic = Array("SLUICETS".utf8)

    /// Whether these bytes are one, and not the position of a source of another kind.
    static func isOne(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeRaw(Self.magic)
        topic.encode(to: &writer)
        writer.write(isOpenEnded)
        writer.write(watermark)
        writer.writeVarint(UInt64(partitions.count))
        for partition in partitions {
            writer.write(partition.base)
            partition.progress.encode(into: &writer)
        }
        return writer.bytes
    }

    init(topic: TopicID, isOpenEnded: Bool, watermark: Int64 = .min, partitions: [Partition]) {
        self.topic = topic
        self.isOpenEnded = isOpenEnded
        self.watermark = watermark
        self.partitions = partitions
    }

    /// - Errors: bytes that `encoded` does not give.
    init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard Array(try reader.readRaw(Self.magic.count)) == Self.magic else {
            throw CorruptBytes(offset: 0, expected: "a position in a topic")
        }
        topic = try TopicID(from: &reader)
        isOpenEnded = try reader.readBool()
        watermark = try reader.read(Int64.self, "watermark")
        let count = try reader.readVarint("number of partitions")
        guard count <= UInt64(reader.remaining) else {
            throw CorruptBytes(offset: reader.position, expected: "number of partitions")
        }
        partitions = []
        for _ in 0..<count {
            let base = try reader.read(UInt64.self, "first offset")
            guard base <= UInt64(Int64.max) else { throw CorruptBytes(offset: reader.position, expected: "an offset") }
            partitions.append(Partition(base: base, progress: try SplitProgress(decoding: &reader)))
        }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the position") }
    }
}

extension TopicPosition {
    init(_ bytes: [UInt8], table: String) throws(JobFailure) {
        do throws(CorruptBytes) {
            try self.init(decoding: bytes)
        } catch {
            throw JobFailure(.damage, "the position of table \"\(table)\" cannot be read: \(error)")
        }
    }

    /// - Errors: `conflict` where it is a position in another topic of the name.
    init(decoding bytes: [UInt8], of topic: Topic, table: String) throws(JobFailure) {
        try self.init(bytes, table: table)
        guard self.topic == topic.id, partitions.count == topic.partitions.count else {
            throw JobFailure(
                .conflict, "topic \"\(topic.name)\" is not the one that the job has read",
                detail: "it was deleted and created again since the last checkpoint",
                hint: "start over with the new one: --fresh")
        }
    }
}
