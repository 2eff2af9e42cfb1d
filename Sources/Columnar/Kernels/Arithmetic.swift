package enum ArithmeticOperator: Hashable, Sendable {
    case add
    case subtract
    case multiply
    case divide
    case modulo
}

/// `+ - * / MOD` and negation on INT, BIGINT and DOUBLE, NULL where an operand is.
///
/// - Errors: integer overflow and integer division or modulo by zero are faults of their rows. DOUBLE follows IEEE 754, and
///   its MOD is Java's `%` (the sign of the dividend).
package enum Arithmetic {
    package static func apply(
        _ op: ArithmeticOperator, _ left: Operand, _ right: Operand, scope: RowScope, faults: inout [RowFault]
    ) -> Column {
        let rowCount = scope.rowCount
        let validity = Bitmap.intersection(left.validity(rowCount), right.validity(rowCount))
        switch (left.column, right.column) {
        case (.int(let l), .int(let r)):
            let values = checkedInt32(op, left.lane(l.values), right.lane(r.values), validity, scope, &faults)
            return .int(FixedColumn(values, validity: validity))
        case (.bigint(let l), .bigint(let r)):
            let values = checkedInt64(op, left.lane(l.values), right.lane(r.values), validity, scope, &faults)
            return .bigint(FixedColumn(values, validity: validity))
        case (.double(let l), .double(let r)):
            let values = doubles(op, left.lane(l.values), right.lane(r.values), rowCount)
            return .double(FixedColumn(values, validity: validity))
        default:
            preconditionFailure("arithmetic takes two operands of one numeric type")
        }
    }

    package static func negate(_ operand: Operand, scope: RowScope, faults: inout [RowFault]) -> Column {
        switch operand.column {
        case .int:
            return apply(
                .subtract, Operand(constant: .int(FixedColumn([0]))), operand, scope: scope, faults: &faults)
        case .bigint:
            return apply(
                .subtract, Operand(constant: .bigint(FixedColumn([0]))), operand, scope: scope, faults: &faults)
        case .double(let c):
            // Not 0 - x: that would lose the sign of zero.
            return Operand(like: operand, .double(FixedColumn(mapValues(c.values) { -$0 }, validity: c.validity)))
                .expanded(to: scope.rowCount)
        default:
            preconditionFailure("negation takes a number")
        }
    }
}

extension Operand {
    /// A column computed value by value from `other`: a constant if that is one.
    init(like other: Operand, _ column: Column) {
        self.column = column
        isConstant = other.isConstant
    }
}
