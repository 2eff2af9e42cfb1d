import Columnar
import TestSupport
import Testing

@Suite struct ComparisonTests {
    static let types: [DataType] = [
        .boolean, .int, .bigint, .double, .string, .date, .timestamp(precision: 3), .timestamp(precision: 6),
    ]
    static let operators: [ComparisonOperator] = [
        .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
    ]

    private func compare<T: Comparable>(_ op: ComparisonOperator, _ a: T, _ b: T) -> Bool {
        switch op {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        }
    }

    private func compare(_ op: ComparisonOperator, _ row: [Cell]) -> Bool? {
        switch (row[0], row[1]) {
        case (.null, _), (_, .null): nil
        case (.boolean(let a), .boolean(let b)): compare(op, a ? 1 : 0, b ? 1 : 0)
        case (.int(let a), .int(let b)): compare(op, a, b)
        case (.date(let a), .date(let b)): compare(op, a, b)
        case (.bigint(let a), .bigint(let b)), (.timestamp(let a), .timestamp(let b)),
            (.timestampMicros(let a), .timestampMicros(let b)):
            compare(op, a, b)
        case (.bits, .bits):
            // Not by the generic operators: those of a total order.
            switch (op, row[0].double!, row[1].double!) {
            case (.equal, let a, let b): a == b
            case (.notEqual, let a, let b): a != b
            case (.less, let a, let b): a < b
            case (.lessOrEqual, let a, let b): a <= b
            case (.greater, let a, let b): a > b
            case (.greaterOrEqual, let a, let b): a >= b
            }
        case (.string(let a), .string(let b)):
            compare(op, order(Array(a.utf8), Array(b.utf8)), 0)
        default: nil
        }
    }

    private func order(_ a: [UInt8], _ b: [UInt8]) -> Int {
        a == b ? 0 : a.lexicographicallyPrecedes(b) ? -1 : 1
    }

    @Test(arguments: types, operators) func rowByRow(type: DataType, op: ComparisonOperator) {
        expectKernel([type, type]) { operands, scope, _ in
            Comparison.apply(op, operands[0], operands[1], rowCount: scope.rowCount)
        } row: { row in
            .value(compare(op, row).map { .boolean($0) } ?? .null)
        }
    }

    @Test(arguments: types, [true, false]) func distinctRowByRow(type: DataType, isDistinct: Bool) {
        expectKernel([type, type]) { operands, scope, _ in
            Comparison.distinct(operands[0], operands[1], isDistinct: isDistinct, rowCount: scope.rowCount)
        } row: { row in
            let differ = compare(.notEqual, row) ?? (row[0] != row[1])
            return .value(.boolean(differ == isDistinct))
        }
    }

    /// Every length around the widths that short strings are compared by, differing in one byte anywhere.
    @Test func stringsThatDifferInOneByte() {
        for length in 0...40 {
            let text = String(repeating: "x", count: length)
            var others = [text]
            for place in 0..<length {
                var bytes = Array(text.utf8)
                bytes[place] = UInt8(ascii: "y")
                others.append(String(decoding: bytes, as: UTF8.self))
            }
            let left = Operand(constant: Column([.string(text)], .string))
            let right = Operand(Column(others.map { .string($0) }, .string))
            let equal = Comparison.apply(.equal, left, right, rowCount: others.count)
            #expect(equal.cells == others.map { .boolean($0 == text) }, "length \(length)")
        }
    }
}
