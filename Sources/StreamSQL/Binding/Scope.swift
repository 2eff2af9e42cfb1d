import Columnar

/// The columns an expression may name: those of the table in FROM. (Joins will add relations to it.)
struct Scope {
    let source: SourceText
    /// What the table is called here; nil for a sub-query without a name.
    let alias: String?
    let columns: [RelationColumn]
    private let indexes: [String: Int]
    private let ambiguous: Set<String>

    init(_ columns: [RelationColumn], alias: String?, source: SourceText) {
        self.source = source
        self.alias = alias
        self.columns = columns
        var indexes: [String: Int] = [:]
        var ambiguous: Set<String> = []
        for (index, column) in columns.enumerated() {
            if indexes.updateValue(index, forKey: column.name) != nil { ambiguous.insert(column.name) }
        }
        self.indexes = indexes
        self.ambiguous = ambiguous
    }

    /// What a dotted name stands for: the table's name first, then a column's, then fields.
    ///
    /// - Errors: no such column or field, or two of that name.
    func resolve(_ parts: [Identifier]) throws(SQLError) -> ColumnContent {
        let parts = withoutCatalog(parts)
        if parts.count > 1, parts[0].name == alias {
            if let index = try column(parts[1]) { return try field(parts[2...], of: columns[index]) }
            if indexes[parts[0].name] == nil { throw notFound(parts[1], in: "table \"\(parts[0].name)\"") }
        }
        guard let index = try column(parts[0]) else { throw unknown(parts) }
        return try field(parts[1...], of: columns[index])
    }

    /// The columns `t.*` or `row.*` stands for.
    func expand(_ qualifier: [Identifier], at span: SourceSpan) throws(SQLError) -> [RelationColumn] {
        if qualifier.isEmpty { return columns }
        let parts = withoutCatalog(qualifier)
        if parts.count == 1, parts[0].name == alias { return columns }
        guard case .row(let row) = try resolve(parts) else {
            throw source.error("\"\(source.text(parts[0].span))\" is neither a table here nor a ROW", at: span)
        }
        return row.fields
    }

    /// `default_catalog.default_database.t.a` → `t.a`
    private func withoutCatalog(_ parts: [Identifier]) -> [Identifier] {
        var rest = parts[...]
        if rest.count > 2, rest.first?.name == "default_catalog", indexes["default_catalog"] == nil {
            rest.removeFirst()
        }
        if rest.count > 1, rest.first?.name == "default_database", indexes["default_database"] == nil,
            rest.dropFirst().first?.name == alias
        {
            rest.removeFirst()
        }
        return Array(rest)
    }

    private func column(_ name: Identifier) throws(SQLError) -> Int? {
        if ambiguous.contains(name.name) {
            throw source.error("column \"\(name.name)\" is ambiguous", at: name.span)
        }
        return indexes[name.name]
    }

    private func field(_ path: ArraySlice<Identifier>, of column: RelationColumn) throws(SQLError) -> ColumnContent {
        var content = column.content
        var owner = column.name
        for part in path {
            guard case .row(let row) = content else {
                throw source.error("\"\(owner)\" has no fields: it is not a ROW", at: part.span)
            }
            guard let found = row.fields.first(where: { $0.name == part.name }) else {
                throw source.error(
                    "field \"\(part.name)\" does not exist in \"\(owner)\"", at: part.span,
                    hint: Suggestion.hint(for: part.name, among: row.fields.map(\.name)))
            }
            content = found.content
            owner = part.name
        }
        return content
    }

    private func unknown(_ parts: [Identifier]) -> SQLError {
        guard parts.count > 1 else { return notFound(parts[0], in: nil) }
        return source.error(
            "\"\(parts[0].name)\" is neither a table nor a column here", at: parts[0].span,
            hint: Suggestion.hint(for: parts[0].name, among: columns.map(\.name) + (alias.map { [$0] } ?? [])))
    }

    private func notFound(_ name: Identifier, in table: String?) -> SQLError {
        source.error(
            "column \"\(name.name)\" does not exist" + (table.map { " in \($0)" } ?? ""), at: name.span,
            hint: Suggestion.hint(for: name.name, among: columns.map(\.name)))
    }
}
