import Columnar
import Operators

/// Makes a definition of CREATE TABLE.
struct TableBinder {
    let source: SourceText

    func bind(_ syntax: CreateTableSyntax, name: Identifier) throws(SQLError) -> TableDefinition {
        let keys = Set(syntax.primaryKey.map(\.name))
        var columns: [Field] = []
        var order: [String] = []
        var seen: Set<String> = []
        for column in syntax.columns {
            guard seen.insert(column.name.name).inserted else {
                throw source.error("column \"\(column.name.name)\" is there twice", at: column.name.span)
            }
            order.append(column.name.name)
            guard case .physical(let type) = column.kind else { continue }
            let isNullable = type.isNullable && !keys.contains(column.name.name)
            columns.append(Field(column.name.name, type.type, isNullable: isNullable))
        }
        guard !columns.isEmpty else {
            throw source.error("table \"\(name.name)\" has no column that is stored", at: name.span)
        }
        try checkPrimaryKey(syntax.primaryKey, columns)
        var options = try TableOptions(syntax.options, table: name, source: source)
        var table = TableDefinition(
            name: name.name, columns: columns, computed: [], columnOrder: order, watermark: nil,
            primaryKey: syntax.primaryKey.map(\.name), connector: try options.connector(at: name),
            place: source.place(name.span))
        guard table.leaves.count <= Parser.maxColumns else {
            throw source.error("more than \(Parser.maxColumns) columns", at: name.span)
        }
        table.computed = try computedColumns(syntax.columns, of: table)
        if let watermark = syntax.watermark { table.watermark = try bind(watermark, of: table) }
        return table
    }

    private func checkPrimaryKey(_ keys: [Identifier], _ columns: [Field]) throws(SQLError) {
        var seen: Set<String> = []
        for key in keys {
            guard seen.insert(key.name).inserted else {
                throw source.error("column \"\(key.name)\" is in the primary key twice", at: key.span)
            }
            guard let column = columns.first(where: { $0.name == key.name }) else {
                throw source.error(
                    "primary key column \"\(key.name)\" is not a stored column of the table", at: key.span,
                    hint: Suggestion.hint(for: key.name, among: columns.map(\.name)))
            }
            if case .row = column.type { throw source.notSupported("a ROW in a PRIMARY KEY", at: key.span) }
        }
    }

    // MARK: Computed columns

    /// They see the stored columns, not each other, as in Flink.
    private func computedColumns(
        _ columns: [ColumnSyntax], of table: TableDefinition
    ) throws(SQLError) -> [ComputedColumn] {
        var binder = ExpressionBinder(
            source: source, scope: storedScope(of: table), inputWidth: table.leaves.count, clause: .computedColumn)
        var computed: [ComputedColumn] = []
        for column in columns {
            guard case .computed(let expression) = column.kind else { continue }
            let bound = try binder.typed(try binder.bind(expression), at: expression.span)
            computed.append(
                ComputedColumn(name: column.name.name, expression: bound.expression, isNullable: bound.isNullable))
        }
        return computed
    }

    private func storedScope(of table: TableDefinition) -> Scope {
        var stored = table
        stored.columnOrder = table.columns.map(\.name)
        stored.computed = []
        return Scope(Relation(stored).columns, alias: table.name, source: source)
    }

    // MARK: WATERMARK

    private func bind(_ watermark: WatermarkSyntax, of table: TableDefinition) throws(SQLError) -> Watermark {
        let relation = Relation(table)
        let scope = Scope(relation.columns, alias: nil, source: source)
        let column = watermark.column
        let span = column[0].span.through(column[column.count - 1].span)
        guard column.count == 1 else { throw source.notSupported("WATERMARK FOR a field of a ROW", at: span) }
        guard case .value(_, .timestamp, _) = try scope.resolve(column) else {
            throw source.error(
                "the rowtime column \"\(column[0].name)\" must be TIMESTAMP of at most 3 digits", at: span)
        }
        var binder = ExpressionBinder(
            source: source, scope: scope, inputWidth: relation.plan.columns.count, clause: .watermark)
        let bound = try binder.typed(try binder.bind(watermark.expression), at: watermark.expression.span)
        guard case .timestamp = bound.type else {
            throw source.error("a watermark must be a TIMESTAMP, this is \(bound.type)", at: watermark.expression.span)
        }
        return Watermark(column: column[0].name, text: source.sourcePlace(watermark.expression.span).text)
    }
}
