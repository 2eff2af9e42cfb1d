// Small frames of a full segment become larger ones. The new file is written under another name, synced, and takes the
// old one's place: rows and offsets are the same, so nobody notices. A merge that ends early leaves a file that the
// partition's next writer removes.

import HostSystem

struct SegmentMerging {
    /// A segment whose frames are larger on the average gains nothing.
    private static let smallFrameBytes = 128 << 10
    /// Frames are merged in groups of about this many bytes, unpacked, and rows.
    private static let groupBytes = 4 << 20
    private static let groupRows = 1 << 16

    let directory: String
    let partition: TopicPartition
    let files: any FileSystem
    let encoder: FrameEncoder

    private func open(_ rows: Range<UInt64>) throws(LogError) -> SegmentFile {
        if let file = try SegmentFile.open(directory, partition, base: rows.lowerBound, files) { return file }
        throw .damaged(
            directory: directory, partition: partition.partition, offset: rows.lowerBound,
            detail: "the segment has gone")
    }

    /// Goes through the frames of a full segment.
    private func forEachFrame(
        of segment: SegmentFile, _ rows: Range<UInt64>,
        _ body: (SegmentFile.Frame) throws(LogError) -> Void
    ) throws(LogError) {
        var offset = rows.lowerBound
        var position = SegmentHeader.sizeBytes
        while offset < rows.upperBound {
            guard let frame = try segment.frame(at: position, offset: offset, below: rows.upperBound) else {
                throw segment.damage(
                    at: offset, position: position, "the file ends before the next segment begins")
            }
            try body(frame)
            offset = frame.header.end
            position = frame.next
        }
    }

    /// The segment has several frames, small ones, and has not been merged yet.
    func gains(_ rows: Range<UInt64>) throws(LogError) -> Bool {
        let segment = try open(rows)
        if segment.header.isMerged { return false }
        var count = 0
        var bytes = 0
        try forEachFrame(of: segment, rows) { (frame) throws(LogError) in
            count += 1
            bytes += frame.header.frameBytes
        }
        return count > 1 && bytes / count < SegmentMerging.smallFrameBytes
    }

    func merge(
        _ rows: Range<UInt64>, _ merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) {
        let segment = try open(rows)
        let path = FilePath.join(directory, SegmentHeader.name(rows.lowerBound))
        let temporary = path + PartitionDirectory.mergingEnding
        do throws(LogError) {
            var merged = try MergedFile(temporary, rows.lowerBound, self)
            defer { merged.file.close() }
            var group: [FrameContent] = []
            var groupBytes = 0
            var groupRows = 0
            try forEachFrame(of: segment, rows) { (frame) throws(LogError) in
                let content = try content(of: frame, segment, rows)
                let isFull =
                    groupBytes >= SegmentMerging.groupBytes || groupRows + content.rowCount > SegmentMerging.groupRows
                if let first = group.first, isFull || first.schemaID != content.schemaID {
                    try merged.write(group, merge)
                    (group, groupBytes, groupRows) = ([], 0, 0)
                }
                groupBytes += content.chunks.reduce(0) { $0 + $1.bytes.count }
                groupRows += content.rowCount
                group.append(content)
            }
            try merged.write(group, merge)
            try onSegments { () throws(FileError) in
                try merged.file.sync()
                try files.rename(temporary, to: path)
            }
        } catch {
            try onSegments { () throws(FileError) in try files.removeTree(temporary) }
            throw error
        }
        try onSegments { () throws(FileError) in try files.syncDirectory(directory) }
    }

    private func content(
        of frame: SegmentFile.Frame, _ segment: SegmentFile, _ rows: Range<UInt64>
    ) throws(LogError) -> FrameContent {
        let chunks = try segment.directory(of: frame, below: rows.upperBound)
        return FrameContent(
            rowCount: frame.header.rowCount, schemaID: frame.header.schemaID,
            chunks: try segment.chunks(nil, of: frame, chunks))
    }
}

/// The new file while it is written.
private struct MergedFile {
    let file: any FileHandle
    private let segments: SegmentMerging
    private var offset: UInt64
    private var position: Int

    init(_ path: String, _ base: UInt64, _ segments: SegmentMerging) throws(LogError) {
        let header = SegmentHeader(partition: segments.partition, base: base, isMerged: true).encode()
        file = try onSegments { () throws(FileError) in
            try segments.files.removeTree(path)
            let file = try segments.files.open(path, .createNew)
            try file.write(header, at: 0)
            return file
        }
        self.segments = segments
        offset = base
        position = header.count
    }

    /// Writes frames as the owner merges them; one alone goes through as it is.
    mutating func write(
        _ group: [FrameContent], _ merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) {
        guard let first = group.first else { return }
        var frames = group
        if group.count > 1 {
            do { frames = try merge(group) } catch { throw notMerged("\(error)") }
        }
        let isRight =
            frames.reduce(0) { $0 + $1.rowCount } == group.reduce(0) { $0 + $1.rowCount }
            && frames.allSatisfy { $0.rowCount > 0 && $0.schemaID == first.schemaID }
        guard isRight else { throw notMerged("the merged frames have other rows") }
        for frame in frames {
            guard let bytes = segments.encoder.encode(frame, offset: offset) else {
                throw notMerged("a merged frame is too large")
            }
            let (file, at) = (file, position)
            try onSegments { () throws(FileError) in try file.write(bytes, at: at) }
            offset += UInt64(frame.rowCount)
            position += bytes.count
        }
    }

    private func notMerged(_ detail: String) -> LogError {
        .notMerged(directory: segments.directory, offset: offset, detail: detail)
    }
}
