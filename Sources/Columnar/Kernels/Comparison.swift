package enum ComparisonOperator: Hashable, Sendable {
    case equal
    case notEqual
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    /// The operator that gives the same with its sides exchanged.
    var mirrored: ComparisonOperator {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        }
    }
}

/// Comparison of two operands of one type: BOOLEAN, NULL where an operand is.
///
/// FALSE is less than TRUE. Strings compare by their bytes, which is the order of code points. DOUBLE compares as
/// Java's primitives do: -0.0 equals 0.0, and with NaN on either side every comparison is FALSE but `<>`.
package enum Comparison {
    package static func apply(
        _ op: ComparisonOperator, _ left: Operand, _ right: Operand, rowCount: Int
    ) -> Column {
        let validity = Bitmap.intersection(left.validity(rowCount), right.validity(rowCount))
        return .boolean(FixedColumn(values(op, left, right, rowCount), validity: validity))
    }

    /// `IS DISTINCT FROM`, or its opposite: as `<>` and `=`, but two NULLs are the same and a NULL differs from any
    /// value.
    package static func distinct(
        _ left: Operand, _ right: Operand, isDistinct: Bool, rowCount: Int
    ) -> Column {
        var result = values(isDistinct ? .notEqual : .equal, left, right, rowCount)
        let (l, r) = (left.validity(rowCount), right.validity(rowCount))
        if l != nil || r != nil {
            for row in 0..<rowCount {
                let (a, b) = (l.map { $0[row] } ?? true, r.map { $0[row] } ?? true)
                if !(a && b) { result[row] = (a != b) == isDistinct }
            }
        }
        return .boolean(FixedColumn(result))
    }

    /// Without regard to NULLs.
    private static func values(
        _ op: ComparisonOperator, _ left: Operand, _ right: Operand, _ rowCount: Int
    ) -> [Bool] {
        switch (left.column, right.column) {
        case (.boolean(let l), .boolean(let r)):
            return booleans(op, left.lane(l.values), right.lane(r.values), rowCount)
        case (.int(let l), .int(let r)), (.date(let l), .date(let r)):
            return ordered(op, left.lane(l.values), right.lane(r.values), rowCount)
        case (.bigint(let l), .bigint(let r)), (.timestamp(let l), .timestamp(let r)),
            (.timestampMicros(let l), .timestampMicros(let r)):
            return ordered(op, left.lane(l.values), right.lane(r.values), rowCount)
        case (.double(let l), .double(let r)):
            return ordered(op, left.lane(l.values), right.lane(r.values), rowCount)
        case (.string(let l), .string(let r)):
            if left.isConstant && !right.isConstant {
                return strings(op.mirrored, r, l, rightIsConstant: true, rowCount)
            }
            if left.isConstant {
                return [Bool](
                    repeating: strings(op, l, r, rightIsConstant: true, 1)[0], count: rowCount)
            }
            return strings(op, l, r, rightIsConstant: right.isConstant, rowCount)
        default:
            preconditionFailure("a comparison takes two operands of one type")
        }
    }

    private static func ordered<T: Comparable>(
        _ op: ComparisonOperator, _ left: Lane<T>, _ right: Lane<T>, _ rowCount: Int
    ) -> [Bool] {
        switch op {
        case .equal: mapPairs(left, right, rowCount: rowCount) { $0 == $1 }
        case .notEqual: mapPairs(left, right, rowCount: rowCount) { $0 != $1 }
        case .less: mapPairs(left, right, rowCount: rowCount) { $0 < $1 }
        case .lessOrEqual: mapPairs(left, right, rowCount: rowCount) { $0 <= $1 }
        case .greater: mapPairs(left, right, rowCount: rowCount) { $0 > $1 }
        case .greaterOrEqual: mapPairs(left, right, rowCount: rowCount) { $0 >= $1 }
        }
    }

    private static func booleans(
        _ op: ComparisonOperator, _ left: Lane<Bool>, _ right: Lane<Bool>, _ rowCount: Int
    ) -> [Bool] {
        let bytes = { (lane: Lane<Bool>) in
            Lane<UInt8>(values: mapValues(lane.values) { $0 ? 1 : 0 }, isConstant: lane.isConstant)
        }
        return ordered(op, bytes(left), bytes(right), rowCount)
    }
}
