// The statements of `sluice sql`: those of a job file that declare something, queries by themselves, and questions about what
// is there. ORDER BY, LIMIT and OFFSET stand behind a whole query alone; inside one they are refused as in a job file.

extension Parser {
    static func adHocStatements(of source: SourceText) throws(SQLError) -> [AdHocStatement] {
        var parser = try Parser(source)
        parser.isAdHoc = true
        return try parser.statements { (parser) throws(SQLError) in try parser.adHocStatement() }
    }

    /// Whether the clauses begin here that only a whole result can have.
    var atFinalClause: Bool {
        isAdHoc && !isInnerQuery && (at("ORDER") || at("LIMIT") || at("OFFSET") || at("FETCH"))
    }

    private var atQuery: Bool { atSymbol("(") || at("SELECT") || at("WITH") || at("VALUES") || at("TABLE") }

    private mutating func adHocStatement() throws(SQLError) -> AdHocStatement {
        if atQuery { return .query(try resultQuery()) }
        switch token.text {
        case "EXPLAIN" where token.kind == .word: return try adHocExplain()
        case "SHOW" where token.kind == .word: return try show()
        case "DESCRIBE", "DESC":
            guard token.kind == .word else { break }
            try advance()
            return .describe(try objectName("a table"))
        case "INSERT", "EXECUTE", "BEGIN":
            guard token.kind == .word else { break }
            throw source.error(
                "\(token.text) has no place in an ad-hoc query", at: token.span,
                hint: "put it into a job file: sluice run job.sql")
        default: break
        }
        return .declaration(try statement())
    }

    private mutating func adHocExplain() throws(SQLError) -> AdHocStatement {
        var ahead = self
        try ahead.expect("EXPLAIN")
        if try ahead.accept("PLAN") { try ahead.expect("FOR") }
        guard ahead.atQuery else { throw ahead.unexpected("a query", hint: "of a whole job: sluice explain job.sql") }
        self = ahead
        return .explain(try resultQuery())
    }

    private mutating func show() throws(SQLError) -> AdHocStatement {
        let start = token.span
        try expect("SHOW")
        if try accept("TABLES") { return .showTables }
        if try accept("VIEWS") { return .showViews }
        let name = token.kind == .word ? "SHOW \(token.text)" : "SHOW"
        throw source.notSupported(
            name, at: start.through(token.span), hint: "there are SHOW TABLES, SHOW VIEWS and DESCRIBE")
    }

    // MARK: The whole result

    private mutating func resultQuery() throws(SQLError) -> ResultQuerySyntax {
        var result = ResultQuerySyntax(query: try query())
        if try accept("ORDER") {
            try expect("BY")
            repeat {
                result.order.append(try orderItem())
                try checkLength(result.order.count, of: "expressions in ORDER BY")
            } while try acceptSymbol(",")
        }
        if try accept("LIMIT"), try !accept("ALL") { result.limit = try rowNumber() }
        if try accept("OFFSET") {
            result.offset = try rowNumber()
            _ = try acceptRows()
        }
        if at("FETCH"), result.limit == nil { result.limit = try fetch() }
        return result
    }

    private mutating func orderItem() throws(SQLError) -> OrderItem {
        let expression = try expression()
        var isDescending = false
        if try !accept("ASC") { isDescending = try accept("DESC") }
        var item = OrderItem(expression: expression, isDescending: isDescending, putsNullsFirst: !isDescending)
        if try accept("NULLS") {
            item.putsNullsFirst = try accept("FIRST")
            if !item.putsNullsFirst { try expect("LAST") }
        }
        return item
    }

    private mutating func rowNumber() throws(SQLError) -> Int {
        guard token.kind == .integer, let number = Int(token.text) else { throw unexpected("a number of rows") }
        try advance()
        return number
    }

    private mutating func acceptRows() throws(SQLError) -> Bool {
        if try accept("ROWS") { return true }
        return try accept("ROW")
    }

    /// `FETCH FIRST n ROWS ONLY`
    private mutating func fetch() throws(SQLError) -> Int {
        try expect("FETCH")
        if try !accept("NEXT") { try expect("FIRST") }
        let count = token.kind == .integer ? try rowNumber() : 1
        guard try acceptRows() else { throw unexpected("ROWS") }
        try expect("ONLY")
        return count
    }
}

/// Whether a text ends with the semicolon of its last statement, or holds none at all: what a prompt asks before it goes on
/// reading. A string, name or comment that is still open is no end.
package func endsStatement(_ text: String) -> Bool {
    do throws(SQLError) {
        var lexer = Lexer(try SourceText(Array(text.utf8)))
        var last = try lexer.next()
        if last.kind == .end { return true }
        while true {
            let token = try lexer.next()
            if token.kind == .end { return last.isSymbol(";") }
            last = token
        }
    } catch {
        // What cannot be read at all is shown with its place, once the text looks ended.
        guard !error.message.hasPrefix("unterminated") else { return false }
        return text.split(separator: "\n").last?.contains(";") ?? true
    }
}
