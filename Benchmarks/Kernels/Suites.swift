import Columnar
import HostSystem
import Operators

struct Suite: Sendable {
    var name: String
    var run: @Sendable () -> Void
}

let suites = [
    Suite(name: "arithmetic", run: measureArithmetic),
    Suite(name: "selection", run: measureSelection),
    Suite(name: "strings", run: measureStrings),
    Suite(name: "hash", run: measureHash),
    Suite(name: "groups", run: measureGroups),
    Suite(name: "expressions", run: measureExpressions),
    Suite(name: "windows", run: measureWindows),
]

let rowCount = 4096

func integers(_ bound: Int, _ seed: UInt64, count: Int = rowCount) -> [Int64] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Int64(random.below(bound)) }
}

func strings(_ values: [Int64], prefix: String) -> StringColumn {
    var column = StringColumn()
    for value in values {
        column.bytes.append(contentsOf: (prefix + String(value)).utf8)
        column.offsets.append(Int32(column.bytes.count))
    }
    return column
}

func constant(_ value: Int64) -> Operand { Operand(constant: .bigint(FixedColumn([value]))) }

func constant(_ text: String) -> Operand {
    Operand(constant: .string(StringColumn(offsets: [0, Int32(text.utf8.count)], bytes: Array(text.utf8))))
}

@Sendable func measureArithmetic() {
    let a = Operand(.bigint(FixedColumn(integers(1 << 30, 1))))
    let b = Operand(.bigint(FixedColumn(integers(1 << 30, 2))))
    let i = Operand(.int(FixedColumn(integers(1 << 15, 2).map { Int32($0) })))
    let d = Operand(.double(FixedColumn(integers(1 << 30, 2).map { Double($0) })))
    let scope = RowScope(rowCount: rowCount)
    var faults: [RowFault] = []
    for (name, op) in [
        ("+", ArithmeticOperator.add), ("-", .subtract), ("*", .multiply), ("/", .divide), ("MOD", .modulo),
    ] {
        measure("BIGINT \(name) BIGINT", rows: rowCount) {
            use(Arithmetic.apply(op, a, b, scope: scope, faults: &faults))
        }
        measure("BIGINT \(name) literal", rows: rowCount) {
            use(Arithmetic.apply(op, a, constant(908), scope: scope, faults: &faults))
        }
    }
    measure("INT + INT", rows: rowCount) { use(Arithmetic.apply(.add, i, i, scope: scope, faults: &faults)) }
    measure("INT * INT", rows: rowCount) { use(Arithmetic.apply(.multiply, i, i, scope: scope, faults: &faults)) }
    measure("DOUBLE * DOUBLE", rows: rowCount) {
        use(Arithmetic.apply(.multiply, d, d, scope: scope, faults: &faults))
    }
    measure("CAST(DOUBLE AS BIGINT)", rows: rowCount) {
        use(Cast.apply(d, from: .double, to: .bigint, scope: scope, faults: &faults))
    }
    measure("CAST(BIGINT AS STRING)", rows: rowCount) {
        use(Cast.apply(a, from: .bigint, to: .string, scope: scope, faults: &faults))
    }
    let text = Operand(.string(strings(integers(1 << 30, 1), prefix: "")))
    measure("CAST(STRING AS BIGINT)", rows: rowCount) {
        use(Cast.apply(text, from: .string, to: .bigint, scope: scope, faults: &faults))
    }
}

@Sendable func measureSelection() {
    let values = integers(1000, 3)
    let a = Operand(.bigint(FixedColumn(values)))
    var nulls = Bitmap(repeating: true, count: rowCount)
    for row in stride(from: 0, to: rowCount, by: 7) { nulls[row] = false }
    let n = Operand(.bigint(FixedColumn(values, validity: nulls)))
    let scope = RowScope(rowCount: rowCount)
    measure("BIGINT > literal", rows: rowCount) {
        use(Comparison.apply(.greater, a, constant(500), rowCount: rowCount))
    }
    let half = Operand(Comparison.apply(.greater, a, constant(500), rowCount: rowCount))
    let halfWithNulls = Operand(Comparison.apply(.greater, n, constant(500), rowCount: rowCount))
    measure("filter to selection", rows: rowCount) { use(Selection.rows(where: half, scope: scope)) }
    measure("filter to selection, NULLs", rows: rowCount) {
        use(Selection.rows(where: halfWithNulls, scope: scope))
    }
    measure("AND", rows: rowCount) { use(Logic.and(half, half, rowCount: rowCount)) }
    measure("AND, NULLs", rows: rowCount) { use(Logic.and(half, halfWithNulls, rowCount: rowCount)) }
    let rows = Selection.rows(where: half, scope: scope)
    measure("take BIGINT (rows taken)", rows: rows.count) { use(a.column.take(rows)) }
    measure("take BIGINT, NULLs (rows taken)", rows: rows.count) { use(n.column.take(rows)) }
    let text = Column.string(strings(values, prefix: "channel-"))
    measure("take STRING (rows taken)", rows: rows.count) { use(text.take(rows)) }
    let batch = Batch(columns: [a.column, n.column, text], rowCount: rowCount, selection: rows)
    measure("compacted, 3 columns (rows kept)", rows: rows.count) { use(batch.compacted()) }
}

@Sendable func measureStrings() {
    let s = Operand(.string(strings(integers(1000, 4), prefix: "channel-")))
    let t = Operand(.string(strings(integers(1000, 5), prefix: "channel-")))
    let long = Operand(.string(strings(integers(1000, 4), prefix: "https://www.example.org/path/to/item.html?q=")))
    let scope = RowScope(rowCount: rowCount)
    var faults: [RowFault] = []
    measure("STRING = literal", rows: rowCount) {
        use(Comparison.apply(.equal, s, constant("channel-555"), rowCount: rowCount))
    }
    measure("STRING = STRING", rows: rowCount) { use(Comparison.apply(.equal, s, t, rowCount: rowCount)) }
    measure("STRING < STRING", rows: rowCount) { use(Comparison.apply(.less, s, t, rowCount: rowCount)) }
    for pattern in ["channel-5%", "%77", "%item%", "%a%item_html%"] {
        let like = compiled(pattern)
        measure("LIKE '\(pattern)', 47 bytes", rows: rowCount) { use(Like.apply(long, like, scope: scope)) }
    }
    measure("SUBSTRING(s, 1, 10)", rows: rowCount) {
        use(Substring.apply(long, start: constant(1), length: constant(10), scope: scope))
    }
    measure("CONCAT(s, '-', t)", rows: rowCount) {
        use(StringConcatenation.apply([s, constant("-"), t], scope: scope, faults: &faults))
    }
    measure("UPPER(s)", rows: rowCount) { use(LetterCase.upper.apply(s, scope: scope, faults: &faults)) }
    measure("TRIM(s)", rows: rowCount) { use(Trim.both.apply(s, constant(" "), scope: scope)) }
    measure("CHAR_LENGTH(s)", rows: rowCount) { use(CharacterLength.apply(s, as: .int, rowCount: rowCount)) }
}

private func compiled(_ pattern: String) -> LikePattern {
    do throws(InvalidEscape) {
        return try LikePattern(pattern.unicodeScalars)
    } catch {
        preconditionFailure("the benchmark's patterns compile")
    }
}

private func compiled(_ expression: ScalarExpression) -> ExpressionProgram {
    do throws(ExpressionError) {
        return try ExpressionProgram(expression)
    } catch {
        preconditionFailure("the benchmark's expressions compile: \(error)")
    }
}

@Sendable func measureHash() {
    let a = Column.bigint(FixedColumn(integers(1 << 40, 6)))
    let d = Column.double(FixedColumn(integers(1 << 40, 6).map { Double($0) }))
    let s = Column.string(strings(integers(1000, 6), prefix: "channel-"))
    var hashes: [UInt64] = []
    measure("hash BIGINT", rows: rowCount) { KeyHash.hash([a], rowCount: rowCount, into: &hashes) }
    measure("hash DOUBLE", rows: rowCount) { KeyHash.hash([d], rowCount: rowCount, into: &hashes) }
    measure("hash STRING, 11 bytes", rows: rowCount) { KeyHash.hash([s], rowCount: rowCount, into: &hashes) }
    measure("hash BIGINT, STRING", rows: rowCount) { KeyHash.hash([a, s], rowCount: rowCount, into: &hashes) }
}

@Sendable func measureGroups() {
    for distinct in [1000, 100_000, 5_000_000] {
        let total = max(1 << 17, distinct * 4)
        let values = integers(distinct, 7, count: total)
        let numbers = stride(from: 0, to: total, by: rowCount).map { start in
            Column.bigint(FixedColumn(Array(values[start..<min(start + rowCount, total)])))
        }
        measureGroups("BIGINT", distinct, [.bigint], numbers.map { [$0] })
        let texts = stride(from: 0, to: total, by: rowCount).map { start in
            Column.string(strings(Array(values[start..<min(start + rowCount, total)]), prefix: "k"))
        }
        measureGroups("short STRING", distinct, [.string], texts.map { [$0] })
        measureGroups("BIGINT, STRING", distinct, [.bigint, .string], zip(numbers, texts).map { [$0, $1] })
        // A window's pane and a key: rows of one pane stand together.
        let panes = numbers.indices.map {
            Column.bigint(FixedColumn([Int64](repeating: Int64($0 / 8), count: numbers[$0].rowCount)))
        }
        measureGroups("pane, BIGINT", distinct, [.bigint, .bigint], zip(panes, numbers).map { [$0, $1] })
    }
}

private func measureGroups(_ name: String, _ distinct: Int, _ types: [DataType], _ batches: [[Column]]) {
    let clock = ContinuousClock()
    let table = GroupTable(types)
    var groups: [Int32] = []
    let rows = batches.reduce(0) { $0 + $1[0].rowCount }
    var slowest = Duration.zero
    let start = clock.now
    for keys in batches {
        let began = clock.now
        table.resolve(keys, rowCount: keys[0].rowCount, into: &groups)
        slowest = max(slowest, clock.now - began)
    }
    let seconds =
        Double((clock.now - start).components.attoseconds) * 1e-18
        + Double((clock.now - start).components.seconds)
    print(
        "groups \(name), \(distinct) distinct: from empty \(Int(Double(rows) / seconds / 1e6)) M rows/s,",
        "slowest batch \(slowest), \(table.sizeBytes / max(1, table.count)) bytes a group")
    measure("groups \(name), \(distinct) distinct", rows: rows, seconds: 0.5) {
        for keys in batches { table.resolve(keys, rowCount: keys[0].rowCount, into: &groups) }
    }
}

@Sendable func measureExpressions() {
    let batch = Batch(
        columns: [
            .bigint(FixedColumn(integers(1 << 30, 8))),
            .string(strings(integers(1000, 9), prefix: "channel-")),
        ], rowCount: rowCount)
    let place = SourcePlace(line: 1, column: 1, text: "")
    let price = ScalarExpression.column(0, .bigint)
    let scaled = ScalarExpression.call(
        .multiply, [price, .literal(.bigint(908), .bigint)], .bigint, place)
    let isHigh = ScalarExpression.call(.greater, [scaled, .literal(.bigint(1 << 38), .bigint)], .boolean, place)
    let isOne = ScalarExpression.call(
        .equal, [.column(1, .string), .literal(.string("channel-555"), .string)], .boolean, place)
    let both = ScalarExpression.call(.and, [isHigh, isOne], .boolean, place)
    let choice = ScalarExpression.call(
        .caseWhen, [isHigh, price, .literal(.bigint(0), .bigint)], .bigint, place)
    for (name, expression) in [("price * 908", scaled), ("price * 908 > n AND s = x", both), ("CASE", choice)] {
        let program = compiled(expression)
        var failures = RowFailures()
        measure(name, rows: rowCount) { use(program.evaluate(batch, selection: nil, failures: &failures)) }
        if expression.type == .boolean {
            measure("filter " + name, rows: rowCount) {
                use(program.evaluateFilter(batch, selection: nil, failures: &failures))
            }
        }
    }
}
