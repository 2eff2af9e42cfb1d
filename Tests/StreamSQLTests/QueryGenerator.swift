import HostSystem

/// Valid queries over `t (b BOOLEAN, i INT, l BIGINT, d DOUBLE, s STRING, r ROW<a INT, s STRING>)`, seeded.
struct QueryGenerator {
    enum Kind: CaseIterable {
        case boolean
        case int
        case bigint
        case double
        case string
    }

    struct Column {
        var name: String
        var kind: Kind
    }

    var random: SplitMix64

    static let table = [
        Column(name: "b", kind: .boolean), Column(name: "i", kind: .int), Column(name: "l", kind: .bigint),
        Column(name: "d", kind: .double), Column(name: "s", kind: .string), Column(name: "r.a", kind: .int),
        Column(name: "r.s", kind: .string),
    ]

    mutating func query(depth: Int) -> (sql: String, columns: [Column]) {
        let source = depth == 0 || random.oneIn(4) ? ("t", Self.table) : subquery(depth: depth - 1)
        var sql = ""
        var columns: [Column] = []
        let kinds = (0...random.below(3)).map { _ in Kind.allCases[random.below(5)] }
        for (index, kind) in kinds.enumerated() {
            columns.append(Column(name: "c\(index)", kind: kind))
            sql += "\(index == 0 ? "SELECT " : ", ")\(expression(kind, source.1, depth: 2)) AS c\(index)"
        }
        sql += " FROM \(source.0)"
        if !random.oneIn(3) { sql += " WHERE " + condition(source.1) }
        if depth > 0, random.oneIn(4) {
            sql +=
                " UNION ALL SELECT " + kinds.map { expression($0, Self.table, depth: 1) }.joined(separator: ", ")
                + " FROM t"
            if random.oneIn(2) { sql += " WHERE " + condition(Self.table) }
        }
        return (sql, columns)
    }

    /// Grouped on top, so that nothing aggregates over updates.
    mutating func groupedQuery() -> (sql: String, columns: [Column]) {
        let source = random.oneIn(3) ? ("t", Self.table) : subquery(depth: 2)
        let key = Kind.allCases[random.below(5)]
        let keyText = expression(key, source.1, depth: 1)
        var sql =
            "SELECT \(keyText) AS k, COUNT(*) AS n, COUNT(\(expression(.string, source.1, depth: 1))) AS m FROM \(source.0)"
        if random.oneIn(2) { sql += " WHERE " + condition(source.1) }
        sql += " GROUP BY \(keyText)"
        if random.oneIn(2) { sql += " HAVING COUNT(*) > \(random.below(3))" }
        let columns = [
            Column(name: "k", kind: key), Column(name: "n", kind: .bigint), Column(name: "m", kind: .bigint),
        ]
        guard random.oneIn(2) else { return (sql, columns) }
        let kept = Array(columns.prefix(1 + random.below(3)))
        let names = kept.map(\.name).joined(separator: ", ")
        return ("SELECT \(names) FROM (\(sql)) AS g WHERE \(condition(columns))", kept)
    }

    /// By windows of `ts`, or of a sub-query that has it; now and then something looks at the windows before they are aggregated.
    mutating func windowedQuery() -> String {
        var input = "TABLE t"
        var columns = Self.table
        if random.oneIn(2) {
            let (list, made) = windowedColumns()
            input = "(SELECT \(list), ts FROM t WHERE \(condition(Self.table)))"
            columns = made
        }
        let function =
            random.oneIn(2)
            ? "TUMBLE(\(input), DESCRIPTOR(ts), INTERVAL '7' SECOND)"
            : "HOP(\(input), DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '9' SECOND, INTERVAL '1' SECOND)"
        var source = "TABLE(\(function))"
        if random.oneIn(3) {
            let (list, made) = windowedColumns(of: columns)
            source = "(SELECT \(list), window_start, window_end FROM \(source)"
            if random.oneIn(2) { source += " WHERE window_start > TIMESTAMP '1970-01-01 00:00:00'" }
            source += ")"
            columns = made
        }
        let key = expression(Kind.allCases[random.below(5)], columns, depth: 1)
        let argument = random.oneIn(4) ? "window_end" : expression(.string, columns, depth: 1)
        var sql = "SELECT \(key) AS k, window_start, COUNT(*) AS n, COUNT(\(argument)) AS m FROM \(source)"
        if random.oneIn(2) { sql += " WHERE \(condition(columns))" }
        sql += " GROUP BY window_start, \(random.oneIn(4) ? "" : "window_end, ")\(key)"
        return sql
    }

    private mutating func windowedColumns(of columns: [Column] = Self.table) -> (String, [Column]) {
        let kinds = (0...random.below(3)).map { _ in Kind.allCases[random.below(5)] }
        var items: [String] = []
        for (index, kind) in kinds.enumerated() { items.append("\(expression(kind, columns, depth: 1)) AS c\(index)") }
        return (
            items.joined(separator: ", "), kinds.enumerated().map { Column(name: "c\($0.offset)", kind: $0.element) }
        )
    }

    private mutating func subquery(depth: Int) -> (String, [Column]) {
        let (sql, columns) = query(depth: depth)
        return ("(\(sql)) AS q\(depth)", columns)
    }

    private mutating func condition(_ columns: [Column]) -> String {
        var conjuncts = [expression(.boolean, columns, depth: 2)]
        // What fixes a column is what the optimiser looks for.
        if let column = columns.filter({ $0.kind == .int }).first, random.oneIn(2) {
            conjuncts.append("\(column.name) = \(random.below(3))")
        }
        if random.oneIn(2) { conjuncts.append(expression(.boolean, columns, depth: 1)) }
        return conjuncts.joined(separator: " AND ")
    }

    // MARK: Expressions

    private mutating func expression(_ kind: Kind, _ columns: [Column], depth: Int) -> String {
        if depth == 0 || random.oneIn(4) { return leaf(kind, columns) }
        if random.oneIn(5) { return caseWhen(kind, columns, depth: depth - 1) }
        if random.oneIn(8) { return "COALESCE(\(expression(kind, columns, depth: depth - 1)), \(leaf(kind, columns)))" }
        switch kind {
        case .boolean: return boolean(columns, depth: depth - 1)
        case .int, .bigint, .double:
            let sides = [expression(kind, columns, depth: depth - 1), expression(kind, columns, depth: depth - 1)]
            let symbols = kind == .double ? ["+", "-", "*", "/"] : ["+", "-", "*", "/", "%"]
            return "(\(sides[0]) \(symbols[random.below(symbols.count)]) \(sides[1]))"
        case .string:
            let text = expression(.string, columns, depth: depth - 1)
            return ["UPPER(\(text))", "(\(text) || 'x')", "SUBSTRING(\(text), 1, 2)", "TRIM(\(text))"][random.below(4)]
        }
    }

    private mutating func boolean(_ columns: [Column], depth: Int) -> String {
        let kind = Kind.allCases[random.below(5)]
        let left = expression(kind, columns, depth: depth)
        let right = expression(kind, columns, depth: depth)
        switch random.below(9) {
        case 0: return "(\(left) IS NULL)"
        case 1: return "(\(left) IS NOT NULL)"
        case 2: return "(NOT \(expression(.boolean, columns, depth: depth)))"
        case 3:
            return "(\(expression(.boolean, columns, depth: depth)) OR \(expression(.boolean, columns, depth: depth)))"
        case 4:
            return "(\(expression(.boolean, columns, depth: depth)) AND \(expression(.boolean, columns, depth: depth)))"
        case 5: return "(\(left) IN (\(right), \(leaf(kind, columns))))"
        case 6: return "(\(left) IS DISTINCT FROM \(right))"
        default: return "(\(left) \(["=", "<>", "<", "<=", ">", ">="][random.below(6)]) \(right))"
        }
    }

    private mutating func caseWhen(_ kind: Kind, _ columns: [Column], depth: Int) -> String {
        let value = expression(kind, columns, depth: depth)
        let other = leaf(kind, columns)
        if random.oneIn(2) {
            let condition = expression(.boolean, columns, depth: depth)
            return "CASE WHEN \(condition) THEN \(value) ELSE \(other) END"
        }
        let operand = leaf(.int, columns)
        return "CASE \(operand) WHEN 0 THEN \(value) WHEN 1 THEN \(leaf(kind, columns)) ELSE \(other) END"
    }

    private mutating func leaf(_ kind: Kind, _ columns: [Column]) -> String {
        let named = columns.filter { $0.kind == kind }
        if !named.isEmpty, !random.oneIn(3) { return named[random.below(named.count)].name }
        switch kind {
        case .boolean: return ["TRUE", "FALSE", "CAST(NULL AS BOOLEAN)"][random.below(3)]
        case .int: return ["0", "1", "2", "7", "-3", "CAST(NULL AS INT)"][random.below(6)]
        case .bigint: return "CAST(\(random.below(4)) AS BIGINT)"
        case .double: return ["0.5", "2e0", "-1.25"][random.below(3)]
        case .string: return ["''", "'a'", "'ab'", "' x '"][random.below(4)]
        }
    }
}
