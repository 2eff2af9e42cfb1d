// The beginning of a frame: byte table in `Docs/Formats/segment.md`. Its checksum begins with the partition's identity,
// so that a frame of another partition is never taken for one of this.

import HostSystem

struct FrameHeader: Equatable {
    /// `SLFR`
    private static let magic: UInt32 = 0x5246_4C53
    static let sizeBytes = 40
    static let largestRowCount = Int(Int32.max)
    static let largestChunkCount = 1 << 16
    static let largestChunksBytes = 1 << 30

    var offset: UInt64
    var rowCount: Int
    var schemaID: UInt32
    var chunkCount: Int
    var directoryBytes: Int
    var directoryChecksum: UInt32
    var chunksBytes: Int

    var end: UInt64 { offset + UInt64(rowCount) }
    /// Of the whole frame.
    var frameBytes: Int { FrameHeader.sizeBytes + directoryBytes + chunksBytes }

    /// What the checksums of a partition's frames begin with.
    static func seed(_ partition: TopicPartition) -> UInt32 {
        var writer = ByteWriter(capacityBytes: 20)
        partition.topic.encode(to: &writer)
        writer.write(partition.partition)
        return Checksum.crc32c(writer.bytes)
    }

    func encode(seed: UInt32) -> [UInt8] {
        var writer = ByteWriter(capacityBytes: FrameHeader.sizeBytes)
        writer.write(FrameHeader.magic)
        writer.write(UInt32(0))
        writer.write(offset)
        writer.write(UInt32(rowCount))
        writer.write(schemaID)
        writer.write(UInt32(chunkCount))
        writer.write(UInt32(directoryBytes))
        writer.write(directoryChecksum)
        writer.write(UInt32(chunksBytes))
        let checksum = writer.bytes.withUnsafeBytes { bytes in
            Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[8...]), continuing: seed)
        }
        writer.patch(checksum, at: 4)
        return writer.bytes
    }

    /// `bytes` are exactly a header's. nil where they are not one of this partition, or break a limit.
    static func decode(_ bytes: UnsafeRawBufferPointer, seed: UInt32) -> FrameHeader? {
        func integer(_ at: Int) -> UInt32 {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self))
        }
        guard bytes.count == sizeBytes, integer(0) == magic,
            integer(4) == Checksum.crc32c(UnsafeRawBufferPointer(rebasing: bytes[8...]), continuing: seed)
        else { return nil }
        let header = FrameHeader(
            offset: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            rowCount: Int(integer(16)), schemaID: integer(20), chunkCount: Int(integer(24)),
            directoryBytes: Int(integer(28)), directoryChecksum: integer(32), chunksBytes: Int(integer(36)))
        guard header.rowCount > 0, header.rowCount <= largestRowCount,
            !header.offset.addingReportingOverflow(UInt64(header.rowCount)).overflow,
            header.chunkCount <= largestChunkCount, header.chunksBytes <= largestChunksBytes,
            header.directoryBytes >= header.chunkCount * ChunkDirectory.entryBytes,
            header.directoryBytes <= header.chunkCount * ChunkDirectory.largestEntryBytes
        else { return nil }
        return header
    }
}
