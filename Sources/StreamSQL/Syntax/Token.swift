package struct Token: Sendable {
    package enum Kind: Sendable {
        /// A keyword or an identifier without quotes.
        case word
        /// An identifier in backticks.
        case quotedName
        case string
        /// Digits only.
        case integer
        /// Digits with a point.
        case decimal
        /// With an exponent.
        case approximate
        case symbol
        case end
    }

    package var kind: Kind
    /// A word in upper case, a name or string without its quotes, a number or symbol as written.
    package var text: String
    package var span: SourceSpan

    func isWord(_ keyword: String) -> Bool { kind == .word && text == keyword }
    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
}
