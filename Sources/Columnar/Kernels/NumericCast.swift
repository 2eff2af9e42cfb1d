extension Cast {
    static func numbers(_ c: FixedColumn<Bool>, _ target: DataType) -> Column {
        switch target {
        case .int: .int(FixedColumn(mapValues(c.values) { $0 ? 1 : 0 }, validity: c.validity))
        case .bigint: .bigint(FixedColumn(mapValues(c.values) { $0 ? 1 : 0 }, validity: c.validity))
        case .double: .double(FixedColumn(mapValues(c.values) { $0 ? 1 : 0 }, validity: c.validity))
        default: preconditionFailure("no cast from BOOLEAN to \(target)")
        }
    }

    static func narrow(
        _ c: FixedColumn<Int64>, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> FixedColumn<Int32> {
        var lost: Int64 = 0
        let values = mapValues(c.values) { value in
            let low = Int32(truncatingIfNeeded: value)
            lost |= Int64(low) ^ value
            return low
        }
        if lost != 0 {
            scope.forEach(validBy: c.validity) { row in
                let value = c.values[row]
                if Int32(exactly: value) == nil {
                    faults.append(RowFault(row: row, reason: .outOfRange(value: "\(value)", type: .int)))
                }
            }
        }
        return FixedColumn(values, validity: c.validity)
    }

    /// Toward zero.
    static func truncateToInt32(
        _ c: FixedColumn<Double>, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> FixedColumn<Int32> {
        // The numbers whose integer part fits; NaN compares as outside.
        let (low, high) = (Double(Int32.min) - 1, Double(Int32.max) + 1)
        var allFit = true
        let values = mapValues(c.values) { value in
            let fits = value > low && value < high
            allFit = allFit && fits
            return Int32(truncatingIfNeeded: Int64(fits ? value : 0))
        }
        if !allFit { report(c, .int, scope, &faults) { $0 > low && $0 < high } }
        return FixedColumn(values, validity: c.validity)
    }

    /// Toward zero.
    static func truncateToInt64(
        _ c: FixedColumn<Double>, _ scope: RowScope, _ faults: inout [RowFault]
    ) -> FixedColumn<Int64> {
        // 2^63 is the first number that does not fit; -2^63 itself does.
        let limit = 9_223_372_036_854_775_808.0
        var allFit = true
        let values = mapValues(c.values) { value in
            let fits = value >= -limit && value < limit
            allFit = allFit && fits
            return Int64(fits ? value : 0)
        }
        if !allFit { report(c, .bigint, scope, &faults) { $0 >= -limit && $0 < limit } }
        return FixedColumn(values, validity: c.validity)
    }

    private static func report(
        _ c: FixedColumn<Double>, _ type: DataType, _ scope: RowScope, _ faults: inout [RowFault],
        _ fits: (Double) -> Bool
    ) {
        scope.forEach(validBy: c.validity) { row in
            let value = c.values[row]
            if !fits(value) {
                var text: [UInt8] = []
                TextFormatting.append(value, to: &text)
                faults.append(
                    RowFault(row: row, reason: .outOfRange(value: String(decoding: text, as: UTF8.self), type: type)))
            }
        }
    }
}
