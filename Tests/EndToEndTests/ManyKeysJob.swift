import TestSupport
import Testing

/// A job with a group for nearly every bid: enough changes of state that they are materialised while it runs.
struct ManyKeysJob {
    static let sql = """
        CREATE TABLE events (
          event_type INT,
          bid ROW<auction BIGINT, bidder BIGINT, price BIGINT>
        ) WITH ('connector' = 'filesystem', 'path' = 'input/events.jsonl', 'format' = 'json');

        CREATE TABLE prices (
          auction BIGINT,
          bidder BIGINT,
          price BIGINT,
          num BIGINT,
          total BIGINT,
          least BIGINT,
          greatest BIGINT
        ) WITH ('connector' = 'filesystem', 'path' = 'output', 'format' = 'debezium-json');

        INSERT INTO prices
        SELECT bid.auction, bid.bidder, bid.price, COUNT(*), SUM(bid.price), MIN(bid.price), MAX(bid.price)
        FROM events
        WHERE event_type = 2
        GROUP BY bid.auction, bid.bidder, bid.price;

        """

    let workspace: Workspace
    private let counts: [NexmarkInput.Bid: Int]

    init(_ lines: [UInt8]) throws {
        var counts: [NexmarkInput.Bid: Int] = [:]
        NexmarkInput.forEachBid(in: lines) { counts[$0, default: 0] += 1 }
        self.counts = counts
        workspace = try Workspace()
        try workspace.write(Self.sql, to: "many-keys.sql")
        try workspace.write(lines, to: "input/events.jsonl")
    }

    func expectExact(_ comment: Comment) throws {
        let rows = counts.map { bid, num in
            "\(bid.auction)\t\(bid.bidder)\t\(bid.price)\t\(num)\t\(bid.price * num)\t\(bid.price)\t\(bid.price)"
        }
        let expected = rows.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        // Half a million rows are not shown where they differ.
        let isExact = try workspace.table("output").sortedRows() == expected
        #expect(isExact, comment)
    }
}
