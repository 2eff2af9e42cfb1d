import Columnar
import Dataflow
import Operators
import Testing

@Suite struct DatagenSourceTests {
    private let fields = [
        DatagenField(path: ["b"], type: .boolean, values: .booleans),
        DatagenField(path: ["i"], type: .int, values: .integers(-3, 3)),
        DatagenField(path: ["l"], type: .bigint, values: .integers(.min, .max), nullRate: 0.5),
        DatagenField(path: ["d"], type: .double, values: .doubles(-1.5, 2)),
        DatagenField(path: ["s"], type: .string, values: .strings(length: 20, isVariable: false)),
        DatagenField(path: ["v"], type: .string, values: .strings(length: 5, isVariable: true), nullRate: 0.1),
        DatagenField(path: ["t"], type: .timestamp(precision: 3), values: .times(mostPastMilliseconds: 100)),
        DatagenField(path: ["m"], type: .timestamp(precision: 6), values: .times(mostPastMilliseconds: 0)),
        DatagenField(path: ["day"], type: .date, values: .times(mostPastMilliseconds: 0)),
        DatagenField(path: ["r", "q"], type: .bigint, values: .sequence(7, 100_000)),
    ]

    private func source(
        _ fields: [DatagenField], rows: Int64? = nil, rate: Int64 = 1_000_000, table: String = "t"
    ) -> DatagenSourceDescription {
        DatagenSourceDescription(
            operatorID: 1, table: table, fields: fields,
            columns: fields.map { ScanColumn(path: $0.path, type: $0.type) }, ratePerSecond: rate, numberOfRows: rows)
    }

    @Test func everyKindStaysWithinItsBounds() throws {
        let rows = try GeneratorRun(description: source(fields, rows: 3000)).rows().rows
        #expect(rows.count == 3000)
        var nulls = 0
        var seen: Set<String> = []
        for (number, row) in rows.enumerated() {
            let values = row.text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
            seen.insert(values[1])
            #expect(["true", "false"].contains(values[0]))
            #expect((-3...3).contains(Int(values[1]) ?? 9))
            if values[2] == "null" { nulls += 1 } else { #expect(Int64(values[2]) != nil) }
            #expect((-1.5...2).contains(Double(values[3]) ?? 9))
            #expect(values[4].utf8.count == 20 && values[4].allSatisfy(\.isHexDigit))
            #expect(values[5] == "null" || 1...5 ~= values[5].utf8.count)
            #expect((900_000...1_010_000).contains(Int(values[6]) ?? 0))
            #expect(values[7] == "\(1_000_000_000 + number / 1000 * 1000)")
            #expect(values[8] == "0")
            #expect(values[9] == "\(number + 7)")
        }
        #expect(seen.count == 7)
        #expect((1300...1700).contains(nulls))
    }

    @Test func rowsAreTheSameWhoeverReadsThemAndAfterRestarts() throws {
        var description = source(fields, rows: 20_000)
        description.watermark = FileSourceDescription.strategy(column: 6, delay: 0)
        let alone = try GeneratorRun(description: description).rows()
        #expect(alone.rows.count == 20_000)
        for (readers, batches) in [(2, Int.max), (4, .max), (1, 2), (4, 3)] {
            let run = GeneratorRun(
                description: description, readers: readers, seed: UInt64(readers), batchesPerRun: batches)
            let read = try run.rows()
            #expect(read.rows == alone.rows, "\(readers) readers, \(batches) batches a run")
            #expect(read.watermark == alone.watermark)
        }
        let other = try GeneratorRun(description: source(fields, rows: 10, table: "other")).rows().rows
        #expect(other.map(\.text) != alone.rows.prefix(10).map(\.text))
    }

    @Test func aSequenceEndsTheTable() throws {
        let sequences = [
            DatagenField(path: ["a"], type: .int, values: .sequence(1, 5)),
            DatagenField(path: ["b"], type: .string, values: .sequence(-1, 100)),
            DatagenField(path: ["c"], type: .double, values: .sequence(0, .max)),
        ]
        let description = source(sequences, rows: 50)
        #expect(description.isBounded && description.rowCount == 5)
        let rows = try GeneratorRun(description: description).rows().rows
        #expect(rows.map(\.text) == ["1,-1,0.0", "2,0,1.0", "3,1,2.0", "4,2,3.0", "5,3,4.0"])
        let endless = source([DatagenField(path: ["c"], type: .bigint, values: .sequence(.min, .max))])
        #expect(endless.rowCount == .max)
        #expect(try GeneratorRun(description: endless).rows(upTo: 100).rows[1].text == "\(Int64.min + 1)")
    }

    @Test(arguments: [1, 10, 1000, 50_000] as [Int64])
    func rowsFallDueByTheClock(rate: Int64) throws {
        let description = source([fields[1]], rows: rate * 3, rate: rate)
        let read = try GeneratorRun(description: description, readers: 2).rows()
        #expect(read.rows.map(\.number) == Array(1...rate * 3))
        // Each wait takes 80 ms at most, and 50 ms are given ahead.
        #expect(read.waits >= (rate == 1 ? 20 : 30))
    }

    @Test func withoutABoundThereIsNothingToTakeNow() throws {
        var settings = JobSettings()
        settings.readsWhatIsThere = true
        let endless = source([fields[0]])
        #expect(!endless.isBounded)
        let failure = #expect(throws: JobFailure.self) { try generatedBatches(endless, settings) }
        #expect(failure?.hint?.contains("number-of-rows") == true)
    }

    @Test func aRowIsThereAndItsFieldsMayBeNull() throws {
        var description = source([fields[2]], rows: 100)
        description.fields[0].path = ["r", "l"]
        description.columns = [
            ScanColumn(path: ["r"], type: .boolean, kind: .presence),
            ScanColumn(path: ["r", "l"], type: .boolean, kind: .presence),
            ScanColumn(path: ["r", "l"], type: .bigint),
        ]
        let rows = try GeneratorRun(description: description).rows().rows
        for row in rows {
            #expect(row.text.hasPrefix(row.text.hasSuffix("null") ? "true,false" : "true,true"))
        }
    }

    @Test func longStringsComeInSmallBatches() throws {
        let long = DatagenField(path: ["s"], type: .string, values: .strings(length: 1 << 20, isVariable: false))
        let batches = try generatedBatches(source([long], rows: 40, rate: 1_000_000_000))
        #expect(batches.map(\.rowCount) == [16, 16, 8])
    }

    @Test func optionsThatCannotBeAreNamed() {
        func problem(_ type: DataType, _ values: DatagenField.Values, nullRate: Double = 0) -> String? {
            DatagenField(path: ["a", "b"], type: type, values: values, nullRate: nullRate).problem?.option
        }
        for field in fields { #expect(field.problem == nil) }
        #expect(problem(.int, .integers(3, 2)) == "fields.a.b.max")
        #expect(problem(.int, .integers(0, 1 << 31)) == "fields.a.b.max")
        #expect(problem(.bigint, .doubles(0, 1)) == "fields.a.b.kind")
        #expect(problem(.double, .doubles(.nan, 1)) == "fields.a.b.max")
        #expect(problem(.string, .strings(length: -1, isVariable: true)) == "fields.a.b.length")
        #expect(problem(.boolean, .sequence(0, 1)) == "fields.a.b.kind")
        #expect(problem(.int, .sequence(1, 0)) == "fields.a.b.end")
        #expect(problem(.boolean, .booleans, nullRate: .nan) == "fields.a.b.null-rate")
    }
}
