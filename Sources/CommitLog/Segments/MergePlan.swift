// What gains by a merge: the newest segments are looked at, back to a large one that is as it should be.
//
//  - Segments whose rows one before them has too are superfluous.
//  - A segment of small frames is written anew, the oldest one first.
//  - Small segments are written together: eight of about one size, and smaller ones behind them, as in a tiered merge tree,
//    so that rows are written anew only a few times, and a day of small publishes leaves a few dozens of files.

import HostSystem

struct MergePlan {
    struct Segment {
        var file: SegmentFile
        /// Of the file, on the disk.
        var identity: UInt64
        /// As its frames say.
        var rows: Range<UInt64>
        var sizeBytes: Int
        var hasSmallFrames: Bool
    }

    struct Choice {
        var segments: [Segment]
        var covered: [UInt64]
        /// The first of the segments has the rows of all.
        var isThere = false

        var rows: Range<UInt64> {
            let first = segments[0].rows
            return first.lowerBound..<segments.reduce(first.upperBound) { max($0, $1.rows.upperBound) }
        }

        var sources: [UInt64: UInt64] {
            Dictionary(uniqueKeysWithValues: segments.map { ($0.rows.lowerBound, $0.identity) })
        }
    }

    /// Frames that are larger on the average, in the file or in rows, gain nothing.
    private static let smallFrameBytes = 128 << 10
    private static let smallFrameRows = 8192
    /// So many segments of one size make one of the next.
    private static let segmentsAtOnce = 8
    /// Segments of more than this part of a full one stay as they are.
    private static let largeShare = 8
    private static let tiers = 3

    /// Ascending.
    private var found: [Segment] = []
    private let rollBytes: Int
    private var largeBytes: Int { rollBytes / Self.largeShare }

    /// `open` gives nil where the segment has gone, or nobody wants to know any more.
    init(
        _ full: [Range<UInt64>], _ options: SegmentOptions,
        _ open: (UInt64) throws(LogError) -> (SegmentFile, identity: UInt64)?
    ) throws(LogError) {
        rollBytes = options.rollBytes
        for rows in full.reversed() {
            guard let (file, identity) = try open(rows.lowerBound) else { break }
            let segment = try Self.look(file, identity, rows)
            found.append(segment)
            if !segment.hasSmallFrames, segment.sizeBytes >= largeBytes { break }
        }
        found.reverse()
    }

    private static func look(
        _ file: SegmentFile, _ identity: UInt64, _ rows: Range<UInt64>
    ) throws(LogError) -> Segment {
        var frames = SegmentFrames(file, from: rows.lowerBound)
        var count = 0
        while try frames.next() != nil { count += 1 }
        guard frames.offset >= rows.upperBound, frames.offset == file.header.mergedEnd ?? frames.offset else {
            throw file.damage(
                at: frames.offset, position: frames.position, "the file ends before the next segment begins")
        }
        let isSmall =
            count > 1 && frames.position / count < smallFrameBytes
            && (frames.offset - rows.lowerBound) / UInt64(count) < smallFrameRows
        return Segment(
            file: file, identity: identity, rows: rows.lowerBound..<frames.offset, sizeBytes: frames.position,
            hasSmallFrames: isSmall && !file.header.isMerged)
    }

    /// nil: nothing gains.
    var choice: Choice? { superfluous ?? smallFrames ?? smallSegments }

    private var superfluous: Choice? {
        for (index, segment) in found.enumerated() {
            let covered = found[(index + 1)...].prefix { $0.rows.upperBound <= segment.rows.upperBound }
            if !covered.isEmpty {
                return Choice(segments: [segment], covered: covered.map(\.rows.lowerBound), isThere: true)
            }
        }
        return nil
    }

    private var smallFrames: Choice? {
        found.first(where: \.hasSmallFrames).map { Choice(segments: [$0], covered: []) }
    }

    private var smallSegments: Choice? {
        var limit = largeBytes
        var limits: [Int] = []
        for _ in 0..<Self.tiers {
            limits.append(limit)
            limit /= Self.segmentsAtOnce
        }
        for limit in limits.reversed() {
            let run = found.reversed().prefix { $0.sizeBytes < limit }
            let isLowest = limit == limits.last
            let counted = run.filter { isLowest || $0.sizeBytes >= limit / Self.segmentsAtOnce }.count
            guard counted >= Self.segmentsAtOnce else { continue }
            var bytes = 0
            let segments = run.reversed().prefix { segment in
                bytes += segment.sizeBytes
                return bytes <= rollBytes
            }
            let isGapless = zip(segments, segments.dropFirst()).allSatisfy { $0.rows.upperBound == $1.rows.lowerBound }
            if isGapless, segments.count > 1 {
                return Choice(segments: Array(segments), covered: segments.dropFirst().map(\.rows.lowerBound))
            }
        }
        return nil
    }
}
