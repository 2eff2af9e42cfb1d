import CPCRE2

/// Why a text is no pattern.
package enum InvalidPattern: Error, Hashable, Sendable {
    /// The reason as PCRE2 words it, and, where it is known, the character (from 1) after which it failed.
    case malformed(reason: String, character: Int?)
    /// Java reads it, but we do not: `[a-z&&[^b]]`.
    case unsupported(construct: String)
    case tooLong(limitBytes: Int)
}

extension InvalidPattern: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed(let reason, let character):
            reason + (character.map { ", after character \($0)" } ?? "")
        case .unsupported(let construct): "\(construct) is not supported"
        case .tooLong(let limit): "it is longer than \(limit) bytes"
        }
    }
}

/// The search took more steps, or more memory, than a sane pattern needs.
package struct MatchLimitExceeded: Error, Equatable, Sendable {
    package init() {}
}

/// A compiled pattern in the language of `java.util.regex`, as far as `PatternTranslation` goes.
///
/// `@unchecked Sendable`: the compiled code is written by `init` alone, and PCRE2 lets any number of threads read one; what
/// a search writes belongs to its `RegularExpressionSearch`.
package final class RegularExpression: @unchecked Sendable {
    package static let limitBytes = 1 << 14

    package let pattern: String
    /// Groups in parentheses; group 0, the whole match, is not counted.
    package let groupCount: Int
    fileprivate let code: OpaquePointer

    package init(_ pattern: String) throws(InvalidPattern) {
        guard pattern.utf8.count <= Self.limitBytes else { throw .tooLong(limitBytes: Self.limitBytes) }
        let source = Array(pattern.utf8)
        let translated = try PatternTranslation.translate(source)
        code = try Self.compile(translated, source: source)
        self.pattern = pattern
        var groups: UInt32 = 0
        let status = pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_CAPTURECOUNT), &groups)
        precondition(status == 0, "a compiled pattern knows its groups")
        groupCount = Int(groups)
        // Where machine code cannot be made, or not for this pattern, PCRE2 interprets.
        _ = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
    }

    deinit { pcre2_code_free_8(code) }

    private static func compile(_ translated: [UInt8], source: [UInt8]) throws(InvalidPattern) -> OpaquePointer {
        guard let context = pcre2_compile_context_create_8(nil) else { preconditionFailure("out of memory") }
        defer { pcre2_compile_context_free_8(context) }
        let newline = pcre2_set_newline_8(context, UInt32(PCRE2_NEWLINE_ANYCRLF))
        precondition(newline == 0, "PCRE2 knows this kind of line ends")
        var (status, offset): (Int32, Int) = (0, 0)
        let options = UInt32(PCRE2_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        // One byte more, so that the buffer has an address where the pattern is empty.
        let code = (translated + [0]).withUnsafeBufferPointer {
            pcre2_compile_8($0.baseAddress, translated.count, options, &status, &offset, context)
        }
        if let code { return code }
        var character: Int?
        if translated == source { character = source.prefix(offset).count { $0 & 0xC0 != 0x80 } }
        throw .malformed(reason: Self.message(of: status), character: character)
    }

    private static func message(of status: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let count = pcre2_get_error_message_8(status, buffer.baseAddress, buffer.count)
            guard count > 0 else { return "error \(status)" }
            return String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
        }
    }

    /// Whether the pattern matches all of a text. Bytes that are not UTF-8 match nothing.
    package func fullMatch(_ text: UnsafeRawBufferPointer) throws(MatchLimitExceeded) -> Bool {
        var search = RegularExpressionSearch(self)
        return try search.run(text, options: UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_ENDANCHORED))
    }
}

/// Searches with one pattern, one after the other, and what they found last. Made once for a batch.
package struct RegularExpressionSearch: ~Copyable {
    /// Steps of backtracking. A search that fails at it has taken around a tenth of a second.
    private static let stepLimit: UInt32 = 5_000_000
    /// Kibibytes that the interpreter may take, where there is no machine code.
    private static let heapLimit: UInt32 = 16 << 10

    private let expression: RegularExpression
    private let found: OpaquePointer
    private let context: OpaquePointer
    private let stack: OpaquePointer?

    package init(_ expression: RegularExpression) {
        self.expression = expression
        guard let found = pcre2_match_data_create_from_pattern_8(expression.code, nil),
            let context = pcre2_match_context_create_8(nil)
        else { preconditionFailure("out of memory") }
        pcre2_set_match_limit_8(context, Self.stepLimit)
        pcre2_set_depth_limit_8(context, Self.stepLimit)
        pcre2_set_heap_limit_8(context, Self.heapLimit)
        stack = pcre2_jit_stack_create_8(32 << 10, 1 << 20, nil)
        if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
        self.found = found
        self.context = context
    }

    deinit {
        pcre2_match_data_free_8(found)
        pcre2_match_context_free_8(context)
        if let stack { pcre2_jit_stack_free_8(stack) }
    }

    /// Looks for the first match in a text that is valid UTF-8, from a character's beginning (or the end) on.
    package mutating func find(
        in text: UnsafeRawBufferPointer, from start: Int = 0
    ) throws(MatchLimitExceeded) -> Bool {
        try run(text, from: start, options: UInt32(PCRE2_NO_UTF_CHECK))
    }

    fileprivate mutating func run(
        _ text: UnsafeRawBufferPointer, from offset: Int = 0, options: UInt32
    ) throws(MatchLimitExceeded) -> Bool {
        let status =
            if let start = text.baseAddress {
                pcre2_match_8(
                    expression.code, start.assumingMemoryBound(to: UInt8.self), text.count, offset, options, found,
                    context)
            } else {
                withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) {
                    pcre2_match_8(expression.code, $0.baseAddress, 0, 0, options, found, context)
                }
            }
        if status >= 0 { return true }
        switch status {
        case PCRE2_ERROR_NOMATCH: return false
        case PCRE2_ERROR_UTF8_ERR21...PCRE2_ERROR_UTF8_ERR1: return false
        case PCRE2_ERROR_MATCHLIMIT, PCRE2_ERROR_DEPTHLIMIT, PCRE2_ERROR_HEAPLIMIT, PCRE2_ERROR_JIT_STACKLIMIT,
            PCRE2_ERROR_NOMEMORY, PCRE2_ERROR_RECURSELOOP:
            throw MatchLimitExceeded()
        default: preconditionFailure("PCRE2 answers \(status) to a search we made")
        }
    }

    /// Bytes of the text of the last search, which found something; nil for a group that took no part.
    ///
    /// - Input: a group of the pattern, 0 for the whole match.
    package func group(_ number: Int) -> Range<Int>? {
        precondition(number >= 0 && number <= expression.groupCount, "the pattern has this group")
        guard let bounds = pcre2_get_ovector_pointer_8(found) else { return nil }
        let (start, end) = (bounds[2 * number], bounds[2 * number + 1])
        // PCRE2_UNSET has all bits set.
        return start >= 0 && start <= end ? start..<end : nil
    }
}
