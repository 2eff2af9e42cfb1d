/// What a TIMESTAMP's values count: up to three digits of a second's fraction milliseconds, up to six microseconds. A
/// rowtime, which has at most three digits, is always milliseconds.
package enum TimestampUnit: Hashable, Sendable {
    case milliseconds
    case microseconds

    package init(precision: Int) { self = precision <= 3 ? .milliseconds : .microseconds }

    package var perSecond: Int64 { self == .milliseconds ? 1000 : 1_000_000 }
    package var perDay: Int64 { perSecond * 86_400 }

    /// Digits of the fraction that it holds.
    package var digits: Int { self == .milliseconds ? 3 : 6 }

    /// How many of it the least difference is that a precision can tell apart: 100 for TIMESTAMP(1).
    package static func step(ofPrecision precision: Int) -> Int64 {
        var step: Int64 = 1
        for _ in min(max(precision, 0), 6)..<TimestampUnit(precision: precision).digits { step *= 10 }
        return step
    }
}

extension Column {
    package static func timestamps(_ values: FixedColumn<Int64>, _ unit: TimestampUnit) -> Column {
        unit == .milliseconds ? .timestamp(values) : .timestampMicros(values)
    }

    /// The values of a column of TIMESTAMPs in this unit; nil for any other.
    func timestamps(_ unit: TimestampUnit) -> FixedColumn<Int64>? {
        switch (self, unit) {
        case (.timestamp(let c), .milliseconds), (.timestampMicros(let c), .microseconds): c
        default: nil
        }
    }
}
