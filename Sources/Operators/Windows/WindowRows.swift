import Columnar

// The numbers (WindowKey) of a batch's rows. Neighbours mostly lie in one pane, so the last row's pane is tried first: a
// row costs two comparisons, and divisions only where the pane changes or windows of it have ended.

/// What became of the rows of a batch.
struct WindowRows {
    /// By row of the batch; 0 where the row does not count.
    var numbers: [Int64] = []
    /// The rows that count, of those selected; nil: all of the batch.
    var selection: [Int32]?
    /// Rows that were too late for all of their windows.
    var lateCount = 0
    var failures = RowFailures()
    /// Where all failed rows are told in full.
    var tellsAllFailures = false

    /// Rows left out: late ones and failed ones, in ascending order.
    private var dropped: [Int32] = []

    /// - Parameter watermark: event time that the operator has reached; a row's own watermark counts where it is greater.
    mutating func assign(
        _ assigner: WindowAssigner, times: FixedColumn<Int64>, of batch: Batch, watermark: Int64
    ) {
        begin(batch)
        let layout = WindowLayout(assigner)
        var pane = PaneInReach()
        // Taken out, so that writing it is no access to this object.
        var numbers = self.numbers
        self.numbers = []
        var out = numbers.mutableSpan
        let (validity, selection) = (times.validity, batch.selection)
        let times = times.values.span
        let hasOwn = batch.rowWatermarks != nil
        let ownWatermarks = batch.rowWatermarks ?? []
        let own = ownWatermarks.span
        for k in 0..<batch.selectedCount {
            let row = selection.map { Int($0[k]) } ?? k
            let time = times[row]
            if let validity, !validity[row] {
                fail(row, isNull: true)
                continue
            }
            if !pane.contains(time) {
                guard assigner.times.contains(time) else {
                    fail(row, isNull: false)
                    continue
                }
                pane = PaneInReach(time, assigner, layout)
            }
            let reached = hasOwn ? max(watermark, own[row]) : watermark
            if reached < pane.firstEnd {
                out[row] = pane.number
                continue
            }
            let ended = assigner.endedWindows(ofPane: pane.pane, at: reached)
            if ended < assigner.paneCount {
                out[row] = pane.number + ended
            } else {
                dropped.append(Int32(truncatingIfNeeded: row))
                lateCount += 1
            }
        }
        self.numbers = numbers
        select(batch)
    }

    /// The rows' windows are those that their window_end column tells.
    mutating func assign(ends: FixedColumn<Int64>, of batch: Batch, watermark: Int64) {
        begin(batch)
        for k in 0..<batch.selectedCount {
            let row = batch.selection.map { Int($0[k]) } ?? k
            let end = ends.values[row]
            let isNull = ends.validity.map { !$0[row] } ?? false
            if isNull || end > WindowKey.largest || end == Int64.min {
                fail(row, isNull: isNull)
            } else if max(watermark, batch.rowWatermarks?[row] ?? Int64.min) >= end - 1 {
                dropped.append(Int32(truncatingIfNeeded: row))
                lateCount += 1
            } else {
                numbers[row] = end
            }
        }
        select(batch)
    }

    /// - Parameters:
    ///   - times: processing time of each row: no row is late.
    ///   - least: time that the operator has reached.
    mutating func assign(_ assigner: WindowAssigner, rowTimes times: [Int64], atLeast least: Int64, of batch: Batch) {
        begin(batch)
        let layout = WindowLayout(assigner)
        var pane = PaneInReach()
        for k in 0..<batch.selectedCount {
            let row = batch.selection.map { Int($0[k]) } ?? k
            let time = max(times[row], least)
            if !pane.contains(time) {
                guard assigner.times.contains(time) else {
                    fail(row, isNull: false)
                    continue
                }
                pane = PaneInReach(time, assigner, layout)
            }
            numbers[row] = pane.number
        }
        select(batch)
    }

    /// All rows are of one pane, none is late.
    mutating func assign(number: Int64, of batch: Batch) {
        begin(batch)
        numbers = [Int64](repeating: number, count: batch.rowCount)
    }

    private mutating func begin(_ batch: Batch) {
        if numbers.count != batch.rowCount { numbers = [Int64](repeating: 0, count: batch.rowCount) }
        selection = batch.selection
        lateCount = 0
        if !failures.isEmpty || tellsAllFailures {
            failures = tellsAllFailures ? RowFailures(limit: batch.rowCount) : RowFailures()
        }
        dropped.removeAll(keepingCapacity: true)
    }

    /// Rows that were too late for all of their windows, in ascending order.
    var late: [Int32] { dropped.filter { !failures.contains(row: $0) } }

    private mutating func fail(_ row: Int, isNull: Bool) {
        failures.add(row: Int32(truncatingIfNeeded: row), message: WindowFault.message(isNull: isNull))
        dropped.append(Int32(truncatingIfNeeded: row))
    }

    private mutating func select(_ batch: Batch) {
        guard !dropped.isEmpty else { return }
        var next = 0
        var kept: [Int32] = []
        kept.reserveCapacity(batch.selectedCount - dropped.count)
        for k in 0..<batch.selectedCount {
            let row = batch.selection.map { $0[k] } ?? Int32(truncatingIfNeeded: k)
            if next < dropped.count, dropped[next] == row { next += 1 } else { kept.append(row) }
        }
        selection = kept
    }
}

/// The pane of the last row.
private struct PaneInReach {
    private var start: Int64 = 0
    /// 0: no pane.
    private var length: UInt64 = 0
    var pane: Int64 = 0
    /// Of the pane, with no window ended.
    var number: Int64 = 0
    /// The watermark at which the first of the pane's windows ends.
    var firstEnd: Int64 = 0

    init() {}

    init(_ time: Int64, _ assigner: WindowAssigner, _ layout: WindowLayout) {
        pane = assigner.pane(of: time)
        start = assigner.start(ofPane: pane)
        length = UInt64(assigner.slide)
        number = layout.number(ofPane: pane)
        firstEnd = assigner.end(ofWindow: pane - assigner.paneCount + 1) - 1
    }

    @inline(__always)
    func contains(_ time: Int64) -> Bool { UInt64(bitPattern: time &- start) < length }
}
