// Queries: WITH, UNION ALL, VALUES, SELECT … FROM … WHERE … GROUP BY … HAVING. Clauses that are not here yet are recognised where they
// stand, and refused by name.

extension Parser {
    /// What may follow a query in the dialect but not here, if the current token begins it.
    var refusedAfterQuery: String? {
        guard token.kind == .word else { return nil }
        switch token.text {
        case "ORDER": return "ORDER BY"
        case "LIMIT", "OFFSET", "FETCH", "INTERSECT", "EXCEPT", "MINUS", "WINDOW", "QUALIFY": return token.text
        default: return nil
        }
    }

    /// `[WITH …] term {UNION ALL term}`
    mutating func query() throws(SQLError) -> QuerySyntax {
        try nestedQuery { (parser) throws(SQLError) in
            let start = parser.token.span
            let tables = try parser.commonTables()
            var terms = [try parser.queryTerm()]
            while try parser.accept("UNION") {
                guard try parser.accept("ALL") else {
                    throw parser.source.notSupported(
                        "UNION without ALL", at: parser.previousSpan, hint: "UNION ALL keeps equal rows")
                }
                terms.append(try parser.queryTerm())
                try parser.checkLength(terms.count, of: "queries in a UNION ALL")
            }
            if !parser.atFinalClause, let name = parser.refusedAfterQuery {
                throw parser.source.notSupported(name, at: parser.token.span)
            }
            let span = start.through(parser.previousSpan)
            if tables.isEmpty, terms.count == 1 { return terms[0] }
            if terms.count == 1 { return QuerySyntax(tables: tables, body: .nested(terms[0]), span: span) }
            return QuerySyntax(tables: tables, body: .unionAll(terms), span: span)
        }
    }

    private mutating func commonTables() throws(SQLError) -> [CommonTable] {
        guard try accept("WITH") else { return [] }
        try refuse("RECURSIVE")
        var tables: [CommonTable] = []
        repeat {
            let name = try identifier("a name for the query")
            var columns: [Identifier] = []
            if atSymbol("(") { columns = try bracketedNames("a column") }
            try expect("AS")
            try expectSymbol("(")
            tables.append(CommonTable(name: name, columns: columns, query: try query()))
            try expectSymbol(")")
            guard tables.count <= Parser.maxCommonTables else {
                throw source.error("more than \(Parser.maxCommonTables) queries in WITH", at: name.span)
            }
        } while try acceptSymbol(",")
        return tables
    }

    private mutating func queryTerm() throws(SQLError) -> QuerySyntax {
        if try acceptSymbol("(") {
            let inner = try query()
            try expectSymbol(")")
            return inner
        }
        try refuse("TABLE")
        if at("VALUES") { return try values() }
        let select = try select()
        return QuerySyntax(body: .select(select), span: select.span)
    }

    /// At an opening bracket: whether a query stands in it.
    func bracketOpensQuery() throws(SQLError) -> Bool {
        let (token, _) = try pastBrackets()
        return ["SELECT", "WITH", "VALUES"].contains { token.isWord($0) }
    }

    // MARK: SELECT

    private mutating func select() throws(SQLError) -> SelectSyntax {
        let start = token.span
        guard try accept("SELECT") else { throw unexpected("SELECT") }
        try refuse("STREAM")
        let isDistinct = try accept("DISTINCT")
        if !isDistinct { _ = try accept("ALL") }
        var items = [try selectItem()]
        while try acceptSymbol(",") {
            items.append(try selectItem())
            if items.count > Parser.maxColumns { throw tooManyColumns(at: token.span) }
        }
        let head = start.through(previousSpan)
        guard try accept("FROM") else {
            let isAtEnd = token.kind == .end || atSymbol(";") || atSymbol(")") || at("UNION")
            if isAdHoc, isAtEnd || atFinalClause {
                return SelectSyntax(
                    items: items, from: nil, condition: nil, groups: nil, having: nil, isDistinct: isDistinct,
                    span: head)
            }
            if let name = refusedAfterQuery { throw source.notSupported(name, at: token.span) }
            if isAtEnd || at("WHERE") {
                throw source.notSupported("SELECT without FROM", at: head)
            }
            throw unexpected("FROM")
        }
        let from = try fromItem()
        var condition: Expression?
        if try accept("WHERE") { condition = try expression() }
        let groups = try groupBy()
        var having: Expression?
        if try accept("HAVING") { having = try expression() }
        return SelectSyntax(
            items: items, from: from, condition: condition, groups: groups, having: having, isDistinct: isDistinct,
            span: head)
    }

    // MARK: VALUES

    /// `VALUES (1, 'a'), (2, 'b')`; a row of one value needs no brackets.
    private mutating func values() throws(SQLError) -> QuerySyntax {
        let start = token.span
        try expect("VALUES")
        var rows: [ValuesRow] = []
        repeat {
            rows.append(try valuesRow())
            guard rows.count <= Parser.maxValuesRows else {
                throw source.notSupported(
                    "VALUES of more than \(Parser.maxValuesRows) rows", at: token.span, hint: "put them into a file")
            }
        } while try acceptSymbol(",")
        return QuerySyntax(body: .values(rows), span: start.through(previousSpan))
    }

    private mutating func valuesRow() throws(SQLError) -> ValuesRow {
        let start = token.span
        try refuse("ROW")
        guard try acceptSymbol("(") else { return ValuesRow(values: [try expression()], span: start) }
        var values = [try expression()]
        while try acceptSymbol(",") {
            values.append(try expression())
            if values.count > Parser.maxColumns { throw tooManyColumns(at: token.span) }
        }
        try expectSymbol(")")
        return ValuesRow(values: values, span: start.through(previousSpan))
    }

    static let maxColumns = 10_000
    static let maxValuesRows = 1000

    func tooManyColumns(at span: SourceSpan) -> SQLError {
        source.error("more than \(Parser.maxColumns) columns", at: span)
    }

    private mutating func selectItem() throws(SQLError) -> SelectItem {
        if atSymbol("*") {
            let span = token.span
            try advance()
            return .star(qualifier: [], span)
        }
        let expression = try expression()
        if try acceptSymbol(".") {  // The name before `.*` was read as an expression.
            guard case .name(let qualifier) = expression.kind, try acceptSymbol("*") else { throw unexpected("a name") }
            return .star(qualifier: qualifier, expression.span.through(previousSpan))
        }
        if try accept("AS") { return .expression(expression, alias: try identifier("a name after AS")) }
        return .expression(expression, alias: atIdentifier ? try identifier("a name") : nil)
    }

    // MARK: FROM

    private mutating func fromItem() throws(SQLError) -> FromItem {
        let table = try tableReference()
        var alias: Identifier?
        var columns: [Identifier] = []
        try refuseAfterTable()
        if try accept("AS") {
            alias = try identifier("a name after AS")
        } else if atIdentifier {
            alias = try identifier("a name")
        }
        if alias != nil, atSymbol("(") { columns = try bracketedNames("a column") }
        try refuseAfterTable()
        return FromItem(table: table, alias: alias, columns: columns)
    }

    private mutating func tableReference() throws(SQLError) -> TableReference {
        if atSymbol("(") {
            guard try bracketOpensQuery() else { throw source.notSupported("a table in brackets", at: token.span) }
            try expectSymbol("(")
            let inner = try query()
            try expectSymbol(")")
            return .subquery(inner)
        }
        if at("TABLE") {
            try advance()
            guard try acceptSymbol("(") else { throw source.notSupported("TABLE", at: previousSpan) }
            let table = TableReference.windows(try windowTable())
            try expectSymbol(")")
            return table
        }
        try refuse("LATERAL", "UNNEST", "VALUES")  // Without brackets.
        if try atTableFunction() { return .windows(try windowTable()) }
        return .named(try objectName("a table"))
    }

    private func refuseAfterTable() throws(SQLError) {
        if atSymbol(",") { throw source.notSupported("a join of several tables in FROM", at: token.span) }
        guard token.kind == .word else { return }
        switch token.text {
        case "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL":
            throw source.notSupported("JOIN", at: token.span)
        case "FOR": throw source.notSupported("FOR SYSTEM_TIME AS OF", at: token.span)
        default: try refuse("TABLESAMPLE", "MATCH_RECOGNIZE", "PIVOT", "UNPIVOT", "EXTEND")
        }
    }

    // MARK: GROUP BY

    private mutating func groupBy() throws(SQLError) -> [Expression]? {
        guard try accept("GROUP") else { return nil }
        try expect("BY")
        try refuse("ALL", "DISTINCT")
        if atSymbol("("), try lookahead().isSymbol(")") {
            try advance()
            try advance()
            if atSymbol(",") { throw source.notSupported("GROUPING SETS", at: token.span) }
            return []
        }
        var groups: [Expression] = []
        repeat {
            try refuse("ROLLUP", "CUBE")
            if at("GROUPING") { throw source.notSupported("GROUPING SETS", at: token.span) }
            groups.append(try expression())
            if groups.count > Parser.maxColumns { throw tooManyColumns(at: token.span) }
        } while try acceptSymbol(",")
        return groups
    }
}
