import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import Simulation
import Testing

// Runs one case of a window aggregate in every way that must not show: row by row, as one batch, in random splits; event
// time told after every batch or seldom; a snapshot and a restore into a new operator after every epoch; memory for a few
// groups only, with groups materialised and evicted. The rows sent must be the same each time, in the order of windows.

struct WindowCase {
    var description: WindowAggregateDescription
    var columns: [Column]
    /// Each row's own watermark, ascending; nil where no row is late.
    var rowWatermarks: [Int64]?
    /// The greatest event time that may be told before each row, ascending.
    var reached: [Int64]
    var seed: UInt64

    var rowCount: Int { reached.count }

    func batch(_ range: Range<Int>) -> Batch {
        Batch(
            columns: columns.map { $0.slice(range) }, rowCount: range.count,
            rowWatermarks: rowWatermarks.map { Array($0[range]) })
    }
}

/// How a case is run.
struct WindowRun {
    var name: String
    var batchSizes: [Int]
    var tellsTime: (Int) -> Bool = { _ in true }
    var endsEpoch: (Int) -> Bool = { _ in false }
    var restores = false
    var materialises: (UInt64) -> Bool = { _ in false }
    var limitBytes = 1 << 30
}

/// What came out, and how many rows were late.
struct WindowOutcome: Equatable {
    var rows: [String]
    var lateRows: Int

    /// The first rows that are missing, and the first that should not be there, or not so often.
    func difference(from truth: WindowOutcome) -> (missing: [String], wrong: [String]) {
        var counts: [String: Int] = [:]
        for row in truth.rows { counts[row, default: 0] += 1 }
        for row in rows { counts[row, default: 0] -= 1 }
        let missing = counts.filter { $0.value > 0 }.map(\.key).sorted()
        let wrong = counts.filter { $0.value < 0 }.map(\.key).sorted()
        return (Array(missing.prefix(5)), Array(wrong.prefix(5)))
    }
}

extension WindowCase {
    /// The ways to run it.
    func runs() -> [WindowRun] {
        let single = [Int](repeating: 1, count: rowCount)
        var runs = [
            WindowRun(name: "one batch", batchSizes: [rowCount]),
            WindowRun(name: "row by row", batchSizes: single),
            WindowRun(
                name: "row by row, restored each time", batchSizes: single, endsEpoch: { _ in true }, restores: true,
                materialises: { $0 % 16 == 0 }),
            WindowRun(
                name: "row by row, restored each time from the store", batchSizes: single, endsEpoch: { _ in true },
                restores: true, materialises: { _ in true }),
        ]
        var random = SplitMix64(seed: seed)
        for k in 0..<8 {
            var sizes: [Int] = []
            while sizes.reduce(0, +) < rowCount {
                sizes.append(min(rowCount - sizes.reduce(0, +), 1 + random.below(max(1, rowCount / 3))))
            }
            let told = sizes.map { _ in random.oneIn(2) }
            let epochs = sizes.map { _ in !random.oneIn(3) }
            let materialised = (0..<rowCount + 4).map { _ in random.oneIn(2) }
            runs.append(
                WindowRun(
                    name: "random splits \(k), seed \(seed)", batchSizes: sizes, tellsTime: { told[$0] },
                    endsEpoch: { epochs[$0] }, restores: k % 3 == 1,
                    materialises: { k >= 3 && materialised[Int($0)] }, limitBytes: k % 2 == 0 ? 1 << 30 : 4096))
        }
        return runs
    }

    func expect(_ truth: WindowOutcome, _ location: SourceLocation = #_sourceLocation) throws {
        for run in runs() {
            let outcome = try self.outcome(of: run)
            let (missing, wrong) = outcome.difference(from: truth)
            #expect(
                missing.isEmpty && wrong.isEmpty, "\(run.name), seed \(seed)", sourceLocation: location)
            #expect(outcome.lateRows == truth.lateRows, "\(run.name), seed \(seed)", sourceLocation: location)
        }
    }

    func outcome(of run: WindowRun) throws -> WindowOutcome {
        let driver = try WindowDriver(self, run)
        var first = 0
        for (k, size) in run.batchSizes.enumerated() {
            try driver.op.accumulate(batch(first..<first + size))
            first += size
            if run.tellsTime(k), first < rowCount { try driver.advance(to: reached[first]) }
            if run.endsEpoch(k) { try driver.endEpoch() }
        }
        try driver.advance(to: Int64.max)
        try driver.endEpoch()
        try driver.expectNothingIsLeft()
        return WindowOutcome(rows: driver.rows.sorted(), lateRows: driver.metrics.lateRows)
    }
}

/// One operator at a time, over a real store on a simulated disk.
final class WindowDriver {
    /// Few, as each is looked at after a start.
    private static let keyGroups = 0..<8

    private let test: WindowCase
    private let run: WindowRun
    private let id = RunID(high: 3, low: 4)
    private let files = SimulatedFileSystem()
    private let base = OrderedMapStateBase(OrderedMapStorage())
    private var store: StateStore
    private var last: CommittedCheckpoint
    private(set) var metrics = JobMetrics()
    private(set) var op: any KeyedOperator
    private(set) var rows: [String] = []
    private var lastEnd = Int64.min
    private var processingTime: Int64?

    init(_ test: WindowCase, _ run: WindowRun) throws {
        self.test = test
        self.run = run
        store = try StateStore.create(directory: "state", run: id, files: files, base: base)
        last = try store.append(CheckpointRecord(number: 0, run: id, fingerprint: ""), changes: [])
        store.committed(last)
        op = try Self.makeOperator(test, run, store, metrics)
    }

    private static func makeOperator(
        _ test: WindowCase, _ run: WindowRun, _ store: StateStore, _ metrics: JobMetrics
    ) throws -> any KeyedOperator {
        var context = try LinkContext.alone(metrics: metrics, store: store, stateLimitBytes: run.limitBytes)
        context.keyGroups = keyGroups
        context.settings.maximumParallelism = keyGroups.count
        guard case .keyed(let op) = try test.description.makeLink(context) else {
            preconditionFailure("a window aggregate is keyed")
        }
        return op
    }

    func advance(to watermark: Int64) throws {
        try op.advance(to: watermark)
        try drain(.watermark)
        #expect(op.outputWatermark <= watermark)
        // What is sent from here on is not late downstream.
        if test.description.time != .processing { lastEnd = max(lastEnd, op.outputWatermark) }
    }

    func advanceProcessingTime(to time: Int64) {
        processingTime = time
        op.advanceProcessingTime(to: time)
    }

    func drain(_ reason: DrainReason) throws {
        while let batch = try op.drain(reason) {
            #expect(batch.rowCount <= 4096 && batch.rowWatermarks == nil && batch.rowKinds == nil)
            for row in 0..<batch.rowCount {
                let cells = batch.columns.map { RowReader.text($0, row) }
                rows.append(cells.joined(separator: ","))
                let end = try #require(Int64(cells[1]))
                #expect(end >= lastEnd, "windows are sent in their order")
                lastEnd = max(lastEnd, end)
            }
        }
    }

    func endEpoch() throws {
        try drain(.barrier)
        let number = last.number + 1
        last = try store.append(
            CheckpointRecord(number: number, run: id, fingerprint: ""), changes: try op.snapshot(number))
        store.committed(last)
        if run.materialises(number) { try store.materialise() }
        var tries = 0
        while try !op.settle(materialised: store.materialisedNumber), tries < 3 {
            try store.materialise()
            tries += 1
        }
        #expect(tries < 3, "what is materialised can be evicted")
        if run.restores { try restart() }
    }

    private func restart() throws {
        store = StateStore.open(directory: "state", run: id, files: files, base: base)
        _ = try store.recover(to: last)
        metrics = JobMetrics()
        op = try Self.makeOperator(test, run, store, metrics)
        try store.restoreChanges(operatorID: op.operatorIDs[0], keyGroups: Self.keyGroups) {
            (change) throws(CorruptBytes) in try op.restore(change, of: op.operatorIDs[0])
        }
        try op.finishRestore()
        if let processingTime { op.advanceProcessingTime(to: processingTime) }
    }

    /// A new operator has nothing to send, and the state nothing but the clock.
    func expectNothingIsLeft() throws {
        let lateRows = metrics.lateRows
        try restart()
        let before = rows.count
        try advance(to: Int64.max)
        try drain(.barrier)
        #expect(rows.count == before, "a finished operator has nothing to send")
        #expect(metrics.lateRows == lateRows)
        try store.materialise()
        var left = 0
        for group in Self.keyGroups {
            try store.scan(operatorID: op.operatorIDs[0], keyGroup: KeyGroup(index: UInt16(group))) { key, _ in
                left += key.elementsEqual([1] + [UInt8](repeating: 0xFF, count: 8)) ? 0 : 1
                return true
            }
        }
        #expect(left == 0, "closed windows leave nothing in the store")
    }
}
