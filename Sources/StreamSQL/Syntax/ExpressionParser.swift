// Operators from the weakest to the strongest, as Flink has them:
//
//     OR  AND  NOT  IS  = <> < <= > >=  BETWEEN IN LIKE  + -  * / % ||  unary + -

private enum Power {
    static let or = 10
    static let and = 20
    static let not = 26
    static let truth = 28
    static let comparison = 30
    static let range = 32
    static let sum = 40
    static let product = 60
    static let sign = 80
}

extension Parser {
    mutating func expression() throws(SQLError) -> Expression {
        try expression(above: 0)
    }

    /// An expression whose operators all bind more strongly than `power`.
    mutating func expression(above power: Int) throws(SQLError) -> Expression {
        try nested { (parser) throws(SQLError) in
            var left = try parser.prefix()
            while let operatorPower = try parser.infixPower(), operatorPower > power {
                left = try parser.checked(try parser.infix(left))
            }
            return left
        }
    }

    /// How strongly the operator at the current token binds; nil if there is none.
    private func infixPower() throws(SQLError) -> Int? {
        if token.kind == .word { return try wordPower() }
        guard token.kind == .symbol else { return nil }
        switch token.text {
        case "=", "<>", "<", "<=", ">", ">=": return Power.comparison
        case "+", "-": return Power.sum
        case "*", "/", "%", "||": return Power.product
        case "!=": throw source.error("syntax error at \"!=\"", at: token.span, hint: "not equal is written <>")
        case "==": throw source.error("syntax error at \"==\"", at: token.span, hint: "equal is written =")
        case "[": throw source.notSupported("access to an element by [ ]", at: token.span)
        default: return nil
        }
    }

    private func wordPower() throws(SQLError) -> Int? {
        switch token.text {
        case "OR": return Power.or
        case "AND": return Power.and
        case "IS": return Power.truth
        case "BETWEEN", "IN", "LIKE": return Power.range
        case "NOT":
            let next = try lookahead()
            guard next.kind == .word else { return nil }
            switch next.text {
            case "BETWEEN", "IN", "LIKE": return Power.range
            case "SIMILAR", "RLIKE", "ILIKE": throw source.notSupported(next.text, at: next.span)
            default: return nil
            }
        case "SIMILAR", "RLIKE", "ILIKE", "OVERLAPS", "CONTAINS", "PRECEDES", "SUCCEEDS", "MEMBER", "COLLATE":
            throw source.notSupported(token.text, at: token.span)
        default: return nil
        }
    }

    private mutating func infix(_ left: Expression) throws(SQLError) -> Expression {
        if at("AND") { return try chain(left, "AND", Power.and) }
        if at("OR") { return try chain(left, "OR", Power.or) }
        if at("IS") { return try truth(left) }
        if token.kind == .word { return try range(left) }
        let symbol = token
        guard let binary = BinaryOperator(rawValue: symbol.text) else { throw unexpected("an operator") }
        try advance()
        if ["ANY", "SOME", "ALL"].contains(where: { at($0) }) {
            throw source.notSupported("\(symbol.text) \(token.text)", at: token.span)
        }
        let right: Expression
        switch binary {
        case .add, .subtract: right = try expression(above: Power.sum)
        case .multiply, .divide, .modulo, .concat: right = try expression(above: Power.product)
        default: right = try expression(above: Power.comparison)
        }
        return Expression(.binary(binary, left, right), left.span.through(right.span), over: [left, right])
    }

    /// A whole chain of one of AND, OR.
    private mutating func chain(_ left: Expression, _ word: String, _ power: Int) throws(SQLError) -> Expression {
        var operands = [left]
        while try accept(word) {
            operands.append(try expression(above: power))
            try checkLength(operands.count, of: "conditions in a row")
        }
        let span = left.span.through(previousSpan)
        return Expression(word == "AND" ? .and(operands) : .or(operands), span, over: operands)
    }

    /// `IS [NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM …`
    private mutating func truth(_ left: Expression) throws(SQLError) -> Expression {
        try expect("IS")
        let isNegated = try accept("NOT")
        if try accept("DISTINCT") {
            try expect("FROM")
            let right = try expression(above: Power.comparison)
            return Expression(
                .isDistinct(left, right, isNegated: isNegated), left.span.through(right.span), over: [left, right])
        }
        guard token.kind == .word, let test = TruthTest(rawValue: token.text) else {
            try refuse("JSON", "A", "NORMALIZED", "EMPTY")
            throw unexpected("NULL, TRUE, FALSE or DISTINCT FROM")
        }
        try advance()
        return Expression(
            .truthTest(left, test, isNegated: isNegated), left.span.through(previousSpan), over: [left])
    }

    /// `[NOT] BETWEEN | IN | LIKE`
    private mutating func range(_ left: Expression) throws(SQLError) -> Expression {
        let isNegated = try accept("NOT")
        if try accept("BETWEEN") { return try between(left, isNegated) }
        if try accept("IN") { return try inList(left, isNegated) }
        try expect("LIKE")
        try refuse("ANY", "SOME", "ALL")
        let pattern = try expression(above: Power.range)
        var escape: Expression?
        if try accept("ESCAPE") { escape = try expression(above: Power.range) }
        return Expression(
            .like(left, pattern: pattern, escape: escape, isNegated: isNegated), left.span.through(previousSpan),
            over: [left, pattern] + (escape.map { [$0] } ?? []))
    }

    private mutating func between(_ left: Expression, _ isNegated: Bool) throws(SQLError) -> Expression {
        try refuse("SYMMETRIC")
        _ = try accept("ASYMMETRIC")
        let low = try expression(above: Power.range)
        try expect("AND")
        let high = try expression(above: Power.range)
        return Expression(
            .between(left, low: low, high: high, isNegated: isNegated), left.span.through(high.span),
            over: [left, low, high])
    }

    private mutating func inList(_ left: Expression, _ isNegated: Bool) throws(SQLError) -> Expression {
        guard atSymbol("(") else { throw unexpected("\"(\"") }
        if try bracketOpensQuery() { throw source.notSupported("a sub-query in IN", at: token.span) }
        try advance()
        var values = [try expression()]
        while try acceptSymbol(",") {
            values.append(try expression())
            try checkLength(values.count, of: "values in IN")
        }
        try expectSymbol(")")
        return Expression(
            .inList(left, values, isNegated: isNegated), left.span.through(previousSpan), over: [left] + values)
    }

    // MARK: Prefix

    private mutating func prefix() throws(SQLError) -> Expression {
        let start = token
        if try accept("NOT") { return try unary(.not, above: Power.not, from: start) }
        if try acceptSymbol("-") { return try unary(.minus, above: Power.sign, from: start) }
        if try acceptSymbol("+") { return try unary(.plus, above: Power.sign, from: start) }
        return try primary()
    }

    private mutating func unary(
        _ sign: UnaryOperator, above power: Int, from start: Token
    ) throws(SQLError) -> Expression {
        let operand = try expression(above: power)
        return try checked(Expression(.unary(sign, operand), start.span.through(operand.span), over: [operand]))
    }
}
