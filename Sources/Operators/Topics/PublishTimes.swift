// When the rows of a partition were published: the journal's entries that end in it, in their order.
struct PublishTimes {
    /// Ascending: up to where each entry took the partition.
    private var ends: [UInt64] = []
    private var milliseconds: [Int64] = []

    init() {}

    mutating func append(end: UInt64, milliseconds time: Int64) {
        ends.append(end)
        milliseconds.append(time)
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

    /// Where the rows begin that were published at `time` or later; nil: there are none.
    func firstOffset(from time: Int64, firstKept: UInt64) -> UInt64? {
        guard let entry = milliseconds.firstIndex(where: { $0 >= time }) else { return nil }
        return max(entry == 0 ? firstKept : ends[entry - 1], firstKept)
    }

    private func firstIndex(endingAfter offset: UInt64) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > offset { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
