import CKernels

// Strings whose text is not their bytes: escapes. All input here has passed `JSONGrammar`, and nothing grows: the longest
// escape for a character is longer than its UTF-8. A lone surrogate (`\ud800`), which JSON's grammar allows and UTF-8 cannot
// hold, becomes U+FFFD.
enum JSONText {
    /// The string from behind its opening quote, checked and unescaped into `out` in one pass.
    ///
    /// - Output: the place behind the closing quote, and the end of the text; nil with `fault` set. Up to 16 bytes behind
    ///   the text are written too, and none beyond the 16 behind `limit`.
    @inline(never)
    static func copy(
        _ start: JSONBytes, to out: UnsafeMutablePointer<UInt8>, limit: UnsafeMutablePointer<UInt8>,
        _ fault: inout JSONFault
    ) -> (end: JSONBytes, textEnd: UnsafeMutablePointer<UInt8>)? {
        var p = start
        var out = out
        while true {
            guard let stop = sluice_string_copy(p, out, limit) else {
                fault = JSONFault(reason: .fullStorage, at: p)
                return nil
            }
            out += stop - p
            p = stop
            let byte = p.pointee
            if byte == JSONGrammar.quote { return (p + 1, out) }
            if byte >= 0x80 {
                repeat {
                    let length = JSONGrammar.sequenceLength(p)
                    if length == 0 {
                        fault = JSONFault(reason: .badUTF8, at: p)
                        return nil
                    }
                    out.update(from: p, count: length)
                    out += length
                    p += length
                } while p.pointee >= 0x80 && out <= limit
            } else if byte == JSONGrammar.backslash {
                if JSONGrammar.escapeLength(p) == 0 {
                    fault = JSONFault(reason: .badEscape, at: p)
                    return nil
                }
                p = unescape(p, &out)
            } else {
                fault = JSONFault(reason: byte == JSONGrammar.newline ? .openString : .controlCharacter, at: p)
                return nil
            }
        }
    }

    /// The text of the checked bytes between two quotes.
    static func unescaped(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        guard let start = raw.baseAddress else { return [] }
        let slack = JSONColumnStorage.slackBytes
        return [UInt8](unsafeUninitializedCapacity: raw.count + slack) { buffer, count in
            let text = buffer.baseAddress!
            var unused = JSONFault(reason: .noValue, at: nil)
            guard let copied = copy(start, to: text, limit: text + raw.count, &unused) else {
                preconditionFailure("a checked string can be copied")
            }
            count = copied.textEnd - text
        }
    }

    /// Writes what the valid escape at `p` stands for; gives the place behind it.
    static func unescape(_ p: JSONBytes, _ out: inout UnsafeMutablePointer<UInt8>) -> JSONBytes {
        guard p[1] == UInt8(ascii: "u") else {
            out.pointee = simpleEscape(p[1])
            out += 1
            return p + 2
        }
        let (scalar, end) = scalar(p)
        append(scalar, &out)
        return end
    }

    private static func simpleEscape(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// The code point of a valid `\uXXXX`, of two if they are a surrogate pair.
    private static func scalar(_ p: JSONBytes) -> (UInt32, JSONBytes) {
        let unit = codeUnit(p)
        switch unit {
        case 0xD800...0xDBFF:
            if p[6] == JSONGrammar.backslash, p[7] == UInt8(ascii: "u"), JSONGrammar.escapeLength(p + 6) == 6 {
                let low = codeUnit(p + 6)
                if 0xDC00...0xDFFF ~= low { return (0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), p + 12) }
            }
            return (0xFFFD, p + 6)
        case 0xDC00...0xDFFF: return (0xFFFD, p + 6)
        default: return (unit, p + 6)
        }
    }

    private static func codeUnit(_ p: JSONBytes) -> UInt32 {
        var unit: UInt32 = 0
        for i in 2..<6 { unit = unit << 4 | (JSONGrammar.hexDigit(p[i]) ?? 0) }
        return unit
    }

    private static func append(_ scalar: UInt32, _ out: inout UnsafeMutablePointer<UInt8>) {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3F) }
        switch scalar {
        case 0..<0x80:
            out[0] = UInt8(truncatingIfNeeded: scalar)
            out += 1
        case 0x80..<0x800:
            out[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
            out[1] = continuation(0)
            out += 2
        case 0x800..<0x10000:
            out[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
            out[1] = continuation(6)
            out[2] = continuation(0)
            out += 3
        default:
            out[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
            out[1] = continuation(12)
            out[2] = continuation(6)
            out[3] = continuation(0)
            out += 4
        }
    }
}

// MARK: - Objects and arrays as text

extension JSONText {
    /// A checked object or array as compact JSON: no white space, escapes only where JSON needs them, numbers as written.
    static func copyCompact(
        from start: JSONBytes, to end: JSONBytes, out: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var p = start
        var out = out
        var isInString = false
        while p < end {
            let byte = p.pointee
            if isInString, byte == JSONGrammar.backslash {
                p = copyEscape(p, &out)
                continue
            }
            if byte == JSONGrammar.quote { isInString.toggle() }
            if isInString || !JSONGrammar.isSpace(byte) {
                out.pointee = byte
                out += 1
            }
            p += 1
        }
        return out
    }

    /// The valid escape at `p`, escaped again only if it must be.
    private static func copyEscape(_ p: JSONBytes, _ out: inout UnsafeMutablePointer<UInt8>) -> JSONBytes {
        let begin = out
        let end = unescape(p, &out)
        let byte = begin.pointee
        guard byte < 0x20 || byte == JSONGrammar.quote || byte == JSONGrammar.backslash else { return end }
        begin[0] = JSONGrammar.backslash
        out = begin + 2
        switch byte {
        case 0x08: begin[1] = UInt8(ascii: "b")
        case 0x09: begin[1] = UInt8(ascii: "t")
        case 0x0A: begin[1] = UInt8(ascii: "n")
        case 0x0C: begin[1] = UInt8(ascii: "f")
        case 0x0D: begin[1] = UInt8(ascii: "r")
        case 0..<0x20:
            let digits: StaticString = "0123456789ABCDEF"
            begin[1] = UInt8(ascii: "u")
            begin[2] = 0x30
            begin[3] = 0x30
            begin[4] = digits.utf8Start[Int(byte >> 4)]
            begin[5] = digits.utf8Start[Int(byte & 15)]
            out = begin + 6
        default: begin[1] = byte
        }
        return end
    }
}
