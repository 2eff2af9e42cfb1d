/// The tables and views of one file, by name; behind them those that are there anyway.
struct Catalog {
    private(set) var tables: [String: TableDefinition] = [:]
    private(set) var views: [String: Relation] = [:]
    var provider: TableProvider?
    /// Every topic is read to its end, whatever a table says.
    var endsTopics = false

    /// The name without `default_catalog.default_database.`; there are no others.
    func simpleName(_ name: ObjectName, _ source: SourceText) throws(SQLError) -> String {
        var parts = name.parts[...]
        if parts.count == 3, parts.first?.name == "default_catalog" { parts.removeFirst() }
        if parts.count == 2, parts.first?.name == "default_database" { parts.removeFirst() }
        guard parts.count == 1, let last = parts.first else {
            throw source.notSupported("a name in a catalog or database of its own", at: name.span)
        }
        return last.name
    }

    /// Whether there is nothing to create; nil name clashes are errors.
    func exists(_ name: String, ifNotExists: Bool, at span: SourceSpan, _ source: SourceText) throws(SQLError) -> Bool {
        let kind = tables[name] != nil ? "table" : views[name] != nil ? "view" : nil
        guard let kind else { return false }
        if ifNotExists { return true }
        throw source.error("\(kind) \"\(name)\" already exists", at: span)
    }

    mutating func add(_ table: TableDefinition) {
        var table = table
        if endsTopics, case .log(var connector) = table.connector {
            connector.isBounded = true
            table.connector = .log(connector)
        }
        tables[table.name] = table
    }

    mutating func add(_ view: Relation, as name: String) { views[name] = view }

    /// What the name stands for in FROM.
    func relation(
        _ name: String, at span: SourceSpan, _ source: SourceText, _ others: some Sequence<String>
    ) throws(SQLError) -> Relation {
        if let view = views[name] { return view }
        var found = tables[name]
        if found == nil {
            do throws(SQLError) {
                found = try provider?.table(name)
            } catch {
                throw source.error(error.message, at: span, detail: error.detail, hint: error.hint)
            }
        }
        guard let table = found else {
            let known = Array(tables.keys) + Array(views.keys) + Array(others) + (provider?.names() ?? [])
            throw source.error(
                "table \"\(name)\" does not exist", at: span, hint: Suggestion.hint(for: name, among: known.sorted()))
        }
        switch table.connector {
        case .print, .blackhole:
            throw source.error(
                "table \"\(name)\" cannot be read: '\(table.connector.name)' is only for writing", at: span)
        case .datagen, .nexmark, .filesystem, .log: break
        }
        return Relation(table)
    }

    func sink(_ name: String, at span: SourceSpan, _ source: SourceText) throws(SQLError) -> TableDefinition {
        if views[name] != nil { throw source.error("\"\(name)\" is a view: it cannot be written", at: span) }
        guard let table = tables[name] else {
            throw source.error(
                "table \"\(name)\" does not exist", at: span,
                hint: Suggestion.hint(for: name, among: tables.keys.sorted()))
        }
        switch table.connector {
        case .datagen, .nexmark:
            throw source.error(
                "table \"\(name)\" cannot be written: '\(table.connector.name)' is only for reading", at: span)
        case .filesystem(let files): try checkWritable(files, table, at: span, source)
        case .print, .blackhole, .log: break
        }
        if let column = table.metadata.first(where: { !$0.isVirtual }) {
            throw source.error(
                "table \"\(name)\" cannot be written: metadata column \"\(column.name)\" is not writable", at: span,
                hint: "declare it VIRTUAL")
        }
        return table
    }

    private func checkWritable(
        _ files: FileConnector, _ table: TableDefinition, at span: SourceSpan, _ source: SourceText
    ) throws(SQLError) {
        let onlyRead =
            files.isGlob
            ? "its path is a glob"
            : files.pathPattern != nil ? "it has a 'source.path.regex-pattern'" : nil
        if files.format.includesSchema {
            throw source.error(
                "table \"\(table.name)\" cannot be written: "
                    + "Debezium JSON serialization doesn't support 'debezium-json.schema-include'", at: span)
        }
        guard let onlyRead else { return }
        throw source.error(
            "table \"\(table.name)\" cannot be written: \(onlyRead)", at: span, hint: "it takes a folder")
    }
}
