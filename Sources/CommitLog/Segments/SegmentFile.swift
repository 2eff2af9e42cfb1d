// A segment that is read. Frames are found by going from header to header; a block is read ahead, so that small frames
// cost no call each.
//
// Bytes beyond the published end may be cut and written anew by the next writer. So a block is only believed for frames
// that were published when it was read: `blockLimit`.

import Glibc
import HostSystem

/// Used by one thread at a time.
final class SegmentFile {
    struct Frame {
        var header: FrameHeader
        /// Of its first byte in the file.
        var position: Int

        var next: Int { position + header.frameBytes }
        var chunksStart: Int { position + FrameHeader.sizeBytes + header.directoryBytes }
    }

    private static let blockBytes = 32 << 10

    let header: SegmentHeader
    private let directory: String
    private let name: String
    private let file: any FileHandle
    private let seed: UInt32
    private let safeguards: Safeguards
    private let packing = ChunkPacking(.none)
    private var block: [UInt8] = []
    private var blockStart = 0
    /// Frames that begin from this offset on were not published when the block was read.
    private var blockLimit: UInt64 = 0

    /// nil where the segment is not there.
    static func open(
        _ directory: String, _ partition: TopicPartition, base: UInt64, _ files: any FileSystem,
        _ safeguards: Safeguards = .all
    ) throws(LogError) -> SegmentFile? {
        let name = SegmentHeader.name(base)
        let file: any FileHandle
        do throws(FileError) {
            file = try files.open(FilePath.join(directory, name), .read)
        } catch {
            if error.code == ENOENT { return nil }
            throw .file(error)
        }
        do throws(LogError) {
            return try SegmentFile(directory, partition, base, name, file, safeguards)
        } catch {
            file.close()
            throw error
        }
    }

    private init(
        _ directory: String, _ partition: TopicPartition, _ base: UInt64, _ name: String, _ file: any FileHandle,
        _ safeguards: Safeguards
    ) throws(LogError) {
        self.safeguards = safeguards
        self.directory = directory
        self.name = name
        self.file = file
        seed = FrameHeader.seed(partition)
        let bytes = try onSegments { () throws(FileError) in try file.read(0..<SegmentHeader.sizeBytes) }
        let detail: String
        switch SegmentHeader.decode(bytes) {
        case .header(let header) where header.partition == partition && header.base == base:
            self.header = header
            return
        case .header: detail = "the segment belongs somewhere else"
        case .unsupported(let version):
            throw .unsupportedVersion(file: FilePath.join(directory, name), version: version)
        case .invalid(let what): detail = what
        }
        throw .damaged(
            directory: directory, partition: partition.partition, offset: base, detail: "\(detail) (\"\(name)\")")
    }

    deinit { file.close() }

    func damage(at offset: UInt64, position: Int, _ detail: String) -> LogError {
        .damaged(
            directory: directory, partition: header.partition.partition, offset: offset,
            detail: "\(detail) (\"\(name)\", byte \(position))")
    }

    // MARK: Frames

    /// The frame at a position, whose first row must be `offset`; everything below `limit` is published. nil where the
    /// file ends there.
    func frame(at position: Int, offset: UInt64, below limit: UInt64) throws(LogError) -> Frame? {
        let range = position..<position + FrameHeader.sizeBytes
        try fill(range, offset: offset, limit: limit)
        let found = max(0, blockStart + block.count - position)
        if found == 0 { return nil }
        guard found >= range.count else { throw damage(at: offset, position: position, "the file ends in a frame") }
        let read = block.withUnsafeBytes { bytes in
            let start = position - blockStart
            return FrameHeader.decode(
                UnsafeRawBufferPointer(rebasing: bytes[start..<start + FrameHeader.sizeBytes]), seed: seed)
        }
        guard let read else { throw damage(at: offset, position: position, "no frame of this partition") }
        guard read.offset == offset else {
            throw damage(at: offset, position: position, "a frame that begins with offset \(read.offset)")
        }
        return Frame(header: read, position: position)
    }

    func directory(of frame: Frame, below limit: UInt64) throws(LogError) -> ChunkDirectory {
        let start = frame.position + FrameHeader.sizeBytes
        let range = start..<frame.chunksStart
        try fill(range, offset: frame.header.offset, limit: limit)
        guard blockStart + block.count >= range.upperBound else {
            throw damage(at: frame.header.offset, position: start, "the file ends in a frame's directory")
        }
        let bytes = Array(block[(start - blockStart)..<(range.upperBound - blockStart)])
        guard Checksum.crc32c(bytes) == frame.header.directoryChecksum else {
            throw damage(at: frame.header.offset, position: start, "a frame's directory has a wrong checksum")
        }
        do throws(CorruptBytes) {
            return try ChunkDirectory(bytes, of: frame.header)
        } catch {
            throw damage(at: frame.header.offset, position: start + error.offset, "expected \(error.expected)")
        }
    }

    /// Chunks of a frame whose directory was read last. `columns`: nil for all.
    func chunks(
        _ columns: [UInt32]?, of frame: Frame, _ directory: ChunkDirectory
    ) throws(LogError) -> [ColumnChunk] {
        var chunks: [ColumnChunk] = []
        chunks.reserveCapacity(columns?.count ?? directory.entries.count)
        for entry in directory.entries where columns?.contains(entry.columnID) != false {
            chunks.append(
                ColumnChunk(
                    columnID: entry.columnID, encoding: entry.encoding, nullCount: entry.nullCount,
                    minimum: directory.minimum(of: entry), maximum: directory.maximum(of: entry),
                    bytes: try bytes(of: entry, frame)))
        }
        return chunks
    }

    private func bytes(of entry: ChunkDirectory.Entry, _ frame: Frame) throws(LogError) -> [UInt8] {
        let position = frame.chunksStart + entry.start
        let range = position..<position + entry.storedBytes
        var problem = ""
        let plain: [UInt8]?
        if range.upperBound <= blockStart + block.count {
            plain = block.withUnsafeBytes { bytes in
                let stored = bytes[(range.lowerBound - blockStart)..<(range.upperBound - blockStart)]
                return unpack(UnsafeRawBufferPointer(rebasing: stored), entry, &problem)
            }
        } else {
            let stored = try readExactly(range)
            guard stored.count == range.count else {
                throw damage(at: frame.header.offset, position: position, "the file ends in a chunk")
            }
            if entry.compression == .none, Checksum.crc32c(stored) == entry.checksum { return stored }
            plain = stored.withUnsafeBytes { unpack($0, entry, &problem) }
        }
        guard let plain else {
            throw damage(
                at: frame.header.offset, position: position, "the chunk of column \(entry.columnID) \(problem)")
        }
        return plain
    }

    private func unpack(
        _ stored: UnsafeRawBufferPointer, _ entry: ChunkDirectory.Entry, _ problem: inout String
    ) -> [UInt8]? {
        guard Checksum.crc32c(stored) == entry.checksum else {
            problem = "has a wrong checksum"
            return nil
        }
        problem = "does not unpack"
        return packing.unpack(stored, entry.compression, plainBytes: entry.plainBytes)
    }

    // MARK: Bytes

    /// Sees to it that the block holds `range` of the frame that begins with `offset`, as far as the file goes.
    private func fill(_ range: Range<Int>, offset: UInt64, limit: UInt64) throws(LogError) {
        let isThere = range.lowerBound >= blockStart && range.upperBound <= blockStart + block.count
        if isThere, offset < blockLimit || !safeguards.contains(.reread) { return }
        block = try readExactly(range.lowerBound..<range.lowerBound + max(SegmentFile.blockBytes, range.count))
        blockStart = range.lowerBound
        blockLimit = limit
    }

    /// Fewer bytes only where the file ends.
    private func readExactly(_ range: Range<Int>) throws(LogError) -> [UInt8] {
        var failure: FileError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { room, count in
            do throws(FileError) {
                count = try file.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[..<range.count]),
                    at: range.lowerBound)
            } catch {
                failure = error
            }
        }
        if let failure { throw .file(failure) }
        return bytes
    }
}
