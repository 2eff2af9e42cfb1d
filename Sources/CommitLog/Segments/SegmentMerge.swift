// Small frames of full segments become larger ones, and small segments that follow one another become one, beside the
// writer: full segments never change, so a merge needs nothing of the writer's but the partition's lock being held.
//
//  1. The writer hands out what is full and published (`PartitionWriter.dueMerge`).
//  2. Another thread looks what gains by a merge (`MergePlan`), writes it anew under another name, and syncs it.
//  3. The writer puts the new file in the place of the first segment whose rows it has: one rename (`PartitionWriter.take`).
//     Where it has the rows of more segments, the directory is synced, and those are removed.
//
// Rows and offsets stay the same, so no reader notices: who has an old file open reads it to its end. After a crash between
// the two steps of 3, segments are left whose rows a segment before them has too. That misleads no reader, and the next merge
// finds them; a merged segment says where it ends, so that it is not dropped for what begins behind it. A merge that ends
// early leaves a file that the partition's next writer removes.

import HostSystem

/// What can be merged of a partition, for any thread.
package struct SegmentMerge: Sendable {
    /// Frames are merged in groups of about this many bytes, unpacked, and rows.
    private static let groupBytes = 4 << 20
    private static let groupRows = 1 << 16

    let directory: String
    let partition: TopicPartition
    let files: any FileSystem
    let options: SegmentOptions
    /// Full segments, all of them published; the newest ones, ascending.
    let full: [Range<UInt64>]

    /// Merges what gains most, if anything does; it counts when `PartitionWriter.take` has it. `merge` gets frames of one
    /// schema that follow each other, and gives the same rows in fewer frames.
    ///
    /// Takes as long as reading and writing a segment. nil: nothing gains by merging, somebody else
    /// merges, or `isAbandoned` said so.
    package func run(
        isAbandoned: () -> Bool = { false }, merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) -> MergedSegment? {
        let lockPath = FilePath.join(directory, PartitionDirectory.mergeLockName)
        guard let lock = try onSegments({ () throws(FileError) in try files.lock(lockPath, wait: false) }) else {
            return nil
        }
        let plan = try MergePlan(full, options) { (base) throws(LogError) in isAbandoned() ? nil : try open(base) }
        guard let chosen = plan.choice, !isAbandoned() else { return nil }
        if chosen.isThere { return MergedSegment(rows: chosen.rows, covered: chosen.covered, lock: lock) }
        let path = FilePath.join(directory, SegmentHeader.name(chosen.rows.lowerBound))
        let temporary = path + PartitionDirectory.mergingEnding
        do throws(LogError) {
            guard try write(chosen, temporary, isAbandoned, merge) else { return nil }
            return MergedSegment(
                rows: chosen.rows, covered: chosen.covered, lock: lock, file: temporary, sources: chosen.sources)
        } catch {
            try onSegments { () throws(FileError) in try files.removeTree(temporary) }
            throw error
        }
    }

    private func open(_ base: UInt64) throws(LogError) -> (SegmentFile, identity: UInt64)? {
        let path = FilePath.join(directory, SegmentHeader.name(base))
        guard let status = try onSegments({ () throws(FileError) in try files.status(path) }) else { return nil }
        return try SegmentFile.open(directory, partition, base: base, files).map { ($0, status.identity) }
    }

    /// - Returns: false where it was abandoned.
    private func write(
        _ chosen: MergePlan.Choice, _ temporary: String, _ isAbandoned: () -> Bool,
        _ merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) -> Bool {
        var merged = try MergedFile(temporary, chosen.rows, self)
        defer { merged.file.close() }
        var group: [FrameContent] = []
        var (bytes, rows) = (0, 0)
        for segment in chosen.segments {
            var frames = SegmentFrames(segment.file, from: segment.rows.lowerBound)
            while let frame = try frames.next() {
                if isAbandoned() {
                    try onSegments { () throws(FileError) in try files.removeTree(temporary) }
                    return false
                }
                let content = try content(of: frame, segment.file)
                let isFull = bytes >= Self.groupBytes || rows + content.rowCount > Self.groupRows
                if let first = group.first, isFull || first.schemaID != content.schemaID {
                    try merged.write(group, merge)
                    (group, bytes, rows) = ([], 0, 0)
                }
                bytes += content.chunks.reduce(0) { $0 + $1.bytes.count }
                rows += content.rowCount
                group.append(content)
            }
        }
        try merged.write(group, merge)
        let file = merged.file
        try onSegments { () throws(FileError) in try file.sync() }
        return true
    }

    private func content(of frame: SegmentFile.Frame, _ segment: SegmentFile) throws(LogError) -> FrameContent {
        let chunks = try segment.directory(of: frame, below: .max)
        return FrameContent(
            rowCount: frame.header.rowCount, schemaID: frame.header.schemaID,
            chunks: try segment.chunks(nil, of: frame, chunks))
    }
}

/// What a merge has made: for the partition's writer.
package struct MergedSegment: Sendable {
    /// All that it has; it takes the place of the segment that begins there.
    let rows: Range<UInt64>
    /// First offsets of other segments that it makes superfluous.
    let covered: [UInt64]
    /// Of the partition's merges: nobody else's file has the name of this one.
    let lock: any FileLock
    /// The new file, synced, under the name that it was written with; nil: it has its place already.
    var file: String?
    /// Which files it was made of, by first offset: others may have come by these names since.
    var sources: [UInt64: UInt64] = [:]
}

/// The frames of a full segment, one by one, to its end.
struct SegmentFrames {
    private let segment: SegmentFile
    private(set) var offset: UInt64
    private(set) var position = SegmentHeader.sizeBytes

    init(_ segment: SegmentFile, from base: UInt64) {
        self.segment = segment
        offset = base
    }

    mutating func next() throws(LogError) -> SegmentFile.Frame? {
        guard let frame = try segment.frame(at: position, offset: offset, below: .max) else { return nil }
        offset = frame.header.end
        position = frame.next
        return frame
    }
}
