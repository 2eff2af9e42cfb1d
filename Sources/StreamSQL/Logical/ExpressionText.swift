import Columnar
import Operators

extension ScalarExpression {
    /// As SQL writes it, fully bracketed, with `column` naming the input's columns.
    func text(_ column: (Int) -> String) -> String {
        switch self {
        case .column(let index, _): return column(index)
        case .literal(let literal, let type): return literal.text(of: type)
        case .call(let function, let arguments, let type, _):
            return ScalarExpression.callText(function, arguments.map { $0.text(column) }, type)
        }
    }

    private static func callText(_ function: ScalarFunction, _ arguments: [String], _ type: DataType) -> String {
        switch function {
        case .add, .subtract, .multiply, .divide, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual,
            .isDistinctFrom, .isNotDistinctFrom, .and, .or:
            return "(" + arguments.joined(separator: " \(function.rawValue) ") + ")"
        case .negate: return "(-\(arguments[0]))"
        case .not: return "(NOT \(arguments[0]))"
        case .isNull, .isNotNull, .isTrue, .isNotTrue, .isFalse, .isNotFalse:
            return "(\(arguments[0]) \(function.rawValue))"
        case .inList: return "(\(arguments[0]) IN (\(arguments.dropFirst().joined(separator: ", "))))"
        case .like:
            let escape = arguments.count > 2 ? " ESCAPE \(arguments[2])" : ""
            return "(\(arguments[0]) LIKE \(arguments[1])\(escape))"
        case .caseWhen: return caseText(arguments)
        case .cast: return "CAST(\(arguments[0]) AS \(type))"
        case .trimBoth, .trimLeading, .trimTrailing:
            return "\(function.rawValue.replacingSpace("("))\(" \(arguments[1]) FROM \(arguments[0])"))"
        case .modulo, .coalesce, .substring, .concat, .upper, .lower, .charLength, .splitIndex, .regexpExtract, .regexp,
            .regexpReplace:
            return "\(function.rawValue)(\(arguments.joined(separator: ", ")))"
        }
    }

    private static func caseText(_ arguments: [String]) -> String {
        var text = "CASE"
        var index = 0
        while index + 1 < arguments.count {
            text += " WHEN \(arguments[index]) THEN \(arguments[index + 1])"
            index += 2
        }
        if index < arguments.count { text += " ELSE \(arguments[index])" }
        return text + " END"
    }
}

extension String {
    /// `TRIM BOTH` → `TRIM(BOTH`
    fileprivate func replacingSpace(_ other: String) -> String {
        split(separator: " ").joined(separator: other)
    }
}

extension Literal {
    func text(of type: DataType) -> String {
        switch self {
        case .null: return "CAST(NULL AS \(type))"
        case .boolean(let value): return value ? "TRUE" : "FALSE"
        case .int(let value): return "\(value)"
        case .bigint(let value): return "\(value)"
        case .double(let value): return "\(value)"
        case .string(let value):
            return "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
        case .date(let days): return "DATE '\(TimestampText.text(days: days))'"
        case .timestamp(let time): return "TIMESTAMP '\(TimestampText.text(time, .milliseconds))'"
        case .timestampMicros(let time): return "TIMESTAMP '\(TimestampText.text(time, .microseconds))'"
        }
    }
}
