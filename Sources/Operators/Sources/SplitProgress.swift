import HostSystem

// How far one input is read. An input is a length in some unit (bytes of a file, rows of a generator) that is cut into
// splits; several readers may hold splits of one input at once. A split [a, b) stands for the records that BEGIN in it.
//
//   given     held, parsed   held       open
//   |-------|--------------|----------|---------------|
//   0       rows and        not yet    to be taken     length
//           greatest time   known
//
// Invariants: given segments and held splits are ascending and disjoint; adjacent given segments are one. What comes
// before a split, its carry, is known once all in front of it is given or parsed.

/// Sums over records of one input.
package struct SplitSum: Equatable, Sendable {
    package var records: Int64 = 0
    /// The greatest watermark value; `Int64.min` where there is none.
    package var greatest = Int64.min

    package init(records: Int64 = 0, greatest: Int64 = .min) {
        self.records = records
        self.greatest = greatest
    }

    package mutating func add(_ other: SplitSum) {
        records &+= other.records
        greatest = max(greatest, other.greatest)
    }
}

/// A part of an input of which all records are given.
package struct SplitSegment: Equatable, Sendable {
    package var range: Range<Int64>
    package var sum: SplitSum

    package init(_ range: Range<Int64>, _ sum: SplitSum) {
        self.range = range
        self.sum = sum
    }
}

package struct SplitProgress: Equatable, Sendable {
    private struct Held: Equatable, Sendable {
        var id: Int
        var range: Range<Int64>
        /// All of it, once it is parsed.
        var parsed: SplitSum?
        var givenEnd: Int64
        var given = SplitSum()
    }

    /// Where the input ends, as far as is known; it may grow.
    package private(set) var length: Int64
    /// Nothing is taken from here on, though there may be something.
    package var ceiling = Int64.max
    /// What any row's own watermark is at least: what the source had reached when this input was found, or found grown.
    package private(set) var floor: Int64
    private var given: [SplitSegment]
    private var held: [Held] = []
    /// A record that has begun and not ended: it waits until the input has grown.
    private var stalled: Range<Int64>?

    package init(length: Int64, floor: Int64 = .min, given: [SplitSegment] = []) {
        self.length = length
        self.floor = floor
        self.given = given
    }

    // MARK: Splits

    /// The first part that nobody has taken, up to what is taken behind it.
    package var open: Range<Int64>? {
        let length = min(length, ceiling)
        var at: Int64 = 0
        var (g, h) = (0, 0)
        while at < length {
            let nextGiven = g < given.count ? given[g].range : length..<length
            let nextHeld = h < held.count ? held[h].range : length..<length
            let isGivenFirst = nextGiven.lowerBound <= nextHeld.lowerBound
            var next = isGivenFirst ? nextGiven : nextHeld
            let waiting = stalled.flatMap { $0.lowerBound >= at && $0.lowerBound < next.lowerBound ? $0 : nil }
            if let waiting { next = waiting }
            if next.lowerBound > at { return at..<min(next.lowerBound, length) }
            if next.lowerBound >= length { return nil }
            at = max(at, next.upperBound)
            guard waiting == nil else { continue }
            if isGivenFirst { g += 1 } else { h += 1 }
        }
        return nil
    }

    /// Whether a reader holds something behind the part that is open, and so may wait for it.
    package var isWaitedFor: Bool {
        guard let open, let last = held.last else { return false }
        return last.range.lowerBound > open.lowerBound
    }

    /// Where the last part ends that somebody has given or taken.
    var takenEnd: Int64 { max(given.last?.range.upperBound ?? 0, held.last?.range.upperBound ?? 0) }

    package var isHeld: Bool { !held.isEmpty }

    /// Whether somebody may still return a part of what he has taken.
    package var hasUnparsed: Bool { held.contains { $0.parsed == nil } }

    /// The least number of a split that is not parsed.
    var leastUnparsed: Int? { held.lazy.filter { $0.parsed == nil }.map(\.id).min() }

    /// Nothing is to be read, or to be given: for now, where the input may grow.
    package var isRead: Bool { held.isEmpty && open == nil }

    mutating func take(id: Int, most: Int64) -> Range<Int64>? {
        guard let open else { return nil }
        let range = open.lowerBound..<min(open.upperBound, open.lowerBound &+ most)
        let place = held.firstIndex { $0.range.lowerBound > range.lowerBound } ?? held.count
        held.insert(Held(id: id, range: range, givenEnd: range.lowerBound), at: place)
        return range
    }

    /// A held split is parsed up to `end`; what is behind it is open again, or waits for the input to grow beyond the
    /// length `stalledAt`, of which a record has begun and not ended.
    ///
    /// - Parameter isSequential: what stands behind the split belongs to that record too.
    mutating func parsed(id: Int, end: Int64, _ sum: SplitSum, stalledAt: Int64?, isSequential: Bool) {
        let place = index(of: id)
        let range = held[place].range
        precondition(end >= range.lowerBound && held[place].parsed == nil, "a split is parsed once, from its start")
        if stalledAt == length, end < range.upperBound {
            precondition(stalled == nil, "one record at most has begun and not ended")
            stalled = end..<(isSequential ? length : range.upperBound)
        }
        held[place].range = range.lowerBound..<end
        held[place].parsed = sum
        if end == range.lowerBound { held.remove(at: place) }
    }

    /// The records up to `end` of a parsed split are given.
    mutating func give(id: Int, upTo end: Int64, _ sum: SplitSum) {
        let place = index(of: id)
        let range = held[place].range
        precondition(
            held[place].parsed != nil && end >= held[place].givenEnd && end <= range.upperBound,
            "what is parsed is given in order")
        held[place].givenEnd = end
        held[place].given.add(sum)
        guard end == range.upperBound else { return }
        let split = held.remove(at: place)
        precondition(split.given == split.parsed, "all of a split is given")
        insert(SplitSegment(range, split.given))
    }

    private func index(of id: Int) -> Int {
        guard let place = held.firstIndex(where: { $0.id == id }) else {
            preconditionFailure("split \(id) is held")
        }
        return place
    }

    private mutating func insert(_ segment: SplitSegment) {
        let place = given.firstIndex { $0.range.lowerBound > segment.range.lowerBound } ?? given.count
        given.insert(segment, at: place)
        given = Self.merged(given)
    }

    private static func merged(_ segments: [SplitSegment]) -> [SplitSegment] {
        var merged: [SplitSegment] = []
        for segment in segments {
            if let last = merged.indices.last, merged[last].range.upperBound == segment.range.lowerBound {
                merged[last].range = merged[last].range.lowerBound..<segment.range.upperBound
                merged[last].sum.add(segment.sum)
            } else {
                merged.append(segment)
            }
        }
        return merged
    }

    // MARK: Growing

    /// The input goes on to `length`; what is read from here on has reached at least `floor`.
    package mutating func extend(to length: Int64, floor: Int64) {
        precondition(length >= self.length, "an input never shrinks")
        self.length = length
        self.floor = max(self.floor, floor)
        stalled = nil
    }

    // MARK: What is reached

    /// The sums of all records before `start`; nil where some of them are not parsed.
    package func carry(at start: Int64) -> SplitSum? {
        let reached = prefix(upTo: start, countsParsed: true)
        return reached.end == start ? reached.sum : nil
    }

    /// What is parsed from the beginning without a gap, of given records or of all.
    package func reached(countsParsed: Bool) -> SplitSum { prefix(upTo: .max, countsParsed: countsParsed).sum }

    /// Where the first record begins that is not given.
    package var givenEnd: Int64 { prefix(upTo: .max, countsParsed: false).end }

    private func prefix(upTo limit: Int64, countsParsed: Bool) -> (end: Int64, sum: SplitSum) {
        var at: Int64 = 0
        var sum = SplitSum(greatest: floor)
        var (g, h) = (0, 0)
        while at < limit {
            if g < given.count, given[g].range.lowerBound == at {
                sum.add(given[g].sum)
                at = given[g].range.upperBound
                g += 1
            } else if h < held.count, held[h].range.lowerBound == at {
                let split = held[h]
                if !countsParsed, split.givenEnd < split.range.upperBound {
                    sum.add(split.given)
                    return (split.givenEnd, sum)
                }
                guard let parsed = split.parsed else { break }
                sum.add(parsed)
                at = split.range.upperBound
                h += 1
            } else {
                break
            }
        }
        return (at, sum)
    }

    // MARK: Positions

    /// What is given, for a checkpoint.
    package var segments: [SplitSegment] {
        let begun = held.filter { $0.givenEnd > $0.range.lowerBound }
        guard !begun.isEmpty else { return given }
        let parts = begun.map { SplitSegment($0.range.lowerBound..<$0.givenEnd, $0.given) }
        return Self.merged((given + parts).sorted { $0.range.lowerBound < $1.range.lowerBound })
    }

    /// Units that are given, of `length`.
    package var givenLength: Int64 { segments.reduce(0) { $0 &+ Int64($1.range.count) } }

    package func encode(into writer: inout ByteWriter) {
        writer.writeVarint(UInt64(length))
        writer.write(floor)
        let segments = segments
        writer.writeVarint(UInt64(segments.count))
        for segment in segments {
            writer.writeVarint(UInt64(segment.range.lowerBound))
            writer.writeVarint(UInt64(segment.range.upperBound))
            writer.writeVarint(UInt64(segment.sum.records))
            writer.write(segment.sum.greatest)
        }
    }

    /// - Errors: bytes that `encode` does not write.
    package init(decoding reader: inout ByteReader) throws(CorruptBytes) {
        length = try Self.readCount(&reader, "length")
        floor = try reader.read(Int64.self, "floor")
        let count = try reader.readVarint("segment count")
        guard count <= UInt64(reader.remaining) else {
            throw CorruptBytes(offset: 0, expected: "a segment count that fits")
        }
        given = []
        var end: Int64 = -1
        for _ in 0..<count {
            let lower = try Self.readCount(&reader, "segment start")
            let upper = try Self.readCount(&reader, "segment end")
            guard lower > end, upper > lower, upper <= length else {
                throw CorruptBytes(offset: 0, expected: "segments in order, within the length")
            }
            end = upper
            let records = try Self.readCount(&reader, "record count")
            let greatest = try reader.read(Int64.self, "greatest time")
            given.append(SplitSegment(lower..<upper, SplitSum(records: records, greatest: greatest)))
        }
    }

    private static func readCount(_ reader: inout ByteReader, _ what: String) throws(CorruptBytes) -> Int64 {
        guard let count = Int64(exactly: try reader.readVarint(what)) else {
            throw CorruptBytes(offset: 0, expected: "a \(what) that fits")
        }
        return count
    }
}
