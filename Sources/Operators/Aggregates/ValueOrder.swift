import Columnar

// MIN and MAX over a changelog keep all values. They are kept in the order in which they would become the result: BIGINTs
// of which the least is the best one stand for all types of fixed width, complemented where MAX is wanted. A STRING stands
// for itself, so of MAX over STRING the greatest is the best one.
//
// DOUBLEs are ordered as Java does: -0.0 before 0.0, NaN last.

struct ValueOrder: Sendable {
    let type: DataType
    let wantsMaximum: Bool

    /// Of the values as they are kept.
    var storedType: DataType { type == .string ? .string : .bigint }

    /// Whether the best values come first.
    var isBestFirst: Bool { type != .string || !wantsMaximum }

    func stored(_ column: Column) -> Column {
        switch column {
        case .string: return column
        case .boolean(let c): return ordered(c.values.map { $0 ? 1 : 0 }, c.validity)
        case .int(let c), .date(let c): return ordered(c.values.map { Int64($0) }, c.validity)
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c): return ordered(c.values, c.validity)
        case .double(let c): return ordered(c.values.map { ValueOrder.bits($0) }, c.validity)
        }
    }

    private func ordered(_ values: [Int64], _ validity: Bitmap?) -> Column {
        .bigint(FixedColumn(wantsMaximum ? values.map { ~$0 } : values, validity: validity))
    }

    /// The values of a stored column.
    func values(_ stored: Column) -> Column {
        guard case .bigint(let kept) = stored else { return stored }
        let values = wantsMaximum ? kept.values.map { ~$0 } : kept.values
        switch type {
        case .boolean: return .boolean(FixedColumn(values.map { $0 != 0 }, validity: kept.validity))
        case .int:
            return .int(FixedColumn(values.map { Int32(truncatingIfNeeded: $0) }, validity: kept.validity))
        case .date:
            return .date(FixedColumn(values.map { Int32(truncatingIfNeeded: $0) }, validity: kept.validity))
        case .double:
            return .double(FixedColumn(values.map { ValueOrder.double($0) }, validity: kept.validity))
        case .timestamp(let precision):
            return .timestamps(FixedColumn(values, validity: kept.validity), TimestampUnit(precision: precision))
        case .bigint, .string, .row: return .bigint(FixedColumn(values, validity: kept.validity))
        }
    }

    private static func bits(_ value: Double) -> Int64 {
        let bits = Int64(bitPattern: (value.isNaN ? Double.nan : value).bitPattern)
        return bits < 0 ? bits ^ Int64.max : bits
    }

    private static func double(_ bits: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: bits < 0 ? bits ^ Int64.max : bits))
    }
}

extension Accumulator {
    /// Gives slots of a MIN or MAX the values of a column of its type, in order; NULL: none.
    mutating func set(_ slots: [Int32], to column: Column) {
        switch (self, column) {
        case (.int32Extreme(var a), .int(let c)), (.int32Extreme(var a), .date(let c)):
            self = .int32Extreme(ExtremeAccumulator())
            a.set(slots, c.values, c.validity)
            self = .int32Extreme(a)
        case (.int64Extreme(var a), .bigint(let c)), (.int64Extreme(var a), .timestamp(let c)),
            (.int64Extreme(var a), .timestampMicros(let c)):
            self = .int64Extreme(ExtremeAccumulator())
            a.set(slots, c.values, c.validity)
            self = .int64Extreme(a)
        case (.doubleExtreme(var a), .double(let c)):
            self = .doubleExtreme(ExtremeAccumulator())
            a.set(slots, c.values, c.validity)
            self = .doubleExtreme(a)
        case (.booleanExtreme(var a), .boolean(let c)):
            self = .booleanExtreme(ExtremeAccumulator())
            a.set(slots, c.values.map { $0 ? 1 : 0 }, c.validity)
            self = .booleanExtreme(a)
        case (.stringExtreme(var a), .string(let c)):
            self = .stringExtreme(StringExtremeAccumulator())
            for k in slots.indices {
                let isSet = c.validity.map { $0[k] } ?? true
                let text = isSet ? Array(c.bytes[Int(c.offsets[k])..<Int(c.offsets[k + 1])]) : []
                a.valueBytes += text.count - a.values[Int(slots[k])].count
                (a.values[Int(slots[k])], a.isSet[Int(slots[k])]) = (text, isSet)
            }
            self = .stringExtreme(a)
        default: preconditionFailure("the values of a MIN or MAX are of its type")
        }
    }
}

extension ExtremeAccumulator {
    fileprivate mutating func set(_ slots: [Int32], _ column: [Element], _ validity: Bitmap?) {
        for k in slots.indices {
            let slot = Int(slots[k])
            isSet[slot] = validity.map { $0[k] } ?? true
            if isSet[slot] { values[slot] = column[k] }
        }
    }
}
