import Columnar
import HostSystem
import TestSupport
import Testing

@Suite struct LikeTests {
    /// By the definition, with all the backtracking it takes.
    private func matches(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        if first == "%" { return (0...text.count).contains { matches(text.dropFirst($0), rest) } }
        return !text.isEmpty && (first == "_" || first == text.first) && matches(text.dropFirst(), rest)
    }

    @Test func randomPatternsRowByRow() throws {
        var source = CellSource(seed: 0x71CE)
        for _ in 0..<300 {
            let pattern = (0..<source.random.below(7)).map { _ in source.pick(["%", "_", "a", "b", "é", "X"]) }.joined()
            let like = try LikePattern(pattern.unicodeScalars)
            let texts = source.cells(.string, 70, .some)
            let result = Like.apply(Operand(Column(texts, .string)), like, scope: RowScope(rowCount: 70))
            let expected = texts.map { cell -> Cell in
                guard case .string(let text) = cell else { return .null }
                return .boolean(matches(Array(text.unicodeScalars)[...], Array(pattern.unicodeScalars)[...]))
            }
            #expect(result.cells == expected, "pattern \(pattern)")
        }
    }

    @Test func patternsThatDifferByRow() throws {
        expectKernel([.string, .string]) { operands, scope, faults in
            Like.apply(operands[0], patterns: operands[1], escape: "X", scope: scope, faults: &faults)
        } row: { row in
            guard case .string(let text) = row[0], case .string(let pattern) = row[1] else { return .value(.null) }
            let scalars = Array(pattern.unicodeScalars)
            // In the random texts X stands before a letter, a space, itself or at the end.
            var escaped = false
            for scalar in scalars {
                if escaped && scalar != "X" && scalar != "%" && scalar != "_" {
                    return .fault("invalid escape sequence in LIKE pattern \"\(pattern)\"".unicodeShortened)
                }
                escaped = !escaped && scalar == "X"
            }
            if escaped { return .fault("invalid escape sequence in LIKE pattern \"\(pattern)\"".unicodeShortened) }
            return .value(.boolean(matches(Array(text.unicodeScalars)[...], unescaped(scalars)[...])))
        }
    }

    /// `XX` as the letter; the random patterns escape nothing else.
    private func unescaped(_ scalars: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var escaped = false
        for scalar in scalars {
            if scalar == "X" && !escaped {
                escaped = true
            } else {
                result.append(scalar)
                escaped = false
            }
        }
        return result
    }

    @Test func escapes() throws {
        func like(_ text: String, _ pattern: String) throws -> Cell {
            let compiled = try LikePattern(pattern.unicodeScalars, escape: "!")
            return Like.apply(
                Operand(Column([.string(text)], .string)), compiled, scope: RowScope(rowCount: 1)
            ).cell(at: 0)
        }
        #expect(try like("100%", "100!%") == .boolean(true))
        #expect(try like("1000", "100!%") == .boolean(false))
        #expect(try like("a_b!", "%!_b!!") == .boolean(true))
        #expect(throws: InvalidEscape()) { try LikePattern("a!b".unicodeScalars, escape: "!") }
        #expect(throws: InvalidEscape()) { try LikePattern("a!".unicodeScalars, escape: "!") }
    }

    /// What makes a recursive matcher exponential.
    @Test func manyWildcardsStayFast() throws {
        let pattern = String(repeating: "%a", count: 40) + "%b"
        let text = String(repeating: "a", count: 5000)
        let result = Like.apply(
            Operand(Column([.string(text)], .string)), try LikePattern(pattern.unicodeScalars),
            scope: RowScope(rowCount: 1))
        #expect(result.cells == [.boolean(false)])
    }
}

extension String {
    /// A NUL is shown as in source text.
    fileprivate var unicodeShortened: String { replacing("\u{0}", with: "\\0") }
}
