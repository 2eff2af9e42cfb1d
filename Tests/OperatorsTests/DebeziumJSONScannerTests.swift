import Columnar
import HostSystem
import Operators
import Testing

@Suite struct DebeziumJSONScannerTests {
    private static let columns = [
        ScanColumn(path: ["id"], type: .bigint, isNullable: false), ScanColumn(path: ["name"], type: .string),
    ]

    /// The rows as text with their kinds, by calls of so many rows.
    private func rows(
        _ text: String, columns: [ScanColumn] = columns, includesSchema: Bool = false, ignoresErrors: Bool = false,
        skips: Bool = false, maxRows: Int = 1000
    ) throws -> (rows: [String], skipped: Int) {
        let json = JSONReadOptions(ignoreParseErrors: ignoresErrors, badRecords: skips ? .skip : .fail)
        let scanner = DebeziumJSONScanner(
            columns: columns, options: DebeziumJSONReadOptions(json: json, includesSchema: includesSchema))
        let bytes = Array(text.utf8)
        let padded = bytes + [UInt8](repeating: 0, count: 64)
        var found: [String] = []
        var (at, lines, skipped) = (0, 0, 0)
        while at < bytes.count {
            let outcome = try padded.withUnsafeBytes { raw in
                try scanner.scan(
                    UnsafeRawBufferPointer(rebasing: raw[at..<bytes.count]), isFinal: true, maxRows: maxRows)
            }
            #expect(outcome.consumedBytes > 0 && outcome.rowCount <= max(maxRows, 2))
            for row in 0..<outcome.rowCount {
                let values = outcome.columns.map { RowReader.text($0, row) }.joined(separator: ",")
                let line = lines + Int(outcome.lineIndexes[row]) + 1
                found.append("\(line) \(outcome.rowKinds?[row].symbol ?? "?")\(values)")
            }
            at += outcome.consumedBytes
            lines += outcome.consumedLines
            skipped += outcome.skippedRecords
        }
        return (found, skipped)
    }

    private static let changes = """
        {"before":null,"after":{"id":1,"name":"a"},"op":"c","ts_ms":5}
        {"op":"r","after":{"name":"b","id":2},"before":null,"source":{"op":"d","before":{"id":9}}}

        {"before":{"id":1,"name":"a"},"after":{"id":1,"name":null},"op":"u"}
        null
         null \u{0D}
        {"before":{"id":2,"name":"b"},"after":null,"op":"d"}
        """

    @Test(arguments: [1, 2, 3, 1000]) func everyOperation(maxRows: Int) throws {
        let found = try rows(Self.changes, maxRows: maxRows)
        #expect(found.rows == ["1 +I1,a", "2 +I2,b", "4 -U1,a", "4 +U1,null", "7 -D2,b"])
        #expect(found.skipped == 0)
    }

    @Test func thePayloadBesideASchema() throws {
        let text = """
            {"schema":{"type":"struct","fields":[]},"payload":{"before":null,"after":{"id":1,"name":"a"},"op":"c"}}
            {"payload":{"before":{"id":1},"after":null,"op":"d"},"schema":null}
            """
        #expect(try rows(text, includesSchema: true).rows == ["1 +I1,a", "2 -D1,null"])
        #expect(throws: BadRecord(lineIndex: 0, column: 1, reason: "\"op\" is missing")) { try rows(text) }
    }

    @Test func columnsThatNobodyAsksFor() throws {
        #expect(
            try rows(Self.changes, columns: []).rows == ["1 +I", "2 +I", "4 -U", "4 +U", "7 -D"])
    }

    private static let bad: [(line: String, reason: String)] = [
        (#"{"before":null,"after":{"id":1},"op":"x"}"#, #"unknown "op" value "x": it is c, r, u or d"#),
        (#"{"before":null,"after":{"id":1},"op":""}"#, #"unknown "op" value "": it is c, r, u or d"#),
        (#"{"before":null,"after":{"id":1}}"#, #""op" is missing"#),
        (#"{"before":null,"after":{"id":1},"op":null}"#, #""op" is missing"#),
        (#"{"before":null,"after":null,"op":"c"}"#, #"the "after" field of an INSERT message is null"#),
        (#"{"before":{"id":1},"op":"u"}"#, #"the "after" field of an UPDATE message is null"#),
        (
            #"{"before":null,"after":{"id":1},"op":"u"}"#,
            #"the "before" field of an UPDATE message is null; if this is Debezium's PostgreSQL connector, "#
                + "set the table's REPLICA IDENTITY to FULL"
        ),
        (
            #"{"before":null,"after":null,"op":"d"}"#,
            #"the "before" field of a DELETE message is null; if this is Debezium's PostgreSQL connector, "#
                + "set the table's REPLICA IDENTITY to FULL"
        ),
        (#"{"before":null,"after":{"name":"a"},"op":"c"}"#, #"field "after.id" must not be NULL"#),
        (#"{"before":{},"after":{"id":1},"op":"u"}"#, #"field "before.id" must not be NULL"#),
    ]

    @Test(arguments: bad.indices) func badRecords(index: Int) throws {
        let (line, reason) = Self.bad[index]
        let good = #"{"before":null,"after":{"id":1,"name":"a"},"op":"c"}"# + "\n"
        let text = good + line + "\n" + good
        #expect(throws: BadRecord(lineIndex: 1, column: 1, reason: reason)) { try rows(text) }
        // A record behind it that is no JSON does not hide it.
        #expect(throws: BadRecord(lineIndex: 1, column: 1, reason: reason)) { try rows(text + "nul\n") }
        let kept = try rows(text, skips: true)
        #expect(kept.rows == ["1 +I1,a", "3 +I1,a"])
        #expect(kept.skipped == 1)
        #expect(try rows(text, ignoresErrors: true).skipped == 1)
    }

    @Test func whatIsNoObject() throws {
        for line in ["nul", "nulls", "[null]", "null null", "1"] {
            #expect(throws: BadRecord.self, "\(line)") { try rows(line + "\n") }
        }
    }

    /// What the sink of the format writes reads back as it was.
    @Test(arguments: 1...5 as ClosedRange<UInt64>) func whatIsWrittenIsRead(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var kinds: [RowKind] = []
        while kinds.count < 200 {
            switch random.below(3) {
            case 0: kinds.append(.insert)
            case 1: kinds.append(.delete)
            default: kinds += [.updateBefore, .updateAfter]
            }
        }
        let ids = Column.bigint(FixedColumn(kinds.indices.map { Int64($0) }))
        let names = RandomRows.strings(kinds.indices.map { "\($0 % 7)\"\n" })
        let writer = DebeziumJSONWriter(fields: [Field("id", .bigint), Field("name", .string)])
        var bytes: [UInt8] = []
        writer.write(Batch(columns: [ids, names], rowCount: kinds.count, rowKinds: kinds), to: &bytes)
        let found = try rows(String(decoding: bytes, as: UTF8.self), maxRows: 1 + random.below(50))
        #expect(
            found.rows.map { $0.split(separator: " ", maxSplits: 1)[1] }
                == kinds.indices.map { "\(kinds[$0].symbol)\($0),\($0 % 7)\"\n" }, "seed \(seed)")
    }
}
