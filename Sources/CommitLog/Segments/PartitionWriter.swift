// The one writer of a partition at a time. Appending writes at the end of the newest segment; `sync` makes it durable; the journal
// makes it exist. What the writer holds to:
//
//  - A segment is synced before the next one begins, so a sync has one file to see to, and the folder when a file is new.
//  - After a failed write or sync nothing is written any more: the next writer cuts what lies beyond the published end.
//  - A merged segment is never written to: readers may have the file open whose place it took.

import HostSystem

package struct SegmentOptions: Sendable {
    package var compression: ChunkCompression
    /// A segment of this size takes no more frames.
    package var rollBytes: Int

    package init(compression: ChunkCompression = .lz4, rollBytes: Int = 64 << 20) {
        self.compression = compression
        self.rollBytes = rollBytes
    }
}

/// Used by one thread at a time.
package final class PartitionWriter {
    private struct Active {
        var file: any FileHandle
        var sizeBytes: Int
        /// Of the file, wherever its name leads to by now.
        var identity: UInt64
    }

    private let directory: String
    private let partition: TopicPartition
    private let files: any FileSystem
    private let options: SegmentOptions
    private let encoder: FrameEncoder
    private var claim: PartitionClaim?
    /// nil: the next append begins a segment.
    private var active: Active?
    private var isFileDirty = false
    private var isDirectoryDirty = false
    private var isOver = false
    /// First offsets of all segments; the last one is the active one's, where there is one.
    private var bases: [UInt64] = []
    private var queue = MergeQueue()

    /// The offset of the next row.
    package private(set) var end: UInt64

    /// Takes the partition for as long as the writer lives, and cuts what lies beyond `publishedEnd`. Segments that lie
    /// whole before `firstKept` are removed. `directory` is the partition's own, and is made where it is missing.
    ///
    /// **Errors:** `locked` where it has a writer; `damaged` where published rows are missing.
    package static func open(
        directory: String, partition: TopicPartition, publishedEnd: UInt64, firstKept: UInt64 = 0,
        files: any FileSystem, options: SegmentOptions = SegmentOptions()
    ) throws(LogError) -> PartitionWriter {
        guard let claim = try PartitionClaim.take(directory, files: files, wait: true) else {
            preconditionFailure("who waits gets a turn")
        }
        claim.keep()
        return try open(
            holding: claim, directory: directory, partition: partition, publishedEnd: publishedEnd,
            firstKept: firstKept, files: files, options: options)
    }

    /// As above, of whoever holds the partition. `publishedEnd` was asked for with `claim` held.
    package static func open(
        holding claim: PartitionClaim, directory: String, partition: TopicPartition, publishedEnd: UInt64,
        firstKept: UInt64, files: any FileSystem, options: SegmentOptions
    ) throws(LogError) -> PartitionWriter {
        let writer = PartitionWriter(directory, partition, publishedEnd, files, options, claim)
        do throws(LogError) {
            try writer.recover(firstKept: firstKept)
        } catch {
            writer.close()
            throw error
        }
        return writer
    }

    private init(
        _ directory: String, _ partition: TopicPartition, _ publishedEnd: UInt64, _ files: any FileSystem,
        _ options: SegmentOptions, _ claim: PartitionClaim
    ) {
        self.directory = directory
        self.partition = partition
        self.files = files
        self.options = options
        self.claim = claim
        end = publishedEnd
        encoder = FrameEncoder(partition, options.compression)
    }

    deinit { close() }

    /// Nothing is synced by this.
    package func close() {
        isOver = true
        active?.file.close()
        active = nil
        pause()
    }

    // MARK: Turns

    /// Gives the partition up until `resume`; nothing is appended in between. What was not published is lost.
    package func pause() {
        claim?.release()
        claim = nil
    }

    /// Others do not wait for the partition any more, but are refused, as long as this writer lives.
    package func keep() { claim?.keep() }

    /// Goes on after a pause before which all was published that was appended, without a question to the journal: where
    /// nobody has touched the segments since, nobody has published.
    /// - Returns: false: somebody has; `resume` goes on.
    package func resumeIfUntouched(holding claim: PartitionClaim) throws(LogError) -> Bool {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        guard try isUntouched() else { return false }
        self.claim = claim
        return true
    }

    /// Goes on after a pause. `publishedEnd` was asked for with `claim` held.
    package func resume(
        holding claim: PartitionClaim, publishedEnd: UInt64, firstKept: UInt64
    ) throws(LogError) {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        self.claim = claim
        try endingOnError { () throws(LogError) in
            active?.file.close()
            active = nil
            queue = MergeQueue()
            end = publishedEnd
            try recover(firstKept: firstKept)
        }
    }

    /// Nobody has written to the newest segment, begun another, or put a merged one in its place.
    private func isUntouched() throws(LogError) -> Bool {
        guard let active, let base = bases.last else { return false }
        return try onSegments { () throws(FileError) in
            let status = try files.status(FilePath.join(directory, SegmentHeader.name(base)))
            guard status?.identity == active.identity, status?.sizeBytes == active.sizeBytes else { return false }
            return try !files.exists(FilePath.join(directory, SegmentHeader.name(end)))
        }
    }

    // MARK: Recovery

    private func recover(firstKept: UInt64) throws(LogError) {
        let recovery = PartitionRecovery(
            directory: directory, partition: partition, publishedEnd: end, firstKept: firstKept, files: files)
        let found = try recovery.run()
        bases = found.bases
        isDirectoryDirty = found.hasRemoved
        if let last = found.last {
            active = Active(file: last.file, sizeBytes: last.sizeBytes, identity: last.identity)
            // Whether its bytes are durable is not known where it was cut.
            isFileDirty = true
        }
        try drop(below: firstKept)
    }

    // MARK: Appending

    /// The offsets that the rows get. They are durable after the next `sync`.
    ///
    /// **Errors:** after any but `frameTooLarge` the writer is over.
    package func append(_ frame: FrameContent) throws(LogError) -> Range<UInt64> {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        guard frame.rowCount > 0 else { return end..<end }
        guard let bytes = encoder.encode(frame, offset: end) else {
            throw .frameTooLarge(directory: directory, bytes: frame.chunks.reduce(0) { $0 + $1.bytes.count })
        }
        let start = end
        try endingOnError { () throws(LogError) in
            let (file, position) = try room()
            try onSegments { () throws(FileError) in try file.write(bytes, at: position) }
            active?.sizeBytes = position + bytes.count
            isFileDirty = true
        }
        end += UInt64(frame.rowCount)
        return start..<end
    }

    /// Makes everything that was appended durable.
    package func sync() throws(LogError) {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        try endingOnError { () throws(LogError) in
            try syncActive()
            guard isDirectoryDirty else { return }
            do throws(FileError) { try files.syncDirectory(directory) } catch { throw .syncFailed(error) }
            isDirectoryDirty = false
        }
    }

    private func syncActive() throws(LogError) {
        guard isFileDirty, let active else { return }
        do throws(FileError) { try active.file.sync() } catch { throw .syncFailed(error) }
        isFileDirty = false
    }

    /// Where the next frame goes.
    private func room() throws(LogError) -> (any FileHandle, Int) {
        if let active, active.sizeBytes < options.rollBytes { return (active.file, active.sizeBytes) }
        try seal()
        let path = FilePath.join(directory, SegmentHeader.name(end))
        let header = SegmentHeader(partition: partition, base: end, isMerged: false).encode()
        let (file, identity) = try onSegments { () throws(FileError) in
            (try files.open(path, .createNew), try files.status(path)?.identity ?? 0)
        }
        bases.append(end)
        isDirectoryDirty = true
        isFileDirty = true
        active = Active(file: file, sizeBytes: header.count, identity: identity)
        try onSegments { () throws(FileError) in try file.write(header, at: 0) }
        return (file, header.count)
    }

    /// Lets the next append begin a new segment, so that what is there can be merged. Makes it durable.
    package func seal() throws(LogError) {
        try sync()
        guard let active, let base = bases.last else { return }
        active.file.close()
        self.active = nil
        queue.sealed(base)
    }

    private func endingOnError(_ body: () throws(LogError) -> Void) throws(LogError) {
        do throws(LogError) {
            try body()
        } catch {
            isOver = true
            throw error
        }
    }

    // MARK: Old segments

    /// Removes the segments all of whose rows lie before `offset`; never the newest one.
    package func drop(below offset: UInt64) throws(LogError) {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        let count = zip(bases, bases.dropFirst()).prefix { $0.1 <= offset }.count
        guard count > 0 else { return }
        try onSegments { () throws(FileError) in
            for base in bases[..<count] {
                try files.removeTree(FilePath.join(directory, SegmentHeader.name(base)))
            }
            try files.syncDirectory(directory)
        }
        queue.dropped(below: bases[count])
        bases.removeFirst(count)
    }

    /// Merges small frames of full segments into larger ones; only of those that are published as a whole. `merge` gets
    /// frames of one schema that follow each other, and gives the same rows in fewer frames.
    ///
    /// Takes as long as reading and writing a segment, for each that has become full since it was last called.
    /// **Errors:** `notMerged` and `file` leave the segment and the writer as they were.
    package func mergeSealed(
        below publishedEnd: UInt64, merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        let segments = SegmentMerging(directory: directory, partition: partition, files: files, encoder: encoder)
        let ends = bases.dropFirst() + (active == nil ? [end] : [])
        try queue.run(zip(bases, ends).map { $0..<$1 }, below: publishedEnd, segments, merge)
    }
}
