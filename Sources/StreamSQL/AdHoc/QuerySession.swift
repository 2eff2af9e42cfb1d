import Columnar
import Operators

/// What a statement of a session comes to.
package enum SessionAction: Sendable {
    /// Something was declared.
    case nothing
    case query(ResultQuery)
    /// To be shown as it is.
    case text(String)
    /// Rows that are known already: names and types.
    case rows([Field], Batch)
}

/// The tables, views and settings that the statements of `sluice sql` declare for those behind them.
package struct QuerySession: Sendable {
    private(set) var catalog = Catalog()
    private var declared: [Setting] = []
    private let overrides: [Setting]
    private let mode: RuntimeMode
    package private(set) var settings = Settings()

    /// - Parameters:
    ///   - overrides: `-D key=value`, which beat SET.
    ///   - provider: of tables that are there without CREATE TABLE.
    package init(
        overrides: [(key: String, value: String)] = [], provider: TableProvider? = nil, mode: RuntimeMode = .batch
    ) throws(SQLError) {
        self.overrides = overrides.map { Setting(key: $0.key, value: $0.value, place: nil) }
        catalog.provider = provider
        self.mode = mode
        catalog.endsTopics = mode == .batch
        settings = try Settings(self.overrides)
    }

    /// Takes the tables, views and settings of a job file; its INSERTs are not run, nor looked at.
    package mutating func load(_ text: [UInt8]) throws(SQLError) {
        let source = try SourceText(text)
        for statement in try Parser.statements(of: source) {
            switch statement {
            case .createTable, .createView, .set: try declare(statement, source)
            case .insert, .explain: continue
            }
        }
    }

    /// The statements of a text, in their order; each is given to `perform` before the next is looked at.
    ///
    /// - Errors: the first mistake, with its place; statements before it were performed, unless it is one of syntax.
    package mutating func run<Failure: Error>(
        _ text: [UInt8], mistake: (SQLError) -> Failure, perform: (SessionAction, Settings) throws(Failure) -> Void
    ) throws(Failure) {
        let source: SourceText
        let statements: [AdHocStatement]
        do throws(SQLError) {
            source = try SourceText(text)
            statements = try Parser.adHocStatements(of: source)
        } catch {
            throw mistake(error)
        }
        for statement in statements {
            let action: SessionAction
            do throws(SQLError) {
                action = try apply(statement, source)
            } catch {
                throw mistake(error)
            }
            try perform(action, settings)
        }
    }

    private mutating func apply(_ statement: AdHocStatement, _ source: SourceText) throws(SQLError) -> SessionAction {
        switch statement {
        case .query(let query): return .query(try binder(source).bind(query))
        case .explain(let query):
            let bound = try binder(source).bind(query)
            return .text(bound.orderText + explainText(bound.plan) { catalog.provider?.partitions($0) })
        case .showTables:
            let names = Set(catalog.tables.keys).union(catalog.views.keys).union(catalog.provider?.names() ?? [])
            return Self.names(names, title: "table name")
        case .showViews: return Self.names(Set(catalog.views.keys), title: "view name")
        case .describe(let name): return try describe(name, source)
        case .declaration(let statement):
            try declare(statement, source)
            return .nothing
        }
    }

    private func binder(_ source: SourceText) -> ResultBinder {
        ResultBinder(source: source, catalog: catalog, mode: mode)
    }

    private mutating func declare(_ statement: StatementSyntax, _ source: SourceText) throws(SQLError) {
        var analyzer = Analyzer(source, catalog: catalog, settings: declared)
        try analyzer.apply(statement)
        settings = try Settings(analyzer.settings + overrides)
        declared = analyzer.settings
        catalog = analyzer.catalog
    }

    // MARK: What is there

    private static func names(_ names: Set<String>, title: String) -> SessionAction {
        .rows([Field(title, .string, isNullable: false)], batch([names.sorted()]))
    }

    private func describe(_ name: ObjectName, _ source: SourceText) throws(SQLError) -> SessionAction {
        let simple = try catalog.simpleName(name, source)
        // A table that can only be written has columns too.
        let relation: Relation
        if let table = catalog.tables[simple] {
            relation = Relation(table)
        } else {
            relation = try catalog.relation(simple, at: name.span, source, EmptyCollection<String>())
        }
        var columns: [[String]] = [[], [], []]
        for column in relation.columns {
            let (type, isNullable) = Self.typeText(column.content)
            for (index, text) in [column.name, type, isNullable ? "TRUE" : "FALSE"].enumerated() {
                columns[index].append(text)
            }
        }
        let fields = ["name", "type", "null"].map { Field($0, .string, isNullable: false) }
        return .rows(fields, Self.batch(columns))
    }

    private static func typeText(_ content: ColumnContent) -> (String, Bool) {
        switch content {
        case .value(_, let type, let isNullable): return (type.description, isNullable)
        case .row(let row):
            let fields = row.fields.map { "`\($0.name)` \(typeText($0.content).0)" }
            return ("ROW<\(fields.joined(separator: ", "))>", row.isNullable)
        case .processingTime: return ("TIMESTAMP_LTZ(3) *PROCTIME*", false)
        }
    }

    private static func batch(_ columns: [[String]]) -> Batch {
        Batch(
            columns: columns.map { texts in
                var column = StringColumn()
                for text in texts {
                    column.bytes += text.utf8
                    column.offsets.append(Int32(truncatingIfNeeded: column.bytes.count))
                }
                return .string(column)
            }, rowCount: columns.first?.count ?? 0)
    }
}

extension ResultQuery {
    /// What is done with the whole result, as `EXPLAIN` shows it.
    fileprivate var orderText: String {
        var text = ""
        if let limit { text += "Limit \(limit)\n" }
        if offset > 0 { text += "Offset \(offset)\n" }
        guard !order.isEmpty else { return text }
        let columns = plan.columns
        let keys = order.map { key in
            let isShown = width == fields.count && key.column < width
            let name = isShown ? fields[key.column].name : columns[key.column].name
            return "\(name) \(key.isDescending ? "DESC" : "ASC") NULLS \(key.putsNullsFirst ? "FIRST" : "LAST")"
        }
        return text + "Sort \(keys.joined(separator: ", "))\n"
    }
}
