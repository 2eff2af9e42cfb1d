// The beginning of a segment: byte table in `Docs/Formats/segment.md`. The checksum covers all of it, and the version is
// believed only when the checksum is right.

import HostSystem

struct SegmentHeader: Equatable {
    /// `SLUICESG`
    private static let magic: UInt64 = 0x4753_4543_4955_4C53
    static let version: UInt32 = 1
    static let sizeBytes = 52

    var partition: TopicPartition
    /// The offset of the first row.
    var base: UInt64
    /// Its frames have been merged, and end here: no more are added. nil: they have not.
    var mergedEnd: UInt64?

    var isMerged: Bool { mergedEnd != nil }

    func encode() -> [UInt8] {
        var writer = ByteWriter(capacityBytes: SegmentHeader.sizeBytes)
        writer.write(SegmentHeader.magic)
        writer.write(SegmentHeader.version)
        partition.topic.encode(to: &writer)
        writer.write(partition.partition)
        writer.write(base)
        writer.write(mergedEnd ?? 0)
        writer.write(Checksum.crc32c(writer.bytes))
        return writer.bytes
    }

    enum Reading: Equatable {
        case header(SegmentHeader)
        case unsupported(version: UInt32)
        case invalid(String)
    }

    static func decode(_ bytes: [UInt8]) -> Reading {
        guard bytes.count == sizeBytes else { return .invalid("the file ends inside its header") }
        var reader = ByteReader(bytes)
        do throws(CorruptBytes) {
            var tail = ByteReader(bytes[(sizeBytes - 4)...])
            guard try reader.read(UInt64.self) == magic else { return .invalid("the file is no segment") }
            guard try tail.read(UInt32.self) == Checksum.crc32c(Array(bytes[..<(sizeBytes - 4)])) else {
                return .invalid("the segment's header has a wrong checksum")
            }
            let version = try reader.read(UInt32.self)
            guard version == SegmentHeader.version else { return .unsupported(version: version) }
            let topic = try TopicID(from: &reader)
            let partition = TopicPartition(topic: topic, partition: try reader.read(UInt32.self))
            let base = try reader.read(UInt64.self)
            let end = try reader.read(UInt64.self)
            guard end == 0 || end > base else { return .invalid("the segment ends before it begins") }
            return .header(SegmentHeader(partition: partition, base: base, mergedEnd: end == 0 ? nil : end))
        } catch {
            return .invalid("expected \(error.expected)")
        }
    }

    // MARK: Names

    static func name(_ base: UInt64) -> String {
        let digits = String(base)
        return String(repeating: "0", count: 20 - digits.count) + digits + ".segment"
    }

    /// The first offset of the segment of this name; nil where it is no segment's.
    static func base(_ name: String) -> UInt64? {
        guard name.hasSuffix(".segment") else { return nil }
        let digits = name.dropLast(".segment".count)
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(digits)
    }
}
