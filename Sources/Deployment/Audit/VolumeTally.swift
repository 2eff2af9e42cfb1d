import Columnar
import Dataflow

/// Rows of both versions by the period that they belong to.
package struct VolumeAudit: Sendable {
    package struct Window: Sendable {
        /// Since 1970-01-01 00:00:00; nil: of rows whose time is NULL.
        package var milliseconds: Int64?
        package var old: Int
        package var new: Int
    }

    package var column: String
    package var period: AuditOptions.Period
    package var windows: Int
    package var outside: Int
    /// Of those outside the tolerance the first ones.
    package var shown: [Window]
}

struct VolumeTally {
    private struct Counts {
        var old = 0
        var new = 0
    }

    private static let mostWindows = 1 << 20
    private static let shownWindows = 10
    private let name: String
    private let column: (index: Int, unit: TimestampUnit)
    private let period: AuditOptions.Period
    private var counts: [Int64: Counts] = [:]
    private var withoutTime = Counts()

    /// nil: the output has no such column.
    init?(_ name: String, _ columns: OutputColumns, _ period: AuditOptions.Period) {
        guard let column = columns.time(name) else { return nil }
        self.name = name
        self.column = column
        self.period = period
    }

    /// - Errors: `data` where there are too many periods to count.
    mutating func add(_ rows: Batch, ofNew: Bool) throws(JobFailure) {
        let column = rows.columns[column.index]
        guard let times = column.times else { preconditionFailure("the column is a TIMESTAMP") }
        let length = period.milliseconds * (self.column.unit.perSecond / 1000)
        var last: (start: Int64, count: Int)?
        for row in 0..<rows.rowCount {
            guard !column.isNull(row) else {
                Self.add(1, ofNew, to: &withoutTime)
                continue
            }
            let (quotient, rest) = times.values[row].quotientAndRemainder(dividingBy: length)
            let start = rest < 0 ? quotient - 1 : quotient
            if last?.start == start {
                last?.count += 1
            } else {
                if let last { Self.add(last.count, ofNew, to: &counts[last.start, default: Counts()]) }
                last = (start, 1)
            }
        }
        if let last { Self.add(last.count, ofNew, to: &counts[last.start, default: Counts()]) }
        guard counts.count <= Self.mostWindows else {
            throw JobFailure(
                .data, "column \"\(name)\" has rows in more than a million \(period.rawValue)s",
                hint: "count them by longer periods: --per day; or by another column: --window")
        }
    }

    private static func add(_ rows: Int, _ ofNew: Bool, to counts: inout Counts) {
        if ofNew { counts.new += rows } else { counts.old += rows }
    }

    /// - Parameter tolerance: the part of the old rows that the new ones may be more or less.
    func audit(tolerance: Double) -> VolumeAudit {
        var windows = counts.sorted { $0.key < $1.key }.map { start, counts in
            VolumeAudit.Window(
                milliseconds: start.multipliedReportingOverflow(by: period.milliseconds).partialValue,
                old: counts.old, new: counts.new)
        }
        if withoutTime.old + withoutTime.new > 0 {
            windows.append(VolumeAudit.Window(milliseconds: nil, old: withoutTime.old, new: withoutTime.new))
        }
        let outside = windows.filter { abs(Double($0.new) - Double($0.old)) > tolerance * Double($0.old) }
        return VolumeAudit(
            column: name, period: period, windows: windows.count, outside: outside.count,
            shown: Array(outside.prefix(Self.shownWindows)))
    }
}

extension Column {
    fileprivate var times: FixedColumn<Int64>? {
        switch self {
        case .timestamp(let c), .timestampMicros(let c): c
        default: nil
        }
    }
}
