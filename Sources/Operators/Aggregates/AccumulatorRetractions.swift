import Columnar

// Adding a batch of a changelog: rows that come, and rows that are taken back. A group begins with the first row that
// comes and ends with the last one that is taken back, whatever its sums say then; taking back a row of a group that is
// not there does nothing (both as in Flink). Which rows those are is known from the rows' count alone, and so decided
// first, for all calls. MIN and MAX cannot take back: see `ValueTable`.

/// What a row of a changelog does to its group.
package enum RowEffect: UInt8, Sendable {
    case added
    case retracted
    /// Retracted, and nothing is left.
    case emptied
    /// There is no such group.
    case ignored
}

extension Accumulator {
    /// Counts rows, of a `COUNT(*)`, and decides what each does.
    mutating func countChanges(_ kinds: [RowKind]?, groups: [Int32], selection: [Int32]?) -> [RowEffect] {
        guard case .count(var a) = self else { preconditionFailure("rows are counted by COUNT(*)") }
        self = .count(CountAccumulator())
        let effects = a.countChanges(kinds, groups, selection)
        self = .count(a)
        return effects
    }

    /// - Input: as of `add`; the effect of the k-th selected row. MIN and MAX stay what they are.
    mutating func change(_ effects: [RowEffect], groups: [Int32], argument: Column?, selection: [Int32]?) {
        let rows = SelectedArgument(argument, selection)
        switch self {
        case .count(var a):
            self = .count(CountAccumulator())
            a.change(effects, groups, rows)
            self = .count(a)
        case .integerSum(var a):
            self = .integerSum(IntegerSumAccumulator())
            switch argument {
            case .int(let c): a.change(effects, groups, c.values, rows)
            case .bigint(let c): a.change(effects, groups, c.values, rows)
            default: preconditionFailure("an integer sum is over INT or BIGINT")
            }
            self = .integerSum(a)
        case .doubleSum(var a):
            self = .doubleSum(DoubleSumAccumulator())
            guard case .double(let c)? = argument else { preconditionFailure("a double sum is over DOUBLE") }
            a.change(effects, groups, c.values, rows)
            self = .doubleSum(a)
        case .int32Extreme, .int64Extreme, .doubleExtreme, .booleanExtreme, .stringExtreme: break
        }
    }

    /// Makes slots empty.
    mutating func clear(_ slots: [Int32]) {
        switch self {
        case .count(var a):
            self = .count(CountAccumulator())
            for slot in slots { a.counts[Int(slot)] = 0 }
            self = .count(a)
        case .integerSum(var a):
            self = .integerSum(IntegerSumAccumulator())
            for slot in slots { (a.sums[Int(slot)], a.counts[Int(slot)]) = (0, 0) }
            self = .integerSum(a)
        case .doubleSum(var a):
            self = .doubleSum(DoubleSumAccumulator())
            for slot in slots { (a.sums[Int(slot)], a.counts[Int(slot)]) = (0, 0) }
            self = .doubleSum(a)
        case .int32Extreme(var a):
            self = .int32Extreme(ExtremeAccumulator())
            for slot in slots { (a.values[Int(slot)], a.isSet[Int(slot)]) = (0, false) }
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            self = .int64Extreme(ExtremeAccumulator())
            for slot in slots { (a.values[Int(slot)], a.isSet[Int(slot)]) = (0, false) }
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            self = .doubleExtreme(ExtremeAccumulator())
            for slot in slots { (a.values[Int(slot)], a.isSet[Int(slot)]) = (0, false) }
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            self = .booleanExtreme(ExtremeAccumulator())
            for slot in slots { (a.values[Int(slot)], a.isSet[Int(slot)]) = (0, false) }
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            self = .stringExtreme(StringExtremeAccumulator())
            for slot in slots {
                a.valueBytes -= a.values[Int(slot)].count
                (a.values[Int(slot)], a.isSet[Int(slot)]) = ([], false)
            }
            self = .stringExtreme(a)
        }
    }
}

/// Which of the selected rows have an argument, and where it stands.
private struct SelectedArgument {
    let selection: [Int32]?
    let validity: Bitmap?

    init(_ argument: Column?, _ selection: [Int32]?) {
        self.selection = selection
        validity = argument?.validity
    }

    /// nil: it is NULL.
    @inline(__always)
    func row(_ k: Int) -> Int? {
        let row = selection.map { Int($0[k]) } ?? k
        return validity.map { $0[row] } ?? true ? row : nil
    }
}

extension CountAccumulator {
    fileprivate mutating func countChanges(
        _ kinds: [RowKind]?, _ groups: [Int32], _ selection: [Int32]?
    ) -> [RowEffect] {
        var effects = [RowEffect](repeating: .added, count: groups.count)
        guard let kinds else {
            for group in groups { counts[Int(group)] &+= 1 }
            return effects
        }
        for k in groups.indices {
            let group = Int(groups[k])
            switch kinds[selection.map { Int($0[k]) } ?? k] {
            case .insert, .updateAfter: counts[group] &+= 1
            case .updateBefore, .delete:
                if counts[group] <= 0 {
                    effects[k] = .ignored
                } else {
                    counts[group] &-= 1
                    effects[k] = counts[group] == 0 ? .emptied : .retracted
                }
            }
        }
        return effects
    }

    fileprivate mutating func change(_ effects: [RowEffect], _ groups: [Int32], _ rows: SelectedArgument) {
        for k in groups.indices {
            let group = Int(groups[k])
            switch effects[k] {
            case .added: if rows.row(k) != nil { counts[group] &+= 1 }
            case .retracted: if rows.row(k) != nil { counts[group] &-= 1 }
            case .emptied: counts[group] = 0
            case .ignored: break
            }
        }
    }
}

extension IntegerSumAccumulator {
    fileprivate mutating func change<Element: FixedWidthInteger>(
        _ effects: [RowEffect], _ groups: [Int32], _ values: [Element], _ rows: SelectedArgument
    ) {
        for k in groups.indices {
            let group = Int(groups[k])
            switch effects[k] {
            case .added:
                guard let row = rows.row(k) else { continue }
                sums[group] &+= Int128(values[row])
                counts[group] &+= 1
            case .retracted:
                guard let row = rows.row(k) else { continue }
                sums[group] &-= Int128(values[row])
                counts[group] &-= 1
            case .emptied:
                sums[group] = 0
                counts[group] = 0
            case .ignored: break
            }
        }
    }
}

extension DoubleSumAccumulator {
    fileprivate mutating func change(
        _ effects: [RowEffect], _ groups: [Int32], _ values: [Double], _ rows: SelectedArgument
    ) {
        for k in groups.indices {
            let group = Int(groups[k])
            switch effects[k] {
            case .added:
                guard let row = rows.row(k) else { continue }
                sums[group] += values[row]
                counts[group] &+= 1
            case .retracted:
                guard let row = rows.row(k) else { continue }
                counts[group] &-= 1
                // Without values there is no error of theirs either.
                sums[group] = counts[group] == 0 ? 0 : sums[group] - values[row]
            case .emptied:
                sums[group] = 0
                counts[group] = 0
            case .ignored: break
            }
        }
    }
}
