import Columnar
import Operators

/// What names in FROM may mean: the queries of WITH first, then the file's tables and views.
struct Environment {
    let catalog: Catalog
    var common: [String: Relation] = [:]
}

/// Makes plans of queries.
struct QueryBinder {
    let source: SourceText

    func bind(_ query: QuerySyntax, _ environment: Environment) throws(SQLError) -> Relation {
        var environment = environment
        for table in query.tables {
            var relation = try bind(table.query, environment)
            if !table.columns.isEmpty {
                relation.columns = try renamed(relation.columns, table.columns, at: table.name.span)
            }
            environment.common[table.name.name] = relation
        }
        switch query.body {
        case .select(let select): return try bind(select, environment)
        case .nested(let inner): return try bind(inner, environment)
        case .unionAll(let terms): return try unionAll(terms, environment, at: query.span)
        }
    }

    /// The columns under other names: `AS t (a, b)`, `WITH t (a, b)`, `CREATE VIEW v (a, b)`.
    func renamed(
        _ columns: [RelationColumn], _ names: [Identifier], at span: SourceSpan
    ) throws(SQLError) -> [RelationColumn] {
        guard names.count == columns.count else {
            throw source.error(
                "names for \(columns.count) columns are needed, there are \(names.count)", at: span,
                detail: "columns: \(columns.prefix(20).map(\.name).joined(separator: ", "))")
        }
        var seen: Set<String> = []
        var renamed = columns
        for (index, name) in names.enumerated() {
            guard seen.insert(name.name).inserted else {
                throw source.error("column \"\(name.name)\" is there twice", at: name.span)
            }
            renamed[index].name = name.name
        }
        return renamed
    }

    // MARK: FROM

    private func scope(of item: FromItem, _ environment: Environment) throws(SQLError) -> (Relation, Scope) {
        var relation: Relation
        var alias = item.alias?.name
        var span = item.alias?.span ?? SourceSpan.none
        switch item.table {
        case .named(let name):
            let simple = try environment.catalog.simpleName(name, source)
            span = name.span
            if name.parts.count == 1, let common = environment.common[simple] {
                relation = common
            } else {
                relation = try environment.catalog.relation(simple, at: name.span, source, environment.common.keys)
            }
            alias = alias ?? simple
        case .subquery(let query): relation = try bind(query, environment)
        }
        if !item.columns.isEmpty { relation.columns = try renamed(relation.columns, item.columns, at: span) }
        return (relation, Scope(relation.columns, alias: alias, source: source))
    }

    // MARK: SELECT

    private func bind(_ select: SelectSyntax, _ environment: Environment) throws(SQLError) -> Relation {
        guard let from = select.from else { throw source.notSupported("SELECT without FROM", at: select.span) }
        var (input, scope) = try scope(of: from, environment)
        if let condition = select.condition { input = try filtered(input, condition, scope) }
        var list = SelectList(
            ExpressionBinder(
                source: source, scope: scope, inputWidth: input.plan.columns.count, clause: .select))
        for item in select.items { try list.add(item) }
        let isGrouped = select.groups != nil || select.having != nil || !list.binder.aggregates.calls.isEmpty
        guard isGrouped else { return try projected(input, list.items, at: select.span) }
        return try grouped(input, select, list)
    }

    private func filtered(_ input: Relation, _ condition: Expression, _ scope: Scope) throws(SQLError) -> Relation {
        var binder = ExpressionBinder(
            source: source, scope: scope, inputWidth: input.plan.columns.count, clause: .condition)
        let bound = try binder.condition(condition, of: "the condition of WHERE")
        var relation = input
        relation.plan = .filter(Filter(input: input.plan, condition: bound.expression))
        relation.bulk = try input.bulk.under(weight: bound.size, source, at: condition.span)
        return relation
    }

    /// The items as a projection; a ROW goes on as its leaves.
    func projected(_ input: Relation, _ items: [SelectList.Item], at span: SourceSpan) throws(SQLError) -> Relation {
        var outputs = ProjectionBuilder()
        var columns: [RelationColumn] = []
        for item in items {
            columns.append(RelationColumn(name: item.name, content: outputs.add(item.name, item.value)))
        }
        guard outputs.items.count <= Parser.maxColumns else {
            throw source.error("more than \(Parser.maxColumns) columns", at: span)
        }
        return Relation(
            plan: .project(Projection(input: input.plan, items: outputs.items)), columns: columns,
            bulk: try input.bulk.under(weight: outputs.weight, source, at: span))
    }

    // MARK: UNION ALL

    private func unionAll(
        _ terms: [QuerySyntax], _ environment: Environment, at span: SourceSpan
    ) throws(SQLError) -> Relation {
        var relations: [Relation] = []
        var bulk = PlanBulk(height: 0, weight: 0)
        for term in terms {
            let relation = try bind(term, environment)
            try checkUnionable(relation, relations.first, at: term.span)
            relations.append(relation)
            // Two operators come on top: a projection of casts, and the union.
            let width = relation.columns.count
            let under = try relation.bulk.under(weight: width, source, at: term.span)
            bulk = try PlanBulk.joined([under, bulk], weight: width, source, at: term.span)
            bulk.height = max(bulk.height - 1, under.height)
        }
        bulk.height += 1
        var types: [DataType] = []
        for position in relations[0].columns.indices {
            types.append(try unionType(at: position, of: relations, terms))
        }
        var inputs: [LogicalPlan] = []
        for relation in relations { inputs.append(relation.converted(to: types)) }
        let plan = LogicalPlan.unionAll(UnionAll(inputs: inputs))
        let outputs = plan.columns
        var columns: [RelationColumn] = []
        for (index, column) in relations[0].columns.enumerated() {
            let content = ColumnContent.value(index: index, types[index], isNullable: outputs[index].isNullable)
            columns.append(RelationColumn(name: column.name, content: content))
        }
        return Relation(plan: plan, columns: columns, bulk: bulk)
    }

    private func checkUnionable(_ relation: Relation, _ first: Relation?, at span: SourceSpan) throws(SQLError) {
        if let row = relation.columns.first(where: { $0.isRow }) {
            throw source.notSupported("a whole ROW (\"\(row.name)\") in UNION ALL", at: span)
        }
        guard let first, first.columns.count != relation.columns.count else { return }
        throw source.error(
            "the queries of a UNION ALL must have as many columns as the first: \(first.columns.count), not "
                + "\(relation.columns.count)", at: span)
    }

    private func unionType(
        at position: Int, of relations: [Relation], _ terms: [QuerySyntax]
    ) throws(SQLError) -> DataType {
        var common: DataType?
        for (relation, term) in zip(relations, terms) {
            guard case .value(_, let type, _) = relation.columns[position].content else { continue }
            guard let found = common else {
                common = type
                continue
            }
            guard let met = ExpressionBinder.commonType(found, type) else {
                throw source.error(
                    "column \(position + 1) of UNION ALL is \(found) in one query and \(type) in another",
                    at: term.span,
                    hint: "CAST one of them")
            }
            common = met
        }
        return common ?? .boolean
    }
}

extension RelationColumn {
    var isRow: Bool {
        if case .row = content { return true }
        return false
    }
}

extension Relation {
    /// A plan of exactly the relation's columns, cast where the type is another. None of them is a ROW.
    func converted(to types: [DataType]) -> LogicalPlan {
        let outputs = plan.columns
        var items: [NamedExpression] = []
        for (column, type) in zip(columns, types) {
            guard case .value(let index, let actual, let isNullable) = column.content else { continue }
            var expression = ScalarExpression.column(index, actual)
            if actual != type {
                let place = SourcePlace(line: 1, column: 1, text: column.name)
                expression = .call(.cast, [expression], type, place)
            }
            items.append(NamedExpression(name: column.name, expression: expression, isNullable: isNullable))
        }
        let isSame =
            items.count == outputs.count
            && items.enumerated().allSatisfy { $0.element.expression == .column($0.offset, types[$0.offset]) }
        return isSame ? plan : .project(Projection(input: plan, items: items))
    }
}
