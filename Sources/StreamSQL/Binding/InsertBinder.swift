import Columnar
import Operators

/// Fits a query to the table it is inserted into: by position, with widening casts, in Flink's words where it does not fit.
struct InsertBinder {
    let source: SourceText
    let catalog: Catalog

    func bind(_ insert: InsertSyntax) throws(SQLError) -> (Sink, PlanBulk) {
        let name = try catalog.simpleName(insert.table, source)
        let table = try catalog.sink(name, at: insert.table.span, source)
        let query = try QueryBinder(source: source).bind(insert.query, Environment(catalog: catalog))
        if let row = query.columns.first(where: { $0.isRow }) {
            throw source.notSupported("writing a whole ROW (\"\(row.name)\")", at: insert.query.span)
        }
        if let time = query.columns.first(where: { $0.isProcessingTime }) {
            throw source.notSupported("writing processing time (\"\(time.name)\")", at: insert.query.span)
        }
        if let column = table.columns.first(where: { if case .row = $0.type { true } else { false } }) {
            throw source.notSupported("a table with a ROW (\"\(column.name)\") as a sink", at: insert.table.span)
        }
        let targets = try targets(insert, of: table)
        try checkFit(query, targets.map { table.columns[$0] }, table, at: insert.query.span)
        try checkChangelog(query.plan, table, at: insert.table.span)
        let bound = try sink(query, targets, table, at: insert.table.span)
        if case .log = table.connector { try checkKeyed(bound.0.input, table, at: insert.table.span) }
        return bound
    }

    /// The table's columns that the query fills, in the query's order.
    private func targets(_ insert: InsertSyntax, of table: TableDefinition) throws(SQLError) -> [Int] {
        if insert.columns.isEmpty { return Array(table.columns.indices) }
        var targets: [Int] = []
        var seen: Set<Int> = []
        for column in insert.columns {
            guard let index = table.schema.index(of: column.name) else {
                throw source.error(
                    "column \"\(column.name)\" does not exist in table \"\(table.name)\"", at: column.span,
                    hint: Suggestion.hint(for: column.name, among: table.columns.map(\.name)))
            }
            guard seen.insert(index).inserted else {
                throw source.error("column \"\(column.name)\" is there twice", at: column.span)
            }
            targets.append(index)
        }
        for (index, column) in table.columns.enumerated() where !column.isNullable && !seen.contains(index) {
            throw source.error(
                "column \"\(column.name)\" of table \"\(table.name)\" is NOT NULL and gets no value",
                at: insert.table.span)
        }
        return targets
    }

    // MARK: Types

    private func checkFit(
        _ query: Relation, _ targets: [Field], _ table: TableDefinition, at span: SourceSpan
    ) throws(SQLError) {
        guard query.columns.count == targets.count else {
            throw mismatch("Different number of columns.", query, targets, table, at: span)
        }
        for (index, column) in query.columns.enumerated() {
            guard case .value(_, let type, _) = column.content else { continue }
            if InsertBinder.canInsert(type, into: targets[index].type) { continue }
            throw mismatch(
                "Incompatible types for sink column '\(targets[index].name)' at position \(index + 1).", query, targets,
                table, at: span)
        }
    }

    private static func canInsert(_ type: DataType, into target: DataType) -> Bool {
        switch (type, target) {
        case (.int, .bigint), (.int, .double), (.bigint, .double), (.timestamp, .timestamp), (.timestamp, .date): true
        default: type == target
        }
    }

    private func mismatch(
        _ cause: String, _ query: Relation, _ targets: [Field], _ table: TableDefinition, at span: SourceSpan
    ) -> SQLError {
        var queryFields: [String] = []
        for column in query.columns.prefix(100) {
            guard case .value(_, let type, let isNullable) = column.content else { continue }
            queryFields.append("\(column.name): \(type)\(isNullable ? "" : " NOT NULL")")
        }
        let sinkFields = targets.map { "\($0.name): \($0.type)\($0.isNullable ? "" : " NOT NULL")" }
        return source.error(
            "Column types of query result and sink for '\(table.name)' do not match", at: span,
            detail: """
                \(cause)
                Query schema: [\(queryFields.joined(separator: ", "))]
                Sink schema:  [\(sinkFields.joined(separator: ", "))]
                """,
            hint: query.columns.count == targets.count ? "CAST the column in the query" : nil)
    }

    // MARK: Changelog

    /// Files of plain JSON and CSV hold rows, not changes.
    private func checkChangelog(_ plan: LogicalPlan, _ table: TableDefinition, at span: SourceSpan) throws(SQLError) {
        guard case .filesystem(let files) = table.connector, !files.format.takesChanges,
            let node = plan.updatingNode
        else { return }
        throw source.error(
            node.refusal(by: "Table sink '\(table.name)'"), at: span,
            hint: "write the changes with 'format' = 'debezium-json'")
    }

    /// A topic without a key holds rows; in one with a key no two rows of a key stand at a time.
    private func checkKeyed(_ plan: LogicalPlan, _ table: TableDefinition, at span: SourceSpan) throws(SQLError) {
        let key = Set(table.primaryKey.compactMap { table.schema.index(of: $0) })
        if key.isEmpty {
            guard let node = plan.updatingNode else { return }
            throw source.error(
                node.refusal(by: "Table sink '\(table.name)'"), at: span,
                hint: "a topic with a PRIMARY KEY (…) NOT ENFORCED takes them")
        }
        let isUpdating = !plan.changelog.isEmpty
        let fits = plan.uniqueKeys.contains { isUpdating ? $0 == key : $0.isSubset(of: key) }
        guard !fits else { return }
        throw source.notSupported(
            "writing rows that are not known to be unique by the PRIMARY KEY of table \"\(table.name)\"", at: span,
            hint: "GROUP BY the key, or leave the PRIMARY KEY out where rows are only added")
    }

    // MARK: Sink

    private func sink(
        _ query: Relation, _ targets: [Int], _ table: TableDefinition, at span: SourceSpan
    ) throws(SQLError) -> (Sink, PlanBulk) {
        var items: [NamedExpression] = table.columns.map {
            NamedExpression(name: $0.name, expression: .literal(.null, $0.type), isNullable: true)
        }
        for (column, target) in zip(query.columns, targets) {
            guard case .value(let index, let type, let isNullable) = column.content else { continue }
            let field = table.columns[target]
            var expression = ScalarExpression.column(index, type)
            if type != field.type { expression = .call(.cast, [expression], field.type, source.sourcePlace(span)) }
            items[target] = NamedExpression(name: field.name, expression: expression, isNullable: isNullable)
        }
        let unchecked = table.columns.indices.filter { !table.columns[$0].isNullable && items[$0].isNullable }
        let input = LogicalPlan.project(Projection(input: query.plan, items: items))
        return (
            Sink(table: table, input: input, notNullColumns: unchecked),
            try query.bulk.under(weight: items.count, source, at: span)
        )
    }
}
