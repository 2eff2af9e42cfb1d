import HostSystem

// A job's shape as SQL: what the engine is given to run, and what a failure prints. A relation inside it is a view, or a table
// that the job itself fills: both mean the same.

package struct JobSQL {
    private let shape: JobShape
    private var statements: [String] = []
    private var inserts: [String] = []
    private var views = 0
    /// Draws which relations are tables; nil: none.
    private var wiring: SplitMix64?

    private init(_ shape: JobShape, _ wiring: SplitMix64?) {
        self.shape = shape
        self.wiring = wiring
    }

    /// - Parameter wiring: some relations are tables that are written and read.
    package static func text(_ shape: JobShape, wiring: SplitMix64? = nil) -> String {
        var writer = JobSQL(shape, wiring)
        writer.write()
        return writer.statements.map { $0 + ";\n" }.joined(separator: "\n")
    }

    private mutating func write() {
        let usesClock = shape.sinks.contains { $0.relation.dependsOnTheClock }
        if usesClock { wiring = nil }
        for table in shape.tables { statements.append(Self.source(table, hasClock: usesClock)) }
        var named: Set<String> = []
        for topic in shape.sinks.flatMap(\.relation.topics) where named.insert(topic.name).inserted {
            statements.append(Self.table("in_\(topic.name)", topic))
        }
        for sink in shape.sinks {
            let view = view(of: sink.relation)
            statements.append(Self.sink(sink))
            let columns = sink.relation.columns.map(\.name).joined(separator: ", ")
            inserts.append("INSERT INTO \(sink.name) SELECT \(columns) FROM \(view);\n")
        }
        statements.append("EXECUTE STATEMENT SET BEGIN\n\(inserts.joined())END")
    }

    private static func source(_ table: InputTable, hasClock: Bool) -> String {
        var lines = InputTable.columns.map { "\($0.name) \($0.type.rawValue)" }
        if hasClock { lines.append("pt AS PROCTIME()") }
        if let delay = table.delaySeconds {
            lines.append("WATERMARK FOR ts AS ts" + (delay == 0 ? "" : " - \(interval(delay))"))
        }
        if table.format == .topic {
            return "CREATE TABLE \(table.name) (\(lines.joined(separator: ", "))) "
                + "WITH ('connector' = 'log', 'topic' = '\(table.name)')"
        }
        let format = table.format == .json ? "json" : "csv"
        return """
            CREATE TABLE \(table.name) (\(lines.joined(separator: ", ")))
            WITH ('connector' = 'filesystem', 'path' = '\(table.folder)', 'format' = '\(format)')
            """
    }

    private static func table(_ name: String, _ topic: ShapeTopic, options: String = "") -> String {
        var lines = topic.columns.map { "\($0.name) \($0.type.rawValue)" }
        let key = topic.columns.prefix(topic.keyCount).map(\.name).joined(separator: ", ")
        if !key.isEmpty { lines.append("PRIMARY KEY (\(key)) NOT ENFORCED") }
        return "CREATE TABLE \(name) (\(lines.joined(separator: ", "))) "
            + "WITH ('connector' = 'log', 'topic' = '\(topic.name)'\(options))"
    }

    private static func sink(_ sink: OutputTable) -> String {
        if let topic = sink.topic {
            return table(sink.name, topic, options: ", 'sink.partitions' = '\(topic.partitions)'")
        }
        let columns = sink.relation.columns.enumerated().map { "c\($0) \($1.type.rawValue)" }
        let format = sink.relation.isAppendOnly ? "json" : "debezium-json"
        return """
            CREATE TABLE \(sink.name) (\(columns.joined(separator: ", ")))
            WITH ('connector' = 'filesystem', 'path' = '\(sink.folder)', 'format' = '\(format)',
              'sink.rolling-policy.file-size' = '\(sink.rollBytes) b')
            """
    }

    /// The name of a table or view with these rows.
    private mutating func view(of relation: Relation) -> String {
        if case .table(let table) = relation { return table.name }
        if case .topic(let topic) = relation { return "in_\(topic.name)" }
        let inputs = relation.inputs.map { view(of: $0) }
        views += 1
        if isWired(relation) { return table(of: relation, from: inputs) }
        let name = "v\(views)"
        statements.append("CREATE VIEW \(name) AS\n" + Self.select(relation, from: inputs))
        return name
    }

    // MARK: Tables that are written and read

    private mutating func isWired(_ relation: Relation) -> Bool {
        switch relation {
        case .filter, .project, .union, .group: break
        case .table, .topic, .windowRows, .windowGroup, .sameWindow: return false
        }
        guard !relation.hasWindows, wiring?.oneIn(2) == true else { return false }
        return relation.rowtime == nil || relation.topics.isEmpty && Set(relation.tables.map(\.delaySeconds)).count == 1
    }

    private mutating func table(of relation: Relation, from inputs: [String]) -> String {
        let name = "w\(views)"
        var lines = relation.columns.map { "\($0.name) \($0.type.rawValue)" }
        if let rowtime = relation.rowtime, let delay = relation.tables[0].delaySeconds {
            let column = relation.columns[rowtime].name
            lines.append("WATERMARK FOR \(column) AS \(column)" + (delay == 0 ? "" : " - \(Self.interval(delay))"))
        }
        let format = relation.isAppendOnly ? "json" : "debezium-json"
        statements.append(
            """
            CREATE TABLE \(name) (\(lines.joined(separator: ", ")))
            WITH ('connector' = 'filesystem', 'path' = 'out/\(name)', 'format' = '\(format)')
            """)
        inserts.append("INSERT INTO \(name)\n\(Self.select(relation, from: inputs));\n")
        return name
    }

    private static func select(_ relation: Relation, from inputs: [String]) -> String {
        let input = relation.inputs.first?.columns ?? []
        let names = { (columns: [ShapeColumn]) in columns.map(\.name).joined(separator: ", ") }
        switch relation {
        case .table, .topic: preconditionFailure("a table is no view")
        case .filter(_, let condition):
            return "SELECT * FROM \(inputs[0]) WHERE \(condition.sql(input))"
        case .project(_, let items):
            let listed = zip(items, relation.columns).map { item, column in item.sql(input) + " AS " + column.name }
            return "SELECT \(listed.joined(separator: ", ")) FROM \(inputs[0])"
        case .union: return inputs.map { "SELECT * FROM \($0)" }.joined(separator: "\nUNION ALL ")
        case .group(_, let grouping):
            let by = grouping.keys.isEmpty ? "" : " GROUP BY " + names(grouping.keys.map { input[$0] })
            return "SELECT \(grouping.sql(input)) FROM \(inputs[0])\(by)"
        case .windowRows(_, let window):
            return "SELECT \(names(relation.columns)) FROM \(tableFunction(window, inputs[0], relation))"
        case .windowGroup(_, let window, let grouping) where window.isOldForm:
            return oldForm(window, grouping, inputs[0], relation)
        case .windowGroup(_, let window, let grouping):
            return "SELECT \(names(relation.windowColumns)), \(grouping.sql(input))\nFROM "
                + tableFunction(window, inputs[0], relation) + "\nGROUP BY " + windowKeys(relation, grouping)
        case .sameWindow(_, let grouping):
            return "SELECT \(names(relation.windowColumns)), \(grouping.sql(input))\nFROM \(inputs[0])\nGROUP BY "
                + windowKeys(relation, grouping)
        }
    }

    private static func windowKeys(_ relation: Relation, _ grouping: Grouping) -> String {
        let keys = grouping.keys.map { relation.inputs[0].columns[$0] }
        return (relation.windowColumns + keys).map(\.name).joined(separator: ", ")
    }

    private static func timeColumn(_ window: ShapeWindow, _ relation: Relation) -> String {
        guard window.time == .event, let rowtime = relation.inputs[0].rowtime else { return "pt" }
        return relation.inputs[0].columns[rowtime].name
    }

    private static func tableFunction(_ window: ShapeWindow, _ input: String, _ relation: Relation) -> String {
        let time = timeColumn(window, relation)
        var arguments = ["TABLE \(input)", "DESCRIPTOR(\(time))"]
        if !window.tumbles { arguments.append(interval(window.slideSeconds)) }
        arguments.append(interval(window.sizeSeconds))
        if window.offsetSeconds != 0 { arguments.append(interval(window.offsetSeconds)) }
        return "TABLE(\(window.tumbles ? "TUMBLE" : "HOP")(\(arguments.joined(separator: ", "))))"
    }

    private static func oldForm(
        _ window: ShapeWindow, _ grouping: Grouping, _ input: String, _ relation: Relation
    ) -> String {
        let name = window.tumbles ? "TUMBLE" : "HOP"
        let time = timeColumn(window, relation)
        let slide = window.tumbles ? "" : interval(window.slideSeconds) + ", "
        let arguments = "(\(time), \(slide)\(interval(window.sizeSeconds)))"
        let rowtime = window.time == .event ? ", \(name)_ROWTIME\(arguments) AS window_time" : ""
        let columns = relation.inputs[0].columns
        let keys = grouping.keys.map { ", " + columns[$0].name }.joined()
        return """
            SELECT \(name)_START\(arguments) AS window_start, \(name)_END\(arguments) AS window_end\(rowtime), \(grouping.sql(columns))
            FROM \(input)
            GROUP BY \(name)\(arguments)\(keys)
            """
    }

    static func interval(_ seconds: Int) -> String {
        seconds % 60 == 0 ? "INTERVAL '\(seconds / 60)' MINUTE" : "INTERVAL '\(seconds)' SECOND"
    }
}

extension Grouping {
    /// Keys and aggregates.
    fileprivate func sql(_ input: [ShapeColumn]) -> String {
        let listed = zip(calls, callNames(input)).map { call, name in
            let text = call.function == .rows ? "COUNT(*)" : "\(call.function.rawValue)(\(input[call.column].name))"
            return "\(text) AS \(name)"
        }
        return (keys.map { input[$0].name } + listed).joined(separator: ", ")
    }
}

extension ShapeItem {
    fileprivate func sql(_ input: [ShapeColumn]) -> String {
        switch self {
        case .column(let index), .named(let index, _): input[index].name
        case .plus(let index, let value): "\(input[index].name) + \(value)"
        case .suffixed(let index, let suffix): "CONCAT(\(input[index].name), '\(suffix)')"
        case .orElse(let index, let text): "COALESCE(\(input[index].name), '\(text)')"
        case .sign(let index):
            "CASE WHEN \(input[index].name) > 0 THEN 'plus' WHEN \(input[index].name) IS NULL THEN NULL ELSE 'minus' END"
        }
    }
}

extension ShapeCondition {
    fileprivate func sql(_ input: [ShapeColumn]) -> String {
        switch self {
        case .less(let index, let value): "\(input[index].name) < \(value.sql)"
        case .equal(let index, let value): "\(input[index].name) = \(value.sql)"
        case .isNull(let index): "\(input[index].name) IS NULL"
        case .remainder(let index, let divisor, let value): "MOD(\(input[index].name), \(divisor)) = \(value)"
        case .not(let condition): "NOT (\(condition.sql(input)))"
        case .both(let a, let b): "(\(a.sql(input))) AND (\(b.sql(input)))"
        case .either(let a, let b): "(\(a.sql(input))) OR (\(b.sql(input)))"
        }
    }
}
