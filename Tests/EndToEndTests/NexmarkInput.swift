import NexmarkEvents

enum NexmarkInput {
    static func lines(_ events: Range<Int>, rate: Int = 10_000, seed: UInt64 = 42) -> [UInt8] {
        let generator = EventGenerator(seed: seed, rate: rate)
        let buffer = LineBuffer()
        var bytes: [UInt8] = []
        var next = events.lowerBound
        while next < events.upperBound {
            buffer.removeAll()
            next = generator.write(next..<events.upperBound, of: .all, to: buffer)
            bytes.append(contentsOf: buffer.bytes)
        }
        return bytes
    }

    struct Bid: Hashable {
        var auction = 0
        var bidder = 0
        var price = 0
    }

    /// The bids among the lines, read apart from the engine: `{"event_type":2,"bid":{"auction":A,"bidder":B,"price":P,…`.
    static func forEachBid(in lines: [UInt8], _ body: (Bid) -> Void) {
        let beginning = Array(#"{"event_type":2,"#.utf8)
        lines.withUnsafeBufferPointer { lines in
            var start = 0
            while start < lines.count {
                let end = lines[start...].firstIndex(of: UInt8(ascii: "\n")) ?? lines.count
                let line = UnsafeBufferPointer(rebasing: lines[start..<end])
                if line.starts(with: beginning) {
                    var at = beginning.count
                    let bid = Bid(
                        auction: number(line, &at), bidder: number(line, &at), price: number(line, &at))
                    body(bid)
                }
                start = end + 1
            }
        }
    }

    /// The next digits from `at` on, as a number.
    private static func number(_ line: UnsafeBufferPointer<UInt8>, _ at: inout Int) -> Int {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        while at < line.count, !digits.contains(line[at]) { at += 1 }
        precondition(at < line.count, "a bid begins with three numbers")
        var number = 0
        while digits.contains(line[at]) {
            number = number * 10 + Int(line[at] - digits.lowerBound)
            at += 1
        }
        return number
    }
}
