import Columnar
import Dataflow
import HostSystem
import KeyedState
import Operators
import Testing

// GROUP BY over changelogs against the rows that are left, in all the ways of the harness.

@Suite struct RetractingAggregateTests {
    private func description(_ keyTypes: [DataType], _ calls: [TestedCall]) -> GroupAggregateDescription {
        GroupAggregateDescription(
            operatorID: 7, keys: Array(keyTypes.indices), keyTypes: keyTypes, calls: calls.map(\.call),
            argumentTypes: calls.map(\.argumentType), retracts: true)
    }

    private func check(
        _ keyTypes: [DataType], _ keys: [Column], _ arguments: [Column], _ calls: [TestedCall], rows: Int,
        growth: Int, seed: UInt64
    ) throws {
        let input = keys + arguments
        let texts = (0..<rows).map { row in
            keys.map { column in
                let text = RowReader.text(column, row)
                return text == "-0.0" ? "0.0" : text
            }.joined(separator: ",")
        }
        let changelog = RandomChangelog(keys: texts, growth: growth, seed: seed)
        var groups: [String: [Int]] = [:]
        for row in changelog.live { groups[texts[row], default: []].append(row) }
        let truth = groups.map { key, rows in
            ((keys.isEmpty ? [] : [key]) + calls.map { $0.result(input, rows) }).joined(separator: ",")
        }.sorted()
        let description = description(keyTypes, calls)
        var harness = OperatorHarness(
            make: { RetractingAggregate(description, $0) }, input: input.map { $0.take(changelog.rows) },
            rowCount: changelog.rows.count, seed: seed)
        harness.kinds = changelog.kinds
        for (way, table) in try harness.finalTables() {
            #expect(table == truth, "\(way), \(rows) rows, growth \(growth), seed \(seed)")
        }
    }

    @Test(arguments: [1, 65], [2, 3]) func everyFunction(rows: Int, growth: Int) throws {
        let seed = UInt64(rows * 10 + growth)
        var random = RandomRows(seed: seed, rowCount: rows, nullShare: rows % 2 == 0 ? 0 : 4)
        let keys = [random.column(.bigint, distinct: 9)]
        try check(
            [.bigint], keys, random.arguments(), RandomRows.calls(argumentsFrom: 1), rows: rows, growth: growth,
            seed: seed)
    }

    private static let keyTypes: [[DataType]] = [
        [], [.string], [.double], [.int, .bigint], [.string, .double, .bigint], [.boolean],
    ]

    @Test(arguments: keyTypes, [2, 3]) func keysOfEveryType(types: [DataType], growth: Int) throws {
        let seed = UInt64(types.count * 10 + growth)
        var random = RandomRows(seed: seed, rowCount: 60, nullShare: 5)
        let keys = types.map { random.column($0, distinct: 4) }
        let first = keys.count
        let calls = [
            TestedCall(.min, first, .int, .int), TestedCall(.max, first + 4, .string, .string),
            TestedCall(.sum, first + 1, .bigint, .bigint),
        ]
        try check(types, keys, random.arguments(), calls, rows: 60, growth: growth, seed: seed)
    }

    /// Of groups with many values, most of which are in the store alone.
    @Test(arguments: [UInt64(1), 2, 3]) func extremesOfLargeGroups(seed: UInt64) throws {
        let rows = 700
        var random = RandomRows(seed: seed, rowCount: rows, nullShare: 20)
        let keys = [random.column(.bigint, distinct: 2)]
        let exact = DataType.timestamp(precision: 6)
        let arguments = [
            random.column(.bigint, distinct: 5000), random.column(.string, distinct: 800),
            random.column(exact, distinct: 3000), random.column(.date, distinct: 3000),
        ]
        var calls: [TestedCall] = []
        for (index, type) in [DataType.bigint, .string, exact, .date].enumerated() {
            calls += [TestedCall(.min, index + 1, type, type), TestedCall(.max, index + 1, type, type)]
        }
        try check([.bigint], keys, arguments, calls, rows: rows, growth: 2 + Int(seed % 2), seed: seed)
    }

    /// Without an aggregate: DISTINCT.
    @Test func keysAlone() throws {
        var random = RandomRows(seed: 5, rowCount: 200)
        try check(
            [.string], [random.column(.string, distinct: 30)], random.arguments(), [], rows: 200, growth: 2, seed: 5)
    }

    // MARK: Changes

    private func op(_ calls: [TestedCall]) -> RetractingAggregate {
        RetractingAggregate(description([.bigint], calls), StateAllotment(store: nil, limitBytes: 1 << 30))
    }

    private func send(_ changes: [(RowKind, Int64, Double)], to op: RetractingAggregate) throws -> [String] {
        let columns = [
            Column.bigint(FixedColumn(changes.map(\.1))), Column.double(FixedColumn(changes.map(\.2))),
        ]
        try op.accumulate(Batch(columns: columns, rowCount: changes.count, rowKinds: changes.map(\.0)))
        var sent: [String] = []
        while let batch = try op.drain(.barrier) {
            for row in 0..<batch.rowCount {
                let kind = batch.rowKinds?[row] ?? .insert
                sent.append(kind.symbol + batch.columns.map { RowReader.text($0, row) }.joined(separator: ","))
            }
        }
        _ = try op.snapshot(UInt64(epoch))
        return sent
    }

    private let epoch = 1

    @Test func theNetChangeIsSent() throws {
        let calls = [TestedCall(.sum, 1, .double, .double), TestedCall(.max, 1, .double, .double)]
        let op = op(calls)
        #expect(
            try send([(.insert, 1, 2), (.insert, 1, 3), (.insert, 2, 1)], to: op) == ["+I1,5.0,3.0", "+I2,1.0,1.0"])
    }

    @Test func whatComesAndGoesInOneEpochIsNotSent() throws {
        let op = op([.countStar])
        #expect(try send([(.insert, 1, 2), (.delete, 1, 2), (.delete, 1, 2), (.insert, 2, 0)], to: op) == ["+I2,1"])
    }

    @Test func doublesAreOrderedAsInJava() throws {
        let calls = [TestedCall(.min, 1, .double, .double), TestedCall(.max, 1, .double, .double)]
        #expect(try send([(.insert, 1, 0.0), (.insert, 1, -0.0)], to: op(calls)) == ["+I1,-0.0,0.0"])
        #expect(
            try send([(.insert, 1, .infinity), (.insert, 1, .nan), (.insert, 1, -.infinity)], to: op(calls))
                == ["+I1,-inf,nan"])
        #expect(try send([(.insert, 1, .nan), (.insert, 1, 4), (.delete, 1, .nan)], to: op(calls)) == ["+I1,4.0,4.0"])
    }
}
