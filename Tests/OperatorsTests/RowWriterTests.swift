import Columnar
import HostSystem
import Operators
import Testing

/// Rows as JSON, Debezium JSON and print lines.
@Suite struct RowWriterTests {
    private let fields = [
        Field("s", .string), Field("i", .int), Field("l", .bigint), Field("d", .double), Field("b", .boolean),
        Field("ts", .timestamp(precision: 3)),
    ]

    /// The lines that Flink 2.3 wrote for these values (but for characters beyond ASCII, which it escapes beyond U+FFFF).
    @Test func jsonIsWrittenAsFlinkDoes() {
        let batch = Batch(
            columns: [
                strings(["a\u{1}\u{8}\u{C} é\"/\\\u{1F}\n\r\t😀\u{7F}", "", nil]),
                .int(FixedColumn([1, -2, 0], validity: Bitmap(words: [0b011], count: 3))),
                .bigint(FixedColumn([.max, .min, 0], validity: Bitmap(words: [0b011], count: 3))),
                .double(FixedColumn([1e10, .nan, -.infinity])),
                .boolean(FixedColumn([true, false, false], validity: Bitmap(words: [0b011], count: 3))),
                .timestamp(FixedColumn([1_767_225_600_500, -1, 0], validity: Bitmap(words: [0b011], count: 3))),
            ], rowCount: 3)
        #expect(
            lines(JSONRowWriter(fields: fields), batch) == [
                #"{"s":"a\u0001\b\f é\"/\\\u001F\n\r\t😀"# + "\u{7F}"
                    + #"","i":1,"l":9223372036854775807,"d":1.0E10,"b":true,"ts":"2026-01-01 00:00:00.5"}"#,
                #"{"s":"","i":-2,"l":-9223372036854775808,"d":"NaN","b":false,"ts":"1969-12-31 23:59:59.999"}"#,
                #"{"s":null,"i":null,"l":null,"d":"-Infinity","b":null,"ts":null}"#,
            ])
    }

    @Test func datesAndMicroseconds() {
        let fields = [Field("d", .date), Field("t", .timestamp(precision: 6))]
        let batch = Batch(
            columns: [
                .date(FixedColumn([0, -1, 2_932_896, 0], validity: Bitmap(words: [0b0111], count: 4))),
                .timestampMicros(
                    FixedColumn([1_767_225_600_500_100, -1, 0, 1000], validity: Bitmap(words: [0b1111], count: 4))),
            ], rowCount: 4)
        #expect(
            lines(JSONRowWriter(fields: fields), batch) == [
                #"{"d":"1970-01-01","t":"2026-01-01 00:00:00.5001"}"#,
                #"{"d":"1969-12-31","t":"1969-12-31 23:59:59.999999"}"#,
                #"{"d":"9999-12-31","t":"1970-01-01 00:00:00"}"#, #"{"d":null,"t":"1970-01-01 00:00:00.001"}"#,
            ])
        #expect(
            lines(PrintWriter(fields: fields), batch) == [
                "+I[1970-01-01, 2026-01-01T00:00:00.500100]", "+I[1969-12-31, 1969-12-31T23:59:59.999999]",
                "+I[9999-12-31, 1970-01-01T00:00]", "+I[null, 1970-01-01T00:00:00.001]",
            ])
    }

    @Test func timestampsCanBeISO8601() {
        let writer = JSONRowWriter(
            fields: [Field("k\"é\\", .timestamp(precision: 3))], options: JSONWriteOptions(timestampStyle: .iso8601))
        let batch = Batch(columns: [.timestamp(FixedColumn([1000]))], rowCount: 1)
        #expect(lines(writer, batch) == [#"{"k\"é\\":"1970-01-01T00:00:01"}"#])
    }

    @Test func onlySelectedRowsAreWritten() {
        var batch = Batch(columns: [.int(FixedColumn([1, 2, 3, 4]))], rowCount: 4, selection: [1, 3])
        let writer = JSONRowWriter(fields: [Field("a", .int)])
        #expect(lines(writer, batch) == [#"{"a":2}"#, #"{"a":4}"#])
        batch.selection = []
        #expect(lines(writer, batch) == [])
        #expect(lines(writer, Batch(columns: [.int(FixedColumn([]))], rowCount: 0)) == [])
        #expect(lines(JSONRowWriter(fields: []), Batch(columns: [], rowCount: 2)) == ["{}", "{}"])
    }

    @Test func changesAreWrittenAsDebeziumDoes() {
        let kinds: [RowKind] = [
            .insert, .updateBefore, .updateAfter, .delete, .updateBefore, .updateBefore, .insert, .updateAfter,
            .updateBefore,
        ]
        var batch = Batch(columns: [.int(FixedColumn((0..<9).map { Int32($0) }))], rowCount: 9, rowKinds: kinds)
        let writer = DebeziumJSONWriter(fields: [Field("a", .int)])
        #expect(
            lines(writer, batch) == [
                #"{"before":null,"after":{"a":0},"op":"c"}"#, #"{"before":{"a":1},"after":{"a":2},"op":"u"}"#,
                #"{"before":{"a":3},"after":null,"op":"d"}"#, #"{"before":{"a":4},"after":null,"op":"d"}"#,
                #"{"before":{"a":5},"after":null,"op":"d"}"#, #"{"before":null,"after":{"a":6},"op":"c"}"#,
                #"{"before":null,"after":{"a":7},"op":"c"}"#, #"{"before":{"a":8},"after":null,"op":"d"}"#,
            ])
        // What a selection has parted is no pair any more.
        batch.selection = [1, 7]
        #expect(
            lines(writer, batch) == [
                #"{"before":{"a":1},"after":null,"op":"d"}"#, #"{"before":null,"after":{"a":7},"op":"c"}"#,
            ])
        batch.rowKinds = nil
        batch.selection = [0]
        #expect(lines(writer, batch) == [#"{"before":null,"after":{"a":0},"op":"c"}"#])
    }

    @Test func printShowsRowsAsJavaDoes() {
        let batch = Batch(
            columns: [
                strings(["a,b", nil, "", "x"]), .double(FixedColumn([1e10, .nan, 0.5, -0.0])),
                .timestamp(FixedColumn([0, 1000, 1_767_225_600_500, -1])),
                .boolean(FixedColumn([true, false, true, false])),
            ], rowCount: 4, rowKinds: [.insert, .updateBefore, .updateAfter, .delete])
        let fields = [
            Field("s", .string), Field("d", .double), Field("t", .timestamp(precision: 3)), Field("b", .boolean),
        ]
        let shown = [
            "+I[a,b, 1.0E10, 1970-01-01T00:00, true]", "-U[null, NaN, 1970-01-01T00:00:01, false]",
            "+U[, 0.5, 2026-01-01T00:00:00.500, true]", "-D[x, -0.0, 1969-12-31T23:59:59.999, false]",
        ]
        #expect(lines(PrintWriter(fields: fields), batch) == shown)
        #expect(lines(PrintWriter(fields: fields, identifier: "pid"), batch) == shown.map { "pid> " + $0 })
    }

    /// Strings of all lengths, next to the end of their buffer, and rows larger than the writer's: as a slow escaping says.
    @Test func stringsOfAnyLengthAreEscaped() {
        let seed: UInt64 = 0xE5CA9E
        var random = SplitMix64(seed: seed)
        let writer = JSONRowWriter(fields: [Field("s", .string), Field("t", .string)])
        for _ in 0..<300 {
            let longest = random.oneIn(50) ? 60_000 : 70
            let rows = (0..<random.below(6)).map { _ in (0..<2).map { _ in random.text(random.below(longest)) } }
            let batch = Batch(
                columns: [strings(rows.map { $0[0] }), strings(rows.map { $0[1] })], rowCount: rows.count)
            #expect(
                lines(writer, batch) == rows.map { "{\"s\":\($0[0].escaped),\"t\":\($0[1].escaped)}" }, "seed \(seed)")
        }
    }

    private func lines(_ writer: some RowWriter, _ batch: Batch) -> [String] {
        var out: [UInt8] = Array("before".utf8)
        writer.write(batch, to: &out)
        let text = String(decoding: out.dropFirst(6), as: UTF8.self)
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { String($0) }
    }

    private func strings(_ values: [String?]) -> Column {
        var column = StringColumn()
        for value in values {
            column.bytes += Array((value ?? "").utf8)
            column.offsets.append(Int32(column.bytes.count))
        }
        if values.contains(nil) {
            var bits = Bitmap(repeating: true, count: values.count)
            for (row, value) in values.enumerated() { bits[row] = value != nil }
            column.validity = bits
        }
        return .string(column)
    }
}

extension SplitMix64 {
    fileprivate mutating func text(_ length: Int) -> String {
        let odd = oneIn(3)
        return String(
            String.UnicodeScalarView(
                (0..<length).map { _ in
                    odd || oneIn(20)
                        ? ["\"", "\\", "\u{0}", "\u{1F}", "\n", "é", "€", "😀", "\u{7F}", " "][below(10)] : "x"
                }))
    }
}

extension String {
    fileprivate var escaped: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
