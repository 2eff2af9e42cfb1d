import Columnar
import HostSystem
import TestSupport
import Testing

@Suite struct StringFunctionTests {
    private func text(_ cell: Cell) -> [Unicode.Scalar]? {
        if case .string(let text) = cell { Array(text.unicodeScalars) } else { nil }
    }

    private func cell(_ scalars: some Sequence<Unicode.Scalar>) -> Cell {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return .string(text)
    }

    @Test(arguments: [DataType.int, .bigint]) func substringRowByRow(type: DataType) {
        for hasLength in [false, true] {
            expectKernel(hasLength ? [.string, type, type] : [.string, type]) { operands, scope, _ in
                Substring.apply(
                    operands[0], start: operands[1], length: hasLength ? operands[2] : nil, scope: scope)
            } row: { row in
                guard let text = text(row[0]), let start = integer(row[1]) else { return .value(.null) }
                guard let length = hasLength ? integer(row[2]) : .max, length >= 0 else { return .value(.null) }
                let first = start > 0 ? start - 1 : start == 0 ? 0 : Int64(text.count) + start
                guard first >= 0, first < text.count else { return .value(.string("")) }
                return .value(cell(text.dropFirst(Int(first)).prefix(Int(min(length, 1000)))))
            }
        }
    }

    private func integer(_ cell: Cell) -> Int64? {
        switch cell {
        case .int(let value): Int64(value)
        case .bigint(let value): value
        default: nil
        }
    }

    @Test func substringAsFlinkHasIt() {
        func substring(_ start: Int64, _ length: Int64?) -> Cell {
            Substring.apply(
                Operand(Column([.string("abc")], .string)),
                start: Operand(constant: Column([.bigint(start)], .bigint)),
                length: length.map { Operand(constant: Column([.bigint($0)], .bigint)) },
                scope: RowScope(rowCount: 1)
            ).cell(at: 0)
        }
        #expect(substring(0, nil) == .string("abc"))
        #expect(substring(-2, nil) == .string("bc"))
        #expect(substring(-5, nil) == .string(""))
        #expect(substring(-5, 4) == .string(""))
        #expect(substring(2, 0) == .string(""))
        #expect(substring(0, 2) == .string("ab"))
        #expect(substring(-2, 1) == .string("b"))
        #expect(substring(5, nil) == .string(""))
        #expect(substring(2, 100) == .string("bc"))
        #expect(substring(2, .max) == .string("bc"))
        #expect(substring(2, -1) == .null)
        #expect(substring(.min, .max) == .string(""))
    }

    @Test func concatenationRowByRow() {
        expectKernel([.string, .string, .string]) {
            StringConcatenation.apply($0, scope: $1, faults: &$2)
        } row: { row in
            let parts = row.compactMap { text($0) }
            return .value(parts.count == 3 ? cell(parts.joined()) : .null)
        }
    }

    @Test func trimRowByRow() {
        for (side, leads, trails) in [(Trim.both, true, true), (.leading, true, false), (.trailing, false, true)] {
            expectKernel([.string, .string]) { operands, scope, _ in
                side.apply(operands[0], operands[1], scope: scope)
            } row: { row in
                guard let all = text(row[0]), let set = text(row[1]) else { return .value(.null) }
                var text = all[...]
                while leads, let first = text.first, set.contains(first) { text.removeFirst() }
                while trails, let last = text.last, set.contains(last) { text.removeLast() }
                return .value(cell(text))
            }
        }
    }

    @Test func letterCaseRowByRow() {
        for (letterCase, convert) in [
            (LetterCase.upper, { (text: String) in text.uppercased() }), (.lower, { $0.lowercased() }),
        ] {
            expectKernel([.string]) {
                letterCase.apply($0[0], scope: $1, faults: &$2)
            } row: { row in
                guard case .string(let text) = row[0] else { return .value(.null) }
                // The library does not know the final sigma.
                return .value(.string(text == "ÀΣ" && letterCase == .lower ? "àς" : convert(text)))
            }
        }
    }

    @Test(arguments: [
        ("ΑΣ", "ας"), ("ΑΣΑ", "ασα"), ("Σ", "σ"), ("ΑΣ' Α", "ας' α"), ("ΑΣ'Α", "ασ'α"), ("İ", "i\u{307}"),
    ])
    func lowerCaseOfSigma(text: String, lower: String) {
        var faults: [RowFault] = []
        let column = Operand(Column([.string(text)], .string))
        let result = LetterCase.lower.apply(column, scope: RowScope(rowCount: 1), faults: &faults)
        #expect(result.cells == [.string(lower)])
    }

    @Test(arguments: [DataType.int, .bigint]) func lengthRowByRow(type: DataType) {
        expectKernel([.string]) { operands, scope, _ in
            CharacterLength.apply(operands[0], as: type, rowCount: scope.rowCount)
        } row: { row in
            guard let count = text(row[0])?.count else { return .value(.null) }
            return .value(type == .int ? .int(Int32(count)) : .bigint(Int64(count)))
        }
    }
}
