// Paths with wild cards: `*` any run of characters, `?` one, `[a-z]` and `[!a-z]` one of a set, `{a,b}` one of several
// texts, all within one name; `**` as a whole name: any number of folders. A backslash takes the next character as it is.

package struct GlobPattern: Sendable {
    /// A pattern that cannot be read.
    package struct Unreadable: Error, Equatable, Sendable {
        package var reason: String
    }

    enum Step: Sendable {
        /// A name without wild cards.
        case name(String)
        case names(GlobNames)
        case anyFolders
    }

    /// Starts at the root of the file system.
    let isAbsolute: Bool
    let steps: [Step]

    /// Whether a path has what a pattern has.
    package static func isPattern(_ path: String) -> Bool { path.utf8.contains { "*?[{\\".utf8.contains($0) } }

    package init(_ path: String) throws(Unreadable) {
        isAbsolute = path.hasPrefix("/")
        var steps: [Step] = []
        for part in path.split(separator: "/") {
            if part == "**" {
                if case .anyFolders? = steps.last { continue }
                steps.append(.anyFolders)
            } else if Self.isPattern(String(part)) {
                steps.append(.names(try GlobNames(String(part))))
            } else {
                steps.append(.name(String(part)))
            }
        }
        self.steps = steps
    }
}

/// A pattern for one name.
struct GlobNames: Sendable {
    /// What `{…}` may stand for, all together.
    static let alternativeLimit = 256

    private enum Token: Sendable {
        case scalar(Unicode.Scalar)
        case anyOne
        case anyRun
        case oneOf([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let alternatives: [[Token]]

    init(_ pattern: String) throws(GlobPattern.Unreadable) {
        alternatives = try Self.expanded(Array(pattern.unicodeScalars)).map(Self.tokens)
    }

    func matches(_ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        return alternatives.contains { Self.matches($0, scalars) }
    }

    /// With one text for each `{…}`.
    private static func expanded(_ pattern: [Unicode.Scalar]) throws(GlobPattern.Unreadable) -> [[Unicode.Scalar]] {
        var done: [[Unicode.Scalar]] = []
        var open = [pattern]
        while let next = open.popLast() {
            guard let (before, choices, after) = firstChoice(next) else {
                done.append(next)
                continue
            }
            for choice in choices { open.append(before + choice + after) }
            guard open.count + done.count <= alternativeLimit else {
                throw GlobPattern.Unreadable(reason: "its braces stand for more than \(alternativeLimit) texts")
            }
        }
        return done
    }

    private static func firstChoice(
        _ pattern: [Unicode.Scalar]
    ) -> (before: [Unicode.Scalar], choices: [[Unicode.Scalar]], after: [Unicode.Scalar])? {
        var (begin, depth, part) = (-1, 0, 0)
        var choices: [[Unicode.Scalar]] = []
        var at = 0
        while at < pattern.count {
            switch pattern[at] {
            case "\\": at += 1
            case "{":
                if depth == 0 { (begin, part, choices) = (at, at + 1, []) }
                depth += 1
            case "," where depth == 1:
                choices.append(Array(pattern[part..<at]))
                part = at + 1
            case "}" where depth > 0:
                depth -= 1
                if depth == 0 {
                    choices.append(Array(pattern[part..<at]))
                    return (Array(pattern[..<begin]), choices, Array(pattern[(at + 1)...]))
                }
            default: break
            }
            at += 1
        }
        return nil
    }

    private static func tokens(_ pattern: [Unicode.Scalar]) -> [Token] {
        var tokens: [Token] = []
        var at = 0
        while at < pattern.count {
            let scalar = pattern[at]
            at += 1
            switch scalar {
            case "*": tokens.append(.anyRun)
            case "?": tokens.append(.anyOne)
            case "[":
                if let (set, next) = set(pattern, at) {
                    tokens.append(set)
                    at = next
                } else {
                    tokens.append(.scalar(scalar))
                }
            case "\\" where at < pattern.count:
                tokens.append(.scalar(pattern[at]))
                at += 1
            default: tokens.append(.scalar(scalar))
            }
        }
        return tokens
    }

    /// The set behind a `[`, and the place behind its `]`.
    private static func set(_ pattern: [Unicode.Scalar], _ begin: Int) -> (Token, Int)? {
        var at = begin
        let isNegated = at < pattern.count && (pattern[at] == "!" || pattern[at] == "^")
        if isNegated { at += 1 }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var isFirst = true
        while at < pattern.count {
            if pattern[at] == "]", !isFirst { return (.oneOf(ranges, isNegated: isNegated), at + 1) }
            isFirst = false
            if pattern[at] == "\\", at + 1 < pattern.count { at += 1 }
            let low = pattern[at]
            at += 1
            if at + 1 < pattern.count, pattern[at] == "-", pattern[at + 1] != "]" {
                let high = pattern[at + 1]
                if low <= high { ranges.append(low...high) }
                at += 2
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }

    /// Goes back to the last `*` only: what an earlier one took can stay as it is.
    private static func matches(_ tokens: [Token], _ name: [Unicode.Scalar]) -> Bool {
        // Names that begin with `.` or `_` are seen only by who says so.
        if let first = name.first, first == "." || first == "_" {
            guard case .scalar(first)? = tokens.first else { return false }
        }
        var (token, at) = (0, 0)
        var retry: (token: Int, at: Int)?
        while true {
            if token < tokens.count, case .anyRun = tokens[token] {
                token += 1
                retry = (token, at)
            } else if at < name.count, token < tokens.count, matches(tokens[token], name[at]) {
                token += 1
                at += 1
            } else if at == name.count, token == tokens.count {
                return true
            } else if let last = retry, last.at < name.count {
                retry = (last.token, last.at + 1)
                (token, at) = (last.token, last.at + 1)
            } else {
                return false
            }
        }
    }

    private static func matches(_ token: Token, _ scalar: Unicode.Scalar) -> Bool {
        switch token {
        case .scalar(let wanted): wanted == scalar
        case .anyOne: true
        case .anyRun: false
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
