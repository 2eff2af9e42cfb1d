import CKernels

extension JSONGrammar {
    /// An object or array with all that is in it. No recursion: a bit per open level says which of the two it is.
    static func container(_ start: JSONBytes, depth: Int, _ fault: inout JSONFault) -> JSONBytes? {
        var levels = JSONNesting(depth: depth)
        var p = start
        while true {
            // A value begins at p.
            switch p.pointee {
            case openBrace, openBracket:
                let isObject = p.pointee == openBrace
                guard levels.open(isObject: isObject) else {
                    fault = JSONFault(reason: .tooDeep, at: p)
                    return nil
                }
                p = skipSpaces(p + 1)
                if p.pointee == (isObject ? closeBrace : closeBracket) { break }
                if isObject {
                    guard let behind = nameAndColon(p, &fault) else { return nil }
                    p = behind
                }
                continue
            case quote:
                guard let behind = string(p + 1, &fault) else { return nil }
                p = behind
            default:
                guard let behind = scalar(p, &fault) else { return nil }
                p = behind
            }
            // A value ends at p, or an empty container does.
            guard let next = closings(p, &levels, &fault) else { return nil }
            if levels.isEmpty { return next }
            p = next
        }
    }

    /// Closes what closes at `start`; gives the next value's beginning, or the end if nothing is open any more.
    private static func closings(
        _ start: JSONBytes, _ levels: inout JSONNesting, _ fault: inout JSONFault
    ) -> JSONBytes? {
        var p = start
        while !levels.isEmpty {
            p = skipSpaces(p)
            let isObject = levels.isInObject
            switch p.pointee {
            case isObject ? closeBrace : closeBracket:
                levels.close()
                p += 1
            case comma:
                p = skipSpaces(p + 1)
                return isObject ? nameAndColon(p, &fault) : p
            default:
                fault = JSONFault(reason: isObject ? .noCommaOrBrace : .noCommaOrBracket, at: p)
                return nil
            }
        }
        return p
    }

    /// A field's name and colon, with the white space around the colon.
    private static func nameAndColon(_ start: JSONBytes, _ fault: inout JSONFault) -> JSONBytes? {
        guard start.pointee == quote else {
            fault = JSONFault(reason: .noName, at: start)
            return nil
        }
        guard let name = string(start + 1, &fault) else { return nil }
        let p = skipSpaces(name)
        guard p.pointee == colon else {
            fault = JSONFault(reason: .noColon, at: p)
            return nil
        }
        return skipSpaces(p + 1)
    }
}

/// Which of the open levels are objects.
private struct JSONNesting {
    private var bits = InlineArray<8, UInt64>(repeating: 0)
    private var count = 0
    private let depth: Int

    init(depth: Int) { self.depth = depth }

    var isEmpty: Bool { count == 0 }
    var isInObject: Bool { bits[(count &- 1) >> 6] >> UInt64((count &- 1) & 63) & 1 != 0 }

    /// False where the depth is used up.
    mutating func open(isObject: Bool) -> Bool {
        guard depth + count < JSONGrammar.maximumDepth else { return false }
        let mask: UInt64 = 1 << UInt64(count & 63)
        if isObject { bits[count >> 6] |= mask } else { bits[count >> 6] &= ~mask }
        count += 1
        return true
    }

    mutating func close() { count -= 1 }
}
