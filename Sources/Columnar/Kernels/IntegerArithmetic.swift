// Checked integer arithmetic: one pass without branches computes all rows, wrapped, and gathers in the sign bit of
// `flags` whether any of them overflowed. Only then a second pass looks which, among the rows that count.

extension Arithmetic {
    static func checkedInt32(
        _ op: ArithmeticOperator, _ left: Lane<Int32>, _ right: Lane<Int32>, _ validity: Bitmap?, _ scope: RowScope,
        _ faults: inout [RowFault]
    ) -> [Int32] {
        var flags: Int32 = 0
        let values: [Int32]
        if op == .multiply {
            values = mapPairs(left, right, rowCount: scope.rowCount) { a, b in
                let wide = Int64(a) &* Int64(b)
                let product = Int32(truncatingIfNeeded: wide)
                flags |= Int64(product) == wide ? 0 : -1
                return product
            }
        } else {
            values = flagging(op, left, right, scope.rowCount, &flags)
        }
        if flags < 0 { locate(op, .int, left, right, validity, scope, &faults) }
        return values
    }

    static func checkedInt64(
        _ op: ArithmeticOperator, _ left: Lane<Int64>, _ right: Lane<Int64>, _ validity: Bitmap?, _ scope: RowScope,
        _ faults: inout [RowFault]
    ) -> [Int64] {
        var flags: Int64 = 0
        let values: [Int64]
        if op == .multiply {
            values = mapPairs(left, right, rowCount: scope.rowCount) { a, b in
                let (product, overflow) = a.multipliedReportingOverflow(by: b)
                flags |= overflow ? -1 : 0
                return product
            }
        } else {
            values = flagging(op, left, right, scope.rowCount, &flags)
        }
        if flags < 0 { locate(op, .bigint, left, right, validity, scope, &faults) }
        return values
    }

    /// Everything but multiplication, whose fast form depends on the width.
    @inline(__always)
    private static func flagging<T: FixedWidthInteger & SignedInteger>(
        _ op: ArithmeticOperator, _ left: Lane<T>, _ right: Lane<T>, _ rowCount: Int, _ flags: inout T
    ) -> [T] {
        var seen: T = 0
        let values: [T]
        switch op {
        case .add:
            values = mapPairs(left, right, rowCount: rowCount) { a, b in
                let sum = a &+ b
                seen |= (a ^ sum) & (b ^ sum)
                return sum
            }
        case .subtract:
            values = mapPairs(left, right, rowCount: rowCount) { a, b in
                let difference = a &- b
                seen |= (a ^ b) & (a ^ difference)
                return difference
            }
        case .divide:
            values = mapPairs(left, right, rowCount: rowCount) { a, b in
                let (quotient, overflow) = a.dividedReportingOverflow(by: b)
                seen |= overflow ? -1 : 0
                return quotient
            }
        case .modulo:
            values = mapPairs(left, right, rowCount: rowCount) { a, b in
                seen |= b == 0 ? -1 : 0
                return remainder(a, b)
            }
        case .multiply:
            preconditionFailure("multiplication has its own loops")
        }
        flags |= seen
        return values
    }

    /// 0 where there is none, and for a divisor of -1, where the processor would fault for the smallest dividend.
    @inline(__always)
    private static func remainder<T: FixedWidthInteger & SignedInteger>(_ a: T, _ b: T) -> T {
        b == 0 || b == -1 ? 0 : a % b
    }

    @inline(never)
    private static func locate<T: FixedWidthInteger & SignedInteger>(
        _ op: ArithmeticOperator, _ type: DataType, _ left: Lane<T>, _ right: Lane<T>, _ validity: Bitmap?,
        _ scope: RowScope, _ faults: inout [RowFault]
    ) {
        scope.forEach(validBy: validity) { row in
            let (a, b) = (left.value(row), right.value(row))
            let overflow =
                switch op {
                case .add: a.addingReportingOverflow(b).overflow
                case .subtract: a.subtractingReportingOverflow(b).overflow
                case .multiply: a.multipliedReportingOverflow(by: b).overflow
                case .divide: a.dividedReportingOverflow(by: b).overflow
                case .modulo: b == 0
                }
            if overflow {
                let isDivision = op == .divide || op == .modulo
                faults.append(RowFault(row: row, reason: isDivision && b == 0 ? .divisionByZero : .overflow(type)))
            }
        }
    }
}
