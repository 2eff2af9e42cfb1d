import HostSystem

/// The file that a merge makes, while it is written.
struct MergedFile {
    let file: any FileHandle
    private let segments: SegmentMerge
    private let encoder: FrameEncoder
    private var offset: UInt64
    private var position: Int

    init(_ path: String, _ rows: Range<UInt64>, _ segments: SegmentMerge) throws(LogError) {
        let header = SegmentHeader(
            partition: segments.partition, base: rows.lowerBound, mergedEnd: rows.upperBound
        ).encode()
        file = try onSegments { () throws(FileError) in
            try segments.files.removeTree(path)
            let file = try segments.files.open(path, .createNew)
            try file.write(header, at: 0)
            return file
        }
        self.segments = segments
        encoder = FrameEncoder(segments.partition, segments.options.compression)
        offset = rows.lowerBound
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
            guard let bytes = encoder.encode(frame, offset: offset) else {
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
