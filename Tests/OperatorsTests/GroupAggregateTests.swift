import Columnar
import Dataflow
import HostSystem
import KeyedState
import Operators
import Testing

/// Takes a state's entries as they are.
private final class EntryRecorder: KeyedOperator {
    let operatorID: UInt32 = 7
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
    func snapshot(_: UInt64) -> StateChanges { StateChanges(operatorID: operatorID) }
    func settle(materialised _: UInt64?) -> Bool { true }

    func restore(_ change: StateChange) {
        guard case .put(_, let key, let value) = change else { return }
        entries.append((Array(key), Array(value)))
    }

    func finishRestore() {}
}

@Suite struct GroupAggregateTests {
    private let place = SourcePlace(line: 1, column: 1, text: "SUM(x)")

    private func harness(
        keys: [Int], keyTypes: [DataType], calls: [(AggregateFunction, Int?, DataType, DataType)], input: [Column],
        rows: Int, seed: UInt64
    ) -> OperatorHarness {
        let description = GroupAggregateDescription(
            operatorID: 7, keys: keys, keyTypes: keyTypes,
            calls: calls.map { AggregateCall($0.0, argument: $0.1, resultType: $0.3, place: place) },
            argumentTypes: calls.map(\.2))
        return OperatorHarness(
            make: { GroupAggregate(description, StateAllotment(store: nil, limitBytes: 1 << 30)) }, input: input,
            rowCount: rows, seed: seed)
    }

    private func nulls(_ rows: Int, _ random: inout SplitMix64, _ share: Int) -> Bitmap? {
        guard share > 0 else { return nil }
        var bitmap = Bitmap(repeating: true, count: rows)
        for row in 0..<rows where random.oneIn(share) { bitmap[row] = false }
        return bitmap
    }

    private func strings(_ values: [String], validity: Bitmap? = nil) -> Column {
        var column = StringColumn(validity: validity)
        for (row, value) in values.enumerated() {
            if validity.map({ $0[row] }) ?? true { column.bytes += Array(value.utf8) }
            column.offsets.append(Int32(column.bytes.count))
        }
        return .string(column)
    }

    /// The answer computed row by row with dictionaries.
    private func expected(
        _ keys: [Column], _ calls: [(AggregateFunction, Int?, DataType, DataType)], _ input: [Column], rows: Int
    ) -> [String] {
        var groups: [String: [Int]] = [:]
        for row in 0..<rows {
            groups[keys.map { RowReader.text($0, row) }.joined(separator: ","), default: []].append(row)
        }
        return groups.map { key, members in
            let results = calls.map { call -> String in
                guard let argument = call.1 else { return "\(members.count)" }
                let set = members.filter { !input[argument].isNull($0) }
                return result(call.0, input[argument], set)
            }
            return ((keys.isEmpty ? [] : [key]) + results).joined(separator: ",")
        }.sorted()
    }

    private func result(_ function: AggregateFunction, _ column: Column, _ rows: [Int]) -> String {
        if function == .count { return "\(rows.count)" }
        guard !rows.isEmpty else { return "null" }
        switch column {
        case .int(let c): return integer(function, rows.map { Int64(c.values[$0]) })
        case .bigint(let c): return integer(function, rows.map { c.values[$0] })
        case .timestamp(let c): return integer(function, rows.map { c.values[$0] })
        case .double(let c):
            let values = rows.map { c.values[$0] }
            switch function {
            case .sum: return "\(values.reduce(0, +))"
            case .avg: return "\(values.reduce(0, +) / Double(values.count))"
            case .min: return "\(values.min()!)"
            default: return "\(values.max()!)"
            }
        case .string:
            let values = rows.map { RowReader.text(column, $0) }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return function == .min ? values.first! : values.last!
        case .boolean(let c):
            let values = rows.map { c.values[$0] }
            return "\(function == .min ? values.allSatisfy { $0 } : values.contains(true))"
        }
    }

    private func integer(_ function: AggregateFunction, _ values: [Int64]) -> String {
        switch function {
        case .sum: "\(values.reduce(0, +))"
        case .avg: "\(values.reduce(0, +) / Int64(values.count))"
        case .min: "\(values.min()!)"
        default: "\(values.max()!)"
        }
    }

    private static let rowCounts = [0, 1, 63, 64, 65, 300]

    @Test(arguments: rowCounts, [0, 1, 4])
    func everyFunctionOverIntegerKeys(rows: Int, nullShare: Int) throws {
        let seed = UInt64(rows * 10 + nullShare)
        var random = SplitMix64(seed: seed)
        let keys = Column.bigint(
            FixedColumn((0..<rows).map { _ in Int64(random.below(9)) - 4 }, validity: nulls(rows, &random, nullShare)))
        let ints = Column.int(
            FixedColumn(
                (0..<rows).map { _ in Int32(random.below(2000)) - 1000 }, validity: nulls(rows, &random, nullShare)))
        let quarters = (0..<rows).map { _ in Double(random.below(4000)) / 4 - 500 }
        let doubles = Column.double(FixedColumn(quarters, validity: nulls(rows, &random, nullShare)))
        let flags = Column.boolean(
            FixedColumn((0..<rows).map { _ in random.oneIn(2) }, validity: nulls(rows, &random, nullShare)))
        let words = (0..<rows).map { _ in ["", "a", "é", "zeta", "a longer word than sixteen bytes"][random.below(5)] }
        let texts = strings(words, validity: nulls(rows, &random, nullShare))
        let calls: [(AggregateFunction, Int?, DataType, DataType)] = [
            (.countStar, nil, .bigint, .bigint), (.count, 1, .int, .bigint), (.sum, 1, .int, .int),
            (.avg, 1, .int, .int), (.min, 1, .int, .int), (.max, 1, .int, .int), (.sum, 2, .double, .double),
            (.avg, 2, .double, .double), (.min, 2, .double, .double), (.max, 2, .double, .double),
            (.min, 3, .boolean, .boolean), (.max, 3, .boolean, .boolean), (.min, 4, .string, .string),
            (.max, 4, .string, .string), (.max, 0, .bigint, .bigint), (.sum, 0, .bigint, .bigint),
        ]
        let input = [keys, ints, doubles, flags, texts]
        let truth = expected([keys], calls, input, rows: rows)
        let tables = try harness(
            keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: rows, seed: seed
        ).finalTables()
        for (way, table) in tables { #expect(table == truth, "\(way)") }
    }

    @Test(arguments: [1, 64, 300]) func stringAndCompositeKeys(rows: Int) throws {
        var random = SplitMix64(seed: UInt64(rows))
        let words = (0..<rows).map { _ in ["", "a", "ab", "b", "\u{0}", "\u{0}\u{0}"][random.below(6)] }
        let texts = strings(words, validity: nulls(rows, &random, 5))
        let numbers = Column.int(
            FixedColumn((0..<rows).map { _ in Int32(random.below(3)) }, validity: nulls(rows, &random, 5)))
        let calls: [(AggregateFunction, Int?, DataType, DataType)] = [(.countStar, nil, .bigint, .bigint)]
        let one = try harness(keys: [0], keyTypes: [.string], calls: calls, input: [texts], rows: rows, seed: 3)
            .finalTables()
        for (way, table) in one {
            #expect(
                table.count == Set((0..<rows).map { RowReader.text(texts, $0) + "\(texts.isNull($0))" }).count, "\(way)"
            )
        }
        let truth = expected([texts, numbers], calls, [texts, numbers], rows: rows)
        let two = try harness(
            keys: [0, 1], keyTypes: [.string, .int], calls: calls, input: [texts, numbers], rows: rows, seed: 4
        ).finalTables()
        for (way, table) in two { #expect(table == truth, "\(way)") }
    }

    @Test func aGlobalAggregateOverNoRowsGivesNoRow() throws {
        let calls: [(AggregateFunction, Int?, DataType, DataType)] = [(.countStar, nil, .bigint, .bigint)]
        for rows in [0, 5] {
            let input = [Column.bigint(FixedColumn([Int64](repeating: 3, count: rows)))]
            let tables = try harness(keys: [], keyTypes: [], calls: calls, input: input, rows: rows, seed: 1)
                .finalTables()
            for (way, table) in tables { #expect(table == (rows == 0 ? [] : ["5"]), "\(way)") }
        }
    }

    @Test func aSumIsCheckedWhenItIsEmittedAndNotBefore() throws {
        let values = [Int64.max, 1, -1, Int64.max, -Int64.max]
        let calls: [(AggregateFunction, Int?, DataType, DataType)] = [(.sum, 1, .bigint, .bigint)]
        let input = [Column.bigint(FixedColumn([Int64](repeating: 1, count: 5))), .bigint(FixedColumn(values))]
        let make = harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 5, seed: 1).make
        let fits = make()
        try fits.accumulate(Batch(columns: input, rowCount: 5))
        let batch = try #require(try fits.drain(.barrier))
        #expect(RowReader.text(batch.columns[1], 0) == "\(Int64.max)")
        let overflows = make()
        try overflows.accumulate(Batch(columns: input.map { $0.take([0, 1]) }, rowCount: 2))
        let failure = #expect(throws: JobFailure.self) { _ = try overflows.drain(.barrier) }
        #expect(failure?.kind == .data)
        #expect(failure?.message == "BIGINT overflow in SUM(x)")
    }

    @Test func anUnchangedResultSendsNothing() throws {
        let calls: [(AggregateFunction, Int?, DataType, DataType)] = [(.max, 1, .int, .int)]
        let input = [Column.bigint(FixedColumn([1, 1])), Column.int(FixedColumn([9, 3]))]
        let op = harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 2, seed: 1).make()
        try op.accumulate(Batch(columns: input.map { $0.take([0]) }, rowCount: 1))
        while try op.drain(.barrier) != nil {}
        _ = try op.snapshot(1)
        try op.accumulate(Batch(columns: input.map { $0.take([1]) }, rowCount: 1))
        #expect(try op.drain(.barrier) == nil)
    }

    @Test func stateOfAnotherFormIsDamageAndNotATrap() throws {
        let calls: [(AggregateFunction, Int?, DataType, DataType)] = [(.max, 1, .string, .string)]
        let input = [Column.bigint(FixedColumn([1])), strings(["abc"])]
        let op = harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 1, seed: 1).make()
        try op.accumulate(Batch(columns: input, rowCount: 1))
        while try op.drain(.barrier) != nil {}
        let recorder = EntryRecorder()
        let saved = try SavedState(operatorID: 7)
        try saved.apply(try op.snapshot(1))
        try saved.restore(into: recorder)
        let (key, value) = try #require(recorder.entries.first)
        var random = SplitMix64(seed: 5)
        for length in 0..<value.count { try expectDamage(key, Array(value[..<length]), make: op) }
        for _ in 0..<200 {
            var broken = value
            broken[random.below(broken.count)] ^= UInt8(1 << random.below(8))
            let fresh = harness(keys: [0], keyTypes: [.bigint], calls: calls, input: input, rows: 1, seed: 1).make()
            do { try restore(fresh, key, broken) } catch { #expect(error is CorruptBytes || error is JobFailure) }
        }
    }

    private func expectDamage(_ key: [UInt8], _ value: [UInt8], make op: any KeyedOperator) throws {
        let failure = #expect(throws: JobFailure.self) { try restore(op, key, value) }
        #expect(failure?.kind == .damage)
    }

    private func restore(_ op: any KeyedOperator, _ key: [UInt8], _ value: [UInt8]) throws {
        var failure: (any Error)?
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                do {
                    try op.restore(.put(KeyGroup(index: 0), key: key, value: value))
                    try op.finishRestore()
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
    }
}
