import Operators

/// Reads a SQL file: text → syntax → bound plans → optimised plans.
///
/// - Parameter overrides: `-D key=value`, which beat the file's SETs.
/// - Errors: the first mistake, with its place.
package func analyze(
    _ text: [UInt8], file: String, overrides: [(key: String, value: String)] = []
) throws(SQLError) -> JobDefinition {
    let source = try SourceText(text)
    var analyzer = Analyzer(source)
    for statement in try Parser.statements(of: source) { try analyzer.apply(statement) }
    return try analyzer.finish(file, overrides)
}

/// The plan of the query that a text's last EXPLAIN names, as bound: what `Optimizer` begins with.
package func boundQuery(_ text: [UInt8]) throws(SQLError) -> LogicalPlan? {
    let source = try SourceText(text)
    var analyzer = Analyzer(source)
    var plan: LogicalPlan?
    for statement in try Parser.statements(of: source) {
        if case .explain(.query(let query)) = statement {
            plan = try analyzer.bound(query).plan
        } else {
            try analyzer.apply(statement)
        }
    }
    return plan
}

struct Analyzer {
    private let source: SourceText
    private(set) var catalog: Catalog
    private(set) var settings: [Setting]
    private var sinks: [Sink] = []
    /// Where each sink is written.
    private var sinkSpans: [[SourceSpan]] = []
    private var explains: [ExplainRequest] = []
    /// Of all plans of the file together.
    private var weight = 0

    /// - Parameters: what earlier texts have declared.
    init(_ source: SourceText, catalog: Catalog = Catalog(), settings: [Setting] = []) {
        self.source = source
        self.catalog = catalog
        self.settings = settings
    }

    mutating func apply(_ statement: StatementSyntax) throws(SQLError) {
        switch statement {
        case .set(let set):
            settings.append(Setting(key: set.key, value: set.value, place: source.place(set.valueSpan)))
        case .createTable(let table): try create(table)
        case .createView(let view): try create(view)
        case .insert(let inserts):
            for insert in inserts { try add(insert) }
        case .explain(.query(let query)):
            let relation = try bound(query)
            try addWeight(relation.bulk, at: query.span)
            explains.append(ExplainRequest(plans: [try Self.optimized(relation.plan)]))
        case .explain(.inserts(let inserts)):
            var plans: [LogicalPlan] = []
            for insert in inserts { plans.append(try Self.optimized(.sink(try bind(insert)))) }
            explains.append(ExplainRequest(plans: plans))
        }
    }

    /// - Errors: what only the whole plan shows.
    static func optimized(_ plan: LogicalPlan) throws(SQLError) -> LogicalPlan {
        let optimized = Optimizer.optimize(plan)
        if let windows = optimized.processingTimeWindows {
            throw SQLError(
                "windows of processing time without an aggregation that is all that looks at them are not supported yet",
                hint: "group by window_start and window_end", place: windows.place)
        }
        return optimized
    }

    func bound(_ query: QuerySyntax) throws(SQLError) -> Relation {
        try QueryBinder(source: source).bind(query, Environment(catalog: catalog))
    }

    // MARK: CREATE

    private mutating func create(_ syntax: CreateTableSyntax) throws(SQLError) {
        let name = Identifier(name: try catalog.simpleName(syntax.name, source), span: syntax.name.span)
        guard try !catalog.exists(name.name, ifNotExists: syntax.ifNotExists, at: name.span, source) else { return }
        catalog.add(try TableBinder(source: source).bind(syntax, name: name))
    }

    private mutating func create(_ syntax: CreateViewSyntax) throws(SQLError) {
        let name = try catalog.simpleName(syntax.name, source)
        guard try !catalog.exists(name, ifNotExists: syntax.ifNotExists, at: syntax.name.span, source) else { return }
        let binder = QueryBinder(source: source)
        var relation = try binder.bind(syntax.query, Environment(catalog: catalog))
        if !syntax.columns.isEmpty {
            relation.columns = try binder.renamed(relation.columns, syntax.columns, at: syntax.name.span)
        }
        var seen: Set<String> = []
        for column in relation.columns where !seen.insert(column.name).inserted {
            throw source.error(
                "column \"\(column.name)\" is in view \"\(name)\" twice", at: syntax.name.span,
                hint: "give one of them another name with AS")
        }
        catalog.add(relation, as: name)
    }

    // MARK: INSERT

    /// Several INSERTs into one table are one sink over all their rows.
    private mutating func add(_ insert: InsertSyntax) throws(SQLError) {
        let sink = try bind(insert)
        guard let index = sinks.firstIndex(where: { $0.table.name == sink.table.name }) else {
            sinks.append(sink)
            sinkSpans.append([insert.table.span])
            return
        }
        guard !sink.table.isChangelog else {
            throw source.notSupported(
                "several INSERTs into a table with a PRIMARY KEY (\"\(sink.table.name)\")", at: insert.table.span)
        }
        var inputs = [sinks[index].input]
        if case .unionAll(let union) = sinks[index].input { inputs = union.inputs }
        sinks[index].input = .unionAll(UnionAll(inputs: inputs + [sink.input]))
        let unchecked = Set(sinks[index].notNullColumns).union(sink.notNullColumns)
        sinks[index].notNullColumns = unchecked.sorted()
        sinkSpans[index].append(insert.table.span)
    }

    private mutating func bind(_ insert: InsertSyntax) throws(SQLError) -> Sink {
        let (sink, bulk) = try InsertBinder(source: source, catalog: catalog).bind(insert)
        try addWeight(bulk, at: insert.table.span)
        return sink
    }

    private mutating func addWeight(_ bulk: PlanBulk, at span: SourceSpan) throws(SQLError) {
        weight += bulk.weight
        guard weight <= 4 * PlanBulk.maxWeight else {
            throw source.error("the queries of the file are too large once views are expanded", at: span)
        }
    }

    // MARK: The whole

    func finish(
        _ file: String, _ overrides: [(key: String, value: String)]
    ) throws(SQLError) -> JobDefinition {
        let all = settings + overrides.map { Setting(key: $0.key, value: $0.value, place: nil) }
        let settings = try Settings(all)
        try checkPaths()
        try checkTopics()
        var wiring = TableWiring(source: source, sinks, at: sinkSpans)
        return JobDefinition(
            file: file, settings: settings, warnings: settings.warnings, sinks: try wiring.plans(), explains: explains)
    }

    /// A topic has one writer, and a job reads what it writes as rows of the table that it writes.
    private func checkTopics() throws(SQLError) {
        var owners: [String: String] = [:]
        for (sink, spans) in zip(sinks, sinkSpans) {
            guard case .log(let topic) = sink.table.connector else { continue }
            if let owner = owners.updateValue(sink.table.name, forKey: topic.topic) {
                throw source.error(
                    "tables \"\(owner)\" and \"\(sink.table.name)\" are written to one topic, '\(topic.topic)'",
                    at: spans[0])
            }
        }
        let written = Set(owners.values)
        var read: [String: String] = [:]
        for sink in sinks { sink.input.collectTopics(besides: written, into: &read) }
        for (sink, spans) in zip(sinks, sinkSpans) {
            guard case .log(let topic) = sink.table.connector, let reader = read[topic.topic] else { continue }
            throw source.notSupported(
                "a topic both written and read in one file ('\(topic.topic)'), by two tables, \"\(sink.table.name)\" and \"\(reader)\",",
                at: spans[0],
                hint: "read the table that is written; or the topic in a file, and run, of its own")
        }
    }

    /// Two sinks in one folder would take each other's part files for their own.
    private func checkPaths() throws(SQLError) {
        var owners: [String: String] = [:]
        for (sink, spans) in zip(sinks, sinkSpans) {
            guard case .filesystem(let files) = sink.table.connector else { continue }
            if let owner = owners.updateValue(sink.table.name, forKey: files.path) {
                throw source.error(
                    "tables \"\(owner)\" and \"\(sink.table.name)\" are written to one path, '\(files.path)'",
                    at: spans[0])
            }
        }
    }
}

extension LogicalPlan {
    /// A window table that no aggregation has taken in.
    fileprivate var processingTimeWindows: WindowTable? {
        if case .windows(let windows) = self, windows.time == .processing { return windows }
        for input in inputs {
            if let found = input.processingTimeWindows { return found }
        }
        return nil
    }

    /// Topics that are read, each with a table of it, by tables that are not `written`.
    fileprivate func collectTopics(besides written: Set<String>, into names: inout [String: String]) {
        if case .scan(let scan) = self, case .log(let topic) = scan.table.connector, !written.contains(scan.table.name)
        {
            names[topic.topic] = scan.table.name
        }
        for input in inputs { input.collectTopics(besides: written, into: &names) }
    }
}
