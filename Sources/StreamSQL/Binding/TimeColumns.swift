// What is known of a plan's columns as times. A rowtime is a column of its table's WATERMARK, or the time of a window; it stays
// one where it is passed on as it is, through projections, filters, views and UNION ALL. So do the columns that name a window:
// GROUP BY its start and its end makes a window aggregation.

struct TimeColumns: Sendable {
    /// Columns of the plan.
    var rowtimes: Set<Int> = []
    var windows: WindowColumns?
}

/// The columns that name one window function's windows; a projection may have a column several times.
struct WindowColumns: Sendable {
    var shape: WindowShape
    var isEventTime: Bool
    var starts: Set<Int> = []
    var ends: Set<Int> = []
    var times: Set<Int> = []

    /// Whether GROUP BY of these columns is by window.
    func areNamed(by columns: some Sequence<Int>) -> Bool {
        let columns = Set(columns)
        return !columns.isDisjoint(with: starts) && !columns.isDisjoint(with: ends)
    }

    func property(of column: Int) -> WindowProperty? {
        starts.contains(column) ? .start : ends.contains(column) ? .end : times.contains(column) ? .time : nil
    }
}

extension TimeColumns {
    /// Of a projection, whose items are given.
    func projected(_ items: [NamedExpression]) -> TimeColumns {
        var projected = TimeColumns()
        var windows = windows
        windows?.starts = []
        windows?.ends = []
        windows?.times = []
        for (index, item) in items.enumerated() {
            guard let column = item.expression.columnIndex else { continue }
            if rowtimes.contains(column) { projected.rowtimes.insert(index) }
            switch self.windows?.property(of: column) {
            case .start: windows?.starts.insert(index)
            case .end: windows?.ends.insert(index)
            case .time: windows?.times.insert(index)
            case nil: break
            }
        }
        projected.windows = windows
        return projected
    }

    /// Of a UNION ALL of both: what both say.
    func united(with other: TimeColumns) -> TimeColumns {
        var united = TimeColumns(rowtimes: rowtimes.intersection(other.rowtimes))
        guard var windows, let others = other.windows, windows.shape == others.shape,
            windows.isEventTime == others.isEventTime
        else { return united }
        windows.starts.formIntersection(others.starts)
        windows.ends.formIntersection(others.ends)
        windows.times.formIntersection(others.times)
        united.windows = windows
        return united
    }
}
