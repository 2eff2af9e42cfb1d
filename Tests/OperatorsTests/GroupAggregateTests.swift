import Columnar
import Dataflow
import HostSystem
import KeyedState
import Operators
import Testing

/// Takes a state's entries as they are.
private final class EntryRecorder: KeyedOperator {
    let operatorIDs: [UInt32] = [7]
    var entries: [(key: [UInt8], value: [UInt8])] = []
    let wantsDrain = false
    let wantsEpoch = false
    let stateBytes = 0

    func accumulate(_: Batch) {}
    let outputWatermark = Int64.min
    let nextProcessingTimer: Int64? = nil
    func advance(to _: Int64) {}
    func advanceProcessingTime(to _: Int64) {}
    func drain(_: DrainReason) -> Batch? { nil }
    func snapshot(_: UInt64) -> [StateChanges] { [] }
    func settle(materialised _: UInt64?) -> Bool { true }

    func restore(_ change: StateChange, of _: UInt32) {
        guard case .put(let puts) = change else { return }
        for index in 0..<puts.count { entries.append((Array(puts.key(index)), Array(puts.value(index)))) }
    }

    func finishRestore() {}
}

@Suite struct GroupAggregateTests {
    private func harness(
        keys: [Int], keyTypes: [DataType], calls: [TestedCall], input: [Column], rows: Int, seed: UInt64
    ) -> OperatorHarness {
        let description = GroupAggregateDescription(
            operatorID: 7, keys: keys, keyTypes: keyTypes, calls: calls.map(\.call),
            argumentTypes: calls.map(\.argumentType))
        return OperatorHarness(
            make: { GroupAggregate(description, $0) }, input: input, rowCount: rows, seed: seed)
    }

    private func alone(_ harness: OperatorHarness) -> any KeyedOperator {
        harness.make(StateAllotment(store: nil, limitBytes: 1 << 30))
    }

    /// The answer computed row by row with dictionaries.
    private func expected(_ keys: [Column], _ calls: [TestedCall], _ input: [Column], rows: Int) -> [String] {
        var groups: [String: [Int]] = [:]
        for row in 0..<rows {
            groups[keys.map { RowReader.text($0, row) }.joined(separator: ","), default: []].append(row)
        }
        return groups.map { key, members in
            ((keys.isEmpty ? [] : [key]) + calls.map { $0.result(input, members) }).joined(separator: ",")
        }.sorted()
    }

    private static let rowCounts = [0, 1, 63, 64, 65, 300]

    @Test(arguments: rowCounts, [0, 1, 4])
    func everyFunctionOverIntegerKeys(rows: Int, nullShare: Int) throws {
        let seed = UInt64(rows * 10 + nullShare)
        var random = RandomRows(seed: seed, rowCount: rows, nullShare: nullShare)
        let keys = random.column(.bigint, distinct: 9)
        let input = [keys] + random.arguments()
        let calls =
            RandomRows.calls(argumentsFrom: 1) + [
                TestedCall(.max, 0, .bigint, .bigint), TestedCall(.sum, 0, .bigint, .bigint),
            ]
        let truth = expected([keys], calls, input, rows: rows)
        let tables = try harness(
            keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: rows, seed: seed
        ).finalTables()
        for (way, table) in tables { #expect(table == truth, "\(way)") }
    }

    @Test(arguments: rowCounts, [0, 1, 4])
    func datesAndTimestamps(rows: Int, nullShare: Int) throws {
        let seed = UInt64(rows * 10 + nullShare + 1)
        var random = RandomRows(seed: seed, rowCount: rows, nullShare: nullShare)
        let exact = DataType.timestamp(precision: 6)
        let input = [random.column(.date, distinct: 9), random.column(exact, distinct: 2000)]
        let calls = [
            TestedCall(.min, 0, .date, .date), TestedCall(.max, 0, .date, .date), TestedCall(.count, 0, .date, .bigint),
            TestedCall(.min, 1, exact, exact), TestedCall(.max, 1, exact, exact),
        ]
        for (keys, types) in [([0], [DataType.date]), ([1], [exact]), ([1, 0], [exact, .date])] {
            let truth = expected(keys.map { input[$0] }, calls, input, rows: rows)
            let tables = try harness(keys: keys, keyTypes: types, calls: calls, input: input, rows: rows, seed: seed)
                .finalTables()
            for (way, table) in tables { #expect(table == truth, "\(way)") }
        }
    }

    @Test(arguments: [1, 64, 300]) func stringAndCompositeKeys(rows: Int) throws {
        var random = RandomRows(seed: UInt64(rows), rowCount: rows, nullShare: 5)
        let texts = random.column(.string, distinct: 6)
        let numbers = random.column(.int, distinct: 3)
        let one = try harness(
            keys: [0], keyTypes: [.string], calls: [.countStar], input: [texts], rows: rows, seed: 3
        ).finalTables()
        for (way, table) in one {
            #expect(
                table.count == Set((0..<rows).map { RowReader.text(texts, $0) + "\(texts.isNull($0))" }).count, "\(way)"
            )
        }
        let truth = expected([texts, numbers], [.countStar], [texts, numbers], rows: rows)
        let two = try harness(
            keys: [0, 1], keyTypes: [.string, .int], calls: [.countStar], input: [texts, numbers], rows: rows, seed: 4
        ).finalTables()
        for (way, table) in two { #expect(table == truth, "\(way)") }
    }

    @Test func aGlobalAggregateOverNoRowsGivesNoRow() throws {
        for rows in [0, 5] {
            let input = [Column.bigint(FixedColumn([Int64](repeating: 3, count: rows)))]
            let tables = try harness(keys: [], keyTypes: [], calls: [.countStar], input: input, rows: rows, seed: 1)
                .finalTables()
            for (way, table) in tables { #expect(table == (rows == 0 ? [] : ["5"]), "\(way)") }
        }
    }

    @Test func aSumIsCheckedWhenItIsEmittedAndNotBefore() throws {
        let values = [Int64.max, 1, -1, Int64.max, -Int64.max]
        let calls = [TestedCall(.sum, 1, .bigint, .bigint)]
        let input = [Column.bigint(FixedColumn([Int64](repeating: 1, count: 5))), .bigint(FixedColumn(values))]
        let harness = harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 5, seed: 1)
        let fits = alone(harness)
        try fits.accumulate(Batch(columns: input, rowCount: 5))
        let batch = try #require(try fits.drain(.barrier))
        #expect(RowReader.text(batch.columns[1], 0) == "\(Int64.max)")
        let overflows = alone(harness)
        try overflows.accumulate(Batch(columns: input.map { $0.take([0, 1]) }, rowCount: 2))
        let failure = #expect(throws: JobFailure.self) { _ = try overflows.drain(.barrier) }
        #expect(failure?.kind == .data)
        #expect(failure?.message == "BIGINT overflow in SUM(x)")
    }

    @Test func anUnchangedResultSendsNothing() throws {
        let calls = [TestedCall(.max, 1, .int, .int)]
        let input = [Column.bigint(FixedColumn([1, 1])), Column.int(FixedColumn([9, 3]))]
        let op = alone(
            harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 2, seed: 1))
        try op.accumulate(Batch(columns: input.map { $0.take([0]) }, rowCount: 1))
        while try op.drain(.barrier) != nil {}
        _ = try op.snapshot(1)
        try op.accumulate(Batch(columns: input.map { $0.take([1]) }, rowCount: 1))
        #expect(try op.drain(.barrier) == nil)
    }

    @Test func stateOfAnotherFormIsDamageAndNotATrap() throws {
        let calls = [TestedCall(.max, 1, .string, .string)]
        let input = [Column.bigint(FixedColumn([1])), RandomRows.strings(["abc"])]
        let op = alone(
            harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 1, seed: 1))
        try op.accumulate(Batch(columns: input, rowCount: 1))
        while try op.drain(.barrier) != nil {}
        let recorder = EntryRecorder()
        let saved = try SavedState()
        try saved.apply(try op.snapshot(1))
        try saved.restore(into: recorder)
        let (key, value) = try #require(recorder.entries.first)
        var random = SplitMix64(seed: 5)
        for length in 0..<value.count { try expectDamage(key, Array(value[..<length]), make: op) }
        for _ in 0..<200 {
            var broken = value
            broken[random.below(broken.count)] ^= UInt8(1 << random.below(8))
            let fresh = alone(
                harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 1, seed: 1))
            do { try restore(fresh, key, broken) } catch { #expect(error is CorruptBytes || error is JobFailure) }
        }
    }

    private func expectDamage(_ key: [UInt8], _ value: [UInt8], make op: any KeyedOperator) throws {
        #expect(throws: CorruptBytes.self) { try restore(op, key, value) }
    }

    private func restore(_ op: any KeyedOperator, _ key: [UInt8], _ value: [UInt8]) throws {
        var failure: (any Error)?
        (key + value).withUnsafeBytes { bytes in
            var puts = StatePuts(bytes: bytes)
            puts.append(KeyGroup(index: 0), 0, key.count, bytes.count)
            do {
                try op.restore(.put(puts), of: 7)
                try op.finishRestore()
            } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
