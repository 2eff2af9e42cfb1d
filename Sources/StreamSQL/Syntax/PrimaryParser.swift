// What an expression is made of: literals, names, calls, CASE, CAST, brackets.

extension Parser {
    mutating func primary() throws(SQLError) -> Expression {
        let start = token
        switch start.kind {
        case .integer: return try literal(.integer(start.text))
        case .decimal: return try literal(.decimal(start.text))
        case .approximate: return try literal(.approximate(start.text))
        case .string: return try stringLiteral()
        case .quotedName: return try name()
        case .symbol where start.text == "(": return try bracketed()
        case .word: return try word()
        default: throw unexpected("an expression")
        }
    }

    private mutating func literal(_ kind: Expression.Kind) throws(SQLError) -> Expression {
        let span = token.span
        try advance()
        return Expression(kind, span)
    }

    private mutating func stringLiteral() throws(SQLError) -> Expression {
        let literal = try literal(.string(token.text))
        if token.kind == .string { throw unexpected("an operator", hint: "strings are joined with ||") }
        return literal
    }

    /// `(expression)`; a query or a row value in brackets is refused.
    private mutating func bracketed() throws(SQLError) -> Expression {
        let start = token.span
        if try bracketOpensQuery() { throw source.notSupported("a sub-query in an expression", at: start) }
        try expectSymbol("(")
        var inner = try expression()
        if atSymbol(",") { throw source.notSupported("a row value", at: start) }
        try expectSymbol(")")
        inner.span = start.through(previousSpan)
        return inner
    }

    /// `a`, `t.a`, `a.field`; stops before `.*`.
    private mutating func name() throws(SQLError) -> Expression {
        var parts = [try identifier("an expression")]
        while atSymbol("."), try !lookahead().isSymbol("*") {
            try advance()
            parts.append(try identifier("a name after \".\""))
            if parts.count > Parser.maxDepth { throw source.error("name too long", at: parts[0].span) }
        }
        return Expression(.name(parts), parts[0].span.through(previousSpan))
    }

    // MARK: Words

    private mutating func word() throws(SQLError) -> Expression {
        let start = token
        switch start.text {
        case "NULL": return try literal(.null)
        case "TRUE": return try literal(.boolean(true))
        case "FALSE": return try literal(.boolean(false))
        case "UNKNOWN": return try literal(.unknown)
        case "CASE": return try caseWhen()
        case "CAST": return try cast()
        case "TRIM": return try trim()
        case "DATE": if try lookahead().kind == .string { return try timeLiteral { .date($0) } }
        case "TIMESTAMP": return try lookahead().kind == .string ? try timeLiteral { .timestamp($0) } : try name()
        case "INTERVAL": return try interval()
        case "EXISTS", "UNIQUE", "ARRAY", "MAP", "MULTISET", "ROW", "PERIOD", "NEXT", "CURSOR", "TIME":
            guard try opensSpecialForm() else { break }
            throw source.notSupported(start.text, at: start.span)
        default: break
        }
        if FunctionNames.later.contains(start.text), try isCalled(start) {
            throw source.notSupported("function \(start.text)", at: start.span)
        }
        if try lookahead().isSymbol("(") { return try call() }
        return try name()
    }

    /// Whether the word here is used as a keyword, not as a name.
    private func opensSpecialForm() throws(SQLError) -> Bool {
        let next = try lookahead()
        return next.isSymbol("(") || next.isSymbol("[") || next.kind == .string
    }

    private func isCalled(_ word: Token) throws(SQLError) -> Bool {
        if FunctionNames.withoutBrackets.contains(word.text) { return true }
        return try lookahead().isSymbol("(")
    }

    // MARK: Calls

    private mutating func call() throws(SQLError) -> Expression {
        let start = token
        try advance()
        try expectSymbol("(")
        let name = Identifier(name: source.text(start.span), span: start.span)
        if atSymbol("*"), start.text == "COUNT" {
            try advance()
            try expectSymbol(")")
            let count = Expression(.countStar, start.span.through(previousSpan))
            try refuseAfterCall()
            return count
        }
        if at("DISTINCT") { throw source.notSupported("\(start.text)(DISTINCT …)", at: token.span) }
        _ = try accept("ALL")
        let arguments = try arguments(of: start)
        let call = Expression(.function(name, arguments), start.span.through(previousSpan), over: arguments)
        try refuseAfterCall()
        return try checked(call)
    }

    /// Up to the closing bracket; `SUBSTRING(x FROM a FOR b)` too.
    private mutating func arguments(of function: Token) throws(SQLError) -> [Expression] {
        var arguments: [Expression] = []
        if try acceptSymbol(")") { return arguments }
        if try bracketlessQuery() { throw source.notSupported("a sub-query in an expression", at: token.span) }
        arguments.append(try expression())
        if function.text == "SUBSTRING", try accept("FROM") {
            arguments.append(try expression())
            if try accept("FOR") { arguments.append(try expression()) }
        } else {
            while try acceptSymbol(",") {
                arguments.append(try expression())
                if arguments.count > Parser.maxHeight * 5 {
                    throw source.error("more than \(Parser.maxHeight * 5) arguments", at: token.span)
                }
            }
        }
        if atSymbol("=>") { throw source.notSupported("a named argument", at: token.span) }
        try refuse("ORDER", "SEPARATOR", "IGNORE", "RESPECT")
        try expectSymbol(")")
        return arguments
    }

    private func bracketlessQuery() throws(SQLError) -> Bool { at("SELECT") || at("WITH") }

    private func refuseAfterCall() throws(SQLError) {
        if at("WITHIN") { throw source.notSupported("WITHIN GROUP", at: token.span) }
        if at("IGNORE") || at("RESPECT") { throw source.notSupported("\(token.text) NULLS", at: token.span) }
        try refuse("FILTER", "OVER")
    }

    /// `CASE [operand] WHEN … THEN … [ELSE …] END`
    private mutating func caseWhen() throws(SQLError) -> Expression {
        let start = token.span
        try expect("CASE")
        var children: [Expression] = []
        var operand: Expression?
        if !at("WHEN") {
            let value = try expression()
            operand = value
            children.append(value)
        }
        var branches: [CaseBranch] = []
        while try accept("WHEN") {
            let condition = try expression()
            if atSymbol(",") { throw source.notSupported("a list after WHEN", at: token.span) }
            try expect("THEN")
            let value = try expression()
            branches.append(CaseBranch(condition: condition, value: value))
            children += [condition, value]
            try checkLength(branches.count, of: "branches in a CASE")
        }
        guard !branches.isEmpty else { throw unexpected("WHEN") }
        var otherwise: Expression?
        if try accept("ELSE") {
            let value = try expression()
            otherwise = value
            children.append(value)
        }
        try expect("END")
        let span = start.through(previousSpan)
        return try checked(
            Expression(.caseWhen(operand: operand, branches, otherwise: otherwise), span, over: children))
    }

    private mutating func cast() throws(SQLError) -> Expression {
        let start = token.span
        try expect("CAST")
        try expectSymbol("(")
        let value = try expression()
        try expect("AS")
        let type = try dataType()
        try refuse("FORMAT")
        try expectSymbol(")")
        return try checked(Expression(.cast(value, type), start.through(previousSpan), over: [value]))
    }

    /// `TRIM([BOTH | LEADING | TRAILING] [characters] FROM x)` or `TRIM(x)`
    private mutating func trim() throws(SQLError) -> Expression {
        let start = token.span
        try expect("TRIM")
        try expectSymbol("(")
        var side = TrimSide.both
        var isForm = false
        if token.kind == .word, let named = TrimSide(rawValue: token.text) {
            side = named
            isForm = true
            try advance()
        }
        var characters: Expression?
        var value: Expression
        if isForm, try accept("FROM") {
            value = try expression()
        } else {
            value = try expression()
            if isForm && !at("FROM") { throw unexpected("FROM") }
            if try accept("FROM") {
                characters = value
                value = try expression()
            }
        }
        try expectSymbol(")")
        return try checked(
            Expression(
                .trim(side, characters: characters, value), start.through(previousSpan),
                over: [value] + (characters.map { [$0] } ?? [])))
    }

    // MARK: Time

    /// `DATE '2026-01-31'`
    private mutating func timeLiteral(_ kind: (String) -> Expression.Kind) throws(SQLError) -> Expression {
        let start = token.span
        try advance()
        let text = token.text
        try advance()
        return Expression(kind(text), start.through(previousSpan))
    }
}
