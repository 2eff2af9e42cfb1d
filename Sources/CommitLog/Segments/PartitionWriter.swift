// The one writer of a partition at a time. Appending writes at the end of the newest segment; `sync` makes it durable; the
// journal makes it exist. What the writer holds to:
//
//  - A segment is synced before the next one begins, so a sync has one file to see to, and the folder when a file is new.
//  - After a failed write or sync nothing is written any more: the next writer cuts what lies beyond the published end.
//  - A merged segment is never written to: readers may have the file open whose place it took.

import HostSystem

package struct SegmentOptions: Sendable {
    package var compression: ChunkCompression
    /// A segment of this size takes no more frames.
    package var rollBytes: Int
    /// Nor does one of so many: whoever opens the partition to write goes through them (0.5 ms; 1.8 of four times as many),
    /// and small frames are read slowly until they are merged. Merged segments become larger ones, and their frames too.
    package var rollFrames: Int
    package var safeguards: Safeguards

    package static let defaultRollBytes = 64 << 20

    package init(
        compression: ChunkCompression = .lz4, rollBytes: Int = SegmentOptions.defaultRollBytes,
        rollFrames: Int = 4096, safeguards: Safeguards = .all
    ) {
        self.compression = compression
        self.rollBytes = rollBytes
        self.rollFrames = rollFrames
        self.safeguards = safeguards
    }
}

/// Used by one thread at a time.
package final class PartitionWriter {
    private struct Active {
        var file: any FileHandle
        var sizeBytes: Int
        var frameCount: Int
        /// Of the file, wherever its name leads to by now.
        var identity: UInt64
    }

    /// Of these many newest full segments it is looked what gains by merging.
    private static let mergedSegments = 64

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
    /// Where the full segments end that a merge was given last, and those that have nothing to gain.
    private var lookedEnd: UInt64 = 0
    private var mergedEnd: UInt64 = 0

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
            // Whoever has made the folder may have died before its name was durable; who published first has seen to it.
            if publishedEnd == 0, options.safeguards.contains(.segfolder) {
                try onSegments { () throws(FileError) in try files.makeDurableDirectories(directory) }
            }
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
            directory: directory, partition: partition, publishedEnd: end, firstKept: firstKept, files: files,
            safeguards: options.safeguards)
        let found = try recovery.run()
        bases = found.bases
        isDirectoryDirty = found.hasRemoved
        if let last = found.last {
            active = Active(
                file: last.file, sizeBytes: last.sizeBytes, frameCount: last.frameCount, identity: last.identity)
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
            active?.frameCount += 1
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
            guard isDirectoryDirty, options.safeguards.contains(.segdirsync) else { return }
            do throws(FileError) { try files.syncDirectory(directory) } catch { throw .syncFailed(error) }
            isDirectoryDirty = false
        }
        FaultPoint.afterSegmentSync.reached()
    }

    private func syncActive() throws(LogError) {
        guard isFileDirty, options.safeguards.contains(.segsync), let active else { return }
        do throws(FileError) { try active.file.sync() } catch { throw .syncFailed(error) }
        isFileDirty = false
    }

    /// Where the next frame goes.
    private func room() throws(LogError) -> (any FileHandle, Int) {
        if let active, active.sizeBytes < options.rollBytes, active.frameCount < options.rollFrames {
            return (active.file, active.sizeBytes)
        }
        try seal()
        let path = FilePath.join(directory, SegmentHeader.name(end))
        let header = SegmentHeader(partition: partition, base: end, mergedEnd: nil).encode()
        let (file, identity) = try onSegments { () throws(FileError) in
            (try files.open(path, .createNew), try files.status(path)?.identity ?? 0)
        }
        bases.append(end)
        isDirectoryDirty = true
        isFileDirty = true
        active = Active(file: file, sizeBytes: header.count, frameCount: 0, identity: identity)
        try onSegments { () throws(FileError) in try file.write(header, at: 0) }
        return (file, header.count)
    }

    /// Lets the next append begin a new segment, so that what is there can be merged. Makes it durable.
    package func seal() throws(LogError) {
        try sync()
        active?.file.close()
        active = nil
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
        // Nothing that is kept is in the newest one: the next append begins another, so that it can go.
        if active != nil, end <= offset, let newest = bases.last, end > newest { try seal() }
        guard bases.count > 1, bases[1] <= offset else { return }
        // Others may have merged some since; and a segment may have the rows of those behind it too.
        bases = try PartitionDirectory.bases(directory, files)
        var dropped: Set<UInt64> = []
        for (base, next) in zip(bases, bases.dropFirst()) {
            guard next <= offset else { break }
            if try max(mergedEnd(of: base) ?? .max, next) <= offset { dropped.insert(base) }
        }
        try remove(dropped)
    }

    /// 0 of one that is not merged, or has gone; nil: it is damaged, and may have any rows.
    private func mergedEnd(of base: UInt64) throws(LogError) -> UInt64? {
        do throws(LogError) {
            return try SegmentFile.open(directory, partition, base: base, files)?.header.mergedEnd ?? 0
        } catch {
            if case .damaged = error { return nil }
            throw error
        }
    }

    private func remove(_ dropped: Set<UInt64>) throws(LogError) {
        guard !dropped.isEmpty else { return }
        try endingOnError { () throws(LogError) in
            try onSegments { () throws(FileError) in
                for base in dropped.sorted() { try files.removeTree(path(base)) }
                try files.syncDirectory(directory)
            }
        }
        bases.removeAll(where: dropped.contains)
    }

    private func path(_ base: UInt64) -> String { FilePath.join(directory, SegmentHeader.name(base)) }

    // MARK: Merging

    /// It holds its partition, and may write.
    package var isHeld: Bool { claim != nil && !isOver }

    /// What can be merged of what is full and published, beside this writer, which goes on meanwhile; `take` has the result.
    /// nil: nothing has become full since a merge had nothing to do.
    package func dueMerge(below publishedEnd: UInt64) -> SegmentMerge? {
        guard isHeld else { return nil }
        let recent = bases.suffix(Self.mergedSegments + 1)
        let full = zip(recent, recent.dropFirst() + (active == nil ? [end] : [])).map { $0..<$1 }
            .filter { $0.upperBound <= publishedEnd }
        guard let last = full.last, last.upperBound > mergedEnd else { return nil }
        lookedEnd = last.upperBound
        return SegmentMerge(
            directory: directory, partition: partition, files: files, options: options, full: full)
    }

    /// Puts in place what a merge has made; what has been dropped since is let go. It may not be durable before the next
    /// `sync`, but for segments that become superfluous.
    ///
    /// - Parameter merged: nil: there was nothing to merge, or it did not go well.
    /// - Returns: whether there may be more to merge.
    @discardableResult
    package func take(_ merged: MergedSegment?) throws(LogError) -> Bool {
        guard isHeld else { throw .writerIsOver(directory: directory) }
        guard let merged else {
            mergedEnd = lookedEnd
            return false
        }
        let isRight = try isUpToDate(merged)
        try onSegments { () throws(FileError) in
            guard let file = merged.file else { return }
            if isRight {
                try files.rename(file, to: path(merged.rows.lowerBound))
                isDirectoryDirty = true
            } else {
                try files.removeTree(file)
            }
        }
        guard isRight, !merged.covered.isEmpty else { return true }
        try endingOnError { () throws(LogError) in
            do throws(FileError) { try files.syncDirectory(directory) } catch { throw .syncFailed(error) }
        }
        try remove(Set(merged.covered))
        return true
    }

    private func isUpToDate(_ merged: MergedSegment) throws(LogError) -> Bool {
        let full = active == nil ? bases[...] : bases.dropLast()
        guard merged.covered.allSatisfy(full.contains), full.contains(merged.rows.lowerBound) else { return false }
        return try onSegments { () throws(FileError) in
            for (base, identity) in merged.sources where try files.status(path(base))?.identity != identity {
                return false
            }
            return true
        }
    }

    /// Merges all that gains by it, at once.
    ///
    /// **Errors:** `notMerged` and `file` leave the segment and the writer as they were.
    package func mergeSealed(
        below publishedEnd: UInt64, merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) {
        guard !isOver else { throw .writerIsOver(directory: directory) }
        while let due = dueMerge(below: publishedEnd) {
            do throws(LogError) {
                guard try take(due.run(merge: merge)) else { return }
            } catch {
                try take(nil)
                throw error
            }
        }
    }
}
