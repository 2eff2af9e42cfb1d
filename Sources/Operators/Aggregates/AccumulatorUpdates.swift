import Columnar

// Adding a batch: `groups[k]` is the slot of the k-th selected row. Arrays are taken out of their enum case before they are
// written, so that they are not copied.

extension Accumulator {
    /// - Input: `argument` is nil for `COUNT(*)`; `selection` nil means row k is the k-th.
    package mutating func add(groups: [Int32], argument: Column?, selection: [Int32]?, wantsMaximum: Bool) {
        switch self {
        case .count(var a):
            self = .count(CountAccumulator())
            a.add(groups, validity: argument?.validity, selection)
            self = .count(a)
        case .integerSum(var a):
            self = .integerSum(IntegerSumAccumulator())
            switch argument {
            case .int(let c): a.add(groups, c, selection)
            case .bigint(let c): a.add(groups, c, selection)
            default: preconditionFailure("an integer sum is over INT or BIGINT")
            }
            self = .integerSum(a)
        case .doubleSum(var a):
            self = .doubleSum(DoubleSumAccumulator())
            guard case .double(let c)? = argument else { preconditionFailure("a double sum is over DOUBLE") }
            a.add(groups, c, selection)
            self = .doubleSum(a)
        case .int32Extreme(var a):
            self = .int32Extreme(ExtremeAccumulator())
            switch argument {
            case .int(let c), .date(let c): a.add(groups, c, selection, wantsMaximum: wantsMaximum)
            default: preconditionFailure("the argument is INT or DATE")
            }
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            self = .int64Extreme(ExtremeAccumulator())
            switch argument {
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
                a.add(groups, c, selection, wantsMaximum: wantsMaximum)
            default: preconditionFailure("the argument is BIGINT or TIMESTAMP")
            }
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            self = .doubleExtreme(ExtremeAccumulator())
            guard case .double(let c)? = argument else { preconditionFailure("the argument is DOUBLE") }
            a.add(groups, c, selection, wantsMaximum: wantsMaximum)
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            self = .booleanExtreme(ExtremeAccumulator())
            guard case .boolean(let c)? = argument else { preconditionFailure("the argument is BOOLEAN") }
            let bytes = FixedColumn(c.values.map { $0 ? UInt8(1) : 0 }, validity: c.validity)
            a.add(groups, bytes, selection, wantsMaximum: wantsMaximum)
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            self = .stringExtreme(StringExtremeAccumulator())
            guard case .string(let c)? = argument else { preconditionFailure("the argument is STRING") }
            a.add(groups, c, selection, wantsMaximum: wantsMaximum)
            self = .stringExtreme(a)
        }
    }
}

extension CountAccumulator {
    mutating func add(_ groups: [Int32], validity: Bitmap?, _ selection: [Int32]?) {
        guard let validity else {
            for group in groups { counts[Int(group)] &+= 1 }
            return
        }
        for k in groups.indices where validity[selection.map { Int($0[k]) } ?? k] { counts[Int(groups[k])] &+= 1 }
    }
}

extension IntegerSumAccumulator {
    mutating func add<Element: FixedWidthInteger & Hashable & Sendable>(
        _ groups: [Int32], _ column: FixedColumn<Element>, _ selection: [Int32]?
    ) {
        // 128 bits hold more sums of 64-bit values than a file has rows: no overflow here.
        if column.validity == nil, selection == nil {
            for k in groups.indices {
                let group = Int(groups[k])
                sums[group] &+= Int128(column.values[k])
                counts[group] &+= 1
            }
            return
        }
        for k in groups.indices {
            let row = selection.map { Int($0[k]) } ?? k
            guard column.validity.map({ $0[row] }) ?? true else { continue }
            let group = Int(groups[k])
            sums[group] &+= Int128(column.values[row])
            counts[group] &+= 1
        }
    }
}

extension DoubleSumAccumulator {
    mutating func add(_ groups: [Int32], _ column: FixedColumn<Double>, _ selection: [Int32]?) {
        for k in groups.indices {
            let row = selection.map { Int($0[k]) } ?? k
            guard column.validity.map({ $0[row] }) ?? true else { continue }
            let group = Int(groups[k])
            sums[group] += column.values[row]
            counts[group] &+= 1
        }
    }
}

extension ExtremeAccumulator {
    mutating func add(_ groups: [Int32], _ column: FixedColumn<Element>, _ selection: [Int32]?, wantsMaximum: Bool) {
        for k in groups.indices {
            let row = selection.map { Int($0[k]) } ?? k
            guard column.validity.map({ $0[row] }) ?? true else { continue }
            let group = Int(groups[k])
            let value = column.values[row]
            let held = values[group]
            if !isSet[group] || (wantsMaximum ? held.precedes(value) : value.precedes(held)) {
                values[group] = value
                isSet[group] = true
            }
        }
    }
}

extension StringExtremeAccumulator {
    mutating func add(_ groups: [Int32], _ column: StringColumn, _ selection: [Int32]?, wantsMaximum: Bool) {
        for k in groups.indices {
            let row = selection.map { Int($0[k]) } ?? k
            guard column.validity.map({ $0[row] }) ?? true else { continue }
            let group = Int(groups[k])
            let value = column.bytes[Int(column.offsets[row])..<Int(column.offsets[row + 1])]
            let held = values[group]
            let wins =
                !isSet[group]
                || (wantsMaximum ? held.lexicographicallyPrecedes(value) : value.lexicographicallyPrecedes(held))
            guard wins else { continue }
            valueBytes += value.count - held.count
            values[group] = Array(value)
            isSet[group] = true
        }
    }
}
