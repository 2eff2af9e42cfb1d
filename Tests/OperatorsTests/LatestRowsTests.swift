import Columnar
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// Upserts and deletes by key against a dictionary.
@Suite struct LatestRowsTests {
    private static let fields = [Field("k", .string, isNullable: false), Field("n", .int), Field("v", .double)]

    private struct Change: Equatable {
        var kind: RowKind
        var row: [Cell]
    }

    private func batch(_ changes: [Change]) -> Batch {
        TopicRun.batch(changes.map(\.row), Self.fields, kinds: changes.map(\.kind))
    }

    private func changes(_ batch: Batch?) -> [Change] {
        guard let batch else { return [] }
        return (0..<batch.rowCount).map { row in
            Change(kind: batch.rowKinds?[row] ?? .insert, row: batch.columns.map { $0.cell(at: row) })
        }
    }

    private func make(limitBytes: Int = 1 << 30) -> LatestRows {
        LatestRows(keys: [0], types: Self.fields.map(\.type), limitBytes: limitBytes)
    }

    /// What the model says that a row comes to.
    private func apply(_ change: Change, _ table: inout [Cell: [Cell]]) -> [Change] {
        let key = change.row[0]
        let old = table[key]
        switch change.kind {
        case .insert, .updateAfter:
            table[key] = change.row
            guard let old else { return [Change(kind: .insert, row: change.row)] }
            if old == change.row { return [] }
            return [Change(kind: .updateBefore, row: old), Change(kind: .updateAfter, row: change.row)]
        case .updateBefore, .delete:
            table[key] = nil
            return old.map { [Change(kind: .delete, row: $0)] } ?? []
        }
    }

    private func wanted(_ random: inout SplitMix64, keys: Int) -> Change {
        let kinds: [RowKind] = [.insert, .insert, .updateAfter, .delete]
        let row: [Cell] = [
            .string("key \(random.below(keys))"), random.below(4) == 0 ? .null : .int(Int32(random.below(3))),
            random.below(4) == 0 ? .null : .double(Double(random.below(2))),
        ]
        return Change(kind: kinds[random.below(4)], row: row)
    }

    @Test(arguments: 1...20) func changesAreThoseOfATable(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let keys = [1, 5, 60, 2000][seed % 4]
        var latest = make()
        var table: [Cell: [Cell]] = [:]
        for _ in 0..<60 {
            let rows = (0..<random.below([3, 40, 400][seed % 3] + 1)).map { _ in wanted(&random, keys: keys) }
            let expected = rows.flatMap { apply($0, &table) }
            if random.below(4) == 0 {
                // What another producer has published.
                try latest.apply(batch(expected))
            } else {
                #expect(changes(try latest.changes(by: batch(rows))) == expected, "seed \(seed)")
            }
            #expect(latest.count == table.count, "seed \(seed)")
        }
    }

    @Test func theOldRowOfAnUpdateTakesItsKeyAway() throws {
        var latest = make()
        let (a, b): ([Cell], [Cell]) = ([.string("a"), .int(1), .null], [.string("b"), .int(1), .null])
        let newer: [Cell] = [.string("a"), .int(2), .null]
        _ = try latest.changes(by: batch([Change(kind: .insert, row: a)]))
        let update = [Change(kind: .updateBefore, row: a), Change(kind: .updateAfter, row: newer)]
        #expect(changes(try latest.changes(by: batch(update))) == update)
        // Another key: the old one's row goes.
        let moved = [Change(kind: .updateBefore, row: newer), Change(kind: .updateAfter, row: b)]
        #expect(
            changes(try latest.changes(by: batch(moved))) == [
                Change(kind: .delete, row: newer), Change(kind: .insert, row: b),
            ])
        // Only the key of a delete counts.
        let gone = [Change(kind: .delete, row: [.string("b"), .null, .null])]
        #expect(changes(try latest.changes(by: batch(gone))) == [Change(kind: .delete, row: b)])
        #expect(latest.count == 0)
    }

    @Test func twoTablesDifferBitByBit() throws {
        func table(_ rows: [[Cell]]) throws -> LatestRows {
            var table = make()
            try table.apply(batch(rows.map { Change(kind: .insert, row: $0) }))
            return table
        }
        let row = { (key: String, value: Double) in [Cell.string(key), .int(1), .double(value)] }
        var old = try table([row("gone", 1), row("nan", .nan), row("same", 2), row("zero", 0.0), row("one", 1.0)])
        var new = try table([
            row("zero", -0.0), row("same", 2), row("nan", -.nan), row("one", 1.0.nextUp), row("come", 7),
        ])
        let found = try old.changes(to: &new).flatMap { changes($0) }
        #expect(
            found == [
                Change(kind: .updateBefore, row: row("zero", 0.0)), Change(kind: .updateAfter, row: row("zero", -0.0)),
                Change(kind: .updateBefore, row: row("one", 1.0)),
                Change(kind: .updateAfter, row: row("one", 1.0.nextUp)),
                Change(kind: .insert, row: row("come", 7)), Change(kind: .delete, row: row("gone", 1)),
            ])
        // Only the first columns.
        var kinds: [RowKind] = []
        try old.forEachChange(to: &new, comparing: 2) { kinds += $0.rowKinds ?? [] }
        #expect(kinds == [.insert, .delete])
    }

    @Test func moreThanTheLimitIsRefused() throws {
        var latest = make(limitBytes: 200_000)
        let rows = (0..<1000).map { Change(kind: .insert, row: [.string("key \($0)"), .int(1), .null]) }
        _ = try latest.changes(by: batch(rows))
        // The same keys over and over fit.
        for round in 0..<50 {
            _ = try latest.changes(
                by: batch(rows.map { Change(kind: .insert, row: [$0.row[0], .int(Int32(round)), .null]) }))
        }
        let many = (0..<20_000).map { Change(kind: .insert, row: [.string("another key \($0)"), .int(1), .null]) }
        let error = #expect(throws: JobFailure.self) { try latest.changes(by: batch(many)) }
        #expect(error?.kind == .memory && error?.detail?.contains("21000 keys") == true)
    }
}
