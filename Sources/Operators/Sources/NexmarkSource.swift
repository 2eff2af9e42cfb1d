import Columnar
import Dataflow

/// The `nexmark` connector: the events of `NexmarkStream` as rows of `event_type`, `person`, `auction` and `bid`.
package struct NexmarkSourceDescription: GeneratorDescription {
    package var operatorID: UInt32
    package var table: String
    package var options: NexmarkOptions
    package var columns: [ScanColumn]
    package var predicates: [ScanPredicate]
    package var watermark: WatermarkStrategy?

    package init(
        operatorID: UInt32, table: String, options: NexmarkOptions, columns: [ScanColumn],
        predicates: [ScanPredicate] = [], watermark: WatermarkStrategy? = nil
    ) {
        precondition(watermark == nil || predicates.isEmpty, "every row counts for the watermark")
        self.operatorID = operatorID
        self.table = table
        self.options = options
        self.columns = columns
        self.predicates = predicates
        self.watermark = watermark
    }

    /// What a table may declare, in any order and as few as it likes: names and types.
    package static let fields: [Field] = {
        let timestamp = DataType.timestamp(precision: 3)
        let person: [Field] = [
            Field("id", .bigint), Field("name", .string), Field("emailAddress", .string), Field("creditCard", .string),
            Field("city", .string), Field("state", .string), Field("dateTime", timestamp), Field("extra", .string),
        ]
        let auction: [Field] = [
            Field("id", .bigint), Field("itemName", .string), Field("description", .string),
            Field("initialBid", .bigint), Field("reserve", .bigint), Field("dateTime", timestamp),
            Field("expires", timestamp), Field("seller", .bigint), Field("category", .bigint), Field("extra", .string),
        ]
        let bid: [Field] = [
            Field("auction", .bigint), Field("bidder", .bigint), Field("price", .bigint), Field("channel", .string),
            Field("url", .string), Field("dateTime", timestamp), Field("extra", .string),
        ]
        return [
            Field("event_type", .int), Field("person", .row(person)), Field("auction", .row(auction)),
            Field("bid", .row(bid)),
        ]
    }()

    package var rowCount: Int64? { options.eventCount }
    package var rowsPerSecond: Int64? { options.isRateLimited ? Int64(options.eventsPerSecond) : nil }
    var rowsPerSplit: Int64 { GeneratorInput.rowsPerSplit }
    package var boundHint: String { "'events.num' = '1000000', for one, ends it" }

    func makeGenerator(job _: String, begunMilliseconds _: Int64) -> any RowGenerator {
        NexmarkColumns(NexmarkStream(options), columns)
    }
}
