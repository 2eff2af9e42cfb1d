// Recursive descent, with operator precedence for expressions (Pratt 1973). One function per production; what the dialect has
// and this version does not is recognised where it stands in the grammar and refused by name.
//
// Nothing here is deeper than its limits: `maxDepth` bounds the recursion of the parser itself, `maxHeight` that of everything
// that walks a tree later, `maxNodes` the memory. A tree of this height is walked in a few hundred KiB of stack.

struct Parser {
    /// Nested brackets, CASEs, NOTs.
    static let maxDepth = 200
    /// Sub-queries inside each other: their frames are larger.
    static let maxQueryDepth = 50
    static let maxHeight = 200
    static let maxNodes = 1_000_000
    static let maxListLength = 100_000
    static let maxStatements = 10_000
    static let maxCommonTables = 1000

    let source: SourceText
    private var lexer: Lexer
    private(set) var token: Token
    private(set) var previousSpan = SourceSpan.none
    private var depth = 0
    private var queryDepth = 0
    private var nodes = 0
    /// Of a statement of `sluice sql`: SELECT may stand without FROM, and the whole query may be ordered and cut.
    var isAdHoc = false

    init(_ source: SourceText) throws(SQLError) {
        self.source = source
        lexer = Lexer(source)
        token = try lexer.next()
    }

    // MARK: Tokens

    mutating func advance() throws(SQLError) {
        previousSpan = token.span
        token = try lexer.next()
        nodes += 1
        if nodes > Parser.maxNodes {
            throw source.error("the file has more than \(Parser.maxNodes) words", at: token.span)
        }
    }

    /// The token after the current one.
    func lookahead() throws(SQLError) -> Token {
        var copy = lexer
        return try copy.next()
    }

    /// The first token that is not an opening bracket, from the current one on, and the brackets before it.
    func pastBrackets() throws(SQLError) -> (token: Token, brackets: Int) {
        var copy = lexer
        var next = token
        var brackets = 0
        while next.isSymbol("("), brackets <= Parser.maxDepth {
            next = try copy.next()
            brackets += 1
        }
        return (next, brackets)
    }

    func at(_ keyword: String) -> Bool { token.isWord(keyword) }
    func atSymbol(_ symbol: String) -> Bool { token.isSymbol(symbol) }

    mutating func accept(_ keyword: String) throws(SQLError) -> Bool {
        guard at(keyword) else { return false }
        try advance()
        return true
    }

    mutating func acceptSymbol(_ symbol: String) throws(SQLError) -> Bool {
        guard atSymbol(symbol) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ keyword: String) throws(SQLError) {
        guard try accept(keyword) else { throw unexpected(keyword) }
    }

    mutating func expectSymbol(_ symbol: String) throws(SQLError) {
        guard try acceptSymbol(symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    /// Refuses the current token by its own name if it is one of `keywords`.
    func refuse(_ keywords: String...) throws(SQLError) {
        if token.kind == .word, keywords.contains(token.text) {
            throw source.notSupported(token.text, at: token.span)
        }
    }

    // MARK: Errors

    func unexpected(_ expected: String, hint: String? = nil) -> SQLError {
        source.error("syntax error at \(describe(token)): expected \(expected)", at: token.span, hint: hint)
    }

    func describe(_ token: Token) -> String {
        guard token.kind != .end else { return "the end of the file" }
        let text = source.text(token.span)
        let flat = text.prefix(40).map { $0.isNewline ? " " : String($0) }.joined()
        return "\"\(flat)\(text.count > 40 ? "…" : "")\""
    }

    // MARK: Limits

    var isInnerQuery: Bool { queryDepth > 1 }

    /// Runs `body` one level deeper.
    mutating func nested<Value>(
        _ body: (inout Parser) throws(SQLError) -> Value
    ) throws(SQLError) -> Value {
        guard depth < Parser.maxDepth else { throw tooDeep(at: token.span) }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    mutating func nestedQuery<Value>(
        _ body: (inout Parser) throws(SQLError) -> Value
    ) throws(SQLError) -> Value {
        guard queryDepth < Parser.maxQueryDepth else {
            throw source.error(
                "queries are nested too deeply", at: token.span,
                detail: "at most \(Parser.maxQueryDepth) levels are read", hint: "name the inner ones with CREATE VIEW")
        }
        queryDepth += 1
        defer { queryDepth -= 1 }
        return try body(&self)
    }

    /// Passes an expression on if later walks can stand its height.
    func checked(_ expression: Expression) throws(SQLError) -> Expression {
        guard expression.height <= Parser.maxHeight else { throw tooDeep(at: expression.span) }
        return expression
    }

    func checkLength(_ count: Int, of what: String) throws(SQLError) {
        if count > Parser.maxListLength {
            throw source.error("more than \(Parser.maxListLength) \(what)", at: token.span)
        }
    }

    private func tooDeep(at span: SourceSpan) -> SQLError {
        source.error(
            "expression too deep", at: span, detail: "at most \(Parser.maxDepth) levels are read",
            hint: "name parts of it in a sub-query or a view")
    }

    // MARK: Names

    /// A name: a word that is not reserved, or anything in backticks.
    mutating func identifier(_ what: String) throws(SQLError) -> Identifier {
        switch token.kind {
        case .quotedName:
            guard !token.text.isEmpty else { throw source.error("a name is empty", at: token.span) }
            let identifier = Identifier(name: token.text, span: token.span)
            try advance()
            return identifier
        case .word:
            if ReservedWords.contains(token.text) {
                let hint = "\(token.text) is a reserved word: as a name it is written `\(source.text(token.span))`"
                throw unexpected(what, hint: ReservedWords.isStructural(token.text) ? nil : hint)
            }
            let identifier = Identifier(name: source.text(token.span), span: token.span)
            try advance()
            return identifier
        default:
            throw unexpected(what)
        }
    }

    /// Whether a name could begin here.
    var atIdentifier: Bool {
        token.kind == .quotedName || token.kind == .word && !ReservedWords.contains(token.text)
    }

    mutating func objectName(_ what: String) throws(SQLError) -> ObjectName {
        var parts = [try identifier(what)]
        while try acceptSymbol(".") { parts.append(try identifier("a name after \".\"")) }
        return ObjectName(parts: parts, span: parts[0].span.through(previousSpan))
    }

    /// `(a, b, …)`
    mutating func bracketedNames(_ what: String) throws(SQLError) -> [Identifier] {
        try expectSymbol("(")
        var names = [try identifier(what)]
        while try acceptSymbol(",") {
            names.append(try identifier(what))
            try checkLength(names.count, of: "names")
        }
        try expectSymbol(")")
        return names
    }
}
