import Columnar
import HostSystem
import Operators
import Testing

@Suite struct ChangeJSONScannerTests {
    private static let columns = [
        ScanColumn(path: ["id"], type: .bigint, isNullable: false),
        ScanColumn(path: ["name"], type: .string, isNullable: false),
    ]

    /// The rows as text with their lines and kinds, call by call.
    private func calls(
        _ text: String, skips: Bool = false, isFinal: Bool = true, maxRows: Int = 1000
    ) throws -> (calls: [[String]], skipped: Int) {
        let json = JSONReadOptions(badRecords: skips ? .skip : .fail)
        let scanner = ChangeJSONScanner(columns: Self.columns, options: ChangeJSONReadOptions(json: json, key: ["id"]))
        let bytes = Array(text.utf8)
        let padded = bytes + [UInt8](repeating: 0, count: 64)
        var found: [[String]] = []
        var (at, lines, skipped) = (0, 0, 0)
        while at < bytes.count {
            let outcome = try padded.withUnsafeBytes { raw in
                try scanner.scan(
                    UnsafeRawBufferPointer(rebasing: raw[at..<bytes.count]), isFinal: isFinal, maxRows: maxRows)
            }
            guard outcome.consumedBytes > 0 else { break }
            found.append(
                (0..<outcome.rowCount).map { row in
                    let values = outcome.columns.map { RowReader.text($0, row) }.joined(separator: ",")
                    let line = lines + Int(outcome.lineIndexes[row]) + 1
                    return "\(line) \(outcome.rowKinds?[row].symbol ?? "?")\(values)"
                })
            at += outcome.consumedBytes
            lines += outcome.consumedLines
            skipped += outcome.skippedRecords
        }
        return (found, skipped)
    }

    private static let changes = """
        {"op":"+I","row":{"id":1,"name":"a"}}
        {"row":{"name":"a","id":1},"op":"-U","more":{"id":9}}
        {"op":"+U","row":{"id":1,"name":"b"}}
        {"op":"-D","row":{"id":1}}

        """

    @Test func everyKind() throws {
        #expect(try calls(Self.changes).calls == [["1 +I1,a", "2 -U1,a", "3 +U1,b", "4 -D1,null"]])
    }

    @Test func bothRowsOfAnUpdateStayTogether() throws {
        #expect(try calls(Self.changes, maxRows: 2).calls == [["1 +I1,a"], ["2 -U1,a", "3 +U1,b"], ["4 -D1,null"]])
        #expect(try calls(Self.changes, maxRows: 1).calls.flatMap { $0 }.count == 4)
        let cut = Self.changes.split(separator: "\n").prefix(2).joined(separator: "\n") + "\n"
        #expect(try calls(cut, isFinal: false).calls == [["1 +I1,a"]])
        #expect(try calls(cut).calls == [["1 +I1,a", "2 -U1,a"]])
    }

    @Test(arguments: [
        ("{\"row\":{\"id\":1,\"name\":\"a\"}}", "\"op\" is missing"),
        ("{\"op\":\"u\",\"row\":{\"id\":1}}", "unknown \"op\" value \"u\": it is +I, -U, +U or -D"),
        ("{\"op\":\"+I\"}", "\"row\" is missing"), ("{\"op\":\"-D\",\"row\":null}", "\"row\" is missing"),
        ("{\"op\":\"+U\",\"row\":{\"id\":1}}", "field \"row.name\" must not be NULL"),
        ("{\"op\":\"-D\",\"row\":{\"name\":\"a\"}}", "field \"row.id\" must not be NULL"),
    ])
    func mistakesAreNamed(line: String, reason: String) throws {
        let text = "{\"op\":\"+I\",\"row\":{\"id\":7,\"name\":\"x\"}}\n" + line + "\n"
        let error = #expect(throws: BadRecord.self) { try calls(text) }
        #expect(error?.reason == reason && error?.lineIndex == 1)
        let skipped = try calls(text, skips: true)
        #expect(skipped.calls == [["1 +I7,x"]] && skipped.skipped == 1)
    }

    @Test func whatTheWriterWritesIsRead() throws {
        let fields = [Field("id", .bigint, isNullable: false), Field("name", .string, isNullable: false)]
        let batch = Batch(
            columns: [
                .bigint(FixedColumn([1, 1, 2])),
                .string(StringColumn(offsets: [0, 2, 4, 5], bytes: Array("a\n\"bc".utf8))),
            ], rowCount: 3, rowKinds: [.updateBefore, .updateAfter, .delete])
        var out: [UInt8] = []
        ChangeJSONWriter(fields: fields).write(batch, to: &out)
        let text = String(decoding: out, as: UTF8.self)
        #expect(try calls(text).calls == [["1 -U1,a\n", "2 +U1,\"b", "3 -D2,c"]])
    }
}
