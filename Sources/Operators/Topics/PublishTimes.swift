// When the rows of a partition were published: the journal's entries that end in it, in their order, but for those all of
// whose rows have been read.
struct PublishTimes {
    /// Of rows before this offset nothing is known.
    private var known: UInt64
    /// Ascending: up to where each entry took the partition.
    private var ends: [UInt64] = []
    private var milliseconds: [Int64] = []
    /// Entries before this one are forgotten.
    private var first = 0

    /// - Parameter known: where the rows begin whose entries follow.
    init(from known: UInt64 = 0) { self.known = known }

    mutating func append(end: UInt64, milliseconds time: Int64) {
        guard end > known else { return }
        ends.append(end)
        milliseconds.append(time)
    }

    /// Nobody asks for rows before this offset any more.
    mutating func forget(before offset: UInt64) {
        let kept = firstIndex(endingAfter: offset)
        guard kept > first else { return }
        known = ends[kept - 1]
        first = kept
        guard first > 1024, first * 2 > ends.count else { return }
        ends.removeFirst(first)
        milliseconds.removeFirst(first)
        first = 0
    }

    /// Of each row of a range; rows that are older than what is known have the first time.
    func times(of offsets: Range<UInt64>) -> [Int64] {
        var times: [Int64] = []
        times.reserveCapacity(offsets.count)
        var entry = firstIndex(endingAfter: offsets.lowerBound)
        var at = offsets.lowerBound
        while at < offsets.upperBound {
            let end = entry < ends.count ? min(ends[entry], offsets.upperBound) : offsets.upperBound
            let time = entry < ends.count ? milliseconds[entry] : milliseconds.last ?? 0
            times.append(contentsOf: repeatElement(time, count: Int(end - at)))
            at = end
            entry += 1
        }
        return times
    }

    /// Of one row; nil: it is not known.
    func time(of offset: UInt64) -> Int64? {
        let entry = firstIndex(endingAfter: offset)
        return offset >= known && entry < ends.count ? milliseconds[entry] : nil
    }

    /// Where the rows begin that were published at `time` or later; nil: there are none.
    func firstOffset(from time: Int64, firstKept: UInt64) -> UInt64? {
        guard let entry = milliseconds[first...].firstIndex(where: { $0 >= time }) else { return nil }
        return max(entry == 0 ? firstKept : ends[entry - 1], firstKept)
    }

    private func firstIndex(endingAfter offset: UInt64) -> Int {
        var (low, high) = (first, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
