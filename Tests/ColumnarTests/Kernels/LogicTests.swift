import Columnar
import HostSystem
import TestSupport
import Testing

@Suite struct LogicTests {
    private func truth(_ cell: Cell) -> Bool? {
        if case .boolean(let value) = cell { value } else { nil }
    }

    private func cell(_ value: Bool?) -> RowOutcome { .value(value.map { .boolean($0) } ?? .null) }

    @Test func andRowByRow() {
        expectKernel([.boolean, .boolean]) { operands, scope, _ in
            Logic.and(operands[0], operands[1], rowCount: scope.rowCount)
        } row: { row in
            let (a, b) = (truth(row[0]), truth(row[1]))
            return cell(a == false || b == false ? false : a == nil || b == nil ? nil : true)
        }
    }

    @Test func orRowByRow() {
        expectKernel([.boolean, .boolean]) { operands, scope, _ in
            Logic.or(operands[0], operands[1], rowCount: scope.rowCount)
        } row: { row in
            let (a, b) = (truth(row[0]), truth(row[1]))
            return cell(a == true || b == true ? true : a == nil || b == nil ? nil : false)
        }
    }

    @Test func notRowByRow() {
        expectKernel([.boolean]) { operands, scope, _ in
            Logic.not(operands[0], rowCount: scope.rowCount)
        } row: { row in
            cell(truth(row[0]).map { !$0 })
        }
    }

    @Test func testsRowByRow() {
        let tests: [(NullTest, (Bool?) -> Bool)] = [
            (.isNull, { $0 == nil }), (.isNotNull, { $0 != nil }), (.isTrue, { $0 == true }),
            (.isNotTrue, { $0 != true }), (.isFalse, { $0 == false }), (.isNotFalse, { $0 != false }),
        ]
        for (test, reference) in tests {
            expectKernel([.boolean]) { operands, scope, _ in
                test.apply(operands[0], rowCount: scope.rowCount)
            } row: { row in
                cell(reference(truth(row[0])))
            }
        }
    }

    @Test(arguments: [
        DataType.int, .bigint, .string, .date, .timestamp(precision: 3), .timestamp(precision: 6),
    ])
    func membershipRowByRow(type: DataType) throws {
        var source = CellSource(seed: 0x1157)
        for nulls in CellSource.Nulls.allCases {
            let items = source.cells(type, 40, nulls)
            let test = try #require(MembershipTest(items.map { Column([$0], type) }))
            expectKernel([type]) { operands, scope, _ in
                test.apply(operands[0], scope: scope)
            } row: { row in
                if row[0] == .null { return .value(.null) }
                return cell(items.contains(row[0]) ? true : items.contains(.null) ? nil : false)
            }
        }
    }
}
