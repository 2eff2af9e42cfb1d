// The statements of a file, up to their semicolons: INSERT, statement sets, SET and EXPLAIN here, CREATE in `TableParser`.

extension Parser {
    /// All statements of the file.
    static func statements(of source: SourceText) throws(SQLError) -> [StatementSyntax] {
        var parser = try Parser(source)
        return try parser.statements { (parser) throws(SQLError) in try parser.statement() }
    }

    mutating func statements<Statement>(
        _ statement: (inout Parser) throws(SQLError) -> Statement
    ) throws(SQLError) -> [Statement] {
        var statements: [Statement] = []
        while token.kind != .end {
            if try acceptSymbol(";") { continue }
            statements.append(try statement(&self))
            guard statements.count <= Parser.maxStatements else {
                throw source.error("more than \(Parser.maxStatements) statements", at: previousSpan)
            }
            guard token.kind == .end || atSymbol(";") else { throw unexpectedAfterStatement() }
        }
        return statements
    }

    private func unexpectedAfterStatement() -> SQLError {
        if let name = refusedAfterQuery { return source.notSupported(name, at: token.span) }
        return unexpected("\";\"")
    }

    mutating func statement() throws(SQLError) -> StatementSyntax {
        switch token.kind {
        case .word: break
        case .symbol where atSymbol("("): throw queryAlone()
        default: throw unexpected("a statement")
        }
        switch token.text {
        case "CREATE": return try create()
        case "INSERT": return .insert([try insert()])
        case "EXECUTE": return try execute()
        case "BEGIN": return try beginStatementSet()
        case "SET": return .set(try set())
        case "EXPLAIN": return try explain()
        case "SELECT", "WITH", "VALUES", "TABLE": throw queryAlone()
        case "ADD", "ALTER", "ANALYZE", "CALL", "COMPACT", "COMPILE", "DELETE", "DESC", "DESCRIBE", "DROP", "LOAD",
            "MERGE",
            "QUIT", "REMOVE", "RESET", "SHOW", "STOP", "TRUNCATE", "UNLOAD", "UPDATE", "USE":
            throw source.notSupported("\(token.text)", at: token.span)
        default: throw unknownStatement()
        }
    }

    private func queryAlone() -> SQLError {
        source.error(
            "a query by itself has no place in a job file", at: token.span,
            hint: "INSERT INTO a table with 'connector' = 'print' to see its rows, or ask with: sluice sql")
    }

    private func unknownStatement() -> SQLError {
        let known = ["CREATE", "INSERT", "EXECUTE", "SELECT", "SET", "EXPLAIN"]
        return unexpected("a statement", hint: Suggestion.hint(for: token.text, among: known))
    }

    // MARK: INSERT

    mutating func insert() throws(SQLError) -> InsertSyntax {
        try expect("INSERT")
        try refuse("OVERWRITE", "OR")
        try expect("INTO")
        try refuse("TABLE")
        let table = try objectName("a table")
        try refuse("PARTITION")
        var columns: [Identifier] = []
        if atSymbol("("), try !bracketOpensQuery() { columns = try bracketedNames("a column") }
        let query = try query()
        if at("ON") { throw source.notSupported("ON CONFLICT", at: token.span) }
        return InsertSyntax(table: table, columns: columns, query: query)
    }

    private mutating func execute() throws(SQLError) -> StatementSyntax {
        try expect("EXECUTE")
        try refuse("PLAN")
        if at("INSERT") { return .insert([try insert()]) }
        try expect("STATEMENT")
        try expect("SET")
        try expect("BEGIN")
        return .insert(try insertsUntilEnd())
    }

    private mutating func beginStatementSet() throws(SQLError) -> StatementSyntax {
        try expect("BEGIN")
        try expect("STATEMENT")
        try expect("SET")
        try expectSymbol(";")
        return .insert(try insertsUntilEnd())
    }

    /// `INSERT …; INSERT …; END`
    private mutating func insertsUntilEnd() throws(SQLError) -> [InsertSyntax] {
        var inserts: [InsertSyntax] = []
        while try !accept("END") {
            if try acceptSymbol(";") { continue }
            guard at("INSERT") else { throw unexpected("INSERT or END") }
            inserts.append(try insert())
            guard inserts.count <= Parser.maxStatements else {
                throw source.error("more than \(Parser.maxStatements) statements", at: previousSpan)
            }
            guard atSymbol(";") || at("END") else { throw unexpectedAfterStatement() }
        }
        guard !inserts.isEmpty else { throw source.error("a statement set without an INSERT", at: previousSpan) }
        return inserts
    }

    // MARK: EXPLAIN

    private mutating func explain() throws(SQLError) -> StatementSyntax {
        try expect("EXPLAIN")
        try refuse("ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN", "PLAN_ADVICE")
        if try accept("PLAN") { try expect("FOR") }
        if try accept("STATEMENT") {
            try expect("SET")
            try expect("BEGIN")
            return .explain(.inserts(try insertsUntilEnd()))
        }
        if at("INSERT") { return .explain(.inserts([try insert()])) }
        return .explain(.query(try query()))
    }

    // MARK: SET

    /// `SET 'key' = 'value'`, or without quotes up to the semicolon.
    private mutating func set() throws(SQLError) -> SetSyntax {
        try expect("SET")
        guard token.kind != .end, !atSymbol(";") else {
            throw source.notSupported("SET without a key", at: previousSpan)
        }
        let (key, keySpan) = try settingText(until: "=")
        try expectSymbol("=")
        let (value, valueSpan) = try settingText(until: ";")
        return SetSyntax(key: key, value: value, keySpan: keySpan, valueSpan: valueSpan)
    }

    private mutating func settingText(until end: String) throws(SQLError) -> (String, SourceSpan) {
        let first = token.span
        if token.kind == .string {
            let text = token.text
            try advance()
            return (text, first)
        }
        guard token.kind != .end, !atSymbol(end), !atSymbol(";") else {
            throw unexpected("a \(end == "=" ? "key" : "value")", hint: "SET 'key' = 'value'")
        }
        while token.kind != .end, !atSymbol(end), !atSymbol(";") {
            if token.kind == .string { throw unexpected("\"\(end)\"") }
            try advance()
        }
        let span = first.through(previousSpan)
        return (source.text(span), span)
    }
}
