// Window table functions in FROM, with arguments by position or by name:
//
//     TUMBLE(TABLE t, DESCRIPTOR(ts), size [, offset])
//     HOP(DATA => TABLE t, TIMECOL => DESCRIPTOR(ts), SLIDE => …, SIZE => … [, OFFSET => …])

extension Parser {
    /// At a table function that has no `TABLE( )` around it.
    func atTableFunction() throws(SQLError) -> Bool { token.kind == .word ? try lookahead().isSymbol("(") : false }

    mutating func windowTable() throws(SQLError) -> WindowTableSyntax {
        try nestedQuery { (parser) throws(SQLError) in
            let start = parser.token
            guard start.kind == .word else { throw parser.unexpected("TUMBLE or HOP") }
            guard let function = WindowFunction(rawValue: start.text) else {
                let isWindow = start.text == "CUMULATE" || start.text == "SESSION"
                throw parser.source.notSupported(
                    "\(isWindow ? "window" : "table") function \(start.text)", at: start.span)
            }
            try parser.advance()
            try parser.expectSymbol("(")
            var arguments = WindowArguments(function)
            repeat { try parser.windowArgument(into: &arguments) } while try parser.acceptSymbol(",")
            try parser.expectSymbol(")")
            let span = start.span.through(parser.previousSpan)
            guard let syntax = arguments.syntax(span) else {
                throw parser.source.error(
                    "\(function.rawValue) is missing its \(arguments.firstMissing.rawValue)", at: span,
                    detail: function.form)
            }
            return syntax
        }
    }

    private mutating func windowArgument(into arguments: inout WindowArguments) throws(SQLError) {
        let start = token.span
        var named: WindowArguments.Name?
        if token.kind == .word, try lookahead().isSymbol("=>") {
            named = WindowArguments.Name(rawValue: token.text)
            guard let named, arguments.names.contains(named) else {
                throw source.error(
                    "\(arguments.function.rawValue) has no argument \(token.text)", at: start,
                    detail: arguments.function.form)
            }
            try advance()
            try advance()
        }
        guard let name = arguments.next(named) else {
            let problem = named.map { "argument \($0.rawValue) is there twice" } ?? "too many arguments"
            throw source.error(
                "\(problem) in \(arguments.function.rawValue)", at: start, detail: arguments.function.form)
        }
        switch name {
        case .data: arguments.data = try windowInput()
        case .timeColumn: arguments.timeColumn = try descriptor()
        case .size, .slide, .offset: arguments.intervals[name] = try expression()
        }
    }

    /// `TABLE t` or `(SELECT …)`
    private mutating func windowInput() throws(SQLError) -> TableReference {
        if try accept("TABLE") {
            let table = TableReference.named(try objectName("a table"))
            if at("PARTITION") { throw source.notSupported("PARTITION BY in a window function", at: token.span) }
            return table
        }
        guard atSymbol("("), try bracketOpensQuery() else {
            throw unexpected("TABLE and a table's name, or a query in brackets")
        }
        try expectSymbol("(")
        let query = try query()
        try expectSymbol(")")
        if at("PARTITION") { throw source.notSupported("PARTITION BY in a window function", at: token.span) }
        return .subquery(query)
    }

    private mutating func descriptor() throws(SQLError) -> Identifier {
        guard try accept("DESCRIPTOR") else { throw unexpected("DESCRIPTOR and a time column") }
        try expectSymbol("(")
        let column = try identifier("a time column")
        if atSymbol(",") {
            throw source.error("DESCRIPTOR of a window has one column", at: token.span)
        }
        try expectSymbol(")")
        return column
    }
}

/// What a call has been given so far.
private struct WindowArguments {
    enum Name: String {
        case data = "DATA"
        case timeColumn = "TIMECOL"
        case slide = "SLIDE"
        case size = "SIZE"
        case offset = "OFFSET"
    }

    let function: WindowFunction
    /// In the order in which they stand without names.
    let names: [Name]
    private var seen: Set<Name> = []
    private var position = 0
    var data: TableReference?
    var timeColumn: Identifier?
    var intervals: [Name: Expression] = [:]

    init(_ function: WindowFunction) {
        self.function = function
        names = function == .hop ? [.data, .timeColumn, .slide, .size, .offset] : [.data, .timeColumn, .size, .offset]
    }

    /// Which argument comes; nil if it is there already, or there are no more.
    mutating func next(_ named: Name?) -> Name? {
        guard named != nil || position < names.count else { return nil }
        let name = named ?? names[position]
        position += 1
        return seen.insert(name).inserted ? name : nil
    }

    var firstMissing: Name { names.first { !seen.contains($0) } ?? .data }

    func syntax(_ span: SourceSpan) -> WindowTableSyntax? {
        guard let data, let timeColumn, let size = intervals[.size] else { return nil }
        guard function == .tumble || intervals[.slide] != nil else { return nil }
        return WindowTableSyntax(
            function: function, input: data, timeColumn: timeColumn, size: size, slide: intervals[.slide],
            offset: intervals[.offset], span: span)
    }
}

extension WindowFunction {
    /// In Flink's words.
    var form: String {
        switch self {
        case .tumble:
            "supported form: TUMBLE(TABLE table_name, DESCRIPTOR(timecol), datetime interval[, datetime interval])"
        case .hop:
            "supported form: HOP(TABLE table_name, DESCRIPTOR(timecol), datetime interval, datetime interval"
                + "[, datetime interval])"
        }
    }
}
