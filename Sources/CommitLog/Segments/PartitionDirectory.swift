import HostSystem

/// The segments in a partition's folder.
enum PartitionDirectory {
    static let lockName = "lock"
    /// Locked by whoever merges segments.
    static let mergeLockName = "merge"
    static let mergingEnding = ".merging"
    /// Of a segment that was never published, and goes away.
    static let removedEnding = ".removed"

    /// The first offsets of all segments, ascending.
    static func bases(_ directory: String, _ files: any FileSystem) throws(LogError) -> [UInt64] {
        try onSegments { () throws(FileError) in try files.list(directory) }.compactMap(SegmentHeader.base).sorted()
    }

    /// The place of the last segment that begins at or before `offset`.
    static func index(of offset: UInt64, in bases: [UInt64]) -> Int? {
        var low = 0
        var high = bases.count
        while low < high {
            let middle = (low + high) / 2
            if bases[middle] <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }
}
