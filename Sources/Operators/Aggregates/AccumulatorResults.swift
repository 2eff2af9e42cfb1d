import Columnar

// Reading slots as a result column.

extension Accumulator {
    /// The results of `slots`, in order.
    ///
    /// - Errors: an integer SUM that does not fit its result type: the position in `slots` is appended to `overflows`.
    package func results(_ slots: [Int32], of call: AggregateCall, overflows: inout [Int]) -> Column {
        switch self {
        case .count(let a): return .bigint(FixedColumn(slots.map { a.counts[Int($0)] }))
        case .integerSum(let a): return a.results(slots, call, overflows: &overflows)
        case .doubleSum(let a):
            let isAverage = call.function == .avg
            let values = slots.map { slot -> Double in
                let count = a.counts[Int(slot)]
                return isAverage && count > 0 ? a.sums[Int(slot)] / Double(count) : a.sums[Int(slot)]
            }
            return .double(FixedColumn(values, validity: Self.validity(slots) { a.counts[$0] > 0 }))
        case .int32Extreme(let a):
            let column = FixedColumn(slots.map { a.values[Int($0)] }, validity: Self.validity(slots) { a.isSet[$0] })
            return call.resultType == .date ? .date(column) : .int(column)
        case .int64Extreme(let a):
            let column = FixedColumn(slots.map { a.values[Int($0)] }, validity: Self.validity(slots) { a.isSet[$0] })
            if case .timestamp(let precision) = call.resultType {
                return .timestamps(column, TimestampUnit(precision: precision))
            }
            return .bigint(column)
        case .doubleExtreme(let a):
            return .double(FixedColumn(slots.map { a.values[Int($0)] }, validity: Self.validity(slots) { a.isSet[$0] }))
        case .booleanExtreme(let a):
            let values = slots.map { a.values[Int($0)] != 0 }
            return .boolean(FixedColumn(values, validity: Self.validity(slots) { a.isSet[$0] }))
        case .stringExtreme(let a):
            var column = StringColumn(validity: Self.validity(slots) { a.isSet[$0] })
            column.offsets.reserveCapacity(slots.count + 1)
            for slot in slots {
                column.bytes.append(contentsOf: a.values[Int(slot)])
                column.offsets.append(Int32(column.bytes.count))
            }
            return .string(column)
        }
    }

    /// nil where all are valid.
    static func validity(_ slots: [Int32], isValid: (Int) -> Bool) -> Bitmap? {
        guard slots.contains(where: { !isValid(Int($0)) }) else { return nil }
        var bitmap = Bitmap(repeating: true, count: slots.count)
        for (k, slot) in slots.enumerated() where !isValid(Int(slot)) { bitmap[k] = false }
        return bitmap
    }
}

extension IntegerSumAccumulator {
    func results(_ slots: [Int32], _ call: AggregateCall, overflows: inout [Int]) -> Column {
        let isAverage = call.function == .avg
        let validity = Accumulator.validity(slots) { counts[$0] > 0 }
        func value(_ slot: Int) -> Int128 {
            isAverage && counts[slot] > 0 ? sums[slot] / Int128(counts[slot]) : sums[slot]
        }
        if call.resultType == .int {
            var values = [Int32](repeating: 0, count: slots.count)
            for (k, slot) in slots.enumerated() {
                if let fits = Int32(exactly: value(Int(slot))) { values[k] = fits } else { overflows.append(k) }
            }
            return .int(FixedColumn(values, validity: validity))
        }
        var values = [Int64](repeating: 0, count: slots.count)
        for (k, slot) in slots.enumerated() {
            if let fits = Int64(exactly: value(Int(slot))) { values[k] = fits } else { overflows.append(k) }
        }
        return .bigint(FixedColumn(values, validity: validity))
    }
}
