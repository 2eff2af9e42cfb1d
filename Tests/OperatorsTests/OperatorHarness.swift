import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import Simulation
import Testing

// Runs one case of a keyed operator in every way that must not show: row by row, as one batch, in random splits; with and
// without epochs in between; with a snapshot and a restore into a new operator after every epoch; with memory for all of
// its state and for hardly any. The table that the changelog makes must be the same each time, and nothing may be taken
// back that is not there.

struct OperatorHarness {
    /// A fresh operator.
    let make: (StateAllotment) -> any KeyedOperator
    let input: [Column]
    /// nil: all rows are inserts.
    var kinds: [RowKind]?
    let rowCount: Int
    let seed: UInt64

    private static let mostRowsOneByOne = 500

    private struct Way {
        var batchSizes: [Int]
        /// By batch.
        var endsEpoch: [Bool]
        var restores = false
        var limitBytes = 1 << 30
    }

    /// The rows of the final table as text, sorted.
    func finalTables() throws -> [String: [String]] {
        var tables: [String: [String]] = [:]
        var random = SplitMix64(seed: seed)
        let never = [Bool](repeating: false, count: max(rowCount, 1))
        tables["one batch"] = try run(Way(batchSizes: [rowCount], endsEpoch: never))
        if rowCount <= Self.mostRowsOneByOne {
            let single = [Int](repeating: 1, count: rowCount)
            let always = [Bool](repeating: true, count: rowCount)
            tables["row by row"] = try run(Way(batchSizes: single, endsEpoch: never))
            tables["row by row, an epoch each"] = try run(Way(batchSizes: single, endsEpoch: always))
            tables["row by row, restored each time"] = try run(
                Way(batchSizes: single, endsEpoch: always, restores: true))
            tables["row by row, evicted"] = try run(Way(batchSizes: single, endsEpoch: always, limitBytes: 1 << 10))
        }
        for k in 0..<8 {
            var sizes: [Int] = []
            var left = rowCount
            while left > 0 {
                let size = min(left, 1 + random.below(max(1, min(rowCount / 3, 100))))
                sizes.append(size)
                left -= size
            }
            let epochs = sizes.map { _ in random.oneIn(2) }
            tables["random splits \(k), seed \(seed)"] = try run(
                Way(
                    batchSizes: sizes, endsEpoch: epochs, restores: k % 2 == 1, limitBytes: k < 4 ? 1 << 30 : 1 << 10))
        }
        return tables
    }

    private func run(_ way: Way) throws -> [String] {
        let saved = try SavedState()
        var op = make(StateAllotment(store: saved.store, limitBytes: way.limitBytes))
        var table = ChangelogTable()
        var first = 0
        for (k, size) in way.batchSizes.enumerated() {
            let rows = (first..<first + size).map { Int32($0) }
            first += size
            let columns = input.map { $0.take(rows) }
            try op.accumulate(Batch(columns: columns, rowCount: size, rowKinds: kinds.map { $0.take(rows) }))
            guard way.endsEpoch[k] else { continue }
            try endEpoch(op, &table, saved)
            if way.restores {
                try saved.reopen()
                op = make(StateAllotment(store: saved.store, limitBytes: way.limitBytes))
                try saved.restore(into: op)
            }
        }
        try endEpoch(op, &table, saved)
        try saved.reopen()
        let again = make(StateAllotment(store: saved.store, limitBytes: way.limitBytes))
        try saved.restore(into: again)
        #expect(try again.drain(.barrier) == nil, "a restored operator has nothing to send")
        return table.rows
    }

    private func endEpoch(_ op: any KeyedOperator, _ table: inout ChangelogTable, _ saved: SavedState) throws {
        while let batch = try op.drain(.barrier) { table.apply(batch) }
        try saved.apply(try op.snapshot(saved.nextNumber))
        guard try !op.settle(materialised: saved.store.materialisedNumber) else { return }
        try saved.store.materialise()
        #expect(try op.settle(materialised: saved.store.materialisedNumber), "what is materialised can be evicted")
    }
}

/// The table a changelog makes, as a multiset of rows.
struct ChangelogTable {
    private var counts: [String: Int] = [:]

    mutating func apply(_ batch: Batch) {
        let selected = batch.selection ?? (0..<batch.rowCount).map { Int32($0) }
        for (k, row) in selected.enumerated() {
            let kind = batch.rowKinds?[Int(row)] ?? .insert
            let text = batch.columns.map { RowReader.text($0, Int(row)) }.joined(separator: ",")
            if kind == .updateBefore {
                #expect(k + 1 < selected.count && batch.rowKinds?[Int(selected[k + 1])] == .updateAfter)
            }
            switch kind {
            case .insert, .updateAfter: counts[text, default: 0] += 1
            case .updateBefore, .delete:
                #expect(counts[text, default: 0] > 0, "takes back a row that is not there: \(text)")
                counts[text, default: 0] -= 1
            }
        }
    }

    var rows: [String] { counts.flatMap { Array(repeating: $0.key, count: max(0, $0.value)) }.sorted() }
}

enum RowReader {
    static func text(_ column: Column, _ row: Int) -> String {
        if column.isNull(row) { return "null" }
        switch column {
        case .boolean(let c): return "\(c.values[row])"
        case .int(let c): return "\(c.values[row])"
        case .bigint(let c): return "\(c.values[row])"
        case .double(let c): return "\(c.values[row])"
        case .timestamp(let c), .timestampMicros(let c): return "\(c.values[row])"
        case .date(let c): return "\(c.values[row])"
        case .string(let c):
            return String(decoding: c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])], as: UTF8.self)
        }
    }
}

/// A real store on a simulated disk.
final class SavedState {
    private let run = RunID(high: 3, low: 4)
    private let files = SimulatedFileSystem()
    private let base = OrderedMapStateBase(OrderedMapStorage())
    private(set) var store: StateStore
    private var number: UInt64 = 0
    private var last: CommittedCheckpoint

    init() throws {
        store = try StateStore.create(directory: "state", run: run, files: files, base: base)
        last = try store.append(CheckpointRecord(number: 0, run: run, fingerprint: ""), changes: [])
        store.committed(last)
    }

    var nextNumber: UInt64 { number + 1 }

    func apply(_ changes: [StateChanges]) throws {
        number += 1
        last = try store.append(CheckpointRecord(number: number, run: run, fingerprint: ""), changes: changes)
        store.committed(last)
        if number % 5 == 0 { try store.materialise() }
    }

    /// As a new process does; everything but the last checkpoint is gone.
    func reopen() throws {
        store = StateStore.open(directory: "state", run: run, files: files, base: base)
        _ = try store.recover(to: last)
    }

    func restore(into op: any KeyedOperator) throws {
        for operatorID in op.operatorIDs {
            try store.restoreChanges(operatorID: operatorID, keyGroups: 0..<KeyGroup.defaultMaximumParallelism) {
                (change) throws(CorruptBytes) in try op.restore(change, of: operatorID)
            }
        }
        try op.finishRestore()
    }
}

extension LinkContext {
    /// Of the only subtask of an operator, over an empty store on a simulated disk.
    static func alone(
        files: any FileSystem = SimulatedFileSystem(), metrics: JobMetrics = JobMetrics(),
        settings: JobSettings = JobSettings(), store: StateStore? = nil, stateLimitBytes: Int = 1 << 30
    ) throws -> LinkContext {
        let run = RunID(high: 1, low: 2)
        let empty =
            try store
            ?? StateStore.create(
                directory: "empty", run: run, files: SimulatedFileSystem(),
                base: OrderedMapStateBase(OrderedMapStorage()))
        return LinkContext(
            files: files, time: SimulatedTime(), metrics: metrics, run: RunIdentity(id: run, directory: "run"),
            subtask: 0, parallelism: 1, keyGroups: 0..<KeyGroup.defaultMaximumParallelism, settings: settings,
            store: empty, stateLimitBytes: stateLimitBytes, wake: {}, notice: { _ in })
    }
}
