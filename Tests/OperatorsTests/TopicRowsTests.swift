import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators
import TestSupport
import Testing

/// ROWs in topics, from nested JSON to nested JSON.
@Suite struct TopicRowsTests {
    private static let fields = [
        Field("k", .int, isNullable: false),
        Field(
            "r",
            .row([
                Field("a", .bigint), Field("s", .row([Field("x", .string), Field("y", .boolean)])), Field("b", .int),
            ])),
        Field("z", .int),
    ]

    /// A line of every shape: each ROW is there, is there with NULLs alone, or is not.
    private static func line(_ k: Int, _ random: inout SplitMix64) -> String {
        func value(_ text: String) -> String { random.below(3) == 0 ? "null" : text }
        let s = random.below(4) == 0 ? "null" : "{\"x\":\(value("\"a\\n\(k)\"")),\"y\":\(value("true"))}"
        let r = random.below(4) == 0 ? "null" : "{\"a\":\(value("\(k)")),\"s\":\(s),\"b\":\(value("7"))}"
        return "{\"k\":\(k),\"r\":\(r),\"z\":\(value("1"))}"
    }

    private func batches(_ lines: [String], _ fields: [Field]) throws -> [Batch] {
        let feed = RecordFeed(.json(JSONReadOptions()), fields: fields, skipsBadRecords: false)
        Array(lines.map { $0 + "\n" }.joined().utf8).withUnsafeBytes { feed.append($0) }
        var batches: [Batch] = []
        while let fed = try feed.next(isFinal: true) { batches.append(fed.batch) }
        return batches
    }

    private func produce(_ lines: [String], _ run: TopicRun) throws {
        let producer = try TopicProducer("topic", in: run.log)
        for batch in try batches(lines, producer.fields) {
            try producer.append(batch)
            try producer.publish()
        }
    }

    private func consume(_ run: TopicRun, columns: [String]? = nil) throws -> [String] {
        let consumer = try TopicConsumer("topic", columns: columns, in: run.log)
        let writer = JSONRowWriter(fields: consumer.fields)
        var out: [UInt8] = []
        while let rows = try consumer.next() { writer.write(rows.batch, to: &out) }
        return String(decoding: out, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test(arguments: 1...8) func whatIsProducedIsConsumed(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let run = try TopicRun(seed: UInt64(seed))
        try run.create("topic", Self.fields)
        var lines: [String] = []
        for _ in 0..<5 {
            let more = (0..<[1, 63, 64, 65][random.below(4)]).map { Self.line(lines.count + $0, &random) }
            try produce(more, run)
            lines += more
        }
        #expect(try consume(run) == lines, "seed \(seed)")
        #expect(try consume(run, columns: ["z", "r"]).count == lines.count)
    }

    @Test func someLeavesAreRead() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        try produce(
            [
                #"{"k":1,"r":{"a":5,"s":{"x":"p","y":true},"b":7}}"#, #"{"k":2,"r":{"a":6,"s":null}}"#,
                #"{"k":3,"r":{"s":{}}}"#, #"{"k":4}"#,
            ], run)
        // A table with some of the fields.
        let declared = [Field("r", .row([Field("s", .row([Field("x", .string)]))]))]
        let leaves = ScanColumn.leaves(of: declared)
        let source = TopicSourceDescription(
            operatorID: 1, table: "t", topic: "topic", columns: leaves, fields: declared, isBounded: true)
        let rows = try run.read(source).rows.map(\.cells)
        #expect(
            rows == [
                [.boolean(true), .boolean(true), .string("p")], [.boolean(true), .boolean(false), .null],
                [.boolean(true), .boolean(true), .null], [.boolean(false), .boolean(false), .null],
            ])
        var one = source
        one.columns = [leaves[2]]
        #expect(try run.read(one).rows.map(\.cells) == [[.string("p")], [.null], [.null], [.null]])
    }

    @Test func whatDoesNotFitIsNamed() throws {
        let run = try TopicRun()
        try run.create("topic", Self.fields)
        try produce([#"{"k":1,"r":null}"#], run)
        func failure(_ declared: Field) -> JobFailure? {
            let source = TopicSourceDescription(
                operatorID: 1, table: "t", topic: "topic", columns: ScanColumn.leaves(of: [declared]),
                fields: [declared], isBounded: true)
            do {
                _ = try run.read(source)
                return nil
            } catch {
                return error as? JobFailure
            }
        }
        let type = failure(Field("r", .row([Field("s", .row([Field("x", .int)]))])))
        #expect(type?.detail == "column \"r.s.x\" is INT in the table and STRING in the topic")
        let missing = failure(Field("r", .row([Field("q", .int)])))
        #expect(
            missing?.detail == "the topic has no column \"r.q\"" && missing?.hint == "its columns are r.a, r.s, r.b")
        #expect(failure(Field("r", .int))?.detail?.hasPrefix("column \"r\" is INT in the table and ROW<") == true)
        let required = failure(Field("r", .row([Field("b", .int)]), isNullable: false))
        // Only what is read is looked at: here the job stops.
        #expect(required?.message.hasSuffix("ROW \"r\" is NOT NULL, and the row has a NULL") == true)
    }

    @Test func anAddedRowIsNotThereInOldRows() throws {
        let run = try TopicRun()
        try run.create("topic", [Field("k", .int)])
        try produce([#"{"k":1}"#], run)
        try TopicAdmin.add([Field("r", .row([Field("a", .int)]))], to: "topic", in: run.log)
        try produce([#"{"k":2,"r":{"a":null}}"#, #"{"k":3,"r":{"a":4}}"#], run)
        #expect(
            try consume(run) == [
                #"{"k":1,"r":null}"#, #"{"k":2,"r":{"a":null}}"#, #"{"k":3,"r":{"a":4}}"#,
            ])
    }
}
