import Columnar
import Glibc
import TestSupport
import Testing

@Suite struct ArithmeticTests {
    static let operators: [ArithmeticOperator] = [.add, .subtract, .multiply, .divide, .modulo]

    private func integer<T: FixedWidthInteger & SignedInteger>(
        _ op: ArithmeticOperator, _ a: T, _ b: T, _ type: DataType
    ) -> Result<T, Fault> {
        if op == .divide || op == .modulo, b == 0 { return .failure(Fault(message: "division by zero")) }
        if op == .modulo { return .success(b == -1 ? 0 : a % b) }
        let (value, overflow) =
            switch op {
            case .add: a.addingReportingOverflow(b)
            case .subtract: a.subtractingReportingOverflow(b)
            case .multiply: a.multipliedReportingOverflow(by: b)
            default: a.dividedReportingOverflow(by: b)
            }
        return overflow ? .failure(Fault(message: "\(type) overflow")) : .success(value)
    }

    private struct Fault: Error { var message: String }

    @Test(arguments: operators) func intRowByRow(op: ArithmeticOperator) {
        expectKernel([.int, .int]) {
            Arithmetic.apply(op, $0[0], $0[1], scope: $1, faults: &$2)
        } row: { row in
            guard case .int(let a) = row[0], case .int(let b) = row[1] else { return .value(.null) }
            switch integer(op, a, b, .int) {
            case .success(let value): return .value(.int(value))
            case .failure(let fault): return .fault(fault.message)
            }
        }
    }

    @Test(arguments: operators) func bigintRowByRow(op: ArithmeticOperator) {
        expectKernel([.bigint, .bigint]) {
            Arithmetic.apply(op, $0[0], $0[1], scope: $1, faults: &$2)
        } row: { row in
            guard case .bigint(let a) = row[0], case .bigint(let b) = row[1] else { return .value(.null) }
            switch integer(op, a, b, .bigint) {
            case .success(let value): return .value(.bigint(value))
            case .failure(let fault): return .fault(fault.message)
            }
        }
    }

    @Test(arguments: operators) func doubleRowByRow(op: ArithmeticOperator) {
        expectKernel([.double, .double]) {
            Arithmetic.apply(op, $0[0], $0[1], scope: $1, faults: &$2)
        } row: { row in
            guard let a = row[0].double, let b = row[1].double else { return .value(.null) }
            switch op {
            case .add: return .value(.double(a + b))
            case .subtract: return .value(.double(a - b))
            case .multiply: return .value(.double(a * b))
            case .divide: return .value(.double(a / b))
            case .modulo: return .value(.double(a.truncatingRemainder(dividingBy: b)))
            }
        }
    }

    @Test func negationRowByRow() {
        expectKernel([.int]) {
            Arithmetic.negate($0[0], scope: $1, faults: &$2)
        } row: { row in
            guard case .int(let a) = row[0] else { return .value(.null) }
            return a == .min ? .fault("INT overflow") : .value(.int(-a))
        }
        expectKernel([.bigint]) {
            Arithmetic.negate($0[0], scope: $1, faults: &$2)
        } row: { row in
            guard case .bigint(let a) = row[0] else { return .value(.null) }
            return a == .min ? .fault("BIGINT overflow") : .value(.bigint(-a))
        }
        expectKernel([.double]) {
            Arithmetic.negate($0[0], scope: $1, faults: &$2)
        } row: { row in
            .value(row[0].double.map { .double(-$0) } ?? .null)
        }
    }

    @Test func theSmallestNumberDividedByMinusOne() {
        let scope = RowScope(rowCount: 1)
        let smallest = Operand(Column([.bigint(.min)], .bigint))
        let minusOne = Operand(Column([.bigint(-1)], .bigint))
        var faults: [RowFault] = []
        #expect(Arithmetic.apply(.modulo, smallest, minusOne, scope: scope, faults: &faults).cells == [.bigint(0)])
        #expect(faults.isEmpty)
        _ = Arithmetic.apply(.divide, smallest, minusOne, scope: scope, faults: &faults)
        #expect(faults == [RowFault(row: 0, reason: .overflow(.bigint))])
    }
}
