import Columnar

// Combining groups, as panes become windows: each function's values over two sets of rows make those over both. Arrays
// are taken out of their enum case before they are written, so that they are not copied (a switch over a pair of
// accumulators would hold them, and so copy them whole).

extension Accumulator {
    /// Adds the values of `sources[k]` of `other`, which is of the same kind, to those of slot `slots[k]`.
    package mutating func merge(_ sources: [Int32], of other: Accumulator, into slots: [Int32], wantsMaximum: Bool) {
        precondition(sources.count == slots.count, "one target per source")
        switch self {
        case .count(var a):
            guard case .count(let b) = other else { Self.areOfTwoKinds() }
            self = .count(CountAccumulator())
            for k in sources.indices { a.counts[Int(slots[k])] &+= b.counts[Int(sources[k])] }
            self = .count(a)
        case .integerSum(var a):
            guard case .integerSum(let b) = other else { Self.areOfTwoKinds() }
            self = .integerSum(IntegerSumAccumulator())
            for k in sources.indices {
                a.sums[Int(slots[k])] &+= b.sums[Int(sources[k])]
                a.counts[Int(slots[k])] &+= b.counts[Int(sources[k])]
            }
            self = .integerSum(a)
        case .doubleSum(var a):
            guard case .doubleSum(let b) = other else { Self.areOfTwoKinds() }
            self = .doubleSum(DoubleSumAccumulator())
            for k in sources.indices {
                a.sums[Int(slots[k])] += b.sums[Int(sources[k])]
                a.counts[Int(slots[k])] &+= b.counts[Int(sources[k])]
            }
            self = .doubleSum(a)
        case .int32Extreme(var a):
            guard case .int32Extreme(let b) = other else { Self.areOfTwoKinds() }
            self = .int32Extreme(ExtremeAccumulator())
            a.merge(sources, of: b, into: slots, wantsMaximum: wantsMaximum)
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            guard case .int64Extreme(let b) = other else { Self.areOfTwoKinds() }
            self = .int64Extreme(ExtremeAccumulator())
            a.merge(sources, of: b, into: slots, wantsMaximum: wantsMaximum)
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            guard case .doubleExtreme(let b) = other else { Self.areOfTwoKinds() }
            self = .doubleExtreme(ExtremeAccumulator())
            a.merge(sources, of: b, into: slots, wantsMaximum: wantsMaximum)
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            guard case .booleanExtreme(let b) = other else { Self.areOfTwoKinds() }
            self = .booleanExtreme(ExtremeAccumulator())
            a.merge(sources, of: b, into: slots, wantsMaximum: wantsMaximum)
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            guard case .stringExtreme(let b) = other else { Self.areOfTwoKinds() }
            self = .stringExtreme(StringExtremeAccumulator())
            a.merge(sources, of: b, into: slots, wantsMaximum: wantsMaximum)
            self = .stringExtreme(a)
        }
    }

    /// An accumulator whose slot k is a copy of slot `slots[k]`, with no room for more.
    package func gathered(_ slots: [Int32]) -> Accumulator {
        switch self {
        case .count(let a): .count(CountAccumulator(counts: a.counts.taking(slots)))
        case .integerSum(let a):
            .integerSum(IntegerSumAccumulator(sums: a.sums.taking(slots), counts: a.counts.taking(slots)))
        case .doubleSum(let a):
            .doubleSum(DoubleSumAccumulator(sums: a.sums.taking(slots), counts: a.counts.taking(slots)))
        case .int32Extreme(let a): .int32Extreme(a.gathered(slots))
        case .int64Extreme(let a): .int64Extreme(a.gathered(slots))
        case .doubleExtreme(let a): .doubleExtreme(a.gathered(slots))
        case .booleanExtreme(let a): .booleanExtreme(a.gathered(slots))
        case .stringExtreme(let a):
            .stringExtreme(
                StringExtremeAccumulator(
                    values: a.values.taking(slots), isSet: a.isSet.taking(slots),
                    valueBytes: slots.reduce(0) { $0 + a.values[Int($1)].count }))
        }
    }
}

extension Array {
    /// The elements at these places, in this order.
    fileprivate func taking(_ slots: [Int32]) -> [Element] {
        [Element](unsafeUninitializedCapacity: slots.count) { out, filled in
            for k in slots.indices { out.initializeElement(at: k, to: self[Int(slots[k])]) }
            filled = slots.count
        }
    }
}

extension ExtremeAccumulator {
    fileprivate func gathered(_ slots: [Int32]) -> ExtremeAccumulator<Element> {
        ExtremeAccumulator(values: values.taking(slots), isSet: isSet.taking(slots))
    }

    fileprivate mutating func merge(
        _ sources: [Int32], of other: ExtremeAccumulator<Element>, into slots: [Int32], wantsMaximum: Bool
    ) {
        for k in sources.indices where other.isSet[Int(sources[k])] {
            let (value, slot) = (other.values[Int(sources[k])], Int(slots[k]))
            if !isSet[slot] || (wantsMaximum ? values[slot].precedes(value) : value.precedes(values[slot])) {
                values[slot] = value
                isSet[slot] = true
            }
        }
    }
}

extension StringExtremeAccumulator {
    fileprivate mutating func merge(
        _ sources: [Int32], of other: StringExtremeAccumulator, into slots: [Int32], wantsMaximum: Bool
    ) {
        for k in sources.indices where other.isSet[Int(sources[k])] {
            let (value, slot) = (other.values[Int(sources[k])], Int(slots[k]))
            let held = values[slot]
            let wins =
                !isSet[slot]
                || (wantsMaximum ? held.lexicographicallyPrecedes(value) : value.lexicographicallyPrecedes(held))
            guard wins else { continue }
            valueBytes += value.count - held.count
            values[slot] = value
            isSet[slot] = true
        }
    }
}
