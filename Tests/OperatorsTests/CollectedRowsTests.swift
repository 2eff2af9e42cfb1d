import Columnar
import Dataflow
import HostSystem
import Operators
import Synchronization
import TestSupport
import Testing

@Suite struct CollectedRowsTests {
    private static func batch(_ values: [Int32?], _ kinds: [RowKind]? = nil) -> Batch {
        let column = FixedColumn(values.map { $0 ?? 0 }, validity: Bitmap(packing: values.map { $0 != nil }))
        return Batch(columns: [.int(column)], rowCount: values.count, rowKinds: kinds)
    }

    private static func values(_ batches: [Batch]) -> [Cell] { batches.flatMap { $0.columns[0].cells } }

    @Test func addedRowsStayAsTheyCome() throws {
        let rows = CollectedRows(types: [.int], limitBytes: 1 << 20)
        var selected = Self.batch([7, 8, 9])
        selected.selection = [0, 2]
        try rows.add(Self.batch([3, nil, 1]))
        try rows.add(selected)
        #expect(Self.values(try rows.take()) == [.int(3), .null, .int(1), .int(7), .int(9)])
    }

    /// Against a list from which rows are removed.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func changesLeaveWhatARowListHolds(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let rows = CollectedRows(types: [.int], limitBytes: 1 << 20)
        var expected: [Int32] = []
        for _ in 0..<30 {
            var values: [Int32?] = []
            var kinds: [RowKind] = []
            for _ in 0..<random.below(20) {
                if !expected.isEmpty, random.oneIn(2) {
                    let index = random.below(expected.count)
                    values.append(expected.remove(at: index))
                    kinds.append(random.oneIn(2) ? .updateBefore : .delete)
                } else {
                    expected.append(Int32(random.below(6)))
                    values.append(expected[expected.count - 1])
                    kinds.append(random.oneIn(2) ? .insert : .updateAfter)
                }
            }
            try rows.add(Self.batch(values, kinds))
        }
        let left = Self.values(try rows.take()).map { "\($0)" }.sorted()
        #expect(left == expected.map { "\(Cell.int($0))" }.sorted(), "seed \(seed)")
    }

    @Test func aRowMayBeTakenBackBeforeItComes() throws {
        let rows = CollectedRows(types: [.int], limitBytes: 1 << 20)
        try rows.add(Self.batch([1, 2], [.delete, .insert]))
        try rows.add(Self.batch([1, 1], [.insert, .insert]))
        #expect(Self.values(try rows.take()) == [.int(2), .int(1)])
    }

    @Test func enoughIsToldOnce() throws {
        let told = Mutex(0)
        let rows = CollectedRows(types: [.int], enough: 3, limitBytes: 1 << 20) { told.withLock { $0 += 1 } }
        try rows.add(Self.batch([1, 2]))
        #expect(!rows.isFull)
        try rows.add(Self.batch([3, 4]))
        try rows.add(Self.batch([5, 6]))
        #expect(rows.isFull && told.withLock { $0 } == 1)
        #expect(Self.values(try rows.take()).count == 4)
    }

    @Test func tooManyRowsAreRefused() throws {
        let rows = CollectedRows(types: [.int], limitBytes: 100)
        #expect(throws: JobFailure.self) { try rows.add(Self.batch([Int32?](repeating: 1, count: 100))) }
    }

    // MARK: Order

    private static func ordered(
        _ batches: [Batch], descending: Bool = false, nullsFirst: Bool = true, offset: Int = 0, limit: Int? = nil
    ) throws -> [Cell] {
        let key = SortKey(column: 0, isDescending: descending, putsNullsFirst: nullsFirst)
        return values(try RowOrder([key], offset: offset, limit: limit).apply(batches))
    }

    @Test func nullsStandWhereTheyAreAskedFor() throws {
        let batches = [Self.batch([3, nil, -1]), Self.batch([2])]
        #expect(try Self.ordered(batches) == [.null, .int(-1), .int(2), .int(3)])
        #expect(try Self.ordered(batches, nullsFirst: false) == [.int(-1), .int(2), .int(3), .null])
        #expect(try Self.ordered(batches, descending: true) == [.null, .int(3), .int(2), .int(-1)])
        #expect(
            try Self.ordered(batches, descending: true, nullsFirst: false) == [.int(3), .int(2), .int(-1), .null])
    }

    @Test func textsOfWhichOneBeginsTheOther() throws {
        let texts = ["b", "", "ab", "a\0", "a", "ä"]
        var column = StringColumn()
        for text in texts {
            column.bytes += text.utf8
            column.offsets.append(Int32(column.bytes.count))
        }
        let batch = Batch(columns: [.string(column)], rowCount: texts.count)
        let up: [Cell] = ["", "a", "a\0", "ab", "b", "ä"].map { .string($0) }
        #expect(try Self.ordered([batch]) == up)
        #expect(try Self.ordered([batch], descending: true) == up.reversed())
    }

    @Test func equalRowsKeepTheirOrder() throws {
        let values = FixedColumn([Int32](0..<1000), validity: nil)
        let keys = FixedColumn((0..<1000).map { Int32($0 % 3) }, validity: nil)
        let batch = Batch(columns: [.int(keys), .int(values)], rowCount: 1000)
        let key = SortKey(column: 0, isDescending: true, putsNullsFirst: false)
        let rows = try RowOrder([key]).apply([batch]).flatMap { $0.columns[1].cells }
        #expect(rows == [2, 1, 0].flatMap { r in stride(from: r, to: 1000, by: 3).map { Cell.int(Int32($0)) } })
    }

    @Test(arguments: [(0, 0), (0, 2), (1, 3), (2, 100), (5, 1), (99, 1), (Int.max, Int.max)])
    func aResultIsCut(offset: Int, limit: Int) throws {
        let batches = [Self.batch([1, 2]), Self.batch([3]), Self.batch([4, 5])]
        let expected = (1...5).dropFirst(offset).prefix(limit).map { Cell.int(Int32($0)) }
        #expect(Self.values(try RowOrder([], offset: offset, limit: limit).apply(batches)) == expected)
        #expect(try Self.ordered(batches, offset: offset, limit: limit) == expected)
    }

    // MARK: Tables of text

    @Test func aTableIsAlignedWhateverItHolds() {
        let texts = ["plain", "日本", "e\u{301}", "a\nb\u{1B}[2J", "\u{202E}x", "", " blank "]
        var names = StringColumn()
        for text in texts + ["under NULL"] {
            names.bytes += text.utf8
            names.offsets.append(Int32(names.bytes.count))
        }
        names.validity = Bitmap(packing: [Bool](repeating: true, count: texts.count) + [false])
        let numbers = FixedColumn((0...Int64(texts.count)).map { $0 * 1000 })
        let batch = Batch(columns: [.string(names), .bigint(numbers)], rowCount: texts.count + 1)
        var table = TextTable(fields: [Field("na\tme", .string), Field("n", .bigint)])
        table.measure(batch)
        var out = Array(table.header.utf8)
        table.write(batch, to: &out)
        #expect(
            String(decoding: out, as: UTF8.self) == """
                 na\\tme        |    n
                ---------------+------
                 plain         |    0
                 日本          | 1000
                 e\u{301}             | 2000
                 a\\nb\\u001B[2J | 3000
                 \\u202Ex       | 4000
                               | 5000
                  blank        | 6000
                 NULL          | 7000

                """)
    }
}
