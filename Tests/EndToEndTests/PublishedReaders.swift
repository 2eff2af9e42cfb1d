import Columnar
import Dataflow
import Operators

// Who reads the published names throughout, and believes nothing: offsets follow one another, changes fit the table that came
// of those before them, each row is one that a version may have had, and versions follow one another as their roles did.

/// What is wrong with what was published.
struct PublishedMistake: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// Offsets of a name, by partition.
private struct Offsets {
    private var ends: [UInt64] = []

    mutating func take(_ rows: TopicConsumer.Rows, of name: String) throws {
        while ends.count <= rows.partition { ends.append(0) }
        guard rows.offsets.lowerBound == ends[rows.partition], rows.offsets.count == rows.batch.selectedCount else {
            throw PublishedMistake(
                "\(name), partition \(rows.partition): \(rows.batch.selectedCount) rows at \(rows.offsets), after \(ends[rows.partition])"
            )
        }
        ends[rows.partition] = rows.offsets.upperBound
    }
}

extension TopicConsumer.Rows {
    fileprivate func integers(_ column: Int) throws -> [Int64] {
        let rows = batch.compacted().columns[column]
        guard case .bigint(let values) = rows, !(0..<rows.rowCount).contains(where: { rows.isNull($0) }) else {
            throw PublishedMistake("column \(column) is no BIGINT, or has NULL")
        }
        return values.values
    }

    fileprivate var kinds: [RowKind] {
        batch.compacted().rowKinds ?? [RowKind](repeating: .insert, count: batch.selectedCount)
    }
}

final class TotalsReader {
    private let consumer: TopicConsumer
    private var offsets = Offsets()
    private(set) var table: [Int64: Payments.Total] = [:]
    /// By partition of the name: whose rows came, one after the other.
    private(set) var tags: [[Int]]

    init(_ log: CommitLogAccess) throws {
        consumer = try TopicConsumer("totals", in: log)
        tags = consumer.topic.partitions.map { _ in [] }
    }

    /// Takes what is there.
    /// - Parameter known: tags of all versions that there may be.
    func read(_ payments: Payments, known: ClosedRange<Int>) throws {
        while true {
            while let rows = try consumer.next() { try take(rows, payments, known) }
            guard try consumer.wait(timeoutMilliseconds: 0) else { return }
        }
    }

    private func take(_ rows: TopicConsumer.Rows, _ payments: Payments, _ known: ClosedRange<Int>) throws {
        try offsets.take(rows, of: "totals")
        let (keys, totals, counts) = (try rows.integers(0), try rows.integers(1), try rows.integers(2))
        for (index, kind) in rows.kinds.enumerated() {
            let (key, row) = (keys[index], Payments.Total(total: totals[index], count: counts[index]))
            let offset = rows.offsets.lowerBound + UInt64(index)
            switch kind {
            case .delete, .updateBefore:
                guard table.removeValue(forKey: key) == row else {
                    throw PublishedMistake("totals at \(offset): \(kind.symbol) of \(key), \(row), which is not there")
                }
            case .insert, .updateAfter:
                guard table.updateValue(row, forKey: key) == nil else {
                    throw PublishedMistake("totals at \(offset): \(kind.symbol) of \(key), which is there")
                }
                let writers = known.filter { payments.agree($0, key, row) }
                guard let writer = writers.first else {
                    throw PublishedMistake("totals at \(offset): no version ever had \(key), \(row)")
                }
                if writers.count == 1, tags[rows.partition].last != writer { tags[rows.partition].append(writer) }
            }
        }
    }
}

final class LargeReader {
    private let consumer: TopicConsumer
    private var offsets = Offsets()
    /// By partition of the input: the numbers that came.
    private(set) var numbers = [[Int]](repeating: [], count: VersionedTotals.partitions)
    /// Likewise: whose they were.
    private(set) var tags = [[Int]](repeating: [], count: VersionedTotals.partitions)

    init(_ log: CommitLogAccess) throws { consumer = try TopicConsumer("big", in: log) }

    func read() throws {
        while true {
            while let rows = try consumer.next() { try take(rows) }
            guard try consumer.wait(timeoutMilliseconds: 0) else { return }
        }
    }

    private func take(_ rows: TopicConsumer.Rows) throws {
        try offsets.take(rows, of: "big")
        let (ids, amounts) = (try rows.integers(0), try rows.integers(1))
        for (id, amount) in zip(ids, amounts) {
            let (partition, number) = VersionedTotals.place(of: id)
            guard numbers.indices.contains(partition), numbers[partition].last.map({ $0 < number }) ?? true else {
                throw PublishedMistake("big: payment \(number) of partition \(partition) came again, or too late")
            }
            let (tag, rest) = amount.quotientAndRemainder(dividingBy: VersionedTotals.amount(number))
            guard rest == 0 else { throw PublishedMistake("big: payment \(number) has the amount \(amount)") }
            numbers[partition].append(number)
            if tags[partition].last != Int(tag) { tags[partition].append(Int(tag)) }
        }
    }
}
