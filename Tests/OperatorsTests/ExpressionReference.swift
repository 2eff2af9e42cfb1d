import Columnar
import HostSystem
import Operators
import TestSupport

/// Why a row has no value.
struct RowError: Error, Equatable {
    var message: String
}

/// The meaning of expressions, one row at a time: what the evaluator must agree with.
struct ExpressionReference {
    var row: [Cell]

    func value(_ expression: ScalarExpression) throws -> Cell {
        switch expression {
        case .column(let index, _): return row[index]
        case .literal(let literal, _): return cell(literal)
        case .call(let function, let arguments, let type, _): return try call(function, arguments, type)
        }
    }

    private func cell(_ literal: Literal) -> Cell {
        switch literal {
        case .null: .null
        case .boolean(let value): .boolean(value)
        case .int(let value): .int(value)
        case .bigint(let value): .bigint(value)
        case .double(let value): .double(value)
        case .string(let text): .string(text)
        case .timestamp(let value): .timestamp(value)
        case .timestampMicros(let value): .timestampMicros(value)
        case .date(let value): .date(value)
        }
    }

    private func call(_ function: ScalarFunction, _ arguments: [ScalarExpression], _ type: DataType) throws -> Cell {
        switch function {
        case .and, .or:
            // Every argument that the earlier ones leave open.
            let decisive = Cell.boolean(function == .or)
            var isNull = false
            for argument in arguments {
                let cell = try value(argument)
                if cell == decisive { return decisive }
                if cell == .null { isNull = true }
            }
            return isNull ? .null : .boolean(function == .and)
        case .caseWhen:
            for index in stride(from: 0, to: arguments.count - 1, by: 2)
            where try value(arguments[index]) == .boolean(true) {
                return try value(arguments[index + 1])
            }
            return try value(arguments[arguments.count - 1])
        case .coalesce:
            for argument in arguments {
                let cell = try value(argument)
                if cell != .null { return cell }
            }
            return .null
        case .inList:
            let sought = try value(arguments[0])
            let items = try arguments.dropFirst().map { try value($0) }
            if sought == .null { return .null }
            return items.contains(sought) ? .boolean(true) : items.contains(.null) ? .null : .boolean(false)
        default: return try strict(function, arguments.map { try value($0) }, type)
        }
    }

    /// Functions of the values of all their arguments.
    private func strict(_ function: ScalarFunction, _ cells: [Cell], _ type: DataType) throws -> Cell {
        switch function {
        case .isNull: return .boolean(cells[0] == .null)
        case .isNotNull: return .boolean(cells[0] != .null)
        case .isTrue: return .boolean(cells[0] == .boolean(true))
        case .isNotTrue: return .boolean(cells[0] != .boolean(true))
        case .isFalse: return .boolean(cells[0] == .boolean(false))
        case .isNotFalse: return .boolean(cells[0] != .boolean(false))
        case .isDistinctFrom: return .boolean(cells[0] != cells[1])
        case .isNotDistinctFrom: return .boolean(cells[0] == cells[1])
        default: break
        }
        if cells.contains(.null) { return .null }
        switch (cells[0], cells.count > 1 ? cells[1] : .null) {
        case (.bigint(let a), .bigint(let b)): return try integers(function, a, b)
        case (.bigint(let a), .null) where function == .negate: return try integers(.subtract, 0, a)
        case (.bigint(let a), .null) where function == .cast: return .string(String(a))
        case (.boolean(let a), .null) where function == .not: return .boolean(!a)
        case (.string(let a), .null) where function == .cast:
            guard let value = Int64(a) else { throw RowError(message: "cannot cast \"\(a)\" to BIGINT") }
            return .bigint(value)
        case (.string(let a), .null) where function == .charLength: return .bigint(Int64(a.unicodeScalars.count))
        case (.string(let a), .null) where function == .upper: return .string(a.uppercased())
        case (.string(let a), .string(let b)) where function == .concat: return .string(a + b)
        case (.string(let a), .string(let b)): return compared(function, a, b)
        default: throw RowError(message: "the reference does not know \(function)")
        }
    }

    private func integers(_ function: ScalarFunction, _ a: Int64, _ b: Int64) throws -> Cell {
        if function == .divide || function == .modulo, b == 0 { throw RowError(message: "division by zero") }
        let (value, overflow): (Int64, Bool)
        switch function {
        case .add: (value, overflow) = a.addingReportingOverflow(b)
        case .subtract: (value, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (value, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide: (value, overflow) = a.dividedReportingOverflow(by: b)
        case .modulo: (value, overflow) = (b == -1 ? 0 : a % b, false)
        default: return compared(function, a, b)
        }
        if overflow { throw RowError(message: "BIGINT overflow") }
        return .bigint(value)
    }

    private func compared<T: Comparable>(_ function: ScalarFunction, _ a: T, _ b: T) -> Cell {
        switch function {
        case .equal: .boolean(a == b)
        case .notEqual: .boolean(a != b)
        case .less: .boolean(a < b)
        case .lessOrEqual: .boolean(a <= b)
        case .greater: .boolean(a > b)
        default: .boolean(a >= b)
        }
    }
}

/// Random expressions over the columns (BIGINT, BIGINT, STRING, BOOLEAN).
struct ExpressionSource {
    static let types: [DataType] = [.bigint, .bigint, .string, .boolean]

    var cells: CellSource

    private func place(_ text: String) -> SourcePlace { SourcePlace(line: 1, column: 1, text: text) }

    private func call(_ function: ScalarFunction, _ arguments: [ScalarExpression], _ type: DataType) -> ScalarExpression
    {
        .call(function, arguments, type, place(function.rawValue))
    }

    mutating func expression(_ type: DataType, depth: Int) -> ScalarExpression {
        if depth == 0 || cells.random.oneIn(5) { return leaf(type) }
        let less = depth - 1
        switch cells.random.below(4) {
        case 0:
            let branches = (0..<1 + cells.random.below(2)).flatMap { _ in
                [expression(.boolean, depth: less), expression(type, depth: less)]
            }
            return call(.caseWhen, branches + [expression(type, depth: less)], type)
        case 1:
            return call(.coalesce, (0..<1 + cells.random.below(3)).map { _ in expression(type, depth: less) }, type)
        default:
            switch type {
            case .bigint: return number(less)
            case .string: return text(less)
            default: return condition(less)
            }
        }
    }

    private mutating func leaf(_ type: DataType) -> ScalarExpression {
        if cells.random.oneIn(6) { return .literal(.null, type) }
        let isLiteral = cells.random.oneIn(2)
        switch type {
        case .bigint:
            return isLiteral
                ? .literal(.bigint(cells.pick([0, 1, -1, .max, .min, 7, 100])), type)
                : .column(cells.random.below(2), type)
        case .string: return isLiteral ? .literal(.string(cells.pick(["", "12", "a", "é"])), type) : .column(2, type)
        default: return isLiteral ? .literal(.boolean(cells.random.oneIn(2)), type) : .column(3, type)
        }
    }

    private mutating func number(_ depth: Int) -> ScalarExpression {
        switch cells.random.below(8) {
        case 0: return call(.negate, [expression(.bigint, depth: depth)], .bigint)
        case 1: return call(.charLength, [expression(.string, depth: depth)], .bigint)
        case 2: return call(.cast, [expression(.string, depth: depth)], .bigint)
        default:
            let function = cells.pick([ScalarFunction.add, .subtract, .multiply, .divide, .modulo])
            return call(function, pair(.bigint, depth), .bigint)
        }
    }

    private mutating func text(_ depth: Int) -> ScalarExpression {
        switch cells.random.below(3) {
        case 0: call(.cast, [expression(.bigint, depth: depth)], .string)
        case 1: call(.upper, [expression(.string, depth: depth)], .string)
        default: call(.concat, pair(.string, depth), .string)
        }
    }

    private mutating func condition(_ depth: Int) -> ScalarExpression {
        let compared = cells.pick([DataType.bigint, .string])
        switch cells.random.below(6) {
        case 0, 1:
            let list = (0..<2 + cells.random.below(2)).map { _ in expression(.boolean, depth: depth) }
            return call(cells.pick([.and, .or]), list, .boolean)
        case 2:
            let function = cells.pick([
                ScalarFunction.isNull, .isNotNull, .isTrue, .isNotTrue, .isFalse, .isNotFalse, .not,
            ])
            return call(function, [expression(.boolean, depth: depth)], .boolean)
        case 3:
            let items = (0..<1 + cells.random.below(7)).map { _ in leaf(compared) }
            return call(
                .inList,
                [expression(compared, depth: depth)] + items.map { $0.isColumn ? .literal(.null, compared) : $0 },
                .boolean)
        default:
            let function = cells.pick([
                ScalarFunction.equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isDistinctFrom,
                .isNotDistinctFrom,
            ])
            return call(function, pair(compared, depth), .boolean)
        }
    }

    private mutating func pair(_ type: DataType, _ depth: Int) -> [ScalarExpression] {
        [expression(type, depth: depth), expression(type, depth: depth)]
    }
}

extension ScalarExpression {
    fileprivate var isColumn: Bool { if case .column = self { true } else { false } }
}
