import Columnar
import Dataflow

/// How the rows of a source carry event time: `WATERMARK FOR rowtime AS …`.
package struct WatermarkStrategy: Hashable, Sendable {
    package enum Delay: Hashable, Sendable {
        /// The watermark is the row's time less this.
        case constant(milliseconds: Int64)
        /// The watermark itself, a TIMESTAMP(3) over the source's columns; a row for which it is NULL advances nothing.
        case expression(ScalarExpression)
    }

    /// Over the source's columns, giving TIMESTAMP(3) or less; a row for which it is NULL is a bad record.
    package var rowtime: ScalarExpression
    package var delay: Delay
    /// The source gives the rowtime as its last column, for the plan would compute it again.
    package var givesRowtime: Bool

    package init(rowtime: ScalarExpression, delay: Delay, givesRowtime: Bool = false) {
        self.rowtime = rowtime
        self.delay = delay
        self.givesRowtime = givesRowtime
    }
}

/// The watermarks that the rows of a batch make.
struct RowWatermarks {
    /// One for each row; `Int64.min` where it makes none.
    var values: [Int64]
    /// Where the source gives it.
    var rowtime: Column?
    /// Rows without a time, or on which an expression fails.
    var bad: [(row: Int32, reason: String, place: SourcePlace?)] = []
}

struct WatermarkAssigner {
    /// What a watermark can be: the ends of the range have meanings of their own.
    private static let possible = (Int64.min + 8)...(Int64.max - 8)

    private let rowtime: ExpressionProgram
    private let watermark: ExpressionProgram?
    private let delayMilliseconds: Int64
    private let givesRowtime: Bool

    init(_ strategy: WatermarkStrategy) throws(JobFailure) {
        guard case .timestamp(let precision) = strategy.rowtime.type, precision <= 3 else {
            preconditionFailure("a rowtime is a TIMESTAMP in milliseconds")
        }
        rowtime = try RowFailurePolicy.program(strategy.rowtime)
        givesRowtime = strategy.givesRowtime
        switch strategy.delay {
        case .constant(let milliseconds):
            delayMilliseconds = milliseconds
            watermark = nil
        case .expression(let expression):
            guard case .timestamp(let precision) = expression.type, precision <= 3 else {
                preconditionFailure("a watermark is a TIMESTAMP in milliseconds")
            }
            delayMilliseconds = 0
            watermark = try RowFailurePolicy.program(expression)
        }
    }

    func assign(_ columns: [Column], rowCount: Int) -> RowWatermarks {
        let batch = Batch(columns: columns, rowCount: rowCount)
        var failures = RowFailures(limit: rowCount)
        let times = rowtime.evaluate(batch, selection: nil, failures: &failures)
        var bad = failures.failures.map { (row: $0.row, reason: $0.message, place: $0.place) }
        if let validity = times.validity {
            for row in 0..<rowCount where !validity[row] && !failures.contains(row: Int32(row)) {
                bad.append((Int32(row), "rowtime is NULL", nil))
            }
        }
        guard let watermark else {
            return RowWatermarks(
                values: Self.delayed(times, by: delayMilliseconds), rowtime: givesRowtime ? times : nil, bad: bad)
        }
        var valid: [Int32]?
        if !bad.isEmpty {
            let rows = Set(bad.map(\.row))
            valid = (0..<Int32(rowCount)).filter { !rows.contains($0) }
        }
        var own = RowFailures(limit: rowCount)
        let marks = watermark.evaluate(batch, selection: valid, failures: &own)
        bad += own.failures.map { ($0.row, $0.message, $0.place) }
        var values = Self.delayed(marks, by: 0)
        if let validity = marks.validity {
            for row in 0..<rowCount where !validity[row] { values[row] = .min }
        }
        return RowWatermarks(
            values: values, rowtime: givesRowtime ? times : nil, bad: bad.sorted { $0.row < $1.row })
    }

    private static func delayed(_ times: Column, by delay: Int64) -> [Int64] {
        guard case .timestamp(let column) = times else { preconditionFailure("a watermark is made of TIMESTAMPs") }
        let (least, greatest) = (possible.lowerBound, possible.upperBound)
        return [Int64](unsafeUninitializedCapacity: column.values.count) { out, count in
            let values = column.values.span
            for row in values.indices {
                let (value, overflow) = values[row].subtractingReportingOverflow(delay)
                let saturated = overflow ? (delay > 0 ? least : greatest) : value
                out.initializeElement(at: row, to: min(max(saturated, least), greatest))
            }
            count = column.values.count
        }
    }
}
