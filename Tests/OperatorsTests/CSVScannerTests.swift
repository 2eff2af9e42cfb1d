import Columnar
import Operators
import Testing

/// CSV as Flink reads it, and where we differ: empty lines, empty numbers, BOOLEAN, and strict dates.
@Suite struct CSVScannerTests {
    private let pair = [Field("s", .string), Field("i", .bigint)]

    @Test(
        arguments: [
            ("a,1\nb,2\n", [["a", "1"], ["b", "2"]]),
            ("a,1\r\nb,2", [["a", "1"], ["b", "2"]]),
            ("a,1\rb,2\r", [["a", "1"], ["b", "2"]]),
            ("", []),
            ("a,1\n\n\r\nb,2\n\n", [["a", "1"], ["b", "2"]]),
            (",\n\"\",\"\"\n\" \", 5 \n", [["", nil], ["", nil], [" ", "5"]]),
            ("\"a,\"\"x\"\" \n y\",1\r\n\"b\",\"2\"\n", [["a,\"x\" \n y", "1"], ["b", "2"]]),
            ("\"c\r\nd\" \t,1\n \"e\",2\na\"b\"\"c,3\n", [["c\r\nd", "1"], [" \"e\"", "2"], ["a\"b\"\"c", "3"]]),
            (" a ,+7\n#b,007\nc\\,\" 9 \"\n", [[" a ", "7"], ["#b", "7"], ["c\\", "9"]]),
            ("a,1,\n", [["a", "1"]]),
            ("\u{FEFF}a,1\n", [["a", "1"]]),
            ("é€😀,1\n\"é\"\"€\",2\n", [["é€😀", "1"], ["é\"€", "2"]]),
            ("a\u{0}b,-9223372036854775808\n", [["a\u{0}b", "-9223372036854775808"]]),
        ] as [(String, [[String?]])])
    func recordsAreRead(text: String, rows: [[String?]]) throws {
        #expect(try scanner(pair).readAll(Array(text.utf8)).rows == rows)
        var size = 0
        #expect(
            try scanner(pair).readAll(
                Array(text.utf8),
                windowBytes: {
                    size += 1; return size % 7 + 1
                }, maxRows: { 1 }
            ).rows == rows)
    }

    @Test(
        arguments: [
            ("a,1\nb\n", 1, 1, "expected 2 fields, found 1"),
            ("a,1,x\n", 0, 5, "expected 2 fields, found more"),
            ("a,1,,\n", 0, 5, "expected 2 fields, found more"),
            ("a,1\n\"x\ny\"z,2\n", 2, 3, "expected a field delimiter or the end of the line after a quoted field"),
            ("a,1\n\"b,2\nc,3\n", 1, 1, "expected a closing quote for this field"),
            ("a,1\n\"b\n\",2\n\"c,3\n", 3, 1, "expected a closing quote for this field"),
            ("a,1\nb,x1\n", 1, 3, "expected a BIGINT for field \"i\", found \"x1\""),
            ("a,1\n\"\n\",1.0\n", 2, 3, "expected a BIGINT for field \"i\", found \"1.0\""),
            ("b,9223372036854775808", 0, 3, "expected a BIGINT for field \"i\", found \"9223372036854775808\""),
        ] as [(String, Int, Int, String)])
    func aBadRecordIsTold(text: String, line: Int, column: Int, reason: String) throws {
        let told = #expect(throws: BadRecord.self) { try scanner(pair).readAll(Array(text.utf8)) }
        #expect(told == BadRecord(lineIndex: line, column: column, reason: reason))
    }

    @Test func invalidUTF8IsABadRecordWhereverItStands() throws {
        for bytes in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80]] as [[UInt8]] {
            for (before, after) in [("a", ",1\n"), ("\"", "\",1\n"), ("a,1\nlonger than sixteen bytes", ",1\nb,2\n")] {
                let text = Array(before.utf8) + bytes + Array(after.utf8)
                let told = #expect(throws: BadRecord.self) {
                    try scanner([pair[0], pair[1]], asked: [1]).readAll(text)
                }
                #expect(told?.reason == "invalid UTF-8")
                let skipping = scanner(pair, CSVReadOptions(badRecords: .skip))
                #expect(try skipping.readAll(text).skipped == 1)
            }
        }
    }

    @Test func aBadRecordIsLeftOutAndReadingGoesOnBehindItsLine() throws {
        let text = "a,1\nb\nc,x\n\"d\"d,4\n\"e\nf,6\n"
        let skipped = try scanner(pair, CSVReadOptions(badRecords: .skip)).readAll(Array(text.utf8))
        #expect(skipped.rows == [["a", "1"], ["f", "6"]])
        #expect(skipped.lines == [0, 5])
        #expect(skipped.skipped == 4)
        let ignored = try scanner(pair, CSVReadOptions(ignoreParseErrors: true)).readAll(Array(text.utf8))
        #expect(ignored.rows == [["a", "1"], ["b", nil], ["c", nil], ["f", "6"]])
        #expect(ignored.skipped == 2)
        #expect(ignored.nulled == 2)
    }

    @Test func everyTypeIsRead() throws {
        let fields = [
            Field("b", .boolean), Field("i", .int), Field("d", .double), Field("t", .timestamp(precision: 3)),
            Field("t1", .timestamp(precision: 1)), Field("t5", .timestamp(precision: 5)), Field("day", .date),
        ]
        let text = """
            true,2147483647, 1.5 ,1970-01-01 00:00:01.5,1970-01-01 00:00:00.99,1970-01-01 00:00:00.123456,1970-01-02
             FALSE ,-2147483648,NaN," 1970-01-01 00:00:00 ",1969-12-31 23:59:59.999,1969-12-31 23:59:59.999999, 9999-12-31 
            ,,,,,,
            """
        let rows = try scanner(fields).readAll(Array(text.utf8)).rows
        #expect(rows[0] == ["true", "2147483647", "1.5", "1500", "900", "123450", "1"])
        #expect(rows[1] == ["false", "-2147483648", "nan", "0", "-100", "-10", "2932896"])
        #expect(rows[2] == [nil, nil, nil, nil, nil, nil, nil])
        for bad in [
            "yes,,,,,,", ",2147483648,,,,,", ",,1d,,,,", ",,,1970-01-01,,,", ",,,1970-02-30 00:00:00,,,",
            ",,,,,,1970-1-1",
            ",,,,,,0000-01-01",
        ] {
            #expect(throws: BadRecord.self) { try scanner(fields).readAll(Array(bad.utf8)) }
        }
    }

    @Test func aTableOfOneColumnHasEmptyLines() throws {
        #expect(
            try scanner([Field("s", .string)]).readAll(Array("a\n\n\"\"\nb".utf8)).rows == [["a"], [""], [""], ["b"]])
    }

    @Test func theHeaderOfEachFileIsLeftOut() throws {
        let scanner = scanner(pair, CSVReadOptions(skipHeader: true))
        for header in ["s,i\n", "\u{FEFF}\"a\nlong \"\"one\"\"\",i,more\r\n", "\n"] {
            let read = try scanner.readAll(Array((header + "a,1\n").utf8), windowBytes: { 2 })
            #expect(read.rows == [["a", "1"]])
            #expect(read.lines == [header.contains("long") ? 2 : 1])
        }
        #expect(try scanner.readAll(Array("s,i".utf8)).rows == [])
        #expect(try scanner.readAll([]).rows == [])
    }

    @Test func delimiterAndNullLiteralAreOptions() throws {
        let tabs = scanner(pair, CSVReadOptions(fieldDelimiter: 0x09))
        #expect(try tabs.readAll(Array("a,b\t1\n\"c\"\t\"2\"\t\n".utf8)).rows == [["a,b", "1"], ["c", "2"]])
        let literal = scanner(pair, CSVReadOptions(nullLiteral: "n\"a"))
        #expect(
            try literal.readAll(Array("n\"a,\"n\"\"a\"\n\"n\"\"a\",n\"a\nn,\n".utf8)).rows
                == [[nil, nil], [nil, nil], ["n", nil]])
    }

    /// As Flink 2.3 was seen to read them.
    @Test(
        arguments: [
            (
                CSVReadOptions(allowComments: true),
                "#c\n #d,1\n a,1\n\"#q\",1\nb,1 #no\n\n  \n  x,2\n\t#t,1\n",
                [["a", "1"], ["#q", "1"], ["b", "1 #no"], ["x", "2"], ["\t#t", "1"]]
            ),
            (
                CSVReadOptions(syntax: CSVSyntax(escape: 0x5C)),
                #"""
                a\,b,1
                "a\"b",2
                a\nb,3
                \"x,4
                a\\b,5
                "x""y",6
                \"q\",7
                \0\t\r\z,8
                "l\
                m",9
                k\
                j,10

                """#,
                [
                    ["a,b", "1"], ["a\"b", "2"], ["a\nb", "3"], ["\"x", "4"], ["a\\b", "5"], ["x\"y", "6"],
                    ["\"q\"", "7"], ["\0\t\rz", "8"], ["l\nm", "9"], ["k\nj", "10"],
                ]
            ),
            (
                CSVReadOptions(nullLiteral: "NA"), "NA,1\n\"NA\",2\nn,NA\n NA,4\n,5\n",
                [[nil, "1"], [nil, "2"], ["n", nil], [" NA", "4"], ["", "5"]]
            ),
            (CSVReadOptions(nullLiteral: ""), ",1\n\"\",2\nn,\n", [[nil, "1"], [nil, "2"], ["n", nil]]),
            (
                CSVReadOptions(syntax: CSVSyntax(quote: nil)), "\"a\",1\na\"\"b,2\n\"c,\n",
                [["\"a\"", "1"], ["a\"\"b", "2"], ["\"c", ""]]
            ),
            (
                CSVReadOptions(syntax: CSVSyntax(quote: 0x27)), "'a,''b',1\n\"b\",2\n",
                [["a,'b", "1"], ["\"b\"", "2"]]
            ),
            (
                CSVReadOptions(fieldDelimiter: 0x09), "a,b\t1\n\"x\ty\"\t2\n \"z\"\t3\n\"z\" \t4\n",
                [["a,b", "1"], ["x\ty", "2"], [" \"z\"", "3"], ["z", "4"]]
            ),
        ] as [(CSVReadOptions, String, [[String?]])])
    func optionsMeanWhatTheyMeanInFlink(options: CSVReadOptions, text: String, rows: [[String?]]) throws {
        let fields = [Field("a", .string), Field("b", .string)]
        for window in [1, 2, 3, 7, 1000] {
            let read = try scanner(fields, options).readAll(Array(text.utf8), windowBytes: { window })
            #expect(read.rows == rows, "windows of \(window) bytes")
        }
    }

    @Test func aCommentIsNoRecordOfATableWithOneColumn() throws {
        let commented = scanner([Field("s", .string)], CSVReadOptions(allowComments: true, skipHeader: true))
        #expect(try commented.readAll(Array("#\n\nhead\na\n\n\"\"\n#x\nb\n#".utf8)).rows == [["a"], [""], ["b"]])
        #expect(try commented.readAll(Array("#\n\nhead\na\n\n\"\"\n#x\nb\n#".utf8)).lines == [3, 5, 7])
    }

    @Test func delimitersAreReadAsJavaWritesThem() {
        for (option, byte) in [
            (",", 0x2C), ("\t", 0x09), ("\\t", 0x09), ("\\u0001", 1), ("\\uu007C", 0x7C), ("\\1", 1), ("\\", 0x5C),
            ("\\\\", 0x5C), ("a", 0x61), ("\\'", 0x27),
        ] as [(String, UInt8)] {
            #expect(CSVSyntax.fieldDelimiter(option) == byte, "\(option)")
        }
        for option in ["", "ab", "\\x", "\\u00", "\\u00E9", "é", "\\n", "\r", "\\uD800", "\\0", "\\777", "😀", "\\t\\t"]
        {
            #expect(CSVSyntax.fieldDelimiter(option) == nil, "\(option)")
        }
        #expect(CSVSyntax().problem == nil)
        #expect(CSVSyntax(fieldDelimiter: 0x3B, quote: 0x3B).problem?.option == "csv.quote-character")
        #expect(CSVSyntax(escape: 0x22).problem?.option == "csv.escape-character")
        #expect(CSVSyntax(quote: nil, escape: 0x22).problem == nil)
        #expect(CSVSyntax(fieldDelimiter: 0x0A).problem?.option == "csv.field-delimiter")
    }

    @Test func valuesAreReadEscapedAndNot() throws {
        let fields = [Field("d", .double), Field("t", .timestamp(precision: 3)), Field("i", .bigint)]
        let escaping = scanner(fields, CSVReadOptions(syntax: CSVSyntax(escape: 0x5C)))
        let text = #"""
            51.846000000000004,2014-02-14 14:30:00,-7
            \-.\5,2014-02-14 1\4:30:00.250,\1\7
            1234567890123456789.5,2014-02-14 23:59:59.999,1234567890123456789
            1.,2014-02-14 14:30:00.25,-0
            """#
        #expect(
            try escaping.readAll(Array(text.utf8)).rows == [
                ["51.846000000000004", "1392388200000", "-7"], ["-0.5", "1392388200250", "17"],
                ["1.2345678901234568e+18", "1392422399999", "1234567890123456789"], ["1.0", "1392388200250", "0"],
            ])
        for bad in ["1.2.3,,", "-,,", ".,,", ",2014-02-14 24:00:00,", ",2014-02-30 14:30:00,", ",2014-02-14 14:3/:00,"]
        {
            let bytes = Array((text + "\n" + bad).utf8)
            #expect(throws: BadRecord.self, "\(bad)") { try escaping.readAll(bytes) }
        }
    }

    @Test func onlyWhatIsAskedForIsConverted() throws {
        let fields = [Field("a", .bigint), Field("b", .bigint), Field("c", .string)]
        let text = Array("x,1,p\ny,2,q\n".utf8)
        #expect(try scanner(fields, asked: [2, 1]).readAll(text).rows == [["p", "1"], ["q", "2"]])
        #expect(try scanner(fields, asked: []).readAll(text).lines == [0, 1])
        let filtered = scanner(
            fields, asked: [0, 1], predicates: [ScanPredicate(column: 1, comparison: .greater, literal: .bigint(1))])
        #expect(throws: BadRecord.self) { try filtered.readAll(text) }
        #expect(try filtered.readAll(Array("x,1,p\n7,2,q\n".utf8)).rows == [["7", "2"]])
        // Tested columns come first; the bad record that comes first is told all the same.
        let told = #expect(throws: BadRecord.self) { try filtered.readAll(Array("x,2,p\n7,y,q\n".utf8)) }
        #expect(told?.lineIndex == 0)
    }

    @Test(
        arguments: [
            (.equal, .string("b"), ["b"]), (.notEqual, .string("b"), ["", "a", "bb"]),
            (.less, .string("b"), ["", "a"]),
            (.lessOrEqual, .string("b"), ["", "a", "b"]), (.greater, .string("b"), ["bb"]),
            (.greater, .string(""), ["a", "b", "bb"]),
            (.greaterOrEqual, .string("b"), ["b", "bb"]), (.isNotNull, .null, ["", "a", "b", "bb"]),
            (.isNull, .null, [nil]),
            (.equal, .null, []),
        ] as [(ScanPredicate.Comparison, Literal, [String?])])
    func predicatesKeepWhatIsTrue(comparison: ScanPredicate.Comparison, literal: Literal, kept: [String?]) throws {
        let predicate = ScanPredicate(column: 0, comparison: comparison, literal: literal)
        let scanner = scanner(
            [Field("s", .string), Field("i", .int)], CSVReadOptions(nullLiteral: "null"), asked: [0],
            predicates: [predicate])
        #expect(try scanner.readAll(Array(",1\na,2\nb,3\nnull,4\nbb,5\n".utf8)).rows == kept.map { [$0] })
    }

    @Test func presenceAndNotNullAreAboutNull() throws {
        let fields = [Field("a", .bigint), Field("b", .string)]
        let presence = CSVScanner(
            tableFields: fields,
            columns: [
                ScanColumn(path: ["a"], type: .boolean, kind: .presence), ScanColumn(path: ["a"], type: .bigint),
            ],
            predicates: [], options: CSVReadOptions())
        #expect(try presence.readAll(Array("1,x\n,y\n".utf8)).rows == [["true", "1"], ["false", nil]])
        let notNull = CSVScanner(
            tableFields: fields, columns: [ScanColumn(path: ["a"], type: .bigint, isNullable: false)], predicates: [],
            options: CSVReadOptions())
        let told = #expect(throws: BadRecord.self) { try notNull.readAll(Array("1,x\n,y\n".utf8)) }
        #expect(told?.reason == "expected a value for field \"a\", which is NOT NULL")
        #expect(told?.lineIndex == 1)
    }

    @Test func aRecordWithoutEndIsBounded() throws {
        let endless = Array(("\"" + String(repeating: "x", count: 17 << 20)).utf8)
        let told = #expect(throws: BadRecord.self) { try scanner(pair).readAll(endless, windowBytes: { 1 << 20 }) }
        #expect(told == BadRecord(lineIndex: 0, column: 1, reason: "expected a closing quote for this field"))
        let long = scanner(pair, CSVReadOptions(badRecords: .skip))
        let tooLong = #expect(throws: BadRecord.self) { try long.readAll(Array(endless.dropFirst())) }
        #expect(tooLong?.reason == "a record of more than 16777216 bytes")
    }

    private func scanner(
        _ fields: [Field], _ options: CSVReadOptions = CSVReadOptions(), asked: [Int]? = nil,
        predicates: [ScanPredicate] = []
    ) -> CSVScanner {
        let columns = (asked ?? Array(fields.indices)).map {
            ScanColumn(path: [fields[$0].name], type: fields[$0].type)
        }
        return CSVScanner(tableFields: fields, columns: columns, predicates: predicates, options: options)
    }
}
