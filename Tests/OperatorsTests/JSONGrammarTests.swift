import Columnar
import Testing

import Operators

// Documents that every JSON reader has to take or to refuse, each as the value of a field. A document is read as a column,
// as a field nobody asked for, inside an array and inside an object, by a fresh scanner and by one that knows the line.
@Suite struct JSONGrammarTests {
    static let right = [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "123456789012345678901234567890", "0.0", "-0.1", "1.25",
        "0e1",
        "0e+1", "1E5", "1e-5", "1.5E+30", "1e99999", "-1e-99999", "20e1", "0.1e1", "-1.0e-2", "1234567890123456",
        "12345678901234567", "0.00000000000000000001", "\"\"", "\" \"", "\"a\"", "\"\\\"\"", "\"\\\\\"", "\"\\/\"",
        "\"\\b\\f\\n\\r\\t\"", "\"\\u0000\"", "\"\\u00e9\"", "\"\\u00E9\"", "\"\\uD834\\uDD1E\"", "\"\\ud834\"",
        "\"\\udd1e\"",
        "\"\\ud834\\ud834\\udd1e\"", "\"\\uD834x\"", "\"\\udbff\\udfff\"", "\"\\\\u0061\"", "\"\u{7F}\"", "\"é\"",
        "\"漢字\"",
        "\"\u{2028}\u{2029}\"", "\"😀\"", "\"\u{10FFFF}\"", "\"\u{FEFF}\"", "\"\u{FFFF}\"", "\"{}[]:,\"",
        "\"a string that is longer than sixteen bytes, and than thirty-two\"", "[]", "[ ]", "[\t\r ]", "[1]", "[1,2]",
        "[ 1 , 2 ]", "[null,true,false,\"x\",{},[]]", "[[[[[]]]]]", "[{\"a\":[{\"b\":1}]}]", "{}", "{ }", "{\"a\":1}",
        "{ \"a\" : 1 , \"b\" : 2 }", "{\"a\":1,\"a\":2}", "{\"\":0}", "{\"\\u0061\":0}", "{\"a\":{\"a\":{\"a\":{}}}}",
        "{\"a\\\"b\":1}", "{\"é\":1}", "{\"a name that is longer than thirty-two bytes, so never learned\":1}",
    ]

    static let wrong: [[UInt8]] =
        [
            "", ",", ":", "}", "]", "nul", "nulll", "NULL", "None", "undefined", "True", "tru", "truee", "fals", "NaN",
            "-NaN",
            "Infinity", "-Infinity", "inf", "+1", "-", "--1", "- 1", "01", "-01", "00", "012", "1.", ".5", "-.5",
            "1.e1", "1..2",
            "1.2.3", "1e", "1e+", "1E-", "1e1.5", "1e+-1", "0x10", "0x", "1a", "1 2", "1_000", "1,", "0e", "2.e+3",
            "-2.",
            "\"", "\"a", "a\"", "'a'", "a", "\"\\\"", "\"\\x41\"", "\"\\u\"", "\"\\u1\"", "\"\\u12\"", "\"\\u123\"",
            "\"\\u123g\"",
            "\"\\U0041\"", "\"\\a\"", "\"\\'\"", "\"\\0\"", "\"\\ \"", "\"\\\u{1F600}\"", "\"\u{0}\"", "\"\u{1}\"",
            "\"\t\"", "\"\r\"",
            "\"\u{1F}\"", "\"a\"b", "\"a\"\"b\"", "\"a\" \"b\"", "[", "[1", "[1,", "[,", "[,1]", "[1,]", "[1,,2]",
            "[1 2]", "[1;2]",
            "[1:2]", "[}", "[1}", "]", "[]]", "[[]", "[\"a]", "[nul]", "[\u{0B}]", "[\u{0C}1]", "[\u{A0}1]", "{", "{]",
            "{\"a\"",
            "{\"a\"}", "{\"a\":", "{\"a\":}", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{,\"a\":1}",
            "{\"a\":1,,\"b\":2}",
            "{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{\"a\" 1}", "{\"a\",1}", "{\"a\"::1}", "{a:1}", "{'a':1}",
            "{1:1}", "{null:1}",
            "{[]:1}", "{\"a\":1}}", "{{}}", "{\"a\":{}", "{\"\\x\":1}", "{\"a:1}", "//", "/* */1", "1/**/", "#", "*",
            "\\", "`", "\u{FEFF}1",
            "\u{2028}", "é",
        ].map { Array($0.utf8) } + Self.wrongBytes.map { [0x22] + $0 + [0x22] } + Self.wrongBytes

    /// No UTF-8: lone and missing continuations, overlong forms, surrogates, beyond U+10FFFF, bytes that never occur.
    static let wrongBytes: [[UInt8]] = [
        [0x80], [0xBF], [0xC3], [0xC0, 0x80], [0xC1, 0xBF], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
        [0xED, 0xA0, 0xB4, 0xED, 0xB4, 0x9E],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x28, 0x80],
        [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC], [0xFE], [0xFF], [0xFF, 0xFE], [0xE9],
        [0xC3, 0xA9, 0xA9],
    ]

    static let setups = [
        JSONScanSetup([ScanColumn(path: ["v"], type: .string)], options: JSONReadOptions(badRecords: .skip)),
        JSONScanSetup([ScanColumn(path: ["w"], type: .bigint)], options: JSONReadOptions(badRecords: .skip)),
        // Asked-for fields below `v`, and presence alone.
        JSONScanSetup(
            [ScanColumn(path: ["v", "a"], type: .string)], options: JSONReadOptions(ignoreParseErrors: true)),
        JSONScanSetup(
            [ScanColumn(path: ["v"], type: .boolean, kind: .presence)], options: JSONReadOptions(badRecords: .skip)),
        // Dropped after the first field.
        JSONScanSetup(
            [ScanColumn(path: ["w"], type: .int), ScanColumn(path: ["v"], type: .string)],
            predicates: [ScanPredicate(column: 0, comparison: .equal, literal: .int(2))],
            options: JSONReadOptions(badRecords: .skip)),
    ]

    static func lines(_ document: [UInt8]) -> [[UInt8]] {
        [
            ("{\"v\":", "}"), ("{\"w\":1,\"v\":", "}"), ("{\"v\" : ", " }"), ("{\"v\":", ",\"w\":1}"),
            ("{\"w\":1,\"v\":[", "]}"),
            ("{\"v\":[[1,", ",2]],\"w\":1}"), ("{\"v\":{\"a\":", "}}"),
            ("{\"v\":{\"b\":0,\"a\":", ",\"c\":0},\"w\":2}"),
            ("{\"u\":{\"t\":{\"v\":", "}}}"),
        ].map { Array($0.0.utf8) + document + Array($0.1.utf8) }
    }

    /// Lines that teach a scanner every stretch the documents stand behind.
    static let lessons = ["1", "\"x\"", "{}", "{\"a\":1}", "null", "[]"].flatMap { lines(Array($0.utf8)) }

    static func check(_ document: [UInt8], isRight: Bool) -> [String] {
        var surprises: [String] = []
        for setup in setups {
            let warmed = setup.makeScanner()
            _ = setup.scan(Array((lessons + lessons).joined(separator: [0x0A])), with: warmed)
            for line in lines(document) {
                // `{"v":[` and nothing is an empty array.
                if document.isEmpty, (try? JSONReferenceParser.object(in: line)) != nil { continue }
                for scanner in [setup.makeScanner(), warmed] {
                    let result = setup.scan(line, with: scanner)
                    if (result.skippedRecords == 0) != isRight {
                        surprises.append(String(decoding: line, as: UTF8.self))
                    }
                    if let difference = result.difference(from: setup.referenceScan(line)) {
                        surprises.append(difference)
                    }
                }
            }
        }
        return surprises
    }

    @Test func rightDocuments() {
        for document in Self.right { #expect(Self.check(Array(document.utf8), isRight: true) == []) }
    }

    @Test func wrongDocuments() {
        for document in Self.wrong {
            // `{"v":1,2` and `[1,` before an element: only as a field's value is every one of these wrong.
            let surprises = Self.check(document, isRight: false).filter { surprise in
                (try? JSONReferenceParser.object(in: Array(surprise.utf8))) == nil
            }
            #expect(surprises == [], "\(String(decoding: document, as: UTF8.self))")
        }
    }

    @Test(arguments: [
        "", "x", "1", "null", "\"x\"", "[1]", "[{}]", "{", "}", "{}{}", "{},{}", "{} x", "{\"v\":1} {\"v\":2}",
        "{\"v\":1}]", "{\"v\":1},",
        "{,}", "{\"v\":1,}", "{\"v\"}", "{v:1}", "{'v':1}", "{\"v\":1 \"w\":1}", "\u{FEFF}{}", "{\"v\":1}\u{0}",
        "{\"v\":1}//", "{\"v\":1\u{C}}",
        "\u{A0}", "{\"v\":1}}",
    ])
    func aLineIsOneObject(line: String) {
        for setup in Self.setups {
            let warmed = setup.makeScanner()
            _ = setup.scan(Array("{\"v\":1}\n{\"v\":1}\n{}\n".utf8), with: warmed)
            for scanner in [setup.makeScanner(), warmed] {
                let result = setup.scan(Array((line + "\n{}\n").utf8), with: scanner)
                #expect(result.skippedRecords == (line.isEmpty ? 0 : 1), "\(line)")
            }
        }
    }

    @Test func whiteSpaceAndEmptyLines() {
        let setup = JSONScanSetup([ScanColumn(path: ["v"], type: .bigint)])
        let text = " \t{\"v\" :\t1 } \r\n\n  \r\n\t\n{\"v\":2}\r\n{ \"v\"\r:\r3\r}\n\n{\"v\":4}"
        let result = setup.scan(Array(text.utf8))
        #expect(result.rows == [[.integer(1)], [.integer(2)], [.integer(3)], [.integer(4)]])
        #expect(result.lines == [0, 4, 5, 7])
        for piece in 1...8 { #expect(setup.scan(Array(text.utf8), piece: piece) == result) }
    }

    @Test(arguments: [510, 511, 512, 513, 100_000])
    func depthIsBounded(depth: Int) {
        for setup in Self.setups {
            let arrays = String(repeating: "[", count: depth)
            let objects = String(repeating: "{\"a\":", count: depth)
            let mixed = String(repeating: "[{\"a\":", count: depth / 2)
            let unasked = String(repeating: "{\"o\":", count: depth)
            let closed = [
                arrays + String(repeating: "]", count: depth), objects + "1" + String(repeating: "}", count: depth),
                mixed + "1" + String(repeating: "}]", count: depth / 2),
                unasked + "1" + String(repeating: "}", count: depth),
            ]
            let warmed = setup.makeScanner()
            for _ in 0..<2 {
                for document in closed {
                    // The line's own object is one level too.
                    let isRight = (document == closed[2] ? depth / 2 * 2 : depth) < 512
                    let result = setup.scan(Array("{\"v\":\(document)}".utf8), with: warmed)
                    #expect((result.skippedRecords == 0) == isRight, "\(depth)")
                }
                for document in [arrays, objects, mixed, unasked] {
                    #expect(setup.scan(Array("{\"v\":\(document)".utf8), with: warmed).skippedRecords == 1)
                }
            }
        }
    }

    /// Everything that ends a plain run of a string, at every place relative to a 16-byte block.
    @Test func stringsAtEveryPlace() {
        let setup = JSONScanSetup(
            [ScanColumn(path: ["v"], type: .string), ScanColumn(path: ["w"], type: .string)],
            options: JSONReadOptions(badRecords: .skip))
        let scanner = setup.makeScanner()
        let pieces: [[UInt8]] =
            ["", "é", "漢", "😀", "\\n", "\\u0041", "\\ud83d\\ude00", "\\ud800", "\u{1}", "\u{7F}", "\\x", "\\u12"].map {
                Array($0.utf8)
            }
            + Self.wrongBytes
        for piece in pieces {
            for before in 0...34 {
                for after in [0, 1, 15, 16, 17] {
                    let text = [UInt8](repeating: 0x61, count: before) + piece + [UInt8](repeating: 0x62, count: after)
                    let line =
                        Array("{\"v\":\"".utf8) + text + Array("\",\"u\":\"".utf8) + text
                        + Array("\",\"w\":\"end\"}".utf8)
                    let difference = setup.scan(line, with: scanner).difference(from: setup.referenceScan(line))
                    #expect(difference == nil, "\(piece) behind \(before)")
                }
            }
        }
    }
}
