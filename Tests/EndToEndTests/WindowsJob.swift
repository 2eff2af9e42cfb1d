import HostSystem
import TestSupport
import Testing

/// A job with many keys and open windows over a small allowance of memory, and what must be in its files: worked out here
/// row by row, apart from the engine. Rows come out of order, some of them too late for their window.
struct WindowsJob {
    static let rowCount = 150_000
    static let windowMilliseconds = 60_000
    static let slideMilliseconds = 20_000
    /// How far the watermark stays behind the greatest time.
    static let delayMilliseconds = 2_000

    static let sql = """
        SET 'sluice.state-memory' = '2 MB';
        CREATE TABLE clicks (
          k BIGINT,
          v INT,
          ts TIMESTAMP(3),
          WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
        ) WITH ('connector' = 'filesystem', 'path' = 'input', 'format' = 'csv');

        CREATE TABLE totals (
          k BIGINT,
          num BIGINT,
          total BIGINT
        ) WITH ('connector' = 'filesystem', 'path' = 'output/totals', 'format' = 'debezium-json',
          'sink.rolling-policy.file-size' = '1 MB');

        CREATE TABLE hops (
          k BIGINT,
          window_end TIMESTAMP(3),
          num BIGINT,
          total BIGINT
        ) WITH ('connector' = 'filesystem', 'path' = 'output/hops', 'format' = 'json',
          'sink.rolling-policy.file-size' = '1 MB');

        EXECUTE STATEMENT SET BEGIN
          INSERT INTO totals SELECT k, COUNT(*), SUM(v) FROM clicks GROUP BY k;
          INSERT INTO hops
          SELECT k, window_end, COUNT(*), SUM(v)
          FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '20' SECOND, INTERVAL '1' MINUTE))
          GROUP BY k, window_start, window_end;
        END;

        """

    let workspace: Workspace
    private let totals: [String]
    private let hops: Set<String>

    init(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var totals: [Int: (num: Int, total: Int)] = [:]
        var hops: [Hop: (num: Int, total: Int)] = [:]
        workspace = try Workspace()
        for file in 0..<2 {
            var text = ""
            var greatest = Int.min
            for row in 0..<(Self.rowCount / 2) {
                let key = random.oneIn(3) ? random.below(50) : random.below(100_000)
                let value = random.below(1000) - 500
                // A row in two hundred is up to two minutes late.
                let disorder = random.oneIn(200) ? random.below(120_000) : random.below(2_000)
                let time = 200_000 + row * 8 - disorder
                text += "\(key),\(value),\(Self.text(time))\n"
                totals[key, default: (0, 0)].num += 1
                totals[key, default: (0, 0)].total += value
                let watermark = greatest == .min ? Int.min : greatest - Self.delayMilliseconds
                greatest = max(greatest, time)
                let first = time / Self.slideMilliseconds * Self.slideMilliseconds + Self.slideMilliseconds
                for end in stride(from: first, to: first + Self.windowMilliseconds, by: Self.slideMilliseconds)
                where watermark < end - 1 {
                    hops[Hop(key: key, end: end), default: (0, 0)].num += 1
                    hops[Hop(key: key, end: end), default: (0, 0)].total += value
                }
            }
            try workspace.write(text, to: "input/\(file).csv")
        }
        try workspace.write(Self.sql, to: "windows.sql")
        self.totals = totals.map { "\($0)\t\($1.num)\t\($1.total)" }.sorted(by: Self.comesBefore)
        self.hops = Set(hops.map { "\($0.key)\t\(Self.text($0.end))\t\($1.num)\t\($1.total)" })
    }

    private struct Hop: Hashable {
        var key: Int
        var end: Int
    }

    private static func comesBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// A time of the first day, as the engine writes windows' ends: whole seconds.
    private static func text(_ milliseconds: Int) -> String {
        func digits(_ value: Int, _ count: Int) -> String {
            String(repeating: "0", count: count - String(value).count) + String(value)
        }
        let seconds = milliseconds / 1000
        let fraction = milliseconds % 1000 == 0 ? "" : ".\(digits(milliseconds % 1000, 3))"
        return "1970-01-01 \(digits(seconds / 3600, 2)):\(digits(seconds / 60 % 60, 2)):\(digits(seconds % 60, 2))"
            + fraction
    }

    /// What is published so far: windows of the answer, none of them twice.
    func expectPart(_ comment: Comment) throws {
        let rows = try workspace.table("output/hops").sortedRows()
        #expect(Set(rows).count == rows.count && hops.isSuperset(of: rows), comment)
        _ = try workspace.table("output/totals").sortedRows()
    }

    func expectExact(_ comment: Comment) throws {
        // A hundred thousand rows are not shown where they differ.
        let areTotalsExact = try workspace.table("output/totals").sortedRows() == totals
        #expect(areTotalsExact, comment)
        let rows = try workspace.table("output/hops").sortedRows()
        let areHopsExact = rows.count == hops.count && hops == Set(rows)
        #expect(areHopsExact, comment)
    }
}
