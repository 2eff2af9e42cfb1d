// The events of the Nexmark benchmark schema (persons, auctions, bids), made from a seed: the same everywhere.
//
// Events are numbered from 0. Every 50 of them, an epoch, hold one person (offset 0), three auctions (offsets 1-3) and 46
// bids, by default. Event n happens floor(n * 1000 / rate) ms after 2026-01-01 00:00:00 UTC. Person and auction ids count up
// from 1000; categories are 10...14.
//
// Who takes part is skewed, and the favourites move on as ids do: one bid in two goes to the hot auction (the newest id
// rounded down to a hundred), the others to one of the latest hundred, or up to ten ahead of them; three bids in four come
// from the hot bidder and three auctions in four from the hot seller, the others from one of the latest thousand persons,
// or up to ten ahead. Half the channels are one of four well-known ones, each with one URL; the rest are numbered.
//
// A field's random value is `NexmarkRandom` of (event number, field number): the field numbers here and in `NexmarkTexts` are
// part of the definition, and checksums over the first 100,000 events keep them (Tests/OperatorsTests/NexmarkSourceTests).

package enum NexmarkKind: UInt8, Sendable {
    case person = 0
    case auction = 1
    case bid = 2
}

/// A place in the stream.
package struct NexmarkEvent: Sendable {
    package var number: Int
    package var epoch: Int
    /// Within its epoch.
    package var offset: Int
}

package struct NexmarkStream: Sendable {
    /// Event numbers end here; those from 2⁵⁰ on make the text pool.
    package static let lastEvent = 1 << 49
    /// 2026-01-01 00:00:00 in milliseconds since 1970-01-01.
    package static let baseMilliseconds = 1_767_225_600_000
    private static let firstID = 1000

    package let options: NexmarkOptions
    package let texts: NexmarkTexts
    let random: NexmarkRandom
    private let eventsPerEpoch: Int
    private let persons: Int
    private let auctions: Int

    package init(_ options: NexmarkOptions = NexmarkOptions()) {
        precondition(options.problem == nil, "the binder refuses options that cannot be")
        self.options = options
        random = NexmarkRandom(seed: options.seed)
        texts = NexmarkTexts(random, options)
        persons = options.personProportion
        auctions = options.auctionProportion
        eventsPerEpoch = persons + auctions + options.bidProportion
    }

    package func event(_ number: Int) -> NexmarkEvent {
        let (epoch, offset) = number.quotientAndRemainder(dividingBy: eventsPerEpoch)
        return NexmarkEvent(number: number, epoch: epoch, offset: offset)
    }

    /// The event behind.
    @inline(__always)
    func next(_ event: NexmarkEvent) -> NexmarkEvent {
        let isLast = event.offset + 1 == eventsPerEpoch
        return NexmarkEvent(
            number: event.number + 1, epoch: event.epoch + (isLast ? 1 : 0), offset: isLast ? 0 : event.offset + 1)
    }

    @inline(__always)
    package func kind(_ event: NexmarkEvent) -> NexmarkKind {
        event.offset < persons ? .person : event.offset < persons + auctions ? .auction : .bid
    }

    /// Since `baseMilliseconds`.
    @inline(__always)
    package func milliseconds(_ event: NexmarkEvent) -> Int { event.number * 1000 / options.eventsPerSecond }

    /// The newest person at this event, counted from 0.
    @inline(__always)
    private func newestPerson(_ event: NexmarkEvent) -> Int { event.epoch * persons + min(event.offset, persons - 1) }

    /// The newest auction at this event, counted from 0; -1 before the first.
    @inline(__always)
    private func newestAuction(_ event: NexmarkEvent) -> Int {
        event.epoch * auctions + min(max(event.offset - persons, -1), auctions - 1)
    }

    /// One of the latest thousand persons, or of the ten to come.
    @inline(__always)
    private func somePerson(_ event: NexmarkEvent, _ field: UInt64) -> Int {
        let known = newestPerson(event) + 1
        let active = min(known, 1000)
        return known - active + random.below(active + 10, event.number, field)
    }

    // MARK: Persons and auctions

    @inline(__always)
    package func personID(_ event: NexmarkEvent) -> Int { newestPerson(event) + Self.firstID }

    @inline(__always)
    package func auctionID(_ event: NexmarkEvent) -> Int { newestAuction(event) + Self.firstID }

    @inline(__always)
    package func initialBid(_ event: NexmarkEvent) -> Int { random.price(event.number, 3) }

    @inline(__always)
    package func reserve(_ event: NexmarkEvent) -> Int { initialBid(event) + random.price(event.number, 4) }

    /// When the auction ends, since `baseMilliseconds`: about as long as a hundred auctions take to be opened.
    @inline(__always)
    package func expires(_ event: NexmarkEvent) -> Int {
        let horizon = 100 * eventsPerEpoch / auctions * 1000 / options.eventsPerSecond
        return milliseconds(event) + 1 + random.below(min(max(2 * horizon, 1), 0xFFFF_FFFF), event.number, 5)
    }

    @inline(__always)
    package func seller(_ event: NexmarkEvent) -> Int {
        let isHot = random.below(options.hotSellerRatio, event.number, 0) > 0
        return Self.firstID + (isHot ? newestPerson(event) / 100 * 100 : somePerson(event, 1))
    }

    @inline(__always)
    package func category(_ event: NexmarkEvent) -> Int { 10 + random.below(5, event.number, 2) }

    // MARK: Bids

    @inline(__always)
    package func auction(_ event: NexmarkEvent) -> Int {
        let newest = newestAuction(event)
        if random.below(options.hotAuctionRatio, event.number, 0) > 0 { return Self.firstID + newest / 100 * 100 }
        let oldest = max(newest - 100, 0)
        return Self.firstID + oldest + random.below(newest - oldest + 1 + 10, event.number, 1)
    }

    @inline(__always)
    package func bidder(_ event: NexmarkEvent) -> Int {
        let isHot = random.below(options.hotBidderRatio, event.number, 2) > 0
        return Self.firstID + (isHot ? newestPerson(event) / 100 * 100 + 1 : somePerson(event, 3))
    }

    @inline(__always)
    package func price(_ event: NexmarkEvent) -> Int { random.price(event.number, 4) }
}
