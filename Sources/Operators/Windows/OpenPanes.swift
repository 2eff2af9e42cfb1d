// The slots that a window operator holds, by number (WindowKey), and which numbers there are, in order: a window that
// fires touches the slots of its own panes only. Numbers mostly come in ascending order; those that do not are sorted
// in when somebody asks for a range.

struct OpenPanes {
    private var slots: [Int64: [Int32]] = [:]
    /// From `first` on the numbers that are open, ascending; before it some that are done with.
    private var ascending: [Int64] = []
    private var first = 0
    /// Numbers that came since, and the least of them.
    private var fresh: [Int64] = []
    private var leastFresh = Int64.max
    private var slotCapacity = 0

    var isEmpty: Bool { slots.isEmpty }
    var least: Int64? {
        guard !isEmpty else { return nil }
        return first < ascending.count ? min(ascending[first], leastFresh) : leastFresh
    }
    /// About.
    var sizeBytes: Int { slotCapacity * 8 + slots.count * 96 + ascending.heldBytes + fresh.heldBytes }

    /// The slot `first + k` has the number `numbers[k]`.
    mutating func append(_ numbers: [Int64], from firstSlot: Int) {
        var start = 0
        while start < numbers.count {
            let number = numbers[start]
            var end = start + 1
            while end < numbers.count, numbers[end] == number { end += 1 }
            let range = Int32(truncatingIfNeeded: firstSlot + start)..<Int32(truncatingIfNeeded: firstSlot + end)
            if slots[number]?.append(contentsOf: range) == nil {
                slots[number] = Array(range)
                open(number)
            }
            start = end
        }
        slotCapacity += numbers.count
    }

    private mutating func open(_ number: Int64) {
        if fresh.isEmpty, ascending.last.map({ $0 < number }) ?? true {
            ascending.append(number)
        } else {
            fresh.append(number)
            leastFresh = min(leastFresh, number)
        }
    }

    /// The open numbers of a range, ascending.
    mutating func numbers(in range: Range<Int64>) -> ArraySlice<Int64> {
        sortFresh()
        let from = position(of: range.lowerBound)
        return ascending[from..<max(from, position(of: range.upperBound))]
    }

    func slots(of number: Int64) -> [Int32] { slots[number] ?? [] }

    /// Closes the numbers below `bound` and gives their slots.
    mutating func close(below bound: Int64) -> [Int32] {
        sortFresh()
        var closed: [Int32] = []
        while first < ascending.count, ascending[first] < bound {
            closed.append(contentsOf: slots.removeValue(forKey: ascending[first]) ?? [])
            first += 1
        }
        slotCapacity -= closed.count
        if first > 1024, first * 2 > ascending.count {
            ascending.removeFirst(first)
            first = 0
        }
        return closed
    }

    /// Slots have new numbers; those with -1 are gone, and so are numbers without slots.
    mutating func renumber(_ newSlots: [Int32]) {
        slotCapacity = 0
        for (number, held) in slots {
            let kept = held.map { newSlots[Int($0)] }.filter { $0 >= 0 }
            slots[number] = kept.isEmpty ? nil : kept
            slotCapacity += kept.count
        }
        fresh.removeAll()
        leastFresh = Int64.max
        ascending = slots.keys.sorted()
        first = 0
    }

    private mutating func sortFresh() {
        guard !fresh.isEmpty else { return }
        ascending = (ascending[first...] + fresh).sorted()
        first = 0
        fresh.removeAll(keepingCapacity: true)
        leastFresh = Int64.max
    }

    /// Of the first number from `bound` on.
    private func position(of bound: Int64) -> Int {
        var (low, high) = (first, ascending.count)
        while low < high {
            let middle = (low + high) / 2
            if ascending[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
