import Columnar
import Operators

// The operators that know of windows. A window table gives every row its windows as columns; a window aggregation is grouped
// by the start and the end of a window, so that each of its rows is sent once, when the window is over:
//
//     aggregate-windows by bidder, start, end          aggregate-windows by bidder, slices of ts
//       project bidder, price, start, end        →       project bidder, price, ts
//         windows HOP of ts                                ...
//           ...
//
// The left plan is what the query says; the optimiser makes the right one of it where nothing else looks at a window's columns.

/// Windows on the time line, all in milliseconds.
package struct WindowShape: Hashable, Sendable {
    package var function: WindowFunction
    package var size: Int64
    /// From one window to the next; of TUMBLE the size.
    package var slide: Int64
    package var offset: Int64
}

/// Whose time it is.
package enum WindowTime: Hashable, Sendable {
    /// The input's rowtime column.
    case event(column: Int)
    /// The clock: the windows of a row hold the time at which it is looked at.
    case processing
}

/// Output: the input's columns, `window_start`, `window_end`, and over event time `window_time`; one row per row and window.
package struct WindowTable: Sendable {
    package var input: LogicalPlan
    package var shape: WindowShape
    package var time: WindowTime
    package var place: SQLPlace
}

/// Which windows a row of a window aggregation is in.
package enum AggregatedWindows: Hashable, Sendable {
    /// The one that its columns name.
    case attached(start: Int, end: Int, isEventTime: Bool)
    /// Those that hold its time.
    case sliced(WindowTime)
}

package enum WindowProperty: String, Hashable, Sendable {
    case start = "window_start"
    case end = "window_end"
    /// The window's last millisecond, the rowtime of what comes out.
    case time = "window_time"
}

/// Output: the group columns, then one column per call, then the window's properties; one row per group and window, once and
/// for ever. Windows without rows have none.
package struct WindowAggregation: Sendable {
    package var input: LogicalPlan
    package var shape: WindowShape
    package var windows: AggregatedWindows
    /// Without those that name the window.
    package var groupColumns: [Int]
    package var calls: [AggregateCall]
    package var properties: [WindowProperty]
    /// Names of group columns and calls.
    package var names: [String]
}

extension AggregatedWindows {
    package var isEventTime: Bool {
        switch self {
        case .attached(_, _, let isEventTime): isEventTime
        case .sliced(.event): true
        case .sliced(.processing): false
        }
    }

    /// The columns of the input that place a row in time.
    var columns: [Int] {
        switch self {
        case .attached(let start, let end, _): [start, end]
        case .sliced(.event(let column)): [column]
        case .sliced(.processing): []
        }
    }

    func over(_ position: (Int) -> Int) -> AggregatedWindows {
        switch self {
        case .attached(let start, let end, let isEventTime):
            .attached(start: position(start), end: position(end), isEventTime: isEventTime)
        case .sliced(let time): .sliced(time.over(position))
        }
    }
}

extension LogicalPlan {
    /// Some of its windows are of processing time.
    var usesProcessingTime: Bool {
        if case .aggregateWindows(let aggregation) = self, !aggregation.windows.isEventTime { return true }
        return inputs.contains(where: \.usesProcessingTime)
    }

    /// Rows of it are, or may be, made when event time passes the ends of windows.
    var isMadeByEventTime: Bool {
        switch self {
        case .aggregateWindows(let aggregation) where aggregation.windows.isEventTime: return true
        // What fills the table is another plan.
        case .scan(let scan) where scan.isWired: return true
        default: break
        }
        return inputs.contains(where: \.isMadeByEventTime)
    }
}

extension WindowTime {
    var column: Int? {
        if case .event(let column) = self { return column }
        return nil
    }

    func over(_ position: (Int) -> Int) -> WindowTime {
        switch self {
        case .event(let column): .event(column: position(column))
        case .processing: .processing
        }
    }
}

extension WindowTable {
    /// Behind the input's columns.
    var properties: [WindowProperty] { time == .processing ? [.start, .end] : [.start, .end, .time] }

    var columns: [PlanColumn] { input.columns + properties.map(\.planColumn) }
}

extension WindowProperty {
    static let type = DataType.timestamp(precision: 3)

    var planColumn: PlanColumn { PlanColumn(rawValue, WindowProperty.type, isNullable: false) }
}

extension WindowAggregation {
    var columns: [PlanColumn] {
        PlanColumn.ofGroups(groupColumns, calls, names: names, over: input) + properties.map(\.planColumn)
    }
}

extension WindowShape {
    /// `HOP(size 10 s, slide 2 s)`
    var text: String {
        var parts = ["size \(WindowShape.durationText(size))"]
        if function == .hop { parts.append("slide \(WindowShape.durationText(slide))") }
        if offset != 0 { parts.append("offset \(WindowShape.durationText(offset))") }
        return "\(function.rawValue)(\(parts.joined(separator: ", ")))"
    }

    /// In the largest unit of which it is a whole number.
    static func durationText(_ milliseconds: Int64) -> String {
        let units: [(Int64, String)] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")]
        for (length, name) in units where milliseconds != 0 && milliseconds % length == 0 {
            return "\(milliseconds / length) \(name)"
        }
        return "\(milliseconds) ms"
    }
}
