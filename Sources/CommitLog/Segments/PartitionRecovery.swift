// What a writer does before it writes: it removes segments that nobody has published, and cuts the last one that has
// published rows behind them. Whatever is missing below the published end is damage.

import HostSystem

struct PartitionRecovery {
    struct Found {
        var bases: [UInt64]
        /// The segment that takes the next rows; nil where a new one has to.
        var last: (file: any FileHandle, sizeBytes: Int, frameCount: Int, identity: UInt64)?
        var hasRemoved = false
    }

    let directory: String
    let partition: TopicPartition
    let publishedEnd: UInt64
    let firstKept: UInt64
    let files: any FileSystem
    let safeguards: Safeguards

    func run() throws(LogError) -> Found {
        var found = Found(bases: try PartitionDirectory.bases(directory, files))
        found.hasRemoved = try removeUnfinishedMerges()
        try removeUnpublished(&found.bases)
        guard let base = found.bases.last else {
            if publishedEnd > firstKept { throw damaged(firstKept, "no segment is there") }
            return found
        }
        found.last = try cut(base)
        return found
    }

    private func damaged(_ offset: UInt64, _ detail: String) -> LogError {
        .damaged(directory: directory, partition: partition.partition, offset: offset, detail: detail)
    }

    private func remove(_ name: String) throws(LogError) {
        try onSegments { () throws(FileError) in try files.remove(FilePath.join(directory, name)) }
    }

    /// A removed name may come back with a power loss, and its segment stand where rows were published since. Whoever removes
    /// it may die before its name is gone for good, so it is renamed first: who finds one of these sees to it before it writes.
    private func removeUnpublished(_ bases: inout [UInt64]) throws(LogError) {
        while let base = bases.last, base >= publishedEnd {
            let path = FilePath.join(directory, SegmentHeader.name(base))
            try onSegments { () throws(FileError) in
                try files.rename(path, to: path + PartitionDirectory.removedEnding)
            }
            bases.removeLast()
        }
        let names = try names(ending: PartitionDirectory.removedEnding)
        if names.isEmpty { return }
        if safeguards.contains(.segdirsync) {
            try onSegments { () throws(FileError) in try files.syncDirectory(directory) }
        }
        for name in names { try remove(name) }
    }

    private func removeUnfinishedMerges() throws(LogError) -> Bool {
        if try names(ending: PartitionDirectory.mergingEnding).isEmpty { return false }
        // Somebody may be at it.
        let path = FilePath.join(directory, PartitionDirectory.mergeLockName)
        guard let lock = try onSegments({ () throws(FileError) in try files.lock(path, wait: false) }) else {
            return false
        }
        defer { lock.release() }
        // Whoever was at it may have ended since.
        let names = try names(ending: PartitionDirectory.mergingEnding)
        for name in names { try remove(name) }
        return !names.isEmpty
    }

    private func names(ending: String) throws(LogError) -> [String] {
        try onSegments { () throws(FileError) in try files.list(directory) }.filter { $0.hasSuffix(ending) }
    }

    private func cut(_ base: UInt64) throws(LogError) -> (
        file: any FileHandle, sizeBytes: Int, frameCount: Int, identity: UInt64
    )? {
        guard let segment = try SegmentFile.open(directory, partition, base: base, files) else {
            throw damaged(base, "the segment has gone")
        }
        var offset = base
        var position = SegmentHeader.sizeBytes
        var frameCount = 0
        while offset < publishedEnd {
            guard let frame = try segment.frame(at: position, offset: offset, below: publishedEnd) else {
                throw segment.damage(
                    at: offset, position: position, "the file ends, and rows below offset \(publishedEnd) are published"
                )
            }
            offset = frame.header.end
            position = frame.next
            frameCount += 1
        }
        guard offset == publishedEnd else {
            throw segment.damage(
                at: publishedEnd, position: position, "a frame goes on to offset \(offset), beyond what is published")
        }
        let path = FilePath.join(directory, SegmentHeader.name(base))
        let end = position
        let (file, sizeBytes, identity) = try onSegments { () throws(FileError) in
            let file = try files.open(path, .update)
            return (file, try file.size(), try files.status(path)?.identity ?? 0)
        }
        let isLonger = segment.header.isMerged && sizeBytes > end
        guard sizeBytes >= end, !isLonger else {
            file.close()
            let detail = isLonger ? "a merged segment goes on, and is never cut" : "the file ends in a published frame"
            throw segment.damage(at: publishedEnd, position: min(end, sizeBytes), detail)
        }
        if segment.header.isMerged {
            file.close()
            return nil
        }
        guard safeguards.contains(.segcut) else { return (file, sizeBytes, frameCount, identity) }
        if sizeBytes > end { try onSegments { () throws(FileError) in try file.truncate(to: end) } }
        return (file, end, frameCount, identity)
    }
}
