import ChangelogTable
import TestSupport
import Testing

/// A job with two sinks over generated events, and what must be in its files: worked out here line by line, apart from
/// the engine. Small parts, so that many of them are published while it runs.
struct TwoSinksJob {
    /// How the events come in.
    enum Input: CaseIterable {
        case oneFile
        /// Three files, read in the order of their names.
        case folder
        /// Two sources that meet in a UNION ALL: barriers have to be aligned, and their rows come in any order.
        case union
    }

    /// Checkpoints as often as can be, each of them told.
    static let eagerArguments = [
        "run", "two-sinks.sql", "--data", "state", "-D", "execution.checkpointing.interval=5ms", "-D",
        "sluice.progress-interval=0ms",
    ]

    static func sql(_ input: Input) -> String {
        let bids = { (events: String) in
            "SELECT bid.auction AS auction, bid.bidder AS bidder, bid.price AS price FROM \(events) WHERE event_type = 2"
        }
        let view =
            switch input {
            case .oneFile, .folder: bids("events")
            case .union: bids("events") + " UNION ALL " + bids("more_events")
            }
        let sources =
            switch input {
            case .oneFile: source("events", "input/events.jsonl")
            case .folder: source("events", "input")
            case .union: source("events", "input/0.jsonl") + source("more_events", "input/1.jsonl")
            }
        return """
            \(sources)
            CREATE TABLE per_auction (
              auction BIGINT,
              num BIGINT,
              total BIGINT,
              dearest BIGINT
            ) WITH (
              'connector' = 'filesystem', 'path' = 'output/per_auction', 'format' = 'debezium-json',
              'sink.rolling-policy.file-size' = '1 MB');

            CREATE TABLE dear_bids (
              auction BIGINT,
              bidder BIGINT,
              price BIGINT
            ) WITH (
              'connector' = 'filesystem', 'path' = 'output/dear_bids', 'format' = 'json',
              'sink.rolling-policy.file-size' = '100 KB');

            CREATE VIEW bids AS \(view);

            EXECUTE STATEMENT SET BEGIN
              INSERT INTO per_auction SELECT auction, COUNT(*), SUM(price), MAX(price) FROM bids GROUP BY auction;
              INSERT INTO dear_bids SELECT auction, bidder, price FROM bids WHERE price >= 10000000;
            END;

            """
    }

    private static func source(_ name: String, _ path: String) -> String {
        """
        CREATE TABLE \(name) (
          event_type INT,
          bid ROW<auction BIGINT, bidder BIGINT, price BIGINT>
        ) WITH ('connector' = 'filesystem', 'path' = '\(path)', 'format' = 'json');

        """
    }

    struct Expected {
        /// Sorted rows of `per_auction`, values with a TAB between them.
        var perAuction: [String]
        /// The bytes of all files of `dear_bids`, in order of arrival.
        var dearBids: [UInt8]

        init(_ lines: [UInt8]) {
            var totals: [Int: (num: Int, total: Int, dearest: Int)] = [:]
            var dear: [UInt8] = []
            NexmarkInput.forEachBid(in: lines) { bid in
                let old = totals[bid.auction] ?? (0, 0, 0)
                totals[bid.auction] = (old.num + 1, old.total + bid.price, max(old.dearest, bid.price))
                guard bid.price >= 10_000_000 else { return }
                dear +=
                    Array(#"{"auction":\#(bid.auction),"bidder":\#(bid.bidder),"price":\#(bid.price)}"#.utf8) + [0x0A]
            }
            dearBids = dear
            perAuction = totals.map { "\($0.key)\t\($0.value.num)\t\($0.value.total)\t\($0.value.dearest)" }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    let workspace: Workspace
    let input: Input
    let expected: Expected

    init(_ lines: [UInt8], _ expected: Expected, _ input: Input = .oneFile) throws {
        workspace = try Workspace()
        self.input = input
        self.expected = expected
        try workspace.write(Self.sql(input), to: "two-sinks.sql")
        let pieces = input == .oneFile ? 1 : input == .folder ? 3 : 2
        var rest = lines[...]
        for piece in 0..<pieces {
            let middle = rest.startIndex + rest.count / (pieces - piece)
            let end = rest[..<middle].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.endIndex
            try workspace.write(
                Array(rest[..<end]), to: input == .oneFile ? "input/events.jsonl" : "input/\(piece).jsonl")
            rest = rest[end...]
        }
    }

    /// Nothing lost, nothing twice, in both sinks, once the job has ended.
    func expectExact(_ comment: Comment) throws {
        #expect(try workspace.table("output/per_auction").sortedRows() == expected.perAuction, comment)
        let dear = try workspace.published("output/dear_bids")
        if input == .union {
            #expect(try Self.counts(dear) == Self.counts(expected.dearBids), comment)
        } else {
            #expect(dear == expected.dearBids, comment)
        }
    }

    /// What is published while the job is not at its end: a part of the one, and no change that does not fit.
    func expectPart(_ comment: Comment) throws {
        let dear = try workspace.published("output/dear_bids")
        if input == .union {
            let all = try Self.counts(expected.dearBids)
            #expect(try Self.counts(dear).allSatisfy { $0.value <= all[$0.key, default: 0] }, comment)
        } else {
            #expect(expected.dearBids.starts(with: dear), comment)
        }
        #expect(throws: Never.self, comment) { try workspace.table("output/per_auction") }
    }

    private static func counts(_ lines: [UInt8]) throws -> [[UInt8]: Int] {
        var table = FinalTable()
        for line in lines.split(separator: UInt8(ascii: "\n")) { try table.apply(line) }
        return table.counts
    }
}
