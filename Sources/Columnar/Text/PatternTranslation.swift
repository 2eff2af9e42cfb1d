// Patterns of java.util.regex as PCRE2 reads them.
//
// One pass over the pattern, with one bit of state: inside a class `[…]` or not. What both languages understand in the same
// way is copied. `\uhhhh`, `\0n` and `\p{Alpha}` are written in PCRE2's way. What only Java has (intersections and unions of
// classes, flags other than i, m and s), what only PCRE2 has (`(?R)`, `\K`, `(*…)`), and what means two things (`(?U)`,
// `\11`) is refused, so that no pattern silently means something else.
// Source: the page of java.util.regex.Pattern (Java 17), the page pcre2pattern (10.42).

package struct PatternTranslation {
    private let source: [UInt8]
    private var at = 0
    private var out: [UInt8] = []

    private init(_ source: [UInt8]) { self.source = source }

    /// - Input: a pattern in UTF-8.
    static func translate(_ source: [UInt8]) throws(InvalidPattern) -> [UInt8] {
        var translation = PatternTranslation(source)
        translation.out.reserveCapacity(source.count)
        while translation.at < source.count { try translation.element() }
        return translation.out
    }

    private func byte(_ ahead: Int = 0) -> UInt8 { at + ahead < source.count ? source[at + ahead] : 0 }

    private mutating func copy(_ count: Int = 1) {
        out.append(contentsOf: source[at..<min(at + count, source.count)])
        at += count
    }

    private mutating func element() throws(InvalidPattern) {
        switch byte() {
        case UInt8(ascii: "\\"): try escape(isInClass: false)
        case UInt8(ascii: "["): try characterClass()
        case UInt8(ascii: "("): try group()
        case UInt8(ascii: "{"): try repetition()
        default: copy()
        }
    }

    // MARK: Groups and repetitions

    private mutating func group() throws(InvalidPattern) {
        if byte(1) == UInt8(ascii: "*") { throw .malformed(reason: "nothing to repeat before *", character: nil) }
        guard byte(1) == UInt8(ascii: "?") else { return copy() }
        switch byte(2) {
        case UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: ">"): copy(3)
        case UInt8(ascii: "<"):
            guard byte(3) == UInt8(ascii: "=") || byte(3) == UInt8(ascii: "!") || byte(3).isLetter else {
                throw .malformed(reason: "(?< without the name of a group", character: nil)
            }
            copy(4)
        default: try flags()
        }
    }

    /// `(?i)`, `(?im-s:`
    private mutating func flags() throws(InvalidPattern) {
        var end = 2
        while byte(end).isLetter || byte(end) == UInt8(ascii: "-") { end += 1 }
        guard byte(end) == UInt8(ascii: ")") || byte(end) == UInt8(ascii: ":"), end > 2 else {
            throw .malformed(reason: "unknown kind of group", character: nil)
        }
        let known = Array("ims-".utf8)
        if let flag = source[(at + 2)..<(at + end)].first(where: { !known.contains($0) }) {
            throw .unsupported(construct: "the flag (?\(Character(Unicode.Scalar(flag))))")
        }
        copy(end + 1)
    }

    /// `{n}`, `{n,}`, `{n,m}`; PCRE2 takes anything else as literal text.
    private mutating func repetition() throws(InvalidPattern) {
        var end = 1
        while byte(end).isDigit { end += 1 }
        if end > 1, byte(end) == UInt8(ascii: ",") {
            end += 1
            while byte(end).isDigit { end += 1 }
        }
        guard end > 1, byte(end) == UInt8(ascii: "}") else {
            throw .malformed(reason: "illegal repetition {", character: nil)
        }
        copy(end + 1)
    }

    // MARK: Classes

    private mutating func characterClass() throws(InvalidPattern) {
        copy()
        if byte() == UInt8(ascii: "^") { copy() }
        // As the first character it stands for itself.
        if byte() == UInt8(ascii: "]") { copy() }
        while at < source.count {
            switch byte() {
            case UInt8(ascii: "]"):
                copy()
                return
            case UInt8(ascii: "["): throw .unsupported(construct: "a class within a class")
            case UInt8(ascii: "&") where byte(1) == UInt8(ascii: "&"):
                throw .unsupported(construct: "the intersection && of classes")
            case UInt8(ascii: "\\"): try escape(isInClass: true)
            default: copy()
            }
        }
    }

    // MARK: Escapes

    private mutating func escape(isInClass: Bool) throws(InvalidPattern) {
        let name = byte(1)
        switch name {
        case UInt8(ascii: "Q"): quotation()
        case UInt8(ascii: "u"): try unicodeEscape()
        case UInt8(ascii: "0"): try octalEscape()
        case UInt8(ascii: "x"): try hexadecimalEscape()
        case UInt8(ascii: "p"), UInt8(ascii: "P"): try property(isInClass: isInClass)
        case UInt8(ascii: "c"):
            guard byte(2).isLetter, byte(2) < UInt8(ascii: "a") else {
                throw .unsupported(construct: "\\c without a capital letter")
            }
            copy(3)
        case UInt8(ascii: "k"):
            guard !isInClass, byte(2) == UInt8(ascii: "<") else {
                throw .malformed(reason: "\\k without the name of a group", character: nil)
            }
            copy(3)
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            if isInClass || byte(2).isDigit { throw .unsupported(construct: "a number of several digits after \\") }
            copy(2)
        default:
            guard name.isLetter else { return copy(2) }
            let inBoth: StaticString = isInClass ? "tnrfaedDhHsSvVwW" : "tnrfaedDhHsSvVwWbBAGZzRX"
            let isKnown = inBoth.withUTF8Buffer { $0.contains(name) }
            guard isKnown else {
                throw .unsupported(construct: "\\\(Character(Unicode.Scalar(name)))\(isInClass ? " in a class" : "")")
            }
            copy(2)
        }
    }

    /// `\Q…\E`, to the end where nothing ends it.
    private mutating func quotation() {
        copy(2)
        while at < source.count {
            if byte() == UInt8(ascii: "\\"), byte(1) == UInt8(ascii: "E") { return copy(2) }
            copy()
        }
    }

    private mutating func unicodeEscape() throws(InvalidPattern) {
        guard var scalar = hexadecimal(4, from: 2) else {
            throw .malformed(reason: "\\u without four hexadecimal digits", character: nil)
        }
        at += 6
        if scalar >= 0xD800, scalar < 0xDC00, byte() == UInt8(ascii: "\\"), byte(1) == UInt8(ascii: "u"),
            let low = hexadecimal(4, from: 2), low >= 0xDC00, low < 0xE000
        {
            scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
            at += 6
        }
        guard Unicode.Scalar(scalar) != nil else { throw .unsupported(construct: "half a surrogate pair") }
        append(scalar)
    }

    /// `\0n`, `\0nn`, `\0mnn` with m up to 3.
    private mutating func octalEscape() throws(InvalidPattern) {
        var (value, digits): (UInt32, Int) = (0, 0)
        while digits < 3, case let digit = byte(2 + digits), digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "7"),
            value * 8 + UInt32(digit - UInt8(ascii: "0")) <= 255
        {
            value = value * 8 + UInt32(digit - UInt8(ascii: "0"))
            digits += 1
        }
        guard digits > 0 else { throw .malformed(reason: "\\0 without an octal digit", character: nil) }
        at += 2 + digits
        append(value)
    }

    private mutating func hexadecimalEscape() throws(InvalidPattern) {
        if byte(2) == UInt8(ascii: "{") { return copy(3) }
        guard hexadecimal(2, from: 2) != nil else {
            throw .malformed(reason: "\\x without two hexadecimal digits", character: nil)
        }
        copy(4)
    }

    private func hexadecimal(_ count: Int, from start: Int) -> UInt32? {
        var value: UInt32 = 0
        for i in start..<(start + count) {
            guard let digit = Character(Unicode.Scalar(byte(i))).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    private mutating func append(_ scalar: UInt32) {
        out.append(contentsOf: "\\x{\(String(scalar, radix: 16))}".utf8)
    }

    // MARK: Properties

    private static let posixClasses: Set<String> = [
        "Lower", "Upper", "ASCII", "Alpha", "Digit", "Alnum", "Punct", "Graph", "Print", "Blank", "Cntrl", "XDigit",
        "Space",
    ]
    private static let categories: Set<String> = [
        "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl",
        "No",
        "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
    ]
    private static let scripts: Set<String> = [
        "Latin", "Greek", "Cyrillic", "Han", "Hiragana", "Katakana", "Arabic", "Hebrew", "Hangul", "Thai", "Devanagari",
    ]

    /// `\pL`, `\p{Lu}`, `\p{IsLatin}`, `\p{Alpha}`
    private mutating func property(isInClass: Bool) throws(InvalidPattern) {
        let isNegated = byte(1) == UInt8(ascii: "P")
        var end = 3
        if byte(2) == UInt8(ascii: "{") {
            while at + end < source.count, byte(end - 1) != UInt8(ascii: "}") { end += 1 }
        }
        let text = String(decoding: source[min(at + 2, source.count)..<min(at + end, source.count)], as: UTF8.self)
        let name = text.filter { $0 != "{" && $0 != "}" }
        let bare = name.hasPrefix("Is") ? String(name.dropFirst(2)) : name
        if Self.posixClasses.contains(name) {
            let posix = "[:\(isNegated ? "^" : "")\(name.lowercased()):]"
            out.append(contentsOf: (isInClass ? posix : "[\(posix)]").utf8)
        } else if Self.categories.contains(bare) || (bare != name && Self.scripts.contains(bare)) {
            out.append(contentsOf: "\\\(isNegated ? "P" : "p"){\(bare)}".utf8)
        } else {
            throw .unsupported(construct: "the property \\p{\(name)}")
        }
        at += end
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
    /// Of ASCII.
    fileprivate var isLetter: Bool { self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z") }
}
