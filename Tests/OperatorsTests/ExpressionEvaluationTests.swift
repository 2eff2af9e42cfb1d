import Columnar
import HostSystem
import Operators
import TestSupport
import Testing

@Suite struct ExpressionEvaluationTests {
    private static func place(_ text: String = "") -> SourcePlace { SourcePlace(line: 1, column: 1, text: text) }

    private func call(_ function: ScalarFunction, _ arguments: [ScalarExpression], _ type: DataType) -> ScalarExpression
    {
        .call(function, arguments, type, Self.place(function.rawValue))
    }

    private func number(_ value: Int64) -> ScalarExpression { .literal(.bigint(value), .bigint) }
    private func text(_ value: String) -> ScalarExpression { .literal(.string(value), .string) }

    /// Random expressions over random rows: values and errors of every row as one row at a time.
    @Test(arguments: 0..<8) func agreesWithTheReference(part: Int) throws {
        let seed = 0xE8A1 + UInt64(part)
        var source = ExpressionSource(cells: CellSource(seed: seed))
        for round in 0..<120 {
            let rowCount = source.cells.pick([0, 1, 63, 64, 65])
            let nulls = source.cells.pick(CellSource.Nulls.allCases)
            let types = ExpressionSource.types
            let cells = types.map { source.cells.cells($0, rowCount, nulls) }
            let batch = Batch(columns: types.indices.map { Column(cells[$0], types[$0]) }, rowCount: rowCount)
            let expression = source.expression(source.cells.pick([.bigint, .string, .boolean]), depth: 4)
            let selection =
                source.cells.random.oneIn(2) ? nil : (0..<Int32(rowCount)).filter { _ in source.cells.random.oneIn(2) }
            let program = try ExpressionProgram(expression)
            var failures = RowFailures(limit: 1000)
            let column = program.evaluate(batch, selection: selection, failures: &failures)
            #expect(column.rowCount == rowCount)
            let messages = Dictionary(uniqueKeysWithValues: failures.failures.map { ($0.row, $0.message) })
            var trueRows: [Int32] = []
            for row in selection ?? Array(0..<Int32(rowCount)) {
                let reference = ExpressionReference(row: cells.map { $0[Int(row)] })
                var expected: Cell?
                do { expected = try reference.value(expression) } catch {}
                let comment: Comment = "row \(row) of round \(round), seed \(seed): \(expression)"
                #expect((expected == nil) == (messages[row] != nil), comment)
                if let expected {
                    #expect(column.cell(at: Int(row)) == expected, comment)
                    if expected == .boolean(true) { trueRows.append(row) }
                }
            }
            #expect(failures.count == messages.count)
            if expression.type == .boolean {
                var again = RowFailures()
                #expect(program.evaluateFilter(batch, selection: selection, failures: &again) == trueRows)
                #expect(again.count == failures.count)
            }
        }
    }

    @Test func failuresNameRowMessageAndPlace() throws {
        let batch = Batch(columns: [Column([.bigint(1), .bigint(0), .null], .bigint)], rowCount: 3)
        let quotient = ScalarExpression.call(
            .divide, [number(1), .column(0, .bigint)], .bigint, SourcePlace(line: 3, column: 8, text: "1 / a"))
        let program = try ExpressionProgram(call(.add, [quotient, number(1)], .bigint))
        var failures = RowFailures()
        let column = program.evaluate(batch, selection: nil, failures: &failures)
        #expect(column.cell(at: 0) == .bigint(2) && column.cell(at: 2) == .null)
        #expect(failures.failures.map(\.row) == [1])
        #expect(failures.first?.message == "division by zero")
        #expect(failures.first?.place?.line == 3 && failures.first?.place?.text == "1 / a")
        #expect(failures.remaining(of: nil, rowCount: 3) == [0, 2])
    }

    @Test func failuresAreBoundedButAllCounted() throws {
        let batch = Batch(columns: [Column([Cell](repeating: .bigint(0), count: 1000), .bigint)], rowCount: 1000)
        let program = try ExpressionProgram(call(.modulo, [number(1), .column(0, .bigint)], .bigint))
        var failures = RowFailures(limit: 5)
        _ = program.evaluate(batch, selection: nil, failures: &failures)
        #expect(failures.failures.count == 5 && failures.count == 1000)
        #expect(failures.remaining(of: nil, rowCount: 1000).isEmpty)
    }

    /// Constants that fail do so for the rows that reach them, and for no other.
    @Test func failingConstantsFailTheRowsThatReachThem() throws {
        let batch = Batch(columns: [Column([.boolean(true), .boolean(false)], .boolean)], rowCount: 2)
        let failing = call(.divide, [number(1), number(0)], .bigint)
        let program = try ExpressionProgram(call(.caseWhen, [.column(0, .boolean), failing, number(5)], .bigint))
        var failures = RowFailures()
        let column = program.evaluate(batch, selection: nil, failures: &failures)
        #expect(failures.failures.map(\.row) == [0])
        #expect(column.cell(at: 1) == .bigint(5))
        var none = RowFailures()
        _ = program.evaluate(batch, selection: [1], failures: &none)
        #expect(none.isEmpty)
    }

    private func value(_ expression: ScalarExpression) throws -> Cell {
        var failures = RowFailures()
        let column = try ExpressionProgram(expression).evaluate(
            Batch(columns: [Column([.string("abc")], .string)], rowCount: 1), selection: nil, failures: &failures)
        #expect(failures.isEmpty)
        return column.cell(at: 0)
    }

    @Test func functionsOfTextAreWired() throws {
        let column = ScalarExpression.column(0, .string)
        #expect(try value(call(.substring, [column, number(2)], .string)) == .string("bc"))
        #expect(try value(call(.substring, [column, number(1), number(2)], .string)) == .string("ab"))
        #expect(try value(call(.lower, [text("AÉ")], .string)) == .string("aé"))
        #expect(try value(call(.trimBoth, [text(" a "), text(" ")], .string)) == .string("a"))
        #expect(try value(call(.trimLeading, [text(" a "), text(" ")], .string)) == .string("a "))
        #expect(try value(call(.trimTrailing, [text(" a "), text(" ")], .string)) == .string(" a"))
        #expect(try value(call(.charLength, [column], .int)) == .int(3))
        #expect(try value(call(.like, [column, text("a%")], .boolean)) == .boolean(true))
        #expect(try value(call(.like, [column, text("a!_%"), text("!")], .boolean)) == .boolean(false))
        #expect(try value(call(.like, [column, column], .boolean)) == .boolean(true))
        #expect(try value(call(.splitIndex, [column, text("b"), number(1)], .string)) == .string("c"))
        #expect(try value(call(.regexpExtract, [column, text("b(.)"), number(1)], .string)) == .string("c"))
        #expect(try value(call(.regexp, [column, text("^c")], .boolean)) == .boolean(false))
        #expect(try value(call(.regexpReplace, [column, text("[ab]"), text("x")], .string)) == .string("xxc"))
        let time = ScalarExpression.literal(.timestamp(1_767_225_600_567), .timestamp(precision: 3))
        let seconds = call(.cast, [time], .timestamp(precision: 0))
        #expect(try value(call(.cast, [seconds], .string)) == .string("2026-01-01 00:00:00"))
    }

    @Test func whatHasNoKernelIsRefusedByName() {
        func refusal(_ expression: ScalarExpression) -> String? {
            do throws(ExpressionError) {
                _ = try ExpressionProgram(expression)
                return nil
            } catch {
                return error.description
            }
        }
        let time = DataType.timestamp(precision: 3)
        #expect(refusal(.column(0, .row([]))) == "a column of type ROW<> is not supported")
        #expect(refusal(call(.cast, [.column(0, time)], .int)) == "CAST(TIMESTAMP(3) AS INT) is not supported")
        #expect(
            refusal(call(.add, [.column(0, .int), .column(1, .bigint)], .bigint))
                == "+(INT, BIGINT) as BIGINT is not supported")
        #expect(refusal(call(.caseWhen, [.column(0, .boolean), number(1)], .bigint)) != nil)
        #expect(refusal(call(.and, [], .boolean)) != nil)
        #expect(
            refusal(call(.like, [text("a"), text("a!b"), text("!")], .boolean))?.contains("invalid escape") == true)
        #expect(refusal(call(.like, [text("a"), text("a"), text("!!")], .boolean)) != nil)
        #expect(refusal(text(String(repeating: "x", count: 100_000))) != nil)
        #expect(refusal(.literal(.int(1), .bigint)) != nil)
        #expect(refusal(.literal(.timestamp(1), .timestamp(precision: 6))) != nil)
        #expect(refusal(call(.cast, [.column(0, .date)], .int)) == "CAST(DATE AS INT) is not supported")
        #expect(
            refusal(call(.equal, [.column(0, time), .column(1, .timestamp(precision: 6))], .boolean))
                == "=(TIMESTAMP(3), TIMESTAMP(6)) as BOOLEAN is not supported")
        #expect(refusal(call(.regexp, [text("a"), text("(")], .boolean))?.contains("invalid regular") == true)
        #expect(refusal(call(.regexp, [text("a"), .column(0, .string)], .boolean)) != nil)
    }

    @Test func depthIsBoundedAndChainsAreNot() throws {
        var deep = ScalarExpression.column(0, .bigint)
        for _ in 0..<200 { deep = call(.add, [deep, number(1)], .bigint) }
        let batch = Batch(columns: [Column([.bigint(1)], .bigint)], rowCount: 1)
        var failures = RowFailures()
        #expect(
            try ExpressionProgram(deep).evaluate(batch, selection: nil, failures: &failures).cells == [.bigint(201)])
        for _ in 0..<200 { deep = call(.negate, [deep], .bigint) }
        #expect(throws: ExpressionError.tooDeep(limit: 256, place: Self.place())) { try ExpressionProgram(deep) }
        var chain = call(.equal, [.column(0, .bigint), number(0)], .boolean)
        for value in 1..<3000 {
            chain = call(.or, [chain, call(.equal, [.column(0, .bigint), number(Int64(value))], .boolean)], .boolean)
        }
        #expect(
            try ExpressionProgram(chain).evaluate(batch, selection: nil, failures: &failures).cells == [.boolean(true)])
    }
}
