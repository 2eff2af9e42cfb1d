/// `datagen`: rows out of nothing, by Flink's options.
package struct GeneratedRows: Hashable, Sendable {
    package var rowsPerSecond: Int64 = 10_000
    /// Nil: without end, unless a sequence ends them.
    package var rowCount: Int64?
    /// By the column's name, of the columns with options.
    package var fields: [String: GeneratedField] = [:]

    package init() {}
}

/// The options of one column, `fields.<name>.…`, as text: what they mean depends on its type.
package struct GeneratedField: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case random
        case sequence
    }

    package var kind = Kind.random
    package var least: String?
    package var greatest: String?
    /// Of a random timestamp: how long ago at most.
    package var mostPastMilliseconds: Int64?
    package var length: Int?
    package var hasVariableLength = false
    package var start: Int64?
    package var end: Int64?
    package var nullRate = 0.0

    package init() {}
}

/// `nexmark`: the events of the benchmark, by the public connector's options.
package struct NexmarkConnector: Hashable, Sendable {
    /// 0: without end.
    package var eventCount: Int64 = 0
    /// Events per second of event time, at first and later.
    package var firstEventRate: Int64 = 10_000
    package var nextEventRate: Int64 = 10_000
    /// Whether the rate is also that of the clock.
    package var isRateLimited = false
    package var personProportion = 1
    package var auctionProportion = 3
    package var bidProportion = 46
    package var personBytes: Int64 = 200
    package var auctionBytes: Int64 = 500
    package var bidBytes: Int64 = 100
    package var hotAuctionRatio = 2
    package var hotBidderRatio = 4
    package var hotSellerRatio = 4

    package init() {}
}
