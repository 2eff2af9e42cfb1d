// The texts of events. All free text is cut from one pseudo-random text of 1 MiB: lower-case letters, one character in
// thirteen a space. A second copy has underscores for spaces, for mail addresses and URLs.

package final class NexmarkTexts: Sendable {
    private static let poolBytes = 1 << 20
    /// The longest slice.
    private static let slackBytes = 1024
    /// The pool is drawn from event numbers that no stream reaches.
    private static let firstEvent = 1 << 50
    /// No text is longer.
    package static let roomBytes = slackBytes

    private let random: NexmarkRandom
    private let personBytes: Int
    private let auctionBytes: Int
    private let bidBytes: Int
    // Written in `init` only, freed in `deinit`: read by any thread between.
    nonisolated(unsafe) private let spaced: UnsafeMutablePointer<UInt8>
    nonisolated(unsafe) private let joined: UnsafeMutablePointer<UInt8>

    init(_ random: NexmarkRandom, _ options: NexmarkOptions) {
        self.random = random
        personBytes = options.personBytes
        auctionBytes = options.auctionBytes
        bidBytes = options.bidBytes
        let count = Self.poolBytes + Self.slackBytes
        spaced = .allocate(capacity: count)
        joined = .allocate(capacity: count)
        for i in 0..<count {
            let isSpace = random.below(13, Self.firstEvent + i, 63) == 0
            let letter = UInt8(truncatingIfNeeded: 0x61 + random.below(26, Self.firstEvent + i, 62))
            spaced[i] = isSpace ? 0x20 : letter
            joined[i] = isSpace ? 0x5F : letter
        }
    }

    deinit {
        spaced.deallocate()
        joined.deallocate()
    }

    @inline(__always)
    private func offset(_ event: Int, _ field: UInt64) -> Int {
        Int(truncatingIfNeeded: random.bits(event, field) & UInt64(Self.poolBytes - 1))
    }

    @inline(__always)
    private func writeText(_ event: Int, _ field: UInt64, _ count: Int, to out: inout NexmarkCursor) {
        out.write(spaced + offset(event, field), count)
    }

    // MARK: Persons

    package func writeName(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        writeFirstName(random.below(11, event.number, 0), to: &out)
        out.write(byte: 0x20)
        writeLastName(random.below(9, event.number, 1), to: &out)
    }

    package func writeEmailAddress(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        out.write(joined + offset(event.number, 4), random.below(5, event.number, 5) + 3)
        out.write("@")
        out.write(joined + offset(event.number, 6), random.below(3, event.number, 7) + 3)
        out.write(".com")
    }

    package func writeCreditCard(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        for group in 0..<4 as Range<UInt64> {
            if group > 0 { out.write(byte: 0x20) }
            out.write(random.below(10_000, event.number, 8 + group), digits: 4)
        }
    }

    package func writeCity(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        switch random.below(10, event.number, 2) {
        case 0: out.write("Phoenix")
        case 1: out.write("Los Angeles")
        case 2: out.write("San Francisco")
        case 3: out.write("Boise")
        case 4: out.write("Portland")
        case 5: out.write("Bend")
        case 6: out.write("Redmond")
        case 7: out.write("Seattle")
        case 8: out.write("Kent")
        default: out.write("Cheyenne")
        }
    }

    package func writeState(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        switch random.below(6, event.number, 3) {
        case 0: out.write("AZ")
        case 1: out.write("CA")
        case 2: out.write("ID")
        case 3: out.write("OR")
        case 4: out.write("WA")
        default: out.write("WY")
        }
    }

    /// The other fields of a person are counted as 62 bytes.
    package func writePersonExtra(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        let padding = random.paddingBytes(event.number, 13, current: 62, desired: personBytes)
        writeText(event.number, 12, padding, to: &out)
    }

    // MARK: Auctions

    private func itemNameBytes(_ event: NexmarkEvent) -> Int { 3 + random.below(17, event.number, 7) }

    private func descriptionBytes(_ event: NexmarkEvent) -> Int { 3 + random.below(97, event.number, 9) }

    package func writeItemName(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        writeText(event.number, 6, itemNameBytes(event), to: &out)
    }

    package func writeDescription(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        writeText(event.number, 8, descriptionBytes(event), to: &out)
    }

    /// The other fields of an auction are counted as 48 bytes beside its texts.
    package func writeAuctionExtra(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        let current = 48 + itemNameBytes(event) + descriptionBytes(event)
        let padding = random.paddingBytes(event.number, 11, current: current, desired: auctionBytes)
        writeText(event.number, 10, padding, to: &out)
    }

    // MARK: Bids

    /// Half of the channels are four well-known ones, each with one URL.
    @inline(__always)
    private func knownChannel(_ event: NexmarkEvent) -> Int? {
        random.below(2, event.number, 5) > 0 ? random.below(4, event.number, 6) : nil
    }

    private func channelNumber(_ event: NexmarkEvent) -> Int { random.below(10_000, event.number, 7) }

    package func writeChannel(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        switch knownChannel(event) {
        case 0: out.write("Google")
        case 1: out.write("Facebook")
        case 2: out.write("Baidu")
        case .some: out.write("Apple")
        case nil:
            out.write("channel-")
            out.write(channelNumber(event))
        }
    }

    package func writeURL(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        let known = knownChannel(event)
        let words = joined + (known.map { 1000 * ($0 + 1) } ?? offset(event.number, 8))
        out.write("https://www.nexmark.test/")
        out.write(words, 5)
        out.write("/")
        out.write(words + 10, 5)
        out.write("/")
        out.write(words + 20, 5)
        out.write("/item.htm?query=1")
        if known == nil {
            out.write("&channel_id=")
            out.write(channelNumber(event))
        }
    }

    /// The other fields of a bid are counted as 32 bytes.
    package func writeBidExtra(_ event: NexmarkEvent, to out: inout NexmarkCursor) {
        let padding = random.paddingBytes(event.number, 10, current: 32, desired: bidBytes)
        writeText(event.number, 9, padding, to: &out)
    }

    // MARK: Names

    private func writeFirstName(_ index: Int, to out: inout NexmarkCursor) {
        switch index {
        case 0: out.write("Peter")
        case 1: out.write("Paul")
        case 2: out.write("Luke")
        case 3: out.write("John")
        case 4: out.write("Saul")
        case 5: out.write("Vicky")
        case 6: out.write("Kate")
        case 7: out.write("Julie")
        case 8: out.write("Sarah")
        case 9: out.write("Deiter")
        default: out.write("Walter")
        }
    }

    private func writeLastName(_ index: Int, to out: inout NexmarkCursor) {
        switch index {
        case 0: out.write("Shultz")
        case 1: out.write("Abrams")
        case 2: out.write("Spencer")
        case 3: out.write("White")
        case 4: out.write("Bartels")
        case 5: out.write("Walton")
        case 6: out.write("Smith")
        case 7: out.write("Jones")
        default: out.write("Noris")
        }
    }
}

/// Writes text at a place; who calls has seen to the room.
package struct NexmarkCursor {
    package var next: UnsafeMutablePointer<UInt8>

    package init(_ next: UnsafeMutablePointer<UInt8>) { self.next = next }

    @inline(__always)
    package mutating func write(_ text: StaticString) {
        next.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        next += text.utf8CodeUnitCount
    }

    @inline(__always)
    package mutating func write(_ source: UnsafePointer<UInt8>, _ count: Int) {
        next.update(from: source, count: count)
        next += count
    }

    @inline(__always)
    package mutating func write(byte: UInt8) {
        next.pointee = byte
        next += 1
    }

    /// `value` is not negative.
    package mutating func write(_ value: Int) {
        var digits = 1
        var limit = 10
        while value >= limit && digits < 18 {
            digits += 1
            limit *= 10
        }
        write(value, digits: digits)
    }

    /// The last `digits` decimal digits, with leading zeros.
    package mutating func write(_ value: Int, digits: Int) {
        var rest = UInt64(truncatingIfNeeded: value)
        var place = digits - 1
        while place >= 0 {
            next[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
            place -= 1
        }
        next += digits
    }
}
