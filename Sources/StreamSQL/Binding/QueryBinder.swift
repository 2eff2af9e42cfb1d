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
        case .values(let rows): return try values(rows, at: query.span)
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
        var (relation, name) = try relation(item.table, environment)
        if let first = item.columns.first {
            let span = item.alias?.span ?? first.span
            relation.columns = try renamed(relation.columns, item.columns, at: span)
        }
        return (relation, Scope(relation.columns, alias: item.alias?.name ?? name, source: source))
    }

    /// What is read, and its name if it has one.
    func relation(_ table: TableReference, _ environment: Environment) throws(SQLError) -> (Relation, String?) {
        switch table {
        case .named(let name):
            let simple = try environment.catalog.simpleName(name, source)
            if name.parts.count == 1, let common = environment.common[simple] { return (common, simple) }
            return (
                try environment.catalog.relation(simple, at: name.span, source, environment.common.keys), simple
            )
        case .subquery(let query): return (try bind(query, environment), nil)
        case .windows(let windows): return (try windowed(windows, environment), nil)
        }
    }

    // MARK: SELECT

    private func bind(_ select: SelectSyntax, _ environment: Environment) throws(SQLError) -> Relation {
        // Without FROM the parser leaves it out only where it may be.
        var (input, scope) =
            try select.from.map { (from) throws(SQLError) in try self.scope(of: from, environment) }
            ?? (Relation.oneRow, Scope([], alias: nil, source: source))
        if let condition = select.condition { input = try filtered(input, condition, scope) }
        var window: GroupWindow?
        if let (windowed, found) = try groupWindow(select.groups ?? [], input, scope) {
            (input, window) = (windowed, found)
        }
        var binder = ExpressionBinder(
            source: source, scope: scope, inputWidth: input.plan.columns.count, clause: .select)
        binder.groupWindow = window
        var list = SelectList(binder)
        for item in select.items { try list.add(item) }
        guard !list.items.isEmpty else { throw source.error("there is no column to select", at: select.span) }
        let isGrouped = select.groups != nil || select.having != nil || !list.binder.aggregates.calls.isEmpty
        let relation =
            try isGrouped ? grouped(input, select, list) : projected(input, list.items, at: select.span)
        return select.isDistinct ? try distinct(relation, at: select.span) : relation
    }

    /// DISTINCT is a GROUP BY of all columns.
    private func distinct(_ relation: Relation, at span: SourceSpan) throws(SQLError) -> Relation {
        if let row = relation.columns.first(where: { $0.isRow }) {
            throw source.notSupported("a whole ROW (\"\(row.name)\") with DISTINCT", at: span)
        }
        if let time = relation.columns.first(where: { $0.isProcessingTime }) {
            throw source.notSupported("processing time (\"\(time.name)\") with DISTINCT", at: span)
        }
        let aggregation = Aggregation(
            input: relation.plan, groupColumns: Array(relation.plan.columns.indices), calls: [],
            names: relation.plan.columns.map(\.name))
        return Relation(
            plan: .aggregate(aggregation), columns: relation.columns,
            bulk: try relation.bulk.under(weight: relation.columns.count, source, at: span))
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
            times: input.times.projected(outputs.items),
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
        var types: [DataType?] = []
        for position in relations[0].columns.indices {
            types.append(try unionType(at: position, of: relations, terms))
        }
        let converted = relations.map { $0.converted(to: types) }
        let plan = LogicalPlan.unionAll(UnionAll(inputs: converted.map(\.plan)))
        let outputs = plan.columns
        var columns: [RelationColumn] = []
        var next = 0
        for (column, type) in zip(relations[0].columns, types) {
            var content = ColumnContent.processingTime
            if let type {
                content = .value(index: next, type, isNullable: outputs[next].isNullable)
                next += 1
            }
            columns.append(RelationColumn(name: column.name, content: content))
        }
        let times = converted.dropFirst().reduce(converted[0].times) { $0.united(with: $1.times) }
        return Relation(plan: plan, columns: columns, times: times, bulk: bulk)
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

    /// Nil for processing time, which is no column of the plan.
    private func unionType(
        at position: Int, of relations: [Relation], _ terms: [QuerySyntax]
    ) throws(SQLError) -> DataType? {
        var common: DataType?
        let isTime = relations[0].columns[position].isProcessingTime
        for (relation, term) in zip(relations, terms) {
            let column = relation.columns[position]
            guard column.isProcessingTime == isTime else {
                throw source.error(
                    "column \(position + 1) of UNION ALL is processing time in one query and a value in another",
                    at: term.span)
            }
            guard case .value(_, let type, _) = column.content else { continue }
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
        return common
    }
}

extension RelationColumn {
    var isRow: Bool {
        if case .row = content { return true }
        return false
    }

    var isProcessingTime: Bool {
        if case .processingTime = content { return true }
        return false
    }
}

extension Relation {
    /// A plan of exactly the relation's columns, cast where the type is another. None of them is a ROW; processing time, which
    /// has no type, is left out.
    func converted(to types: [DataType?]) -> (plan: LogicalPlan, times: TimeColumns) {
        let outputs = plan.columns
        var items: [NamedExpression] = []
        for (column, type) in zip(columns, types) {
            guard case .value(let index, let actual, let isNullable) = column.content, let type else { continue }
            var expression = ScalarExpression.column(index, actual)
            if actual != type {
                let place = SourcePlace(line: 1, column: 1, text: column.name)
                expression = .call(.cast, [expression], type, place)
            }
            items.append(NamedExpression(name: column.name, expression: expression, isNullable: isNullable))
        }
        let isSame =
            items.count == outputs.count
            && items.enumerated().allSatisfy { $0.element.expression.columnIndex == $0.offset }
        return isSame ? (plan, times) : (.project(Projection(input: plan, items: items)), times.projected(items))
    }
}
