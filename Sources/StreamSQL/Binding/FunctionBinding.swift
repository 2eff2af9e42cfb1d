import Columnar
import Operators

// The functions: each checks its arguments, and becomes a call that has a kernel (ABS, NULLIF and IF become CASE). Types and
// nullability are Flink's; `Tests/Logic/types.slt` has what was tried there.

extension ExpressionBinder {
    mutating func function(
        _ name: Identifier, _ arguments: [Expression], at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let upper = name.name.uppercased()
        if let aggregate = AggregateFunction(rawValue: upper) {
            if aggregate == .count, arguments.count > 1 {
                throw source.notSupported("COUNT of several arguments", at: span)
            }
            try check(arguments, 1...1, upper, at: span)
            return try self.aggregate(aggregate, arguments[0], at: span)
        }
        if FunctionNames.window.contains(upper) { return try windowFunction(upper, arguments, at: span) }
        switch upper {
        case "MOD":
            try check(arguments, 2...2, upper, at: span)
            return try modulo("MOD", arguments[0], arguments[1], at: span)
        case "ABS": return try absolute(arguments, at: span)
        case "COALESCE": return try coalesce(arguments, at: span)
        case "NULLIF": return try nullIf(arguments, at: span)
        case "IF": return try ifThenElse(arguments, at: span)
        case "UPPER": return try onString(.upper, arguments, upper, at: span)
        case "LOWER": return try onString(.lower, arguments, upper, at: span)
        case "CHAR_LENGTH", "CHARACTER_LENGTH": return try charLength(arguments, upper, at: span)
        case "SUBSTRING", "SUBSTR": return try substring(arguments, upper, at: span)
        case "CONCAT": return try concat(arguments, at: span)
        case "LTRIM": return try trimmed(.leading, arguments, upper, at: span)
        case "RTRIM": return try trimmed(.trailing, arguments, upper, at: span)
        case "SPLIT_INDEX": return try splitIndex(arguments, at: span)
        case "REGEXP_EXTRACT", "REGEXP", "REGEXP_REPLACE": return try regularExpression(upper, arguments, at: span)
        case "BTRIM": return try trimmed(.both, arguments, upper, at: span)
        default:
            throw source.error(
                "function \"\(name.name)\" does not exist", at: name.span,
                hint: Suggestion.hint(for: upper, among: FunctionNames.scalar.union(FunctionNames.aggregate)))
        }
    }

    func check(
        _ arguments: [Expression], _ counts: ClosedRange<Int>, _ name: String, at span: SourceSpan
    ) throws(SQLError) {
        guard !counts.contains(arguments.count) else { return }
        let range = counts.count == 1 ? "\(counts.lowerBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
        let noun = counts.upperBound == 1 ? "argument" : "arguments"
        throw source.error("\(name) takes \(range) \(noun), not \(arguments.count)", at: span)
    }

    // MARK: Conditional

    mutating func caseWhen(
        _ operand: Expression?, _ branches: [CaseBranch], _ otherwise: Expression?, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        var subject: (BoundExpression, SourceSpan)?
        if let operand { subject = (try bind(operand), operand.span) }
        var conditions: [BoundExpression] = []
        var values: [BoundExpression] = []
        for branch in branches {
            if let subject {
                let candidate = (try bind(branch.condition), branch.condition.span)
                conditions.append(try compared(.equal, subject, candidate, at: branch.condition.span))
            } else {
                conditions.append(try condition(branch.condition, of: "the condition of WHEN"))
            }
            values.append(try bind(branch.value))
        }
        values.append(try otherwise.map { (value) throws(SQLError) in try bind(value) } ?? .untypedNull)
        guard let type = commonType(of: values) else { throw mixedTypes("CASE", values, at: span) }
        var operands: [BoundExpression] = []
        for (index, value) in values.enumerated() {
            let place = index < branches.count ? branches[index].value.span : otherwise?.span ?? span
            if index < conditions.count { operands.append(conditions[index]) }
            operands.append(try coerced(value, to: type, at: place))
        }
        return call(.caseWhen, operands, type, isNullable: values.contains(where: \.isNullable), at: span)
    }

    private func mixedTypes(_ what: String, _ values: [BoundExpression], at span: SourceSpan) -> SQLError {
        if values.allSatisfy(\.isUntypedNull) {
            return source.error(
                "\(what) has no type: all its values are NULL", at: span, hint: "give one a type: CAST(NULL AS INT)")
        }
        var types: [String] = []
        for value in values where !value.isUntypedNull && !types.contains("\(value.type)") {
            types.append("\(value.type)")
        }
        return source.error(
            "\(what) mixes \(types.joined(separator: " and "))", at: span, hint: "CAST them to one type")
    }

    private mutating func coalesce(_ arguments: [Expression], at span: SourceSpan) throws(SQLError) -> BoundExpression {
        guard !arguments.isEmpty else { throw source.error("COALESCE takes at least one argument", at: span) }
        var values: [BoundExpression] = []
        for argument in arguments { values.append(try bind(argument)) }
        guard let type = commonType(of: values) else { throw mixedTypes("COALESCE", values, at: span) }
        for index in values.indices { values[index] = try coerced(values[index], to: type, at: arguments[index].span) }
        if values.count == 1 { return values[0] }
        return call(.coalesce, values, type, isNullable: values.allSatisfy(\.isNullable), at: span)
    }

    /// NULL where both are equal, else the first.
    private mutating func nullIf(_ arguments: [Expression], at span: SourceSpan) throws(SQLError) -> BoundExpression {
        try check(arguments, 2...2, "NULLIF", at: span)
        let value = try typed(try bind(arguments[0]), at: arguments[0].span)
        let other = try bind(arguments[1])
        let isEqual = try compared(.equal, (value, arguments[0].span), (other, arguments[1].span), at: span)
        return call(.caseWhen, [isEqual, .literal(.null, value.type), value], value.type, isNullable: true, at: span)
    }

    private mutating func ifThenElse(_ arguments: [Expression], at span: SourceSpan) throws(SQLError) -> BoundExpression
    {
        try check(arguments, 3...3, "IF", at: span)
        let condition = try condition(arguments[0], of: "the condition of IF")
        let values = [try bind(arguments[1]), try bind(arguments[2])]
        guard let type = commonType(of: values) else { throw mixedTypes("IF", values, at: span) }
        let sides = [
            try coerced(values[0], to: type, at: arguments[1].span),
            try coerced(values[1], to: type, at: arguments[2].span),
        ]
        return call(
            .caseWhen, [condition] + sides, type, isNullable: values.contains(where: \.isNullable), at: span)
    }

    // MARK: Numbers

    /// 0 − x where x is not above 0, so that −0.0 becomes 0.0, and the least integer fails as an overflow.
    private mutating func absolute(_ arguments: [Expression], at span: SourceSpan) throws(SQLError) -> BoundExpression {
        try check(arguments, 1...1, "ABS", at: span)
        let value = try typed(try bind(arguments[0]), at: arguments[0].span)
        guard value.type.isNumeric else { throw noOperator("ABS", [value], at: span, hint: "it takes a number") }
        let zero = try coerced(.literal(.int(0), .int), to: value.type, at: span)
        let isSmall = strictCall(.lessOrEqual, [value, zero], .boolean, at: span)
        let mirrored = strictCall(.subtract, [zero, value], value.type, at: span)
        return call(.caseWhen, [isSmall, mirrored, value], value.type, isNullable: value.isNullable, at: span)
    }

    // MARK: Strings

    private mutating func onString(
        _ function: ScalarFunction, _ arguments: [Expression], _ name: String, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        try check(arguments, 1...1, name, at: span)
        return strictCall(function, [try string(arguments[0], for: name)], .string, at: span)
    }

    /// INT, as in Flink.
    private mutating func charLength(
        _ arguments: [Expression], _ name: String, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        try check(arguments, 1...1, name, at: span)
        return strictCall(.charLength, [try string(arguments[0], for: name)], .int, at: span)
    }

    private mutating func substring(
        _ arguments: [Expression], _ name: String, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        try check(arguments, 2...3, name, at: span)
        var operands = [try string(arguments[0], for: name)]
        for argument in arguments.dropFirst() {
            let position = try bind(argument)
            guard position.isUntypedNull || position.type == .int || position.type == .bigint else {
                throw source.error("\(name) takes integer positions, this is \(position.type)", at: argument.span)
            }
            operands.append(try typed(position, at: argument.span))
        }
        return strictCall(.substring, operands, .string, at: span)
    }

    private mutating func concat(_ arguments: [Expression], at span: SourceSpan) throws(SQLError) -> BoundExpression {
        guard !arguments.isEmpty else { throw source.error("CONCAT takes at least one argument", at: span) }
        var operands: [BoundExpression] = []
        for argument in arguments { operands.append(try string(argument, for: "CONCAT")) }
        return operands.count == 1 ? operands[0] : strictCall(.concat, operands, .string, at: span)
    }

    mutating func trim(
        _ side: TrimSide, _ characters: Expression?, _ value: Expression, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let text = try string(value, for: "TRIM")
        let taken = try characters.map { (value) throws(SQLError) in try string(value, for: "TRIM") }
        return trimCall(side, text, taken, at: span)
    }

    private mutating func trimmed(
        _ side: TrimSide, _ arguments: [Expression], _ name: String, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        try check(arguments, 1...2, name, at: span)
        let text = try string(arguments[0], for: name)
        return trimCall(side, text, arguments.count > 1 ? try string(arguments[1], for: name) : nil, at: span)
    }

    private func trimCall(
        _ side: TrimSide, _ text: BoundExpression, _ characters: BoundExpression?, at span: SourceSpan
    ) -> BoundExpression {
        let function: ScalarFunction =
            switch side {
            case .both: .trimBoth
            case .leading: .trimLeading
            case .trailing: .trimTrailing
            }
        return strictCall(function, [text, characters ?? .literal(.string(" "), .string)], .string, at: span)
    }
}
