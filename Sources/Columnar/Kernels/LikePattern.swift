import Glibc

/// A pattern with an escape character that stands before nothing it could escape, or at the end.
package struct InvalidEscape: Error, Equatable, Sendable {
    package init() {}
}

/// A compiled LIKE pattern: `%` is any text, `_` one character (code point), everything else itself.
///
/// Invariant: literal runs are whole characters, so comparing bytes keeps the place in the text at a character's
/// beginning.
package struct LikePattern: Sendable {
    enum Form: Sendable {
        case exact([UInt8])
        case prefix([UInt8])
        case suffix([UInt8])
        case infix([UInt8])
        /// A byte, or one of the two wildcards.
        case general([UInt16])
    }

    static let oneCharacter: UInt16 = 256
    static let anyText: UInt16 = 257

    let form: Form

    /// - Input: `escape`, where given, is one character; it may stand before `%`, `_` and itself.
    package init(_ pattern: some Sequence<Unicode.Scalar>, escape: Unicode.Scalar? = nil) throws(InvalidEscape) {
        var tokens: [UInt16] = []
        var isEscaped = false
        for scalar in pattern {
            if isEscaped {
                guard scalar == "%" || scalar == "_" || scalar == escape else { throw InvalidEscape() }
                tokens.append(contentsOf: UTF8.encode(scalar)!.map { UInt16($0) })
                isEscaped = false
            } else if scalar == escape {
                isEscaped = true
            } else if scalar == "%" {
                if tokens.last != Self.anyText { tokens.append(Self.anyText) }
            } else if scalar == "_" {
                tokens.append(Self.oneCharacter)
            } else {
                tokens.append(contentsOf: UTF8.encode(scalar)!.map { UInt16($0) })
            }
        }
        if isEscaped { throw InvalidEscape() }
        form = Self.form(of: tokens)
    }

    private static func form(of tokens: [UInt16]) -> Form {
        var literal = tokens[...]
        let opens = literal.first == anyText
        if opens { literal.removeFirst() }
        let closes = literal.last == anyText
        if closes { literal.removeLast() }
        if literal.contains(where: { $0 >= oneCharacter }) { return .general(tokens) }
        let bytes = literal.map { UInt8(truncatingIfNeeded: $0) }
        // `%` alone opens and does not close; any text ends with nothing.
        switch (opens, closes) {
        case (false, false): return .exact(bytes)
        case (false, true): return .prefix(bytes)
        case (true, false): return .suffix(bytes)
        case (true, true): return .infix(bytes)
        }
    }

    func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        switch form {
        case .exact(let bytes): return text.count == bytes.count && Self.hasPrefix(text, bytes)
        case .prefix(let bytes): return Self.hasPrefix(text, bytes)
        case .suffix(let bytes):
            guard text.count >= bytes.count else { return false }
            return Self.hasPrefix(UnsafeBufferPointer(rebasing: text.suffix(bytes.count)), bytes)
        case .infix(let bytes): return Self.contains(text, bytes)
        case .general(let tokens): return tokens.withUnsafeBufferPointer { Self.matches(text, $0) }
        }
    }

    private static func hasPrefix(_ text: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8]) -> Bool {
        guard text.count >= bytes.count else { return false }
        guard let start = text.baseAddress else { return true }
        return bytes.withUnsafeBufferPointer { bytesAreEqual(start, $0.baseAddress ?? start, $0.count) }
    }

    private static func contains(_ text: UnsafeBufferPointer<UInt8>, _ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        guard text.count >= bytes.count, var at = text.baseAddress else { return false }
        let last = at + (text.count - bytes.count)
        return bytes.withUnsafeBufferPointer { sought in
            while at <= last, let hit = memchr(at, Int32(first), last - at + 1) {
                let candidate = UnsafePointer(hit.assumingMemoryBound(to: UInt8.self))
                if bytesAreEqual(candidate, sought.baseAddress!, sought.count) { return true }
                at = candidate + 1
            }
            return false
        }
    }

    /// On a mismatch only the last `%` takes one character more: earlier ones need not be tried again.
    ///
    /// - Complexity: O(text × pattern), without recursion.
    private static func matches(
        _ text: UnsafeBufferPointer<UInt8>, _ tokens: UnsafeBufferPointer<UInt16>
    ) -> Bool {
        var (t, p) = (0, 0)
        var resume: (text: Int, token: Int)?
        while t < text.count || p < tokens.count {
            if p < tokens.count {
                let token = tokens[p]
                if token == anyText {
                    p += 1
                    if p == tokens.count { return true }
                    resume = (t, p)
                    continue
                }
                if t < text.count {
                    if token == oneCharacter {
                        t = afterCharacter(text, t)
                        p += 1
                        continue
                    }
                    if token == UInt16(text[t]) {
                        t += 1
                        p += 1
                        continue
                    }
                }
            }
            guard let last = resume, last.text < text.count else { return false }
            t = afterCharacter(text, last.text)
            p = last.token
            resume = (t, p)
        }
        return true
    }

    @inline(__always)
    private static func afterCharacter(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        var next = index + 1
        while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
        return next
    }
}
