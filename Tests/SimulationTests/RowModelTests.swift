import Simulation
import Testing

/// The reference model against answers worked out by hand.
@Suite struct RowModelTests {
    private static let base = ModelTimestamp.yearBegin
    private static let table = InputTable(number: 0, format: .json, delaySeconds: 0)

    private static func row(_ second: Int64, _ k: String?, _ v: Int64?) -> [ModelValue] {
        [
            .integer(1), k.map { .text($0) } ?? .null, .null, v.map { .integer($0) } ?? .null, .null,
            .timestamp(base + second * 1000),
        ]
    }

    private static func model(_ relation: Relation, _ files: [[[ModelValue]]]) -> RowModel {
        let shape = JobShape(tables: [table], sinks: [OutputTable(number: 0, relation: relation)])
        return RowModel(shape, ModelInput(files.map { ModelFile(table: 0, rows: $0) }))
    }

    private static func lines(_ model: RowModel) -> [String] {
        model.outputs[0].map { row in row.values.map(\.json).joined(separator: " ") }.sorted()
    }

    private static let counts = Grouping(keys: [1], calls: [ShapeCall(function: .rows, column: 0)])

    @Test func groupsFoldTheirRowsWithoutNulls() {
        let calls = ShapeCall.Function.allCases.map { ShapeCall(function: $0, column: 3) }
        let model = Self.model(
            .group(.table(Self.table), Grouping(keys: [1], calls: calls)),
            [[Self.row(1, "a", 3), Self.row(2, nil, nil), Self.row(3, "a", nil), Self.row(4, "a", -8)]])
        #expect(Self.lines(model) == ["\"a\" 3 2 -5 -8 3 -2", "null 1 0 null null null null"])
    }

    @Test func aRowThatTheWatermarkHasPassedIsLate() {
        let window = ShapeWindow(time: .event, sizeSeconds: 10, slideSeconds: 10)
        let model = Self.model(
            .windowGroup(.table(Self.table), window, Self.counts),
            // 9.999 s is reached by the third row: the last one is late for 0..10.
            [[Self.row(1, "a", 0), Self.row(0, "a", 0), Self.row(12, "a", 0), Self.row(5, "a", 0)]])
        #expect(
            Self.lines(model) == [
                "\"2026-01-01 00:00:00\" \"2026-01-01 00:00:10\" \"2026-01-01 00:00:09.999\" \"a\" 2",
                "\"2026-01-01 00:00:10\" \"2026-01-01 00:00:20\" \"2026-01-01 00:00:19.999\" \"a\" 1",
            ])
        #expect(model.lateRows == 1)
    }

    @Test func everyFileHasAWatermarkOfItsOwn() {
        let window = ShapeWindow(time: .event, sizeSeconds: 10, slideSeconds: 10)
        let model = Self.model(
            .windowGroup(.table(Self.table), window, Grouping(keys: [], calls: Self.counts.calls)),
            [[Self.row(30, "a", 0)], [Self.row(1, "a", 0)]])
        #expect(model.outputs[0].count == 2)
        #expect(model.lateRows == 0)
    }

    @Test func aRowCountsInTheHoppingWindowsThatAreOpen() {
        let window = ShapeWindow(time: .event, sizeSeconds: 10, slideSeconds: 5)
        let model = Self.model(
            .windowGroup(.table(Self.table), window, Self.counts),
            // The second row comes when 0..10 is closed and 5..15 is not; the third when both of its windows are.
            [[Self.row(11, "a", 0), Self.row(6, "b", 0), Self.row(1, "c", 0)]])
        #expect(
            Self.lines(model) == [
                "\"2026-01-01 00:00:05\" \"2026-01-01 00:00:15\" \"2026-01-01 00:00:14.999\" \"a\" 1",
                "\"2026-01-01 00:00:05\" \"2026-01-01 00:00:15\" \"2026-01-01 00:00:14.999\" \"b\" 1",
                "\"2026-01-01 00:00:10\" \"2026-01-01 00:00:20\" \"2026-01-01 00:00:19.999\" \"a\" 1",
            ])
        #expect(model.lateRows == 1)
    }

    @Test func conditionsKnowNull() {
        let rows = [[Self.row(1, "a", 1), Self.row(2, "b", nil), Self.row(3, nil, 9)]]
        func kept(_ condition: ShapeCondition) -> Int {
            Self.model(.filter(.table(Self.table), condition), rows).outputs[0].count
        }
        #expect(kept(.less(3, .integer(5))) == 1)
        #expect(kept(.not(.less(3, .integer(5)))) == 1)
        #expect(kept(.either(.isNull(1), .equal(1, .text("b")))) == 2)
        #expect(kept(.both(.isNull(1), .less(3, .integer(5)))) == 0)
    }

    @Test func aChangeTakesBackWhatIsThere() throws {
        var table = ChangelogTable()
        try table.apply(Array(#"{"before":null,"after":{"c0":"}\""},"op":"c"}"#.utf8)[...], isChangelog: true)
        #expect(table.counts.count == 1)
        #expect(throws: ChangelogTable.Mistake.self) {
            try table.apply(Array(#"{"before":{"c0":"x"},"after":null,"op":"d"}"#.utf8)[...], isChangelog: true)
        }
        try table.apply(Array(#"{"before":{"c0":"}\""},"after":{"c0":null},"op":"u"}"#.utf8)[...], isChangelog: true)
        #expect(table == ChangelogTable(rows: [[.null]]))
    }
}
