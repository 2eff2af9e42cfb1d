import Columnar
import Testing

import Operators

// Fields of a record: missing, unknown, repeated, nested; predicates; what becomes of bad records, and what is said of them.
@Suite struct JSONRecordTests {
    static let nested = JSONScanSetup([
        ScanColumn(path: ["a"], type: .bigint), ScanColumn(path: ["o", "x"], type: .bigint),
        ScanColumn(path: ["o", "p", "y"], type: .string),
        ScanColumn(path: ["o"], type: .row([]), kind: .presence),
        ScanColumn(path: ["o", "p"], type: .row([]), kind: .presence),
        ScanColumn(path: ["a"], type: .boolean, kind: .presence),
    ])

    static func rows(_ setup: JSONScanSetup, _ text: String) -> JSONScanResult {
        let bytes = Array(text.utf8)
        let result = setup.scan(bytes)
        #expect(result.difference(from: setup.referenceScan(bytes)) == nil, "\(text)")
        let warmed = setup.makeScanner()
        for _ in 0..<2 { #expect(setup.scan(bytes, with: warmed) == result, "\(text)") }
        return result
    }

    @Test func missingNullAndNested() {
        let no = JSONCell.boolean(false)
        let yes = JSONCell.boolean(true)
        let lines: [(String, [JSONCell])] = [
            ("{\"a\":1,\"o\":{\"x\":2,\"p\":{\"y\":\"z\"}}}", [.integer(1), .integer(2), .text("z"), yes, yes, yes]),
            ("{}", [.null, .null, .null, no, no, no]), ("{\"A\":1,\"o\":null}", [.null, .null, .null, no, no, no]),
            ("{\"o\":{}}", [.null, .null, .null, yes, no, no]),
            ("{\"o\":{\"p\":{}},\"a\":null}", [.null, .null, .null, yes, yes, no]),
            ("{\"o\":{\"p\":null,\"x\":3}}", [.null, .integer(3), .null, yes, no, no]),
            ("{\"p\":{\"y\":\"no\"},\"x\":1,\"o\":{\"o\":{\"x\":1}}}", [.null, .null, .null, yes, no, no]),
            // The last of equal names wins, with all that is in it.
            ("{\"a\":1,\"a\":2}", [.integer(2), .null, .null, no, no, yes]),
            ("{\"a\":1,\"a\":null}", [.null, .null, .null, no, no, no]),
            ("{\"a\":\"x\",\"a\":2}", [.integer(2), .null, .null, no, no, yes]),
            ("{\"o\":{\"x\":1,\"p\":{\"y\":\"z\"}},\"o\":{\"x\":2}}", [.null, .integer(2), .null, yes, no, no]),
            ("{\"o\":{\"x\":\"bad\"},\"o\":{}}", [.null, .null, .null, yes, no, no]),
            ("{\"o\":7,\"o\":{\"x\":1}}", [.null, .integer(1), .null, yes, no, no]),
            ("{\"o\":{\"x\":1},\"o\":null}", [.null, .null, .null, no, no, no]),
            ("{\"o\":{\"p\":{\"y\":\"long text\"},\"p\":{\"y\":\"s\"}}}", [.null, .null, .text("s"), yes, yes, no]),
            // Names are compared once their escapes are undone.
            ("{\"\\u0061\":1,\"\\u006f\":{\"\\u0078\":2}}", [.integer(1), .integer(2), .null, yes, no, yes]),
            ("{\"a\":1,\"\\u0061\":2}", [.integer(2), .null, .null, no, no, yes]),
            ("{\"\\\\u0061\":1}", [.null, .null, .null, no, no, no]),
        ]
        let text = lines.map(\.0).joined(separator: "\n")
        #expect(Self.rows(Self.nested, text).rows == lines.map(\.1))
    }

    @Test(arguments: [
        "{\"o\":1}", "{\"o\":[]}", "{\"o\":\"x\"}", "{\"o\":{\"p\":true}}", "{\"a\":2,\"a\":{}}", "{\"o\":{},\"o\":5}",
        "{\"o\":{\"x\":\"q\"}}",
    ])
    func objectsThatAreNone(line: String) {
        #expect(Self.rows(Self.nested, line + "\n").failedLine == 0)
        let lenient = JSONScanSetup(Self.nested.columns, options: JSONReadOptions(ignoreParseErrors: true))
        #expect(Self.rows(lenient, line).nulledFields == 1)
    }

    @Test func placesAndReasons() {
        let setup = JSONScanSetup([
            ScanColumn(path: ["bid", "price"], type: .bigint), ScanColumn(path: ["n"], type: .int, isNullable: false),
            ScanColumn(path: ["t"], type: .timestamp(precision: 3)),
        ])
        let cases = [
            ("{\"n\":1,\"bid\":{\"price\":\"abc\"}}", 23, "expected a BIGINT for field \"bid.price\", found \"abc\""),
            ("{\"n\":1,\"bid\":[1, 2]}", 14, "expected an object for field \"bid\", found [1, 2]"),
            ("{\"n\":1,\"t\":12}", 12, "expected a TIMESTAMP(3) for field \"t\", found 12"),
            ("{\"n\":2147483648}", 6, "expected an INT for field \"n\", found 2147483648"),
            ("{\"t\":null}", 1, "field \"n\" must not be NULL"),
            ("{\"n\":1,}", 8, "expected a field name in double quotes"),
            ("{\"n\" 1}", 6, "expected \":\" after a field name"),
            ("{\"n\":1 \"t\":2}", 8, "expected \",\" or \"}\" after a field"),
            ("{\"n\":[1}", 8, "expected \",\" or \"]\" after an array element"),
            ("{\"n\":}", 6, "expected a JSON value"),
            ("{\"n\":01}", 6, "expected a JSON number"), ("{\"n\":nul}", 6, "expected true, false or null"),
            ("{\"n\":1,\"s\":\"\t\"}", 13, "control characters in strings must be escaped"),
            ("{\"s\":\"abc", 10, "the line ends inside a string"),
            ("{\"s\":\"\\x\"}", 7, "invalid escape in a string"), ("[1]", 1, "expected one JSON object"),
            ("{\"n\":1} x", 9, "expected the end of the line after the JSON object"),
        ]
        for (line, column, reason) in cases {
            #expect(setup.badRecord(line) == BadRecord(lineIndex: 0, column: column, reason: reason), "\(line)")
            let behind = setup.badRecord("{\"n\":1}\n\n" + line)
            #expect(behind == BadRecord(lineIndex: 2, column: column, reason: reason), "\(line)")
        }
        let long = setup.badRecord("{\"n\":\"" + String(repeating: "é", count: 500) + "\"}")
        #expect(long?.reason.count == "expected an INT for field \"n\", found ".count + 60)
    }

    @Test func policies() {
        let columns = [ScanColumn(path: ["n"], type: .int, isNullable: false), ScanColumn(path: ["m"], type: .int)]
        let text = "{\"n\":1,\"m\":1}\n{\"n\":\"x\"}\n{\"n\":2,\"m\":\"x\"}\n{}\n{\n{\"n\":3,\"m\":null}"
        let skipping = JSONScanSetup(columns, options: JSONReadOptions(badRecords: .skip))
        #expect(
            Self.rows(skipping, text)
                == JSONScanResult(
                    rows: [[.integer(1), .integer(1)], [.integer(3), .null]], lines: [0, 5], skippedRecords: 4))
        let lenient = JSONScanSetup(columns, options: JSONReadOptions(ignoreParseErrors: true, badRecords: .skip))
        #expect(
            Self.rows(lenient, text)
                == JSONScanResult(
                    rows: [[.integer(1), .integer(1)], [.integer(2), .null], [.integer(3), .null]], lines: [0, 2, 5],
                    skippedRecords: 3, nulledFields: 1))
        let both = JSONScanSetup(columns, options: JSONReadOptions(ignoreParseErrors: true))
        #expect(Self.rows(both, text).failedLine == 1)
        let complete = JSONScanSetup(columns, options: JSONReadOptions(failOnMissingField: true, badRecords: .skip))
        #expect(Self.rows(complete, "{\"n\":1}\n{\"n\":1,\"m\":null}").lines == [1])
        #expect(
            JSONScanSetup(columns, options: JSONReadOptions(failOnMissingField: true)).badRecord("{\"n\":1}")?.reason
                == "field \"m\" is missing")
    }

    @Test func predicates() {
        let columns = [
            ScanColumn(path: ["k"], type: .int), ScanColumn(path: ["o", "v"], type: .bigint),
            ScanColumn(path: ["s"], type: .string),
        ]
        let isTwo = ScanPredicate(column: 0, comparison: .equal, literal: .int(2))
        let setup = JSONScanSetup(columns, predicates: [isTwo])
        // A record that is dropped may not fit, but must be one.
        let text = """
            {"k":1,"o":{"v":"bad"},"s":"x"}
            {"k":2,"o":{"v":5},"s":"y"}
            {"o":{"v":"bad"},"k":3}
            {"o":{"v":6},"k":2}
            {"k":null,"o":7}
            {"o":7}
            {"k":1,"o":{"v":8},"k":2}
            {"k":2,"o":{"v":9},"k":1}
            {"k":1,"s":"a","k":2,"s":"b"}
            {"k":1,"o":{"v":1},"k":null}
            """
        #expect(Self.rows(setup, text).lines == [1, 3, 6, 8])
        #expect(Self.rows(setup, "{\"k\":1,\"o\":{\"v\":8},\"k\":2}").rows == [[.integer(2), .integer(8), .null]])
        #expect(Self.rows(setup, "{\"k\":1,\"s\":\"\u{1}\"}").failedLine == 0)
        #expect(Self.rows(setup, "{\"k\":2,\"o\":1}").failedLine == 0)
        // Nothing can be said of a predicate whose own value does not fit.
        #expect(Self.rows(setup, "{\"k\":\"x\"}").failedLine == 0)
        let two = JSONScanSetup(
            columns, predicates: [isTwo, ScanPredicate(column: 2, comparison: .less, literal: .string("b"))])
        #expect(
            Self.rows(two, "{\"k\":\"x\",\"s\":\"c\"}\n{\"k\":2,\"s\":\"a\"}\n{\"s\":\"a\",\"k\":2,\"s\":\"b\"}").lines
                == [1])
    }

    @Test func everyComparison() {
        let columns = [
            ScanColumn(path: ["b"], type: .boolean), ScanColumn(path: ["i"], type: .int),
            ScanColumn(path: ["l"], type: .bigint), ScanColumn(path: ["d"], type: .double),
            ScanColumn(path: ["s"], type: .string), ScanColumn(path: ["t"], type: .timestamp(precision: 3)),
            ScanColumn(path: ["o"], type: .row([]), kind: .presence),
        ]
        let literals: [Literal] = [
            .boolean(true), .int(5), .bigint(5), .double(5), .string("mm"), .timestamp(1000), .boolean(true),
        ]
        var lines = "{}\n{\"o\":{}}\n"
        for text in [
            "\"b\":false", "\"b\":true", "\"i\":4,\"l\":4,\"d\":4.5", "\"i\":5,\"l\":5,\"d\":5",
            "\"i\":6,\"l\":6,\"d\":\"NaN\"",
        ] { lines += "{\(text)}\n" }
        for text in ["", "m", "mm", "mmm", "n", "é"] { lines += "{\"s\":\"\(text)\"}\n" }
        for second in 0...2 { lines += "{\"t\":\"1970-01-01 00:00:0\(second).000\"}\n{\"t\":null}\n" }
        let comparisons: [ScanPredicate.Comparison] = [
            .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .isNull, .isNotNull,
        ]
        for column in columns.indices {
            for comparison in comparisons {
                let isUnary = comparison == .isNull || comparison == .isNotNull
                let predicate = ScanPredicate(
                    column: column, comparison: comparison, literal: isUnary ? .null : literals[column])
                _ = Self.rows(JSONScanSetup(columns, predicates: [predicate]), lines)
                // Of a NULL literal nothing is TRUE.
                let null = ScanPredicate(column: column, comparison: comparison, literal: .null)
                if !isUnary { #expect(Self.rows(JSONScanSetup(columns, predicates: [null]), lines).rows == []) }
            }
        }
    }

    /// More fields than a mask has bits, more than a context has stretches by default, and two columns of one field.
    @Test func manyFields() {
        var columns = (0..<150).map { ScanColumn(path: ["f\($0)"], type: $0 % 3 == 0 ? .string : .bigint) }
        columns.append(columns[7])
        let setup = JSONScanSetup(columns)
        let full = "{" + (0..<150).map { "\"f\($0)\":\($0)" }.joined(separator: ",") + "}\n"
        let odd = "{" + (0..<150).filter { $0 % 2 == 1 }.map { "\"f\($0)\": \($0)" }.joined(separator: ",") + "}\n"
        let result = Self.rows(setup, full + odd + full + odd + full)
        #expect(
            result.rows[1][64] == .null && result.rows[1][149] == .integer(149) && result.rows[2][150] == .integer(7))
    }

    /// Names that never come again use up what a scanner can learn, and later lines are still read right.
    @Test func learningHasAnEnd() {
        let setup = JSONScanSetup([
            ScanColumn(path: ["k"], type: .bigint), ScanColumn(path: ["o", "v"], type: .string),
        ])
        let scanner = setup.makeScanner()
        for part in 0..<12 {
            let lines = (0..<500).map {
                "{\"n\(part * 500 + $0)\":{\"m\($0)\":{}},\"k\":\($0),\"x\($0 % 90)\":[],\"o\":{\"u\($0)\":1,\"v\":\"w\"}}"
            }
            let bytes = Array(lines.joined(separator: "\n").utf8)
            #expect(setup.scan(bytes, with: scanner).difference(from: setup.referenceScan(bytes)) == nil)
        }
    }

    @Test func limitsOfACall() throws {
        let setup = JSONScanSetup([ScanColumn(path: ["v"], type: .string)])
        let scanner = setup.makeScanner()
        let bytes = Array("{\"v\":\"a\"}\n{\"v\":\"b\"}\n{\"v\":\"c\"}".utf8)
        #expect(try setup.call(scanner, bytes, maxRows: 0).consumedBytes == 0)
        #expect(try setup.call(scanner, [], maxRows: 10).rowCount == 0)
        let one = try setup.call(scanner, bytes, maxRows: 1)
        #expect(one.rowCount == 1 && one.consumedLines == 1 && one.consumedBytes == 10 && one.lineIndexes == [0])
        #expect(try setup.call(scanner, bytes, isFinal: false).rowCount == 2)
        #expect(try setup.call(scanner, bytes).consumedBytes == bytes.count)
        #expect(try setup.call(scanner, Array(bytes.suffix(9)), isFinal: false).consumedBytes == 0)
        let last = try setup.call(scanner, Array(bytes.suffix(9)), isFinal: true)
        #expect(
            last.rowCount == 1 && last.consumedBytes == 9
                && last.columns == [.string(StringColumn(offsets: [0, 1], bytes: [0x63]))])
        #expect(JSONScanSetup([]).scan(Array("{\"a\":1}\n\n{}\n".utf8)).lines == [0, 2])
    }

    /// A line that is longer than what a call takes otherwise.
    @Test func aHugeLine() throws {
        let setup = JSONScanSetup([ScanColumn(path: ["v"], type: .string), ScanColumn(path: ["w"], type: .int)])
        let size = 20 << 20
        var line = Array("{\"v\":\"".utf8) + [UInt8](repeating: 0x61, count: size)
        line += Array("\",\"w\":1}\n{\"v\":\"\",\"w\":2}\n".utf8)
        let first = try setup.call(setup.makeScanner(), line)
        guard case .string(let column) = first.columns[0] else { return }
        #expect(first.rowCount == 1 && column.bytes.count == size && first.columns[1] == .int(FixedColumn([1])))
        #expect(try setup.call(setup.makeScanner(), Array(line[first.consumedBytes...])).rowCount == 1)
    }
}

extension JSONRecordTests {
    /// A scanner makes room for as much text as it has seen; then comes more, in every way text is written.
    @Test func moreTextThanBefore() {
        let setup = JSONScanSetup(
            [ScanColumn(path: ["v"], type: .string), ScanColumn(path: ["w"], type: .string)],
            predicates: [ScanPredicate(column: 0, comparison: .notEqual, literal: .string("x"))])
        let lean = String(repeating: "{\"v\":\"ab\",\"u\":[1,2,3,4,5,6,7,8,9],\"w\":null}\n", count: 1600)
        let text = String(repeating: "abcdefgh", count: 400)
        let forms = [
            "\"\(text)\"", "\"é\(text)漢\"", "\"\(String(repeating: "é", count: 3000))\"",
            "\"\(String(repeating: "\\n", count: 3000))\"",
            "\"\(text)\\u00e9\"", "[\"\(text)\", \"\(text)\"]", String(repeating: "7", count: 3000),
        ]
        for form in forms {
            let rich = String(repeating: "{\"v\":\(form),\"w\":\(form)}\n", count: 24)
            let scanner = setup.makeScanner()
            for bytes in [
                Array(lean.utf8), Array(rich.utf8), Array((lean + lean + rich + rich).utf8),
            ] {
                let difference = setup.scan(bytes, with: scanner).difference(from: setup.referenceScan(bytes))
                #expect(difference == nil)
            }
        }
    }
}
