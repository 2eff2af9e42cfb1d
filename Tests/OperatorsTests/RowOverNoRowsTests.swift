import Columnar
import Dataflow
import KeyedState
import Operators
import TestSupport
import Testing

/// COUNT(*), SUM(v), MIN(v) of all rows, in batch.
@Suite struct RowOverNoRowsTests {
    private func description(retracts: Bool) -> GroupAggregateDescription {
        let place = SourcePlace(line: 1, column: 1, text: "")
        let calls = [
            AggregateCall(.countStar, argument: nil, resultType: .bigint, place: place),
            AggregateCall(.sum, argument: 0, resultType: .bigint, place: place),
            AggregateCall(.min, argument: 0, resultType: .bigint, place: place),
        ]
        return GroupAggregateDescription(
            operatorID: 7, keys: [], keyTypes: [], calls: calls, argumentTypes: [.bigint, .bigint, .bigint],
            retracts: retracts, givesRowOverNoRows: true)
    }

    private func make(retracts: Bool, keyGroups: Range<Int> = 0..<128) -> any KeyedOperator {
        let allotment = StateAllotment(store: nil, limitBytes: 1 << 30, keyGroups: keyGroups)
        let description = description(retracts: retracts)
        return retracts ? RetractingAggregate(description, allotment) : GroupAggregate(description, allotment)
    }

    /// The changes that an epoch ends with.
    private func drain(
        _ aggregate: any KeyedOperator, isLast: Bool, checkpoint: UInt64 = 1
    ) throws -> [[Cell]] {
        aggregate.advanceProcessingTime(to: isLast ? .max : 0)
        var rows: [[Cell]] = []
        while let batch = try aggregate.drain(.barrier) {
            for row in 0..<batch.rowCount {
                let kind = (batch.rowKinds?[row] ?? .insert).symbol
                rows.append([.string(kind)] + batch.columns.map { $0.cell(at: row) })
            }
        }
        _ = try aggregate.snapshot(checkpoint)
        return rows
    }

    private func rows(_ values: [Int64], _ kind: RowKind) -> Batch {
        Batch(
            columns: [.bigint(FixedColumn(values))], rowCount: values.count,
            rowKinds: kind == .insert ? nil : Array(repeating: kind, count: values.count))
    }

    private let empty: [Cell] = [.string("+I"), .bigint(0), .null, .null]

    @Test(arguments: [false, true]) func comesAtTheEnd(retracts: Bool) throws {
        let aggregate = make(retracts: retracts)
        #expect(try drain(aggregate, isLast: false).isEmpty)
        #expect(try drain(aggregate, isLast: true, checkpoint: 2) == [empty])
    }

    @Test(arguments: [false, true]) func doesNotComeBesideRows(retracts: Bool) throws {
        let aggregate = make(retracts: retracts)
        try aggregate.accumulate(rows([3, 4], .insert))
        #expect(try drain(aggregate, isLast: false) == [[.string("+I"), .bigint(2), .bigint(7), .bigint(3)]])
        _ = try aggregate.settle(materialised: nil)
        #expect(try drain(aggregate, isLast: true, checkpoint: 2).isEmpty)
    }

    @Test func comesWhenAllRowsHaveGone() throws {
        let aggregate = make(retracts: true)
        try aggregate.accumulate(rows([3, 4], .insert))
        _ = try drain(aggregate, isLast: false)
        _ = try aggregate.settle(materialised: nil)
        try aggregate.accumulate(rows([4, 3], .delete))
        let last: [Cell] = [.string("-D"), .bigint(2), .bigint(7), .bigint(3)]
        #expect(try drain(aggregate, isLast: true, checkpoint: 2) == [last, empty])
    }

    @Test func comesFromOneSubtaskAlone() throws {
        let halves = [0..<64, 64..<128].map { make(retracts: false, keyGroups: $0) }
        #expect(try halves.flatMap { try drain($0, isLast: true) } == [empty])
    }
}
