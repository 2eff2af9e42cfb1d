import CKernels

// The grammar of RFC 8259, and of UTF-8 inside strings, without making anything of it. Every function takes the place
// where its construct begins and gives the place behind it, or nil with `fault` set. None goes beyond a newline: it is
// neither inside a value's text nor white space here, so the one that ends the line ends every loop.

typealias JSONBytes = UnsafePointer<UInt8>

enum JSONGrammar {
    /// Objects and arrays inside each other, the line's own object included.
    static let maximumDepth = 512

    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
    static let newline = UInt8(ascii: "\n")

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }

    @inline(__always)
    static func skipSpaces(_ start: JSONBytes) -> JSONBytes {
        var p = start
        while isSpace(p.pointee) { p += 1 }
        return p
    }

    /// Any value. `depth` is the number of objects and arrays open around it.
    @inline(never)
    static func value(_ start: JSONBytes, depth: Int, _ fault: inout JSONFault) -> JSONBytes? {
        switch start.pointee {
        case quote: return string(start + 1, &fault)
        case openBrace, openBracket: return container(start, depth: depth, &fault)
        default: return scalar(start, &fault)
        }
    }

    static func scalar(_ start: JSONBytes, _ fault: inout JSONFault) -> JSONBytes? {
        switch start.pointee {
        case UInt8(ascii: "t"): return literal(start, "true", &fault)
        case UInt8(ascii: "f"): return literal(start, "false", &fault)
        case UInt8(ascii: "n"): return literal(start, "null", &fault)
        case UInt8(ascii: "-"), 0x30...0x39: return number(start, &fault)
        default:
            fault = JSONFault(reason: .noValue, at: start)
            return nil
        }
    }

    private static func literal(_ start: JSONBytes, _ word: StaticString, _ fault: inout JSONFault) -> JSONBytes? {
        for i in 0..<word.utf8CodeUnitCount where start[i] != word.utf8Start[i] {
            fault = JSONFault(reason: .badLiteral, at: start)
            return nil
        }
        return start + word.utf8CodeUnitCount
    }

    static func number(_ start: JSONBytes, _ fault: inout JSONFault) -> JSONBytes? {
        var p = start.pointee == UInt8(ascii: "-") ? start + 1 : start
        let digits = skipDigits(p)
        var isRight = digits != p && !(p.pointee == 0x30 && digits - p > 1)
        p = digits
        if p.pointee == UInt8(ascii: ".") {
            let end = skipDigits(p + 1)
            isRight = isRight && end != p + 1
            p = end
        }
        if p.pointee | 0x20 == UInt8(ascii: "e") {
            p += 1
            if p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { p += 1 }
            let end = skipDigits(p)
            isRight = isRight && end != p
            p = end
        }
        if !isRight {
            fault = JSONFault(reason: .badNumber, at: start)
            return nil
        }
        return p
    }

    @inline(__always)
    static func skipDigits(_ start: JSONBytes) -> JSONBytes {
        var p = start
        while isDigit(p.pointee) { p += 1 }
        return p
    }

    /// The rest of a string, from behind its opening quote.
    @inline(never)
    static func string(_ start: JSONBytes, _ fault: inout JSONFault) -> JSONBytes? {
        var p = start
        while true {
            p = sluice_string_stop(p)
            let byte = p.pointee
            if byte == quote { return p + 1 }
            if byte >= 0x80 {
                repeat {
                    let length = sequenceLength(p)
                    if length == 0 {
                        fault = JSONFault(reason: .badUTF8, at: p)
                        return nil
                    }
                    p += length
                } while p.pointee >= 0x80
            } else if byte == backslash {
                let length = escapeLength(p)
                if length == 0 {
                    fault = JSONFault(reason: .badEscape, at: p)
                    return nil
                }
                p += length
            } else {
                fault = JSONFault(reason: byte == newline ? .openString : .controlCharacter, at: p)
                return nil
            }
        }
    }

    /// Bytes of the UTF-8 sequence at `p`, whose first byte is not ASCII; 0 where there is none (Unicode 16, table 3-7).
    static func sequenceLength(_ p: JSONBytes) -> Int {
        func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
        switch p[0] {
        case 0xC2...0xDF: return continues(p[1]) ? 2 : 0
        case 0xE0: return 0xA0...0xBF ~= p[1] && continues(p[2]) ? 3 : 0
        case 0xED: return 0x80...0x9F ~= p[1] && continues(p[2]) ? 3 : 0
        case 0xE1...0xEF: return continues(p[1]) && continues(p[2]) ? 3 : 0
        case 0xF0: return 0x90...0xBF ~= p[1] && continues(p[2]) && continues(p[3]) ? 4 : 0
        case 0xF4: return 0x80...0x8F ~= p[1] && continues(p[2]) && continues(p[3]) ? 4 : 0
        case 0xF1...0xF3: return continues(p[1]) && continues(p[2]) && continues(p[3]) ? 4 : 0
        default: return 0
        }
    }

    /// Bytes of the escape at `p`, a backslash: 2 or 6, 0 where it is none.
    static func escapeLength(_ p: JSONBytes) -> Int {
        switch p[1] {
        case quote, backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            for i in 2..<6 where hexDigit(p[i]) == nil { return 0 }
            return 6
        default: return 0
        }
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte &- 0x30)
        case 0x41...0x46: UInt32(byte &- 0x41 &+ 10)
        case 0x61...0x66: UInt32(byte &- 0x61 &+ 10)
        default: nil
        }
    }
}
