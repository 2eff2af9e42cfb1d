// The events of the Nexmark benchmark schema (persons, auctions, bids), made from a seed: the same bytes everywhere.
//
// Events are numbered from 0. Every 50 of them, an epoch, hold one person (slot 0), three auctions (slots 1-3) and 46
// bids. Event n happens floor(n * 1000 / rate) ms after 2026-01-01 00:00:00 UTC. Person and auction ids count up from
// 1000; categories are 10...14.
//
// Who takes part is skewed, and the favourites move on as ids do: one bid in two goes to the hot auction (the newest id
// rounded down to a hundred), the others to one of the latest hundred, or up to ten ahead of them; three bids in four come
// from the hot bidder and three auctions in four from the hot seller, the others from one of the latest thousand persons,
// or up to ten ahead. Half the channels are one of four well-known ones, each with one URL; the rest are numbered.
//
// A field's random value is `EventRandom` of (event number, field number): the field numbers in this folder are part of
// the definition, and a checksum over the first 10,000 events keeps them (Tests/NexmarkEventsTests).

package struct EventGenerator: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Every event, as `{"event_type":T,"<kind>":{…}}`: 0 person, 1 auction, 2 bid.
        case all
        /// Only these, each the plain object.
        case person, auction, bid
    }

    /// No line is longer: an auction with all its text (500 + 20 %) and fixed fields, rounded up.
    package static let longestLineBytes = 1200
    /// Event numbers end here; those from 2⁵⁰ on make the text pool.
    package static let lastEvent = 1 << 49

    static let eventsPerEpoch = 50
    static let firstID = 1000

    let random: EventRandom
    let pool: TextPool
    /// Events per second of event time.
    let rate: Int

    /// `rate`: events per second of event time, at least 1; it spaces event time, and nothing waits for it.
    package init(seed: UInt64 = 42, rate: Int = 10_000) {
        precondition(rate >= 1, "a rate is at least one event per second")
        random = EventRandom(seed: seed)
        pool = TextPool(random)
        self.rate = rate
    }

    /// Whether all these events have numbers and times that can be written.
    package static func canWrite(_ events: Range<Int>, rate: Int) -> Bool {
        guard events.lowerBound >= 0, events.upperBound <= lastEvent else { return false }
        let (product, overflow) = events.upperBound.multipliedReportingOverflow(by: 1000)
        // An auction expires a little later than it begins: a day is more than enough at any rate but the slowest.
        return !overflow && product / rate <= EventTime.lastMillisecond - 86_400_000
    }

    /// Adds the lines of some events, in order. Returns the first that had no room, or the end of the range.
    package func write(_ events: Range<Int>, of kind: Kind, to buffer: LineBuffer) -> Int {
        let room = (buffer.capacityBytes - buffer.countBytes) / Self.longestLineBytes
        let end = min(events.upperBound, events.lowerBound + room)
        var cursor = buffer.cursor
        pool.withTexts { spaced, joined in
            var line = EventLine(generator: self, spaced: spaced, joined: joined, cursor: cursor)
            for event in events.lowerBound..<end { line.write(event, kind) }
            cursor = line.cursor
        }
        buffer.finish(at: cursor)
        return end
    }
}

/// Writes single events; holds what a block of them shares.
struct EventLine {
    let random: EventRandom
    let rate: Int
    let spaced: UnsafePointer<UInt8>
    let joined: UnsafePointer<UInt8>
    var cursor: LineCursor
    private var time = EventTime()
    private var otherTime = EventTime()

    init(
        generator: EventGenerator, spaced: UnsafePointer<UInt8>, joined: UnsafePointer<UInt8>, cursor: LineCursor
    ) {
        random = generator.random
        rate = generator.rate
        self.spaced = spaced
        self.joined = joined
        self.cursor = cursor
    }

    @inline(__always)
    mutating func write(_ event: Int, _ kind: EventGenerator.Kind) {
        let slot = event % EventGenerator.eventsPerEpoch
        switch (slot, kind) {
        case (0, .all):
            cursor.write("{\"event_type\":0,\"person\":")
            writePerson(event)
            cursor.write("}\n")
        case (1...3, .all):
            cursor.write("{\"event_type\":1,\"auction\":")
            writeAuction(event)
            cursor.write("}\n")
        case (_, .all):
            cursor.write("{\"event_type\":2,\"bid\":")
            writeBid(event)
            cursor.write("}\n")
        case (0, .person):
            writePerson(event)
            cursor.write("\n")
        case (1...3, .auction):
            writeAuction(event)
            cursor.write("\n")
        case (4..., .bid):
            writeBid(event)
            cursor.write("\n")
        default:
            break
        }
    }

    @inline(__always)
    func milliseconds(of event: Int) -> Int { event * 1000 / rate }

    @inline(__always)
    mutating func writeTime(_ milliseconds: Int) { time.write(milliseconds, to: &cursor) }

    @inline(__always)
    mutating func writeLaterTime(_ milliseconds: Int) { otherTime.write(milliseconds, to: &cursor) }

    /// The newest person at this event, counted from 0.
    @inline(__always)
    func newestPerson(_ event: Int) -> Int { event / EventGenerator.eventsPerEpoch }

    /// One of the latest thousand persons, or of the ten to come.
    @inline(__always)
    func somePerson(_ event: Int, _ field: UInt64) -> Int {
        let persons = newestPerson(event) + 1
        let active = min(persons, 1000)
        return persons - active + random.below(active + 10, event, field)
    }

    @inline(__always)
    mutating func writeText(_ offset: Int, _ count: Int) { cursor.write(spaced + offset, count) }

    @inline(__always)
    mutating func writeWord(_ offset: Int, _ count: Int) { cursor.write(joined + offset, count) }
}
