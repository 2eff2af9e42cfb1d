import Columnar
import Testing
import TestSupport

/// REGEXP functions against Swift's own expressions, SPLIT_INDEX against a split array.
@Suite struct PatternFunctionTests {
    private static func matches(of text: String) -> [(whole: String, letters: String, accent: String?)] {
        text.matches(of: /(a+)(é)?/.matchingSemantics(.unicodeScalar)).map {
            (String($0.output.0), String($0.output.1), $0.output.2.map { String($0) })
        }
    }

    @Test func extractionGivesAGroupOfTheFirstMatch() throws {
        let pattern = try RegularExpression("(a+)(é)?")
        expectKernel(
            [.string, .int], draw: { $0 == 1 ? .int(Int32($1.random.below(5)) - 1) : .string($1.text()) }
        ) {
            PatternExtraction.apply($0[0], pattern, group: $0[1], scope: $1, faults: &$2)
        } row: { row in
            guard case .string(let text) = row[0], case .int(let group) = row[1],
                let match = Self.matches(of: text).first
            else { return .value(.null) }
            switch group {
            case 0: return .value(.string(match.whole))
            case 1: return .value(.string(match.letters))
            case 2: return .value(match.accent.map { .string($0) } ?? .null)
            default: return .value(.null)
            }
        }
    }

    @Test func testsAndReplacements() throws {
        let pattern = try RegularExpression("(a+)(é)?")
        expectKernel([.string]) {
            PatternTest.apply($0[0], pattern, scope: $1, faults: &$2)
        } row: { row in
            guard case .string(let text) = row[0] else { return .value(.null) }
            return .value(.boolean(!Self.matches(of: text).isEmpty))
        }
        expectKernel([.string, .string]) {
            PatternReplacement.apply($0[0], pattern, replacement: $0[1], scope: $1, faults: &$2)
        } row: { row in
            guard case .string(let text) = row[0], case .string(let new) = row[1] else { return .value(.null) }
            return .value(
                .string(text.replacing(/(a+)(é)?/.matchingSemantics(.unicodeScalar), with: { _ in new })))
        }
    }

    private static func string(_ text: String) -> Operand { Operand(Column([.string(text)], .string)) }

    private static func replace(_ text: String, _ pattern: String, _ new: String) throws -> Cell {
        var faults: [RowFault] = []
        return try PatternReplacement.apply(
            string(text), RegularExpression(pattern), replacement: string(new), scope: RowScope(rowCount: 1),
            faults: &faults
        ).cell(at: 0)
    }

    /// Answers seen in Flink 2.3.
    @Test func replacementsOfFlink() throws {
        #expect(try Self.replace("foobar", "oo|ar", "") == .string("fb"))
        #expect(try Self.replace("foobar", "(o)", "[$1]") == .string("f[$1][$1]bar"))
        #expect(try Self.replace("abc", "", "-") == .string("-a-b-c-"))
        #expect(try Self.replace("日é", "", "-") == .string("-日-é-"))
        #expect(try Self.replace("", "x*", "-") == .string("-"))
        #expect(try Self.replace("xa", "x*", "-") == .string("--a-"))
    }

    @Test func theEmptyPatternMatchesNothingInATest() throws {
        var faults: [RowFault] = []
        let pattern = try RegularExpression("")
        let result = PatternTest.apply(Self.string("abc"), pattern, scope: RowScope(rowCount: 1), faults: &faults)
        #expect(result.cell(at: 0) == .boolean(false))
    }

    @Test func aSearchThatTakesTooLongIsTheRowsFault() throws {
        let texts = Column([.string(String(repeating: "a", count: 60) + "c"), .string("ab")], .string)
        var faults: [RowFault] = []
        let result = PatternTest.apply(
            Operand(texts), try RegularExpression("(a*)*[xb]"), scope: RowScope(rowCount: 2), faults: &faults)
        #expect(faults == [RowFault(row: 0, reason: .patternTooCostly)])
        #expect(result.cell(at: 1) == .boolean(true))
    }

    @Test func partsBetweenSeparators() {
        expectKernel(
            [.string, .string, .bigint],
            draw: { index, source in
                switch index {
                case 0: .string(source.text())
                case 1: .string(source.pick(["a", "é", "ab", "aa", "日"]))
                default: .bigint(Int64(source.random.below(6)) - 1)
                }
            }
        ) { arguments, scope, _ in
            SplitIndex.apply(arguments[0], separator: arguments[1], index: arguments[2], scope: scope)
        } row: { row in
            guard case .string(let text) = row[0], case .string(let separator) = row[1],
                case .bigint(let index) = row[2]
            else { return .value(.null) }
            let parts = Self.parts(of: Array(text.utf8), between: Array(separator.utf8))
            guard index >= 0, index < parts.count else { return .value(.null) }
            return .value(.string(parts[Int(index)]))
        }
    }

    private static func parts(of text: [UInt8], between separator: [UInt8]) -> [String] {
        if text.isEmpty { return [] }
        var parts: [[UInt8]] = [[]]
        var rest = text[...]
        while let byte = rest.first {
            if rest.starts(with: separator) {
                rest = rest.dropFirst(separator.count)
                parts.append([])
            } else {
                parts[parts.count - 1].append(byte)
                rest = rest.dropFirst()
            }
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func split(_ text: String, _ separator: Cell, _ index: Int32) -> Cell {
        var type = DataType.string
        if case .int = separator { type = .int }
        return SplitIndex.apply(
            string(text), separator: Operand(Column([separator], type)), index: Operand(Column([.int(index)], .int)),
            scope: RowScope(rowCount: 1)
        ).cell(at: 0)
    }

    /// Answers seen in Flink 2.3.
    @Test func splitsOfFlink() {
        #expect(Self.split("", .string(","), 0) == .null)
        #expect(Self.split("a,", .string(","), 1) == .string(""))
        #expect(Self.split("abc", .string(""), 0) == .string("abc"))
        #expect(Self.split("a b", .string(""), 1) == .string("b"))
        #expect(Self.split("a\u{3000}b", .string(""), 1) == .string("b"))
        #expect(Self.split("a::b:c", .string("::"), 1) == .string("b:c"))
        #expect(Self.split("aaa", .string("aa"), 1) == .string("a"))
        #expect(Self.split("a;b", .int(59), 1) == .string("b"))
        #expect(Self.split("aéb", .int(233), 1) == .string("b"))
        for code: Int32 in [0, -1, 256, .max, .min] { #expect(Self.split("a;b", .int(code), 0) == .null) }
        #expect(Self.split("a;b", .string(";"), .max) == .null)
        #expect(Self.split("a;b", .string(";"), .min) == .null)
    }
}
