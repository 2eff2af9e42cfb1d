import Columnar
import Operators

/// Computes what is constant. Never fails and never hides a failure of a row: arithmetic stays as it is.
enum ExpressionSimplifier {
    static func simplify(_ expression: ScalarExpression) -> ScalarExpression {
        guard case .call(let function, let arguments, let type, let place) = expression else { return expression }
        // A branch that is never taken is not looked into.
        if function == .caseWhen { return caseWhen(arguments, type, place) }
        let simplified = arguments.map(simplify)
        return folded(function, simplified, type) ?? .call(function, simplified, type, place)
    }

    /// Nil if the call has to stay.
    private static func folded(
        _ function: ScalarFunction, _ arguments: [ScalarExpression], _ type: DataType
    ) -> ScalarExpression? {
        switch function {
        case .and: return logic(arguments, dominant: true, is: false)
        case .or: return logic(arguments, dominant: false, is: true)
        case .not: return arguments[0].literal.flatMap { truth($0).map { boolean(!$0) } ?? null(.boolean) }
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return comparison(function, arguments) ?? comparisonOfRemainder(function, arguments, type)
        case .isNull: return arguments[0].literal.map { boolean($0 == .null) }
        case .isNotNull: return arguments[0].literal.map { boolean($0 != .null) }
        case .isTrue: return arguments[0].literal.map { boolean(truth($0) == true) }
        case .isNotTrue: return arguments[0].literal.map { boolean(truth($0) != true) }
        case .isFalse: return arguments[0].literal.map { boolean(truth($0) == false) }
        case .isNotFalse: return arguments[0].literal.map { boolean(truth($0) != false) }
        case .coalesce: return coalesce(arguments)
        case .cast:
            guard let literal = arguments[0].literal?.widened(to: type) else { return nil }
            return .literal(literal, type)
        default: return nil
        }
    }

    // MARK: Logic

    /// AND (where FALSE decides) and OR (where TRUE does).
    private static func logic(
        _ arguments: [ScalarExpression], dominant neutral: Bool, is decisive: Bool
    ) -> ScalarExpression? {
        var rest: [ScalarExpression] = []
        for argument in arguments {
            let value = argument.literal.flatMap(truth)
            if value == decisive { return boolean(decisive) }
            if value != neutral { rest.append(argument) }
        }
        if rest.isEmpty { return boolean(neutral) }
        return rest.count == 1 ? rest[0] : nil
    }

    private static func truth(_ literal: Literal) -> Bool? {
        if case .boolean(let value) = literal { return value }
        return nil
    }

    private static func boolean(_ value: Bool) -> ScalarExpression { .literal(.boolean(value), .boolean) }
    private static func null(_ type: DataType) -> ScalarExpression { .literal(.null, type) }

    // MARK: Comparison

    private static func comparison(_ function: ScalarFunction, _ arguments: [ScalarExpression]) -> ScalarExpression? {
        guard let left = arguments[0].literal, let right = arguments[1].literal else { return nil }
        if left == .null || right == .null { return null(.boolean) }
        guard let order = order(left, right) else { return nil }
        switch function {
        case .equal: return boolean(order == 0)
        case .notEqual: return boolean(order != 0)
        case .less: return boolean(order < 0)
        case .lessOrEqual: return boolean(order <= 0)
        case .greater: return boolean(order > 0)
        default: return boolean(order >= 0)
        }
    }

    /// `CAST(MOD(l, 123) AS INT) = 0`, which is how `MOD(l, 123) = 0` is typed, without the cast: a remainder that is below an
    /// INT fits it.
    private static func comparisonOfRemainder(
        _ function: ScalarFunction, _ arguments: [ScalarExpression], _ type: DataType
    ) -> ScalarExpression? {
        guard case .call(.cast, let inner, .int, let place) = arguments[0],
            case .call(.modulo, let operands, .bigint, _) = inner[0],
            case .bigint(let divisor)? = operands[1].literal, Int32(exactly: divisor) != nil,
            case .int(let value)? = arguments[1].literal
        else { return nil }
        return .call(function, [inner[0], .literal(.bigint(Int64(value)), .bigint)], type, place)
    }

    /// Below, at or above zero as `left` is below, equal to or above `right`; nil if they are not compared here.
    private static func order(_ left: Literal, _ right: Literal) -> Int? {
        switch (left, right) {
        case (.boolean(let a), .boolean(let b)): compare(a ? 1 : 0, b ? 1 : 0)
        case (.int(let a), .int(let b)), (.date(let a), .date(let b)): compare(a, b)
        case (.bigint(let a), .bigint(let b)): compare(a, b)
        case (.timestamp(let a), .timestamp(let b)), (.timestampMicros(let a), .timestampMicros(let b)): compare(a, b)
        case (.double(let a), .double(let b)) where !a.isNaN && !b.isNaN: compare(a, b)
        case (.string(let a), .string(let b)):
            a.utf8.elementsEqual(b.utf8) ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
        default: nil
        }
    }

    private static func compare<Value: Comparable>(_ left: Value, _ right: Value) -> Int {
        left < right ? -1 : left == right ? 0 : 1
    }

    // MARK: Conditionals

    /// Branches whose condition is constantly not TRUE go; the first that is constantly TRUE is the last.
    private static func caseWhen(
        _ arguments: [ScalarExpression], _ type: DataType, _ place: SourcePlace
    ) -> ScalarExpression {
        var kept: [ScalarExpression] = []
        var index = 0
        var otherwise: ScalarExpression?
        while index + 1 < arguments.count {
            let condition = simplify(arguments[index])
            let value = arguments[index + 1]
            index += 2
            guard let literal = condition.literal else {
                kept += [condition, simplify(value)]
                continue
            }
            if truth(literal) == true {
                otherwise = simplify(value)
                break
            }
        }
        let last = otherwise ?? (index < arguments.count ? simplify(arguments[index]) : null(type))
        if kept.isEmpty { return last }
        return .call(.caseWhen, kept + [last], type, place)
    }

    /// NULLs go; what follows a literal is never reached.
    private static func coalesce(_ arguments: [ScalarExpression]) -> ScalarExpression? {
        let rest = arguments.filter { $0.literal != .null }
        guard let first = rest.first else { return arguments[0] }
        return rest.count == 1 || first.literal != nil ? first : nil
    }
}
