import Columnar
import HostSystem

// The job whose versions are deployed: totals of payments by key, a table that a switch publishes the difference of, and the
// large payments one by one, which go on. What a version makes of the input is a function of its tag, which stands in its
// text; so every row that is published says whose it is.

enum VersionedTotals {
    static let job = "totals"
    static let partitions = 3
    static let keysPerPartition = 4
    static var keys: Range<Int64> { 0..<Int64(partitions * keysPerPartition) }
    static let largeAmount: Int64 = 500
    /// Payments of one partition, at most.
    private static let idsPerPartition: Int64 = 1 << 40

    static func key(_ partition: Int, _ number: Int) -> Int64 {
        Int64(partition * keysPerPartition + number % keysPerPartition)
    }

    static func amount(_ number: Int) -> Int64 { 1 + Int64(number * 7919 % 1000) }

    static func id(_ partition: Int, _ number: Int) -> Int64 { Int64(partition) * idsPerPartition + Int64(number) }

    static func place(of id: Int64) -> (partition: Int, number: Int) {
        (Int(id / idsPerPartition), Int(id % idsPerPartition))
    }

    // MARK: Versions

    /// Of even keys all versions have other totals, of odd ones the same: those are in no difference.
    static func factor(_ tag: Int, _ key: Int64) -> Int64 { key.isMultiple(of: 2) ? Int64(tag) : 1 }

    /// Each leaves some keys out.
    static func leavesOut(_ tag: Int, _ key: Int64) -> Bool {
        let count = keys.upperBound
        return key == Int64(tag) % count || key == (Int64(tag) * 5 + 3) % count
    }

    static func text(tag: Int) -> String {
        let even = keys.filter { $0.isMultiple(of: 2) }.map(String.init).joined(separator: ", ")
        let kept = keys.filter { !leavesOut(tag, $0) }.map(String.init).joined(separator: ", ")
        return """
            -- tag \(tag)
            SET 'execution.checkpointing.interval' = '10ms';
            CREATE TABLE payments (id BIGINT, k BIGINT, amount BIGINT)
              WITH ('connector' = 'log', 'topic' = 'payments');
            CREATE TABLE totals (k BIGINT NOT NULL, total BIGINT, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
              WITH ('connector' = 'log', 'topic' = 'totals', 'sink.partitions' = '2');
            CREATE TABLE big (id BIGINT, amount BIGINT)
              WITH ('connector' = 'log', 'topic' = 'big');
            EXECUTE STATEMENT SET BEGIN
              INSERT INTO totals
                SELECT k, SUM(CASE WHEN k IN (\(even)) THEN amount * \(tag) ELSE amount END), COUNT(*) FROM payments
                WHERE k IN (\(kept)) GROUP BY k;
              INSERT INTO big SELECT id, amount * \(tag) FROM payments WHERE amount > \(largeAmount);
            END;

            """
    }

    /// Of a version's text.
    static func tag(of text: String) -> Int? {
        text.split(separator: "\n").first.flatMap { Int($0.dropFirst("-- tag ".count)) }
    }
}

/// The payments so far, and what any version makes of them.
struct Payments {
    struct Total: Hashable {
        var total: Int64
        var count: Int64
    }

    private(set) var counts = [Int](repeating: 0, count: VersionedTotals.partitions)
    /// By key: the sum of its first n amounts.
    private var sums = [[Int64]](repeating: [0], count: VersionedTotals.keys.count)

    /// The next ones of a partition.
    mutating func next(_ count: Int, in partition: Int) -> Batch {
        var (ids, keys, amounts): ([Int64], [Int64], [Int64]) = ([], [], [])
        for number in counts[partition]..<counts[partition] + count {
            let (key, amount) = (VersionedTotals.key(partition, number), VersionedTotals.amount(number))
            ids.append(VersionedTotals.id(partition, number))
            keys.append(key)
            amounts.append(amount)
            sums[Int(key)].append(sums[Int(key)][sums[Int(key)].count - 1] + amount)
        }
        counts[partition] += count
        return Batch(
            columns: [.bigint(FixedColumn(ids)), .bigint(FixedColumn(keys)), .bigint(FixedColumn(amounts))],
            rowCount: count)
    }

    /// Whether a version of this tag may have had this row once.
    func agree(_ tag: Int, _ key: Int64, _ row: Total) -> Bool {
        guard VersionedTotals.keys.contains(key), !VersionedTotals.leavesOut(tag, key), row.count > 0,
            row.count < sums[Int(key)].count
        else { return false }
        return row.total == VersionedTotals.factor(tag, key) * sums[Int(key)][Int(row.count)]
    }

    /// Of the version with this tag, when it has read all of them.
    func table(_ tag: Int) -> [Int64: Total] {
        var table: [Int64: Total] = [:]
        for key in VersionedTotals.keys where !VersionedTotals.leavesOut(tag, key) {
            let sum = sums[Int(key)]
            if sum.count < 2 { continue }
            table[key] = Total(
                total: VersionedTotals.factor(tag, key) * sum[sum.count - 1], count: Int64(sum.count - 1))
        }
        return table
    }

    /// The numbers of the large ones of a partition, ascending.
    func large(_ partition: Int) -> [Int] {
        (0..<counts[partition]).filter { VersionedTotals.amount($0) > VersionedTotals.largeAmount }
    }
}
