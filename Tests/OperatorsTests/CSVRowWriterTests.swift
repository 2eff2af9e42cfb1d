import Columnar
import HostSystem
import Operators
import Testing

/// CSV as Flink 2.3 was seen to write it, and read back.
@Suite struct CSVRowWriterTests {
    private let fields = [
        Field("s", .string), Field("d", .double), Field("ts", .timestamp(precision: 3)), Field("b", .boolean),
        Field("i", .int),
    ]
    private let rows = Batch(
        columns: [
            .strings(["a", "a b", "a,b", "a\"b", "", nil, "x\ny", "b\\c", "'q'", "#h"]),
            .double(
                FixedColumn(
                    [1e10, 0.5, 1e-5, .nan, .infinity, 0, 1, 1, 1, 1], validity: Bitmap(words: [0x3DF], count: 10))),
            .timestamp(
                FixedColumn(
                    [1_767_225_600_000, 1_767_225_600_500, 1_767_261_601_123, 0, -62_135_596_800_000, 0, 0, 0, 0, 0],
                    validity: Bitmap(words: [0x3F7], count: 10))),
            .boolean(
                FixedColumn(
                    [true, false, false, true, true, true, true, true, true, true],
                    validity: Bitmap(words: [0x3FB], count: 10))),
            .int(FixedColumn([1, -5, 2, 0, 4, 5, 6, 7, 8, 9], validity: Bitmap(words: [0x3F7], count: 10))),
        ], rowCount: 10)

    @Test func rowsLookAsFlinkWritesThem() {
        #expect(
            text(rows) == """
                a,1.0E10,"2026-01-01 00:00:00",true,1
                "a b",0.5,"2026-01-01 00:00:00.5",false,-5
                "a,b",1.0E-5,"2026-01-01 10:00:01.123",,2
                "a""b",NaN,,true,
                ,Infinity,"0001-01-01 00:00:00",true,4
                ,,"1970-01-01 00:00:00",true,5
                "x
                y",1.0,"1970-01-01 00:00:00",true,6
                "b\\c",1.0,"1970-01-01 00:00:00",true,7
                "'q'",1.0,"1970-01-01 00:00:00",true,8
                "#h",1.0,"1970-01-01 00:00:00",true,9

                """)
    }

    @Test(
        arguments: [
            (CSVWriteOptions(nullLiteral: "NULL"), 5, #"NULL,NULL,"1970-01-01 00:00:00",true,5"#),
            (CSVWriteOptions(nullLiteral: "NULL"), 3, #""a""b",NaN,NULL,true,NULL"#),
            (CSVWriteOptions(nullLiteral: ",\""), 5, #"",""",",""","1970-01-01 00:00:00",true,5"#),
            (CSVWriteOptions(syntax: CSVSyntax(escape: 0x5C)), 7, #""b\\c",1.0,"1970-01-01 00:00:00",true,7"#),
            (CSVWriteOptions(syntax: CSVSyntax(escape: 0x5C)), 3, #""a""b",NaN,,true,"#),
            (CSVWriteOptions(syntax: CSVSyntax(quote: 0x27)), 8, #"'''q''',1.0,'1970-01-01 00:00:00',true,8"#),
            (CSVWriteOptions(syntax: CSVSyntax(quote: nil)), 1, "a b,0.5,2026-01-01 00:00:00.5,false,-5"),
            (CSVWriteOptions(syntax: CSVSyntax(quote: nil)), 2, "a,b,1.0E-5,2026-01-01 10:00:01.123,,2"),
            (CSVWriteOptions(syntax: CSVSyntax(quote: nil, escape: 0x5C)), 6, #"x\ny,1.0,1970-01-01 00:00:00,true,6"#),
            (
                CSVWriteOptions(syntax: CSVSyntax(fieldDelimiter: 0x3B)), 2,
                #""a,b";1.0E-5;"2026-01-01 10:00:01.123";;2"#
            ),
            (
                CSVWriteOptions(syntax: CSVSyntax(fieldDelimiter: 0x2D)), 1,
                #""a b"-0.5-"2026-01-01 00:00:00.5"-false-"-5""#
            ),
        ] as [(CSVWriteOptions, Int32, String)])
    func optionsMeanWhatTheyMeanInFlink(options: CSVWriteOptions, row: Int32, line: String) {
        var one = rows
        one.selection = [row]
        #expect(text(one, options) == line + "\n")
    }

    /// More than 24 UTF-16 units are quoted, and so is every character up to the delimiter.
    @Test func whatIsQuotedIsWhatFlinkQuotes() {
        func isQuoted(_ value: String, _ syntax: CSVSyntax = CSVSyntax()) -> Bool {
            let column = Column.strings(["x", value])
            let batch = Batch(columns: [column, column], rowCount: 2, selection: [1])
            let name = [Field("i", .string), Field("s", .string)]
            var out: [UInt8] = []
            CSVRowWriter(fields: name, options: CSVWriteOptions(syntax: syntax)).write(batch, to: &out)
            return out[out.count - 2] == syntax.quote
        }
        for code in 1...0x7F as ClosedRange<UInt8> {
            let value = "x" + String(Unicode.Scalar(code))
            #expect(isQuoted(value) == (code <= 0x2C || code == 0x5C), "\(code)")
            let tab = CSVSyntax(fieldDelimiter: 0x09, escape: 0x7A)
            #expect(isQuoted(value, tab) == (code <= 0x22 || code == 0x7A), "\(code)")
        }
        for (character, most) in [("a", 24), ("é", 24), ("€", 24), ("😀", 12)] {
            #expect(!isQuoted(String(repeating: character, count: most)))
            #expect(isQuoted(String(repeating: character, count: most + 1)))
        }
    }

    /// What is written is read as it was: NULL strings as empty ones where there is no null literal.
    @Test(arguments: 0..<4)
    func whatIsWrittenIsReadAgain(block: Int) throws {
        for seed in UInt64(block * 100)..<UInt64(block * 100 + 100) {
            var random = SplitMix64(seed: seed)
            let syntax = random.syntax()
            let nullLiteral = random.oneIn(2) ? "\\N,\"'" : nil
            let (fields, batch) = random.rows()
            var bytes: [UInt8] = []
            CSVRowWriter(fields: fields, options: CSVWriteOptions(syntax: syntax, nullLiteral: nullLiteral))
                .write(batch, to: &bytes)
            let columns = fields.map { ScanColumn(path: [$0.name], type: $0.type) }
            let scanner = CSVScanner(
                tableFields: fields, columns: columns, predicates: [],
                options: CSVReadOptions(syntax: syntax, nullLiteral: nullLiteral))
            let read = try scanner.readAll(bytes, windowBytes: { random.below(400) + 1 })
            let expected = (0..<batch.rowCount).map { row in
                batch.columns.map { column in
                    if case .string = column { return column.text(row) ?? (nullLiteral == nil ? "" : nil) }
                    return column.text(row)
                }
            }
            #expect(read.rows == expected, "seed \(seed)")
        }
    }

    @Test func aCommentOrAByteOrderMarkIsNoneInQuotes() throws {
        let fields = [Field("a", .string), Field("b", .string)]
        let column = Column.strings(["\u{FEFF}", "#", "#"])
        var bytes: [UInt8] = []
        let syntax = CSVSyntax(fieldDelimiter: 0x09)
        CSVRowWriter(fields: fields, options: CSVWriteOptions(syntax: syntax))
            .write(Batch(columns: [column, column], rowCount: 3), to: &bytes)
        let scanner = CSVScanner(
            tableFields: fields, columns: fields.map { ScanColumn(path: [$0.name], type: $0.type) }, predicates: [],
            options: CSVReadOptions(syntax: syntax, allowComments: true))
        #expect(try scanner.readAll(bytes).rows == [["\u{FEFF}", "\u{FEFF}"], ["#", "#"], ["#", "#"]])
    }

    private func text(_ batch: Batch, _ options: CSVWriteOptions = CSVWriteOptions()) -> String {
        var out: [UInt8] = []
        CSVRowWriter(fields: fields, options: options).write(batch, to: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

extension Column {
    fileprivate static func strings(_ values: [String?]) -> Column {
        var column = StringColumn()
        var bits = Bitmap(repeating: true, count: values.count)
        for (row, value) in values.enumerated() {
            column.bytes += Array((value ?? "").utf8)
            column.offsets.append(Int32(column.bytes.count))
            bits[row] = value != nil
        }
        if values.contains(nil) { column.validity = bits }
        return .string(column)
    }
}

extension SplitMix64 {
    /// Characters that lose nothing: with a quote, or with an escape in its place.
    fileprivate mutating func syntax() -> CSVSyntax {
        let hasQuote = !oneIn(4)
        return CSVSyntax(
            fieldDelimiter: [0x2C, 0x09, 0x01, 0x7C, 0x2D, 0x20][below(6)],
            quote: hasQuote ? [0x22, 0x27, 0x7E][below(3)] : nil, escape: !hasQuote || oneIn(3) ? 0x5C : nil)
    }

    fileprivate mutating func rows() -> ([Field], Batch) {
        let types: [DataType] = [
            .string, .string, .bigint, .double, .timestamp(precision: 3), .timestamp(precision: 6), .date, .boolean,
            .int,
        ]
        let fields = (0...below(5)).map { Field("f\($0)", types[below(types.count)]) }
        let count = below(40)
        let columns = fields.map { column($0.type, count) }
        return (fields, Batch(columns: columns, rowCount: count))
    }

    private mutating func column(_ type: DataType, _ count: Int) -> Column {
        var bits = Bitmap(repeating: true, count: count)
        for row in 0..<count where oneIn(4) { bits[row] = false }
        let numbers = (0..<count).map { _ in Int64(bitPattern: next()) >> Int64(below(64)) }
        switch type {
        case .bigint: return .bigint(FixedColumn(numbers, validity: bits))
        case .int: return .int(FixedColumn(numbers.map { Int32(truncatingIfNeeded: $0) }, validity: bits))
        case .boolean: return .boolean(FixedColumn(numbers.map { $0 & 1 == 0 }, validity: bits))
        case .double:
            let values = numbers.map { oneIn(2) ? Double($0) / 100 : Double(bitPattern: UInt64(bitPattern: $0)) }
                .map { $0.isNaN ? .nan : $0 }
            return .double(FixedColumn(values, validity: bits))
        case .date:
            let days = numbers.map { Int32(($0 % 2_932_897 + 2_932_897) % 3_652_059 - 719_162) }
            return .date(FixedColumn(days, validity: bits))
        case .timestamp(precision: 6):
            let times = numbers.map {
                ($0 % 253_402_300_799_999_999 + 253_402_300_799_999_999) % 315_537_897_600_000_000
                    - 62_135_596_800_000_000
            }
            return .timestampMicros(FixedColumn(times, validity: bits))
        case .timestamp:
            // Years that the reader knows, 0001 to 9999.
            let times = numbers.map {
                ($0 % 253_402_300_799_999 + 253_402_300_799_999) % 315_537_897_600_000 - 62_135_596_800_000
            }
            return .timestamp(FixedColumn(times, validity: bits))
        case .string, .row:
            let texts = (0..<count).map { row in bits[row] ? text() : nil }
            return .strings(texts)
        }
    }

    private mutating func text() -> String {
        let pieces = [
            "\"", "\"\"", ",", "\t", "|", "-", " ", "'", "~", "\\", "n", "\n", "\r", "\r\n", "#", "é", "€", "😀",
            "\u{FEFF}", "\0",
            "\u{1}", "plain", "a somewhat longer text",
        ]
        let few = oneIn(2)
        return (0..<below(oneIn(10) ? 40 : 5)).map { _ in few ? ["ab", "c d"][below(2)] : pieces[below(pieces.count)] }
            .joined()
    }
}
