import Columnar
import HostSystem
import Operators
import Testing

/// Hostile CSV in random windows, against a reading byte by byte.
@Suite struct CSVFuzzTests {
    @Test(arguments: 0..<8)
    func theScannerAgreesWithTheReference(block: Int) throws {
        for seed in UInt64(block * 100)..<UInt64(block * 100 + 100) {
            var random = SplitMix64(seed: seed)
            let reference = random.reference()
            let bytes = random.document(reference.options.syntax)
            let expected = reference.read(bytes)
            let columns = reference.fields.map { ScanColumn(path: [$0.name], type: $0.type) }
            let predicates = reference.filter.map {
                [ScanPredicate(column: $0.field, comparison: .greater, literal: .bigint($0.above))]
            }
            let scanner = CSVScanner(
                tableFields: reference.fields, columns: columns, predicates: predicates ?? [],
                options: reference.options)
            for _ in 0..<3 {
                let widest = [3, 20, 1000, 100_000][random.below(4)]
                do throws(BadRecord) {
                    let read = try scanner.readAll(
                        bytes, windowBytes: { random.below(widest) + 1 }, maxRows: { random.below(widest) + 1 })
                    #expect(expected.badLines == nil, "seed \(seed)")
                    #expect(read.rows == expected.rows, "seed \(seed)")
                    #expect(read.lines == expected.lines, "seed \(seed)")
                    #expect(read.skipped == expected.skipped, "seed \(seed)")
                    #expect(read.nulled == expected.nulled, "seed \(seed)")
                } catch {
                    #expect(expected.badLines?.contains(error.lineIndex) == true, "seed \(seed): \(error)")
                }
            }
        }
    }
}

extension SplitMix64 {
    mutating func reference() -> CSVReference {
        let types: [DataType] = [.string, .bigint, .boolean]
        let fields = (0...below(4)).map { Field("f\($0)", types[below(3)]) }
        let syntax = CSVSyntax(
            fieldDelimiter: [0x2C, 0x3B, 0x09][below(3)], quote: oneIn(6) ? nil : oneIn(6) ? 0x27 : 0x22,
            escape: oneIn(4) ? 0x5C : nil)
        let options = CSVReadOptions(
            syntax: syntax, allowComments: oneIn(4), skipHeader: oneIn(4), ignoreParseErrors: oneIn(3),
            nullLiteral: oneIn(4) ? ["a\"", "1", ""][below(3)] : nil, badRecords: oneIn(3) ? .fail : .skip)
        let number = fields.firstIndex { $0.type == .bigint }
        let filter = oneIn(2) ? number.map { (field: $0, above: Int64(below(3))) } : nil
        return CSVReference(fields: fields, options: options, filter: filter)
    }

    /// Mostly records of some fields, with mistakes here and there, or quite random bytes.
    mutating func document(_ syntax: CSVSyntax) -> [UInt8] {
        var bytes: [UInt8] = oneIn(5) ? [0xEF, 0xBB, 0xBF] : []
        let hostile = oneIn(3)
        // Mistakes in every other line would hide what stands behind them in the same 64 bytes.
        let strangeness = [12, 40, 400][below(3)]
        for _ in 0..<below(oneIn(20) ? 3000 : 60) {
            if oneIn(30) { bytes += Array(["#", " #", "  ", " ", "#é,\"", "\t#"][below(6)].utf8) }
            let fields = below(hostile ? 6 : 4) + 1
            for field in 0..<fields {
                if field > 0 { bytes.append(syntax.fieldDelimiter) }
                bytes += text(hostile ? 12 : strangeness).map { $0 == 0x22 ? syntax.quote ?? 0x22 : $0 }
            }
            bytes += [[0x0A], [0x0D, 0x0A], [0x0D], [0x0A, 0x0A]][below(oneIn(6) ? 4 : 1)]
        }
        if oneIn(3), !bytes.isEmpty { bytes.removeLast() }
        return bytes
    }

    private mutating func text(_ strangeness: Int) -> [UInt8] {
        let plain = [
            "1", "2", " 3 ", "", "true", "FALSE", "a", "-7", "é", "long text of more than sixteen bytes €", "a\"",
        ]
        switch below(strangeness) {
        case 0:
            return (0..<below(6)).map { _ in
                [0x22, 0x2C, 0x0A, 0x0D, 0x20, 0x61, 0xC3, 0xA9, 0xFF, 0x09, 0x5C, 0x6E][below(12)]
            }
        case 1: return Array("\"\(plain[below(10)])\" ".utf8)
        case 2: return Array("\"x\"\"y\n\",\"\"\"".dropLast(below(2)).utf8)
        case 3: return Array("\"a\"\"\"".utf8)
        case 4: return Array("\"1\r\n\"".utf8)
        case 5: return Array(["\\", "a\\n\\\"", "\"\\\",\"", "\\é", "\"x\\0\\\n\""][below(5)].utf8)
        case 6, 7: return Array("\"quoted text of more than sixteen bytes\"".utf8)
        default: return Array(plain[below(plain.count)].utf8)
        }
    }
}
