// Reads published rows of a partition, frame by frame, while its writer goes on: it locks nothing.
//
// A segment's file only grows until the next segment begins where it ends. Merging puts another file with the same rows
// under its name: whoever has the old one open reads it to its end, which is where the next one begins.

import HostSystem

/// Used by one thread at a time.
package final class PartitionReader {
    private struct Place {
        var offset: UInt64
        var position: Int
    }

    private let directory: String
    private let partition: TopicPartition
    private let files: any FileSystem
    private let safeguards: Safeguards
    private var segment: SegmentFile?
    /// The frame that was found last, and what follows it.
    private var last = Place(offset: 0, position: 0)
    private var following = Place(offset: 0, position: 0)

    /// `directory` is the partition's own.
    package init(
        directory: String, partition: TopicPartition, files: any FileSystem, safeguards: Safeguards = .all
    ) {
        self.directory = directory
        self.partition = partition
        self.files = files
        self.safeguards = safeguards
    }

    /// Rows from `offset` on, of one frame, and at most up to `end`, which must be published. nil where `offset` is `end`.
    ///
    /// `columns`: those wanted, or nil for all. `keep` is asked of each frame, and may say false only where none of its
    /// rows are wanted; frames are passed over until one is kept.
    package func next(
        columns: [UInt32]?, from offset: UInt64, below end: UInt64, keep: (FrameStatistics) -> Bool = { _ in true }
    ) throws(LogError) -> FrameSlice? {
        var at = offset
        while at < end {
            let (segment, frame) = try locate(at, below: end)
            let chunks = try segment.directory(of: frame, below: end)
            let offsets = frame.header.offset..<frame.header.end
            let sliceEnd = min(offsets.upperBound, end)
            let statistics = FrameStatistics(
                offsets: offsets, rowCount: frame.header.rowCount, schemaID: frame.header.schemaID, directory: chunks)
            if keep(statistics) {
                return FrameSlice(
                    offsets: offset..<sliceEnd, rowCount: frame.header.rowCount,
                    rows: Int(at - offsets.lowerBound)..<Int(sliceEnd - offsets.lowerBound),
                    schemaID: frame.header.schemaID, chunks: try segment.chunks(columns, of: frame, chunks))
            }
            at = sliceEnd
        }
        guard at > offset else { return nil }
        return FrameSlice(
            offsets: offset..<at, rowCount: 0, rows: 0..<0, schemaID: 0, chunks: [])
    }

    /// The frame that has the row `offset`.
    private func locate(_ offset: UInt64, below end: UInt64) throws(LogError) -> (SegmentFile, SegmentFile.Frame) {
        if let segment, offset >= last.offset, offset <= following.offset {
            let start = offset < following.offset ? last : following
            if let frame = try walk(segment, from: start, to: offset, below: end) { return (segment, frame) }
        }
        let segment = try open(containing: offset)
        let start = Place(offset: segment.header.base, position: SegmentHeader.sizeBytes)
        if let frame = try walk(segment, from: start, to: offset, below: end) { return (segment, frame) }
        throw segment.damage(
            at: following.offset, position: following.position, "the segment ends, and no other goes on there")
    }

    /// From frame to frame, to the one that has the row `offset`. nil where the segment ends before it.
    private func walk(
        _ segment: SegmentFile, from start: Place, to offset: UInt64, below end: UInt64
    ) throws(LogError) -> SegmentFile.Frame? {
        last = start
        following = start
        while let frame = try segment.frame(at: following.position, offset: following.offset, below: end) {
            last = following
            following = Place(offset: frame.header.end, position: frame.next)
            if offset < frame.header.end { return frame }
        }
        return nil
    }

    private func open(containing offset: UInt64) throws(LogError) -> SegmentFile {
        segment = nil
        // The one that begins there, which is what a reader who goes on asks for; else a look at all of them. Retention
        // may take a segment after that look: then another look says so.
        if let found = try SegmentFile.open(directory, partition, base: offset, files, safeguards) {
            segment = found
            return found
        }
        while true {
            let bases = try PartitionDirectory.bases(directory, files)
            guard let index = PartitionDirectory.index(of: offset, in: bases) else {
                if let first = bases.first {
                    throw .dropped(
                        directory: directory, partition: partition.partition, offset: offset, firstKept: first)
                }
                throw .damaged(
                    directory: directory, partition: partition.partition, offset: offset, detail: "no segment is there")
            }
            if let found = try SegmentFile.open(directory, partition, base: bases[index], files, safeguards) {
                segment = found
                return found
            }
        }
    }
}
