// What stands between a frame's header and its chunks: where each column's chunk is, how it is packed, and what is known
// of its values. Byte table in `Docs/Formats/segment.md`.

import HostSystem

struct ChunkDirectory: Sendable {
    struct Entry: Equatable, Sendable {
        var columnID: UInt32
        var encoding: UInt8
        var compression: ChunkCompression
        var nullCount: UInt32
        /// In the file.
        var storedBytes: Int
        /// When unpacked.
        var plainBytes: Int
        /// Of the bytes in the file.
        var checksum: UInt32
        /// Where the chunk begins, from the end of the directory.
        var start: Int
        /// In the directory's own bytes.
        fileprivate var minimum: Range<Int>
        fileprivate var maximum: Range<Int>
    }

    static let entryBytes = 24
    static let largestEntryBytes = entryBytes + 2 * ColumnChunk.largestBoundBytes

    private let bytes: [UInt8]
    /// Ascending by column.
    private(set) var entries: [Entry] = []

    func minimum(of entry: Entry) -> [UInt8] { Array(bytes[entry.minimum]) }
    func maximum(of entry: Entry) -> [UInt8] { Array(bytes[entry.maximum]) }

    /// Writes an entry; `packed` is what became of the chunk's bytes.
    static func write(
        _ chunk: ColumnChunk, _ compression: ChunkCompression, packed: UnsafeRawBufferPointer,
        to writer: inout ByteWriter
    ) {
        writer.write(chunk.columnID)
        writer.write(chunk.encoding)
        writer.write(compression.rawValue)
        writer.write(UInt8(chunk.minimum.count))
        writer.write(UInt8(chunk.maximum.count))
        writer.write(chunk.nullCount)
        writer.write(UInt32(packed.count))
        writer.write(UInt32(chunk.bytes.count))
        writer.write(Checksum.crc32c(packed))
        writer.writeRaw(chunk.minimum)
        writer.writeRaw(chunk.maximum)
    }

    /// `bytes` have the right checksum already; what they say is checked nevertheless.
    init(_ bytes: [UInt8], of header: FrameHeader) throws(CorruptBytes) {
        self.bytes = bytes
        var reader = ByteReader(bytes)
        var start = 0
        entries.reserveCapacity(header.chunkCount)
        for _ in 0..<header.chunkCount {
            let entry = try ChunkDirectory.entry(&reader, start: start)
            guard entries.last.map({ $0.columnID < entry.columnID }) != false, entry.nullCount <= header.rowCount,
                entry.storedBytes <= header.chunksBytes - start
            else { throw CorruptBytes(offset: reader.position, expected: "chunks in order, within their frame") }
            start += entry.storedBytes
            entries.append(entry)
        }
        guard reader.isAtEnd, start == header.chunksBytes else {
            throw CorruptBytes(offset: reader.position, expected: "a directory of the frame's length")
        }
    }

    private static func entry(_ reader: inout ByteReader, start: Int) throws(CorruptBytes) -> Entry {
        let columnID = try reader.read(UInt32.self, "column id")
        let encoding = try reader.read(UInt8.self, "encoding")
        guard let compression = ChunkCompression(rawValue: try reader.read(UInt8.self, "compression")) else {
            throw CorruptBytes(offset: reader.position, expected: "a known compression")
        }
        let minimumBytes = Int(try reader.read(UInt8.self, "length"))
        let maximumBytes = Int(try reader.read(UInt8.self, "length"))
        let nullCount = try reader.read(UInt32.self, "null count")
        let storedBytes = Int(try reader.read(UInt32.self, "length"))
        let plainBytes = Int(try reader.read(UInt32.self, "length"))
        let checksum = try reader.read(UInt32.self, "checksum")
        guard plainBytes <= FrameHeader.largestChunksBytes, compression != .none || plainBytes == storedBytes else {
            throw CorruptBytes(offset: reader.position, expected: "a possible length")
        }
        let at = reader.position
        _ = try reader.readRaw(minimumBytes + maximumBytes, "bounds")
        return Entry(
            columnID: columnID, encoding: encoding, compression: compression, nullCount: nullCount,
            storedBytes: storedBytes, plainBytes: plainBytes, checksum: checksum, start: start,
            minimum: at..<at + minimumBytes, maximum: (at + minimumBytes)..<(at + minimumBytes + maximumBytes))
    }
}
