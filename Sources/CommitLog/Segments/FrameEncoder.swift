import HostSystem

/// The one encoder of frames: header, directory, chunks. Byte tables in `Docs/Formats/segment.md`.
struct FrameEncoder {
    let seed: UInt32
    private let packing: ChunkPacking

    init(_ partition: TopicPartition, _ compression: ChunkCompression) {
        seed = FrameHeader.seed(partition)
        packing = ChunkPacking(compression)
    }

    /// The bytes of a whole frame. nil where its chunks are larger together than a frame may be.
    func encode(_ content: FrameContent, offset: UInt64) -> [UInt8]? {
        let chunks = FrameEncoder.ascending(content.chunks)
        let plainBytes = chunks.reduce(0) { $0 + $1.bytes.count }
        guard plainBytes <= FrameHeader.largestChunksBytes else { return nil }
        precondition(content.rowCount <= FrameHeader.largestRowCount, "a frame has fewer than 2^31 rows")
        precondition(chunks.count <= FrameHeader.largestChunkCount, "a frame has at most 65,536 chunks")
        let directoryBytes = chunks.reduce(0) { bytes, chunk in
            precondition(
                max(chunk.minimum.count, chunk.maximum.count) <= ColumnChunk.largestBoundBytes,
                "a bound has at most 64 bytes")
            precondition(chunk.nullCount <= content.rowCount, "nulls are rows")
            return bytes + ChunkDirectory.entryBytes + chunk.minimum.count + chunk.maximum.count
        }
        let chunksStart = FrameHeader.sizeBytes + directoryBytes
        return [UInt8](unsafeUninitializedCapacity: chunksStart + plainBytes) { room, count in
            let room = UnsafeMutableRawBufferPointer(room)
            var directory = ByteWriter(capacityBytes: directoryBytes)
            var end = chunksStart
            for chunk in chunks {
                let rest = UnsafeMutableRawBufferPointer(rebasing: room[end...])
                let (compression, bytes) = chunk.bytes.withUnsafeBytes { packing.pack($0, into: rest) }
                let packed = UnsafeRawBufferPointer(rebasing: rest[..<bytes])
                ChunkDirectory.write(chunk, compression, packed: packed, to: &directory)
                end += bytes
            }
            let header = FrameHeader(
                offset: offset, rowCount: content.rowCount, schemaID: content.schemaID, chunkCount: chunks.count,
                directoryBytes: directoryBytes, directoryChecksum: Checksum.crc32c(directory.bytes),
                chunksBytes: end - chunksStart)
            room.copyBytes(from: header.encode(seed: seed))
            UnsafeMutableRawBufferPointer(rebasing: room[FrameHeader.sizeBytes...]).copyBytes(from: directory.bytes)
            count = end
        }
    }

    private static func ascending(_ chunks: [ColumnChunk]) -> [ColumnChunk] {
        let isSorted = zip(chunks, chunks.dropFirst()).allSatisfy { $0.columnID < $1.columnID }
        if isSorted { return chunks }
        let sorted = chunks.sorted { $0.columnID < $1.columnID }
        precondition(
            zip(sorted, sorted.dropFirst()).allSatisfy { $0.columnID < $1.columnID }, "a frame has a column once")
        return sorted
    }
}
