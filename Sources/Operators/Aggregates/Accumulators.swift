import Columnar
import HostSystem

// The running values of one aggregate call, one per group, in flat arrays indexed by the group's slot. Sums of integers run
// in 128 bits and are checked when they are emitted, so the order of the rows cannot make a sum fail that fits in the end.

/// Rows, or rows where the argument is not NULL.
package struct CountAccumulator: Sendable {
    package var counts: [Int64] = []
}

/// SUM and AVG over INT and BIGINT.
package struct IntegerSumAccumulator: Sendable {
    package var sums: [Int128] = []
    package var counts: [Int64] = []
}

/// SUM and AVG over DOUBLE.
package struct DoubleSumAccumulator: Sendable {
    package var sums: [Double] = []
    package var counts: [Int64] = []
}

/// MIN and MAX over a fixed-width type; `isSet` is false while only NULLs were seen.
package struct ExtremeAccumulator<Element: ExtremeElement>: Sendable {
    package var values: [Element] = []
    package var isSet: [Bool] = []
}

/// MIN and MAX over STRING, by UTF-8 bytes.
package struct StringExtremeAccumulator: Sendable {
    package var values: [[UInt8]] = []
    package var isSet: [Bool] = []
    package var valueBytes = 0
}

package enum Accumulator: Sendable {
    case count(CountAccumulator)
    case integerSum(IntegerSumAccumulator)
    case doubleSum(DoubleSumAccumulator)
    case int32Extreme(ExtremeAccumulator<Int32>)
    case int64Extreme(ExtremeAccumulator<Int64>)
    case doubleExtreme(ExtremeAccumulator<Double>)
    case booleanExtreme(ExtremeAccumulator<UInt8>)
    case stringExtreme(StringExtremeAccumulator)

    /// - Parameter argument: the type of the argument column; any for `COUNT(*)`.
    package init(_ function: AggregateFunction, argument: DataType) {
        switch (function, argument) {
        case (.countStar, _), (.count, _): self = .count(CountAccumulator())
        case (.sum, .double), (.avg, .double): self = .doubleSum(DoubleSumAccumulator())
        case (.sum, _), (.avg, _): self = .integerSum(IntegerSumAccumulator())
        case (_, .int), (_, .date): self = .int32Extreme(ExtremeAccumulator())
        case (_, .bigint), (_, .timestamp): self = .int64Extreme(ExtremeAccumulator())
        case (_, .double): self = .doubleExtreme(ExtremeAccumulator())
        case (_, .boolean): self = .booleanExtreme(ExtremeAccumulator())
        case (_, .string): self = .stringExtreme(StringExtremeAccumulator())
        case (_, .row): preconditionFailure("the binder refuses MIN and MAX of a ROW")
        }
    }

    /// Memory held, in bytes.
    package var sizeBytes: Int {
        switch self {
        case .count(let a): a.counts.heldBytes
        case .integerSum(let a): a.sums.heldBytes + a.counts.heldBytes
        case .doubleSum(let a): a.sums.heldBytes + a.counts.heldBytes
        case .int32Extreme(let a): a.values.heldBytes + a.isSet.heldBytes
        case .int64Extreme(let a): a.values.heldBytes + a.isSet.heldBytes
        case .doubleExtreme(let a): a.values.heldBytes + a.isSet.heldBytes
        case .booleanExtreme(let a): a.values.heldBytes + a.isSet.heldBytes
        // An array of bytes of its own costs 8 bytes here and 32 ahead of its bytes.
        case .stringExtreme(let a): a.values.heldBytes + a.isSet.heldBytes + a.values.count * 32 + a.valueBytes
        }
    }

    /// Room for `count` slots at least, and not many more.
    mutating func reserve(_ count: Int) {
        switch self {
        case .count(var a):
            self = .count(CountAccumulator())
            a.counts.reserveCapacity(count)
            self = .count(a)
        case .integerSum(var a):
            self = .integerSum(IntegerSumAccumulator())
            a.sums.reserveCapacity(count)
            a.counts.reserveCapacity(count)
            self = .integerSum(a)
        case .doubleSum(var a):
            self = .doubleSum(DoubleSumAccumulator())
            a.sums.reserveCapacity(count)
            a.counts.reserveCapacity(count)
            self = .doubleSum(a)
        case .int32Extreme(var a):
            self = .int32Extreme(ExtremeAccumulator())
            a.reserve(count)
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            self = .int64Extreme(ExtremeAccumulator())
            a.reserve(count)
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            self = .doubleExtreme(ExtremeAccumulator())
            a.reserve(count)
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            self = .booleanExtreme(ExtremeAccumulator())
            a.reserve(count)
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            self = .stringExtreme(StringExtremeAccumulator())
            a.values.reserveCapacity(count)
            a.isSet.reserveCapacity(count)
            self = .stringExtreme(a)
        }
    }

    /// Adds empty slots up to `count`.
    package mutating func grow(to count: Int) {
        switch self {
        case .count(var a):
            self = .count(CountAccumulator())
            a.counts.append(contentsOf: repeatElement(0, count: count - a.counts.count))
            self = .count(a)
        case .integerSum(var a):
            self = .integerSum(IntegerSumAccumulator())
            let more = count - a.sums.count
            a.sums.append(contentsOf: repeatElement(0, count: more))
            a.counts.append(contentsOf: repeatElement(0, count: more))
            self = .integerSum(a)
        case .doubleSum(var a):
            self = .doubleSum(DoubleSumAccumulator())
            let more = count - a.sums.count
            a.sums.append(contentsOf: repeatElement(0, count: more))
            a.counts.append(contentsOf: repeatElement(0, count: more))
            self = .doubleSum(a)
        case .int32Extreme(var a):
            self = .int32Extreme(ExtremeAccumulator())
            a.grow(to: count, filler: 0)
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            self = .int64Extreme(ExtremeAccumulator())
            a.grow(to: count, filler: 0)
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            self = .doubleExtreme(ExtremeAccumulator())
            a.grow(to: count, filler: 0)
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            self = .booleanExtreme(ExtremeAccumulator())
            a.grow(to: count, filler: 0)
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            self = .stringExtreme(StringExtremeAccumulator())
            let more = count - a.values.count
            a.values.append(contentsOf: repeatElement([], count: more))
            a.isSet.append(contentsOf: repeatElement(false, count: more))
            self = .stringExtreme(a)
        }
    }

    static func areOfTwoKinds() -> Never { preconditionFailure("accumulators of one call are of one kind") }

    /// Appends copies of the slots of `other`, which is of the same kind.
    package mutating func append(_ slots: ArraySlice<Int32>, of other: Accumulator) {
        switch self {
        case .count(var a):
            guard case .count(let b) = other else { Self.areOfTwoKinds() }
            self = .count(CountAccumulator())
            a.counts.append(slots, of: b.counts)
            self = .count(a)
        case .integerSum(var a):
            guard case .integerSum(let b) = other else { Self.areOfTwoKinds() }
            self = .integerSum(IntegerSumAccumulator())
            a.sums.append(slots, of: b.sums)
            a.counts.append(slots, of: b.counts)
            self = .integerSum(a)
        case .doubleSum(var a):
            guard case .doubleSum(let b) = other else { Self.areOfTwoKinds() }
            self = .doubleSum(DoubleSumAccumulator())
            a.sums.append(slots, of: b.sums)
            a.counts.append(slots, of: b.counts)
            self = .doubleSum(a)
        case .int32Extreme(var a):
            guard case .int32Extreme(let b) = other else { Self.areOfTwoKinds() }
            self = .int32Extreme(ExtremeAccumulator())
            a.append(slots, of: b)
            self = .int32Extreme(a)
        case .int64Extreme(var a):
            guard case .int64Extreme(let b) = other else { Self.areOfTwoKinds() }
            self = .int64Extreme(ExtremeAccumulator())
            a.append(slots, of: b)
            self = .int64Extreme(a)
        case .doubleExtreme(var a):
            guard case .doubleExtreme(let b) = other else { Self.areOfTwoKinds() }
            self = .doubleExtreme(ExtremeAccumulator())
            a.append(slots, of: b)
            self = .doubleExtreme(a)
        case .booleanExtreme(var a):
            guard case .booleanExtreme(let b) = other else { Self.areOfTwoKinds() }
            self = .booleanExtreme(ExtremeAccumulator())
            a.append(slots, of: b)
            self = .booleanExtreme(a)
        case .stringExtreme(var a):
            guard case .stringExtreme(let b) = other else { Self.areOfTwoKinds() }
            self = .stringExtreme(StringExtremeAccumulator())
            a.values.append(slots, of: b.values)
            a.isSet.append(slots, of: b.isSet)
            for slot in slots { a.valueBytes += b.values[Int(slot)].count }
            self = .stringExtreme(a)
        }
    }
}

extension Accumulator {
    /// An empty accumulator of the same kind.
    func emptied() -> Accumulator {
        switch self {
        case .count: .count(CountAccumulator())
        case .integerSum: .integerSum(IntegerSumAccumulator())
        case .doubleSum: .doubleSum(DoubleSumAccumulator())
        case .int32Extreme: .int32Extreme(ExtremeAccumulator())
        case .int64Extreme: .int64Extreme(ExtremeAccumulator())
        case .doubleExtreme: .doubleExtreme(ExtremeAccumulator())
        case .booleanExtreme: .booleanExtreme(ExtremeAccumulator())
        case .stringExtreme: .stringExtreme(StringExtremeAccumulator())
        }
    }
}

extension ExtremeAccumulator {
    mutating func reserve(_ count: Int) {
        values.reserveCapacity(count)
        isSet.reserveCapacity(count)
    }

    mutating func grow(to count: Int, filler: Element) {
        let more = count - values.count
        values.append(contentsOf: repeatElement(filler, count: more))
        isSet.append(contentsOf: repeatElement(false, count: more))
    }

    mutating func append(_ slots: ArraySlice<Int32>, of other: ExtremeAccumulator<Element>) {
        values.append(slots, of: other.values)
        isSet.append(slots, of: other.isSet)
    }
}

extension Array {
    fileprivate mutating func append(_ slots: ArraySlice<Int32>, of values: [Element]) {
        append(contentsOf: slots.lazy.map { values[Int($0)] })
    }
}
