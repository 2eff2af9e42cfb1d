/// What stream of the Nexmark benchmark is made; the defaults are the public connector's.
package struct NexmarkOptions: Hashable, Sendable {
    /// `events.num`; nil (0 in the connector's options): without end.
    package var eventCount: Int64?
    /// `first-event.rate` and `next-event.rate`, which are one here: events per second of event time. Nothing waits for it.
    package var eventsPerSecond = 10_000
    package var personProportion = 1
    package var auctionProportion = 3
    package var bidProportion = 46
    /// `bid.hot-ratio.auctions`: one bid in so many is not for the hot auction.
    package var hotAuctionRatio = 2
    /// `bid.hot-ratio.bidders`
    package var hotBidderRatio = 4
    /// `auction.hot-ratio.sellers`
    package var hotSellerRatio = 4
    /// `person.avg-size`, `auction.avg-size`, `bid.avg-size`: bytes of payload, padded by `extra`.
    package var personBytes = 200
    package var auctionBytes = 500
    package var bidBytes = 100
    package var seed: UInt64 = 42
    /// `rate.limited`, ours: events are given no faster than `eventsPerSecond` by the clock on the wall.
    package var isRateLimited = false

    package init() {}

    package static let largestProportion = 1_000_000
    package static let largestRate = 1_000_000_000
    package static let largestBytes = 800

    /// The option that cannot be, and what it has to be; nil: all can.
    package var problem: (option: String, reason: String)? {
        let ratios = [
            ("bid.hot-ratio.auctions", hotAuctionRatio), ("bid.hot-ratio.bidders", hotBidderRatio),
            ("auction.hot-ratio.sellers", hotSellerRatio),
        ]
        // Bids are made by persons, for auctions.
        let proportions = [
            ("person.proportion", 1, personProportion), ("auction.proportion", 1, auctionProportion),
            ("bid.proportion", 0, bidProportion),
        ]
        let sizes = [
            ("person.avg-size", personBytes), ("auction.avg-size", auctionBytes), ("bid.avg-size", bidBytes),
        ]
        if let eventCount, !(0...Int64(NexmarkStream.lastEvent) ~= eventCount) {
            return ("events.num", "is at most \(NexmarkStream.lastEvent)")
        }
        guard 1...Self.largestRate ~= eventsPerSecond else {
            return ("next-event.rate", "is 1 to \(Self.largestRate)")
        }
        for (name, value) in ratios where !(1...Self.largestProportion ~= value) {
            return (name, "is 1 to \(Self.largestProportion)")
        }
        for (name, least, value) in proportions where !(least...Self.largestProportion ~= value) {
            return (name, "is \(least) to \(Self.largestProportion)")
        }
        for (name, value) in sizes where !(0...Self.largestBytes ~= value) {
            return (name, "is 0 to \(Self.largestBytes)")
        }
        return nil
    }
}
