import HostSystem

/// Full segments whose small frames are still to be merged.
struct MergeQueue {
    /// How many segments a writer that died may have left, at most: older ones stay as they are.
    private static let largestLeftBehind = 16

    /// Ascending. nil until it has been looked what an earlier writer left.
    private var waiting: [UInt64]?
    private var sealedSince: [UInt64] = []

    mutating func sealed(_ base: UInt64) { sealedSince.append(base) }

    mutating func dropped(below offset: UInt64) {
        sealedSince.removeAll { $0 < offset }
        waiting?.removeAll { $0 < offset }
    }

    /// Merges what waits and is published. `full`: all full segments, ascending.
    mutating func run(
        _ full: [Range<UInt64>], below publishedEnd: UInt64, _ segments: SegmentMerging,
        _ merge: ([FrameContent]) throws -> [FrameContent]
    ) throws(LogError) {
        var queue: [UInt64]
        if let waiting { queue = waiting } else { queue = try leftBehind(full, segments) }
        queue += sealedSince
        sealedSince = []
        defer { waiting = queue }
        for rows in full where queue.first == rows.lowerBound {
            guard rows.upperBound <= publishedEnd else { return }
            // Whether it goes well or not: it is not tried a second time by this writer.
            queue.removeFirst()
            if try segments.gains(rows) { try segments.merge(rows, merge) }
        }
    }

    /// From the newest backwards, up to one that somebody has merged or left as it is.
    private func leftBehind(_ full: [Range<UInt64>], _ segments: SegmentMerging) throws(LogError) -> [UInt64] {
        var found: [UInt64] = []
        for rows in full.reversed() where !sealedSince.contains(rows.lowerBound) {
            guard found.count < MergeQueue.largestLeftBehind, try segments.gains(rows) else { break }
            found.append(rows.lowerBound)
        }
        return found.reversed()
    }
}
