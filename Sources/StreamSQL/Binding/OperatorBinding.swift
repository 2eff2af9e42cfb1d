import Columnar
import Operators

// The operators: both sides get one type, by explicit casts. BETWEEN becomes two comparisons, so its first operand stands in
// the result twice; so does that of a CASE with an operand.

extension ExpressionBinder {
    // MARK: Signs and arithmetic

    mutating func unary(
        _ sign: UnaryOperator, _ operand: Expression, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        if sign == .not {
            return strictCall(
                .not, [try condition(operand, of: "the operand of NOT", takesNull: false)], .boolean, at: span)
        }
        if sign == .minus, case .integer(let digits) = operand.kind { return try integer("-" + digits, at: span) }
        let value = try typed(try bind(operand), at: operand.span)
        guard value.type.isNumeric else {
            throw source.error(
                "cannot apply \"\(sign.rawValue)\" to \(value.type)", at: span, hint: "it takes a number")
        }
        if sign == .plus { return value }
        if case .double(let number)? = value.expression.literal { return .literal(.double(-number), .double) }
        return strictCall(.negate, [value], value.type, at: span)
    }

    mutating func binary(
        _ binary: BinaryOperator, _ left: Expression, _ right: Expression, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        switch binary {
        case .add, .subtract, .multiply, .divide: return try arithmetic(binary, left, right, at: span)
        case .modulo: return try modulo("%", left, right, at: span)
        case .concat:
            let operands = [try string(left, for: "||"), try string(right, for: "||")]
            return strictCall(.concat, operands, .string, at: span)
        case .equal: return try comparison(.equal, left, right, at: span)
        case .notEqual: return try comparison(.notEqual, left, right, at: span)
        case .less: return try comparison(.less, left, right, at: span)
        case .lessOrEqual: return try comparison(.lessOrEqual, left, right, at: span)
        case .greater: return try comparison(.greater, left, right, at: span)
        case .greaterOrEqual: return try comparison(.greaterOrEqual, left, right, at: span)
        }
    }

    private mutating func arithmetic(
        _ binary: BinaryOperator, _ left: Expression, _ right: Expression, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let operands = [try typed(try bind(left), at: left.span), try typed(try bind(right), at: right.span)]
        guard operands[0].type.isNumeric, operands[1].type.isNumeric, let type = commonType(of: operands) else {
            throw noOperator(binary.rawValue, operands, at: span)
        }
        let function: ScalarFunction =
            switch binary {
            case .add: .add
            case .subtract: .subtract
            case .multiply: .multiply
            default: .divide
            }
        let sides = [
            try coerced(operands[0], to: type, at: left.span), try coerced(operands[1], to: type, at: right.span),
        ]
        return strictCall(function, sides, type, at: span)
    }

    /// Flink gives it the second operand's type.
    mutating func modulo(
        _ name: String, _ left: Expression, _ right: Expression, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let operands = [try typed(try bind(left), at: left.span), try typed(try bind(right), at: right.span)]
        let isExact = operands.allSatisfy { $0.type == .int || $0.type == .bigint }
        guard isExact, let type = commonType(of: operands) else {
            throw noOperator(name, operands, at: span, hint: "it takes INT and BIGINT")
        }
        let sides = [
            try coerced(operands[0], to: type, at: left.span), try coerced(operands[1], to: type, at: right.span),
        ]
        let result = strictCall(.modulo, sides, type, at: span)
        return operands[1].type == type ? result : strictCall(.cast, [result], operands[1].type, at: span)
    }

    func noOperator(
        _ name: String, _ operands: [BoundExpression], at span: SourceSpan, hint: String? = nil
    ) -> SQLError {
        let types = operands.map { $0.isUntypedNull ? "NULL" : "\($0.type)" }
        var distinct: [String] = []
        for type in types where !distinct.contains(type) { distinct.append(type) }
        let shown = operands.count == 2 ? types : distinct
        let cast = distinct.count > 1 ? "CAST one side to the type of the other" : nil
        return source.error(
            "cannot apply \"\(name)\" to \(shown.joined(separator: " and "))", at: span, hint: hint ?? cast)
    }

    // MARK: Comparison

    func compared(
        _ function: ScalarFunction, _ left: (BoundExpression, SourceSpan), _ right: (BoundExpression, SourceSpan),
        at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let operands = [left.0, right.0]
        if operands.allSatisfy(\.isUntypedNull) { return .literal(.null, .boolean) }
        guard let type = commonType(of: operands, ExpressionBinder.comparisonType) else {
            throw noOperator(function.rawValue, operands, at: span)
        }
        let sides = [try coerced(left.0, to: type, at: left.1), try coerced(right.0, to: type, at: right.1)]
        return strictCall(function, sides, .boolean, at: span)
    }

    private mutating func comparison(
        _ function: ScalarFunction, _ left: Expression, _ right: Expression, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let sides = (try bind(left), try bind(right))
        return try compared(function, (sides.0, left.span), (sides.1, right.span), at: span)
    }

    mutating func isDistinct(
        _ left: Expression, _ right: Expression, _ isNegated: Bool, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let sides = (try bind(left), try bind(right))
        if sides.0.isUntypedNull, sides.1.isUntypedNull { return .literal(.boolean(isNegated), .boolean) }
        var bound = try compared(
            isNegated ? .isNotDistinctFrom : .isDistinctFrom, (sides.0, left.span), (sides.1, right.span), at: span)
        bound.isNullable = false
        return bound
    }

    mutating func between(
        _ value: Expression, _ low: Expression, _ high: Expression, _ isNegated: Bool, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let middle = (try bind(value), value.span)
        let bounds = (try bind(low), try bind(high))
        let above = try compared(.greaterOrEqual, middle, (bounds.0, low.span), at: span)
        let below = try compared(.lessOrEqual, middle, (bounds.1, high.span), at: span)
        return negated(strictCall(.and, [above, below], .boolean, at: span), if: isNegated, at: span)
    }

    mutating func inList(
        _ value: Expression, _ list: [Expression], _ isNegated: Bool, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        var operands = [try bind(value)]
        for item in list { operands.append(try bind(item)) }
        guard let type = commonType(of: operands, ExpressionBinder.comparisonType) else {
            throw noOperator("IN", operands, at: span)
        }
        let spans = [value.span] + list.map(\.span)
        for index in operands.indices {
            operands[index] = try coerced(operands[index], to: type, at: spans[index])
        }
        return negated(strictCall(.inList, operands, .boolean, at: span), if: isNegated, at: span)
    }

    func negated(_ value: BoundExpression, if isNegated: Bool, at span: SourceSpan) -> BoundExpression {
        isNegated ? strictCall(.not, [value], .boolean, at: span) : value
    }

    // MARK: Logic

    mutating func logic(
        _ function: ScalarFunction, _ operands: [Expression], at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        var bound: [BoundExpression] = []
        for operand in operands {
            bound.append(try condition(operand, of: "an operand of \(function.rawValue)", takesNull: false))
        }
        var size = operands.count - 1
        var height = 0
        for operand in bound {
            size += operand.size
            height = max(height, operand.height)
        }
        // The tree of ANDs is a balanced one.
        var joins = 1
        while joins < operands.count {
            joins *= 2
            height += 1
        }
        let joined = ScalarExpression.joined(
            bound.map(\.expression)[...], by: function, place: source.sourcePlace(span))
        return BoundExpression(
            expression: joined, isNullable: bound.contains(where: \.isNullable), size: size, height: height)
    }

    mutating func truthTest(
        _ operand: Expression, _ test: TruthTest, _ isNegated: Bool, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        if test == .null {
            if let presence = try presence(operand) { return negated(presence, if: !isNegated, at: span) }
            let value = try bind(operand)
            return call(isNegated ? .isNotNull : .isNull, [value], .boolean, isNullable: false, at: span)
        }
        let value = try condition(operand, of: "the operand of IS \(test.rawValue)")
        let function: ScalarFunction =
            switch test {
            case .yes: isNegated ? .isNotTrue : .isTrue
            case .no: isNegated ? .isNotFalse : .isFalse
            case .unknown, .null: isNegated ? .isNotNull : .isNull
            }
        return call(function, [value], .boolean, isNullable: false, at: span)
    }

    // MARK: LIKE

    mutating func like(
        _ value: Expression, _ pattern: Expression, _ escape: Expression?, _ isNegated: Bool, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        var operands = [try string(value, for: "LIKE"), try string(pattern, for: "LIKE")]
        if let escape {
            guard case .string(let text) = escape.kind, text.unicodeScalars.count == 1 else {
                throw source.error("ESCAPE takes a literal of one character", at: escape.span)
            }
            if case .string(let text)? = operands[1].expression.literal, !isEscapedRight(text, escape) {
                throw source.error(
                    "invalid escape sequence in the pattern", at: pattern.span,
                    hint: "the escape character stands before %, _ or itself")
            }
            operands.append(.literal(.string(text), .string))
        }
        return negated(strictCall(.like, operands, .boolean, at: span), if: isNegated, at: span)
    }

    private func isEscapedRight(_ pattern: String, _ escape: Expression) -> Bool {
        guard case .string(let text) = escape.kind, let mark = text.unicodeScalars.first else { return false }
        var isEscaped = false
        for scalar in pattern.unicodeScalars {
            if isEscaped {
                guard scalar == mark || scalar == "%" || scalar == "_" else { return false }
                isEscaped = false
            } else {
                isEscaped = scalar == mark
            }
        }
        return !isEscaped
    }
}
