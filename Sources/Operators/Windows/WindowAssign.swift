import Columnar
import Dataflow

/// Adds `window_start`, `window_end` and `window_time` to every row: of a hopping window, a row for each of its windows.
package struct WindowAssignDescription: LinkDescription {
    package var assigner: WindowAssigner
    /// Of TIMESTAMP.
    package var timeColumn: Int
    /// What it takes.
    package var columns: [Field]

    package init(assigner: WindowAssigner, timeColumn: Int, columns: [Field]) {
        self.assigner = assigner
        self.timeColumn = timeColumn
        self.columns = columns
    }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .expansion(WindowAssign(self, RowFailurePolicy(context, columns: columns)))
    }
}

/// - Output: the input's rows in their order, each as often as it has windows, these in the order in which they end; in
///   batches of about as many rows as the input's, so that long windows with short slides need no memory. A row's kind, own
///   watermark and line go with it; where rows are repeated, the sides of an update are no longer neighbours, and become
///   a delete and an insert.
final class WindowAssign: BatchExpansion {
    private static let mostRows = 4096

    private let assigner: WindowAssigner
    private let timeColumn: Int
    private let policy: RowFailurePolicy

    private var input = Batch(columns: [], rowCount: 0)
    /// The rows of `input` that have windows, and the pane of each row of `input`.
    private var rows: [Int32] = []
    private var panes: [Int64] = []
    /// Given so far: of the row at `at`, its first `given` windows.
    private var at = 0
    private var given: Int64 = 0

    init(_ description: WindowAssignDescription, _ policy: RowFailurePolicy) {
        assigner = description.assigner
        timeColumn = description.timeColumn
        self.policy = policy
    }

    func begin(_ batch: Batch) throws(JobFailure) {
        precondition(at == rows.count, "a batch was given before the last one's rows were taken")
        guard case .timestamp(let times) = batch.columns[timeColumn] else {
            preconditionFailure("the planner gives the time's column")
        }
        input = batch
        rows = try policy.rowsWithWindows(of: batch, times: times, assigner: assigner)
        panes = [Int64](repeating: 0, count: batch.rowCount)
        for row in rows { panes[Int(row)] = assigner.pane(of: times.values[Int(row)]) }
        (at, given) = (0, 0)
    }

    func next() throws(JobFailure) -> Batch? {
        guard at < rows.count else {
            input = Batch(columns: [], rowCount: 0)
            return nil
        }
        return assigner.paneCount == 1 ? all() : some()
    }

    /// Each row has one window: columns stay as they are.
    private func all() -> Batch {
        at = rows.count
        var batch = input
        batch.selection = rows.count == batch.rowCount ? nil : rows
        addWindows(panes, to: &batch)
        return batch
    }

    private func some() -> Batch {
        var taken: [Int32] = []
        var windows: [Int64] = []
        while at < rows.count, taken.count < Self.mostRows {
            let row = rows[at]
            let count = min(assigner.paneCount - given, Int64(Self.mostRows - taken.count))
            let first = panes[Int(row)] - assigner.paneCount + 1 + given
            taken.append(contentsOf: repeatElement(row, count: Int(count)))
            windows.append(contentsOf: first..<first + count)
            given += count
            if given == assigner.paneCount { (at, given) = (at + 1, 0) }
        }
        var batch = input
        batch.selection = nil
        batch = batch.take(taken)
        batch.rowKinds = batch.rowKinds?.map { kind in
            switch kind {
            case .insert, .updateAfter: .insert
            case .updateBefore, .delete: .delete
            }
        }
        addWindows(windows, to: &batch)
        return batch
    }

    private func addWindows(_ windows: [Int64], to batch: inout Batch) {
        let ends = windows.map { assigner.end(ofWindow: $0) }
        batch.columns.append(.timestamp(FixedColumn(windows.map { assigner.start(ofPane: $0) })))
        batch.columns.append(.timestamp(FixedColumn(ends)))
        batch.columns.append(.timestamp(FixedColumn(ends.map { $0 &- 1 })))
    }
}

extension RowFailurePolicy {
    /// The selected rows whose time has windows. The others are bad records.
    fileprivate func rowsWithWindows(
        of batch: Batch, times: FixedColumn<Int64>, assigner: WindowAssigner
    ) throws(JobFailure) -> [Int32] {
        var failures = self.failures(rowCount: batch.rowCount)
        let range = assigner.times
        for row in batch.selection ?? Array(0..<Int32(batch.rowCount)) {
            let isNull = times.validity.map { !$0[Int(row)] } ?? false
            if isNull || !range.contains(times.values[Int(row)]) {
                failures.add(row: row, message: WindowFault.message(isNull: isNull))
            }
        }
        return try resolve(failures, in: batch) ?? Array(0..<Int32(batch.rowCount))
    }
}

/// What is said of a row without windows.
enum WindowFault {
    static func message(isNull: Bool) -> String {
        isNull
            ? "a row whose time is NULL belongs to no window"
            : "the row's time is too far from 1970: its windows begin or end beyond what 64 bits of milliseconds hold"
    }
}
