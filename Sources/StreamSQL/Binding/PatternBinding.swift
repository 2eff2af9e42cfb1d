import Columnar
import Operators

// Functions that take strings apart by separators and regular expressions. Patterns are literals, compiled when the query is
// bound, so that a bad one is an error of the query with its place.

extension ExpressionBinder {
    mutating func regularExpression(
        _ name: String, _ arguments: [Expression], at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        try check(arguments, name == "REGEXP_EXTRACT" ? 2...3 : name == "REGEXP" ? 2...2 : 3...3, name, at: span)
        let text = try string(arguments[0], for: name)
        let pattern = try string(arguments[1], for: name)
        try checkPattern(pattern, at: arguments[1].span)
        let type: DataType = name == "REGEXP" ? .boolean : .string
        if pattern.expression.literal == .null { return .literal(.null, type) }
        switch name {
        case "REGEXP": return strictCall(.regexp, [text, pattern], type, at: span)
        case "REGEXP_REPLACE":
            let replacement = try string(arguments[2], for: name)
            return strictCall(.regexpReplace, [text, pattern, replacement], type, at: span)
        default:
            var group = BoundExpression.literal(.int(0), .int)
            if arguments.count > 2 { group = try integer(arguments[2], "\(name) takes an integer group", at: span) }
            return call(.regexpExtract, [text, pattern, group], type, isNullable: true, at: span)
        }
    }

    private func checkPattern(_ pattern: BoundExpression, at span: SourceSpan) throws(SQLError) {
        switch pattern.expression.literal {
        case .string(let text)?:
            do throws(InvalidPattern) {
                _ = try RegularExpression(text)
            } catch {
                throw source.error("invalid regular expression: \(error)", at: span)
            }
        case .null?: return
        default: throw source.notSupported("a regular expression that is not a literal", at: span)
        }
    }

    mutating func splitIndex(_ arguments: [Expression], at span: SourceSpan) throws(SQLError) -> BoundExpression {
        try check(arguments, 3...3, "SPLIT_INDEX", at: span)
        let text = try string(arguments[0], for: "SPLIT_INDEX")
        let separator = try typed(try bind(arguments[1]), at: arguments[1].span)
        guard [.string, .int, .bigint].contains(separator.type) else {
            throw source.error(
                "SPLIT_INDEX takes a STRING or an integer as separator, this is \(separator.type)",
                at: arguments[1].span)
        }
        let index = try integer(arguments[2], "SPLIT_INDEX takes an integer index", at: span)
        return call(.splitIndex, [text, separator, index], .string, isNullable: true, at: span)
    }

    private mutating func integer(
        _ expression: Expression, _ rule: String, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        let bound = try typed(try bind(expression), at: expression.span)
        guard bound.type == .int || bound.type == .bigint else {
            throw source.error("\(rule), this is \(bound.type)", at: expression.span)
        }
        return bound
    }
}
