extension Cast {
    /// TIMESTAMPs in one unit as a DATE, or as TIMESTAMPs of another precision: cut down to it, also before 1970.
    ///
    /// - Errors: a time that 64 bits do not hold in the target's unit is a fault of its row.
    static func times(
        _ c: FixedColumn<Int64>, _ unit: TimestampUnit, _ target: DataType, _ scope: RowScope,
        _ faults: inout [RowFault]
    ) -> Column {
        if target == .date {
            let days = mapValues(floorQuotients(c.values, unit.perDay)) { Int32(truncatingIfNeeded: $0) }
            return .date(FixedColumn(days, validity: c.validity))
        }
        guard case .timestamp(let precision) = target else {
            preconditionFailure("no cast from TIMESTAMP to \(target)")
        }
        let wanted = TimestampUnit(precision: precision)
        var values = c.values
        if unit == .milliseconds, wanted == .microseconds {
            values = mapValues(values) { $0 &* 1000 }
            scope.forEach(validBy: c.validity) { row in
                if values[row] / 1000 != c.values[row] {
                    faults.append(RowFault(row: row, reason: .overflow(target)))
                }
            }
        } else if unit == .microseconds, wanted == .milliseconds {
            values = floorQuotients(values, 1000)
        }
        values = floor(values, to: TimestampUnit.step(ofPrecision: precision))
        return .timestamps(FixedColumn(values, validity: c.validity), wanted)
    }

    /// DATEs as TIMESTAMPs.
    ///
    /// - Input: days of the years up to 9999, as everything that makes a DATE gives them.
    static func midnights(_ c: FixedColumn<Int32>, _ unit: TimestampUnit) -> Column {
        let perDay = unit.perDay
        return .timestamps(FixedColumn(mapValues(c.values) { Int64($0) &* perDay }, validity: c.validity), unit)
    }

    /// Down to the last multiple of `step`.
    static func floor(_ values: [Int64], to step: Int64) -> [Int64] {
        if step == 1 { return values }
        return mapValues(values) { value in
            let excess = value % step
            let floor = value &- (excess < 0 ? excess &+ step : excess)
            // Only for the first second that 64 bits hold there is no lower multiple.
            return floor <= value ? floor : value
        }
    }

    private static func floorQuotients(_ values: [Int64], _ divisor: Int64) -> [Int64] {
        mapValues(values) { value in
            let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
            return remainder < 0 ? quotient &- 1 : quotient
        }
    }
}
