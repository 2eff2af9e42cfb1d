/// Cuts the text into tokens, one at a time, so that a long file costs no memory. A value: a copy is a position to return to.
struct Lexer {
    let source: SourceText
    private var offset = 0
    private var line: Int32 = 1
    /// Where column counting of this line begins, less the continuation bytes seen on it.
    private var lineStart = 0
    private var continuationBytes = 0

    init(_ source: SourceText) {
        self.source = source
        if source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) {  // A byte-order mark.
            offset = 3
            lineStart = 3
        }
    }

    /// - Errors: an unterminated string, name or comment; a character no token begins with; a hint, which is refused.
    mutating func next() throws(SQLError) -> Token {
        try skipBlanks()
        let start = mark()
        guard let byte = byte(0) else { return token(.end, "", from: start) }
        switch byte {
        case UInt8(ascii: "'"):
            return try quoted(byte, .string, "string", from: start)
        case UInt8(ascii: "`"):
            return try quoted(byte, .quotedName, "quoted name", from: start)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try number(from: start)
        case UInt8(ascii: ".") where isDigit(self.byte(1)):
            return try number(from: start)
        default:
            if wordScalar(first: true) != nil { return try word(from: start) }
            return try symbol(from: start)
        }
    }

    // MARK: Position

    private func byte(_ ahead: Int) -> UInt8? {
        let index = offset + ahead
        return index < source.bytes.count ? source.bytes[index] : nil
    }

    private mutating func advance() {
        let byte = source.bytes[offset]
        offset += 1
        if byte == UInt8(ascii: "\n") {
            line += 1
            lineStart = offset
            continuationBytes = 0
        } else if byte & 0xC0 == 0x80 {
            continuationBytes += 1
        }
    }

    private mutating func advance(by count: Int) {
        for _ in 0..<count { advance() }
    }

    private func mark() -> SourceSpan {
        let column = Int32(offset - lineStart - continuationBytes + 1)
        return SourceSpan(start: Int32(offset), end: Int32(offset), line: line, column: column)
    }

    private func span(from start: SourceSpan) -> SourceSpan {
        var span = start
        span.end = Int32(offset)
        return span
    }

    private func token(_ kind: Token.Kind, _ text: String, from start: SourceSpan) -> Token {
        Token(kind: kind, text: text, span: span(from: start))
    }

    // MARK: Blanks and comments

    private mutating func skipBlanks() throws(SQLError) {
        while let byte = byte(0) {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D:
                advance()
            case UInt8(ascii: "-") where self.byte(1) == UInt8(ascii: "-"):
                while let byte = self.byte(0), byte != UInt8(ascii: "\n") { advance() }
            case UInt8(ascii: "/") where self.byte(1) == UInt8(ascii: "*"):
                try skipComment()
            default:
                return
            }
        }
    }

    private mutating func skipComment() throws(SQLError) {
        let start = mark()
        let isHint = byte(2) == UInt8(ascii: "+")
        advance(by: 2)
        while let byte = byte(0) {
            if byte == UInt8(ascii: "*"), self.byte(1) == UInt8(ascii: "/") {
                advance(by: 2)
                guard isHint else { return }
                let name = source.text(span(from: start)).dropFirst(3)
                    .drop { $0.isWhitespace }.prefix { $0.isLetter || $0 == "_" }
                throw source.notSupported("hint \(name.uppercased().prefix(40))", at: span(from: start))
            }
            advance()
        }
        throw source.error("unterminated comment", at: opening(start, 2), hint: "close it with */")
    }

    private func opening(_ start: SourceSpan, _ length: Int32) -> SourceSpan {
        var span = start
        span.end = min(start.start + length, Int32(source.bytes.count))
        return span
    }

    // MARK: Tokens

    private mutating func quoted(
        _ quote: UInt8, _ kind: Token.Kind, _ what: String, from start: SourceSpan
    ) throws(SQLError) -> Token {
        var content: [UInt8] = []
        advance()
        while let byte = byte(0) {
            advance()
            if byte == quote {
                guard self.byte(0) == quote else {
                    return token(kind, String(decoding: content, as: UTF8.self), from: start)
                }
                advance()
            }
            content.append(byte)
        }
        let mark = Character(Unicode.Scalar(quote))
        throw source.error(
            "unterminated \(what)", at: opening(start, 1),
            hint: "close it with \(mark); inside, \(mark) is written twice")
    }

    private mutating func number(from start: SourceSpan) throws(SQLError) -> Token {
        var kind = Token.Kind.integer
        skipDigits()
        if byte(0) == UInt8(ascii: "."), byte(1) != UInt8(ascii: ".") {
            kind = .decimal
            advance()
            skipDigits()
        }
        if byte(0) == UInt8(ascii: "e") || byte(0) == UInt8(ascii: "E") {
            let sign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-")
            if isDigit(byte(sign ? 2 : 1)) {
                kind = .approximate
                advance(by: sign ? 2 : 1)
                skipDigits()
            }
        }
        if wordScalar(first: true) != nil {
            while let length = wordScalar(first: false) { advance(by: length) }
            throw source.error("malformed number", at: span(from: start))
        }
        return token(kind, source.text(span(from: start)), from: start)
    }

    private mutating func skipDigits() {
        while isDigit(byte(0)) { advance() }
    }

    private mutating func word(from start: SourceSpan) throws(SQLError) -> Token {
        while let length = wordScalar(first: false) { advance(by: length) }
        let text = source.text(span(from: start)).uppercased()
        let opensString = byte(0) == UInt8(ascii: "'")
        let opensUnicode = byte(0) == UInt8(ascii: "&") && byte(1) == UInt8(ascii: "'")
        if opensString && (text == "X" || text == "N" || text.hasPrefix("_")) || opensUnicode && text == "U" {
            let name = opensUnicode ? "U&'…'" : "\(text.prefix(20))'…'"
            throw source.notSupported("a literal \(name)", at: span(from: start))
        }
        return token(.word, text, from: start)
    }

    private mutating func symbol(from start: SourceSpan) throws(SQLError) -> Token {
        let pairs = ["<>", "<=", ">=", "||", "!=", "==", "=>"]
        if let first = byte(0), let second = byte(1), second < 0x80 {
            let pair = String(decoding: [first, second], as: UTF8.self)
            if pairs.contains(pair) {
                advance(by: 2)
                return token(.symbol, pair, from: start)
            }
        }
        if let byte = byte(0), "()[],;.=<>+-*/%:?{}^|&!".utf8.contains(byte) {
            advance()
            return token(.symbol, source.text(span(from: start)), from: start)
        }
        let isQuote = byte(0) == UInt8(ascii: "\"")
        advance(by: scalarLength())
        throw source.error(
            "unexpected character", at: span(from: start),
            hint: isQuote ? "names are quoted with backticks, strings with single quotes" : nil)
    }

    private func scalarLength() -> Int {
        guard let byte = byte(0) else { return 0 }
        return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }

    /// The bytes of the scalar here if a word may hold (or begin with) it.
    private func wordScalar(first: Bool) -> Int? {
        guard let byte = byte(0) else { return nil }
        if byte < 0x80 {
            let isLetter = byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
            if isLetter || byte == UInt8(ascii: "_") { return 1 }
            return !first && (isDigit(byte) || byte == UInt8(ascii: "$")) ? 1 : nil
        }
        let length = scalarLength()
        let text = String(decoding: source.bytes[offset..<offset + length], as: UTF8.self)
        guard let properties = text.unicodeScalars.first?.properties else { return nil }
        return (first ? properties.isIDStart : properties.isIDContinue) ? length : nil
    }
}

private func isDigit(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}
