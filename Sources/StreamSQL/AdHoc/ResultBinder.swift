import Columnar
import Operators

// ORDER BY may name a column of the result by its name or its number, be any expression over them, or one over what the
// query's SELECT could have selected as well: a column of its input, an aggregate. The last ones become columns that are not
// shown.

struct ResultBinder {
    let source: SourceText
    let catalog: Catalog
    let mode: RuntimeMode

    func bind(_ syntax: ResultQuerySyntax) throws(SQLError) -> ResultQuery {
        if mode == .streaming { try refuseWholeResult(syntax) }
        let shown = try bind(syntax.query)
        let keys = try orderKeys(syntax, shown)
        let hidden = keys.compactMap(\.selected)
        var relation = shown
        if !hidden.isEmpty, let query = syntax.query.selecting(hidden, source) { relation = try bind(query) }
        let (items, order) = try columns(of: relation, shown: shown.columns.count, keys, syntax)
        let plan = LogicalPlan.project(Projection(input: relation.plan, items: items))
        let fields = zip(uniqueNames(shown.columns.map(\.name)), shown.columns).map { Self.field($1, named: $0) }
        let query = ResultQuery(
            plan: try Analyzer.optimized(mode == .batch ? plan.inBatch() : plan), fields: fields, order: order,
            limit: syntax.limit, offset: syntax.offset)
        if mode == .batch { try checkEnds(query, at: syntax.query.span) }
        return query
    }

    /// What only a whole result has.
    private func refuseWholeResult(_ syntax: ResultQuerySyntax) throws(SQLError) {
        let clause =
            syntax.order.isEmpty ? syntax.limit != nil ? "LIMIT" : syntax.offset > 0 ? "OFFSET" : nil : "ORDER BY"
        guard let clause else { return }
        throw source.error(
            "\(clause) has no place in a query that is followed",
            at: syntax.order.first?.expression.span ?? syntax.query.span,
            detail: "its result is never whole: changes are shown as they come",
            hint: clause == "ORDER BY" ? "leave it out, or leave --follow out" : "-n COUNT ends after so many changes")
    }

    private func bind(_ query: QuerySyntax) throws(SQLError) -> Relation {
        let relation = try QueryBinder(source: source).bind(query, Environment(catalog: catalog))
        if let time = relation.columns.first(where: { $0.isProcessingTime }) {
            throw source.notSupported("processing time (\"\(time.name)\") in a result", at: query.span)
        }
        return relation
    }

    private func checkEnds(_ query: ResultQuery, at span: SourceSpan) throws(SQLError) {
        guard query.enough == nil, let table = query.plan.endlessTable else { return }
        throw source.error(
            "table \"\(table.name)\" has no end, and an ad-hoc query reads to the end", at: span,
            detail: "connector '\(table.connector.name)' makes rows for as long as it is asked",
            hint: table.connector.name == "datagen"
                ? "give the table a 'number-of-rows', or ask for some rows with LIMIT"
                : "give the table an end, or ask for some rows with LIMIT")
    }

    // MARK: ORDER BY

    private enum Key {
        /// A column of the result, from 0.
        case column(Int)
        /// Over the columns of the result.
        case computed(BoundExpression)
        case selected(Expression)

        var selected: Expression? {
            if case .selected(let expression) = self { return expression }
            return nil
        }
    }

    private func orderKeys(_ syntax: ResultQuerySyntax, _ shown: Relation) throws(SQLError) -> [Key] {
        var keys: [Key] = []
        for item in syntax.order { keys.append(try key(item.expression, syntax.query, shown)) }
        return keys
    }

    private func key(_ expression: Expression, _ query: QuerySyntax, _ shown: Relation) throws(SQLError) -> Key {
        if case .integer(let digits) = expression.kind {
            guard let number = Int(digits), 1...shown.columns.count ~= number else {
                throw source.error(
                    "position \(digits.prefix(20)) of ORDER BY is not in the result", at: expression.span,
                    detail: "the result has \(shown.columns.count) columns")
            }
            guard !shown.columns[number - 1].isRow else { throw orderByRow(at: expression.span) }
            return .column(number - 1)
        }
        do throws(SQLError) {
            return .computed(try overResult(expression, shown))
        } catch let overResult {
            do throws(SQLError) {
                guard let wider = query.selecting([expression], source) else { throw overResult }
                if let last = try bind(wider).columns.last, last.isRow { throw orderByRow(at: expression.span) }
                return .selected(expression)
            } catch {
                // Of two mistakes the one that knows what was meant.
                throw overResult.hint != nil && error.hint == nil ? overResult : error
            }
        }
    }

    private func orderByRow(at span: SourceSpan) -> SQLError {
        source.notSupported("ORDER BY a whole ROW", at: span, hint: "order by its fields")
    }

    private func overResult(_ expression: Expression, _ shown: Relation) throws(SQLError) -> BoundExpression {
        let scope = Scope(shown.columns, alias: nil, source: source)
        var binder = ExpressionBinder(
            source: source, scope: scope, inputWidth: shown.plan.columns.count, clause: .orderBy)
        return try binder.typed(try binder.bind(expression), at: expression.span)
    }

    // MARK: The result's columns

    /// Those that are shown, and behind them those of ORDER BY that are not among them.
    private func columns(
        of relation: Relation, shown: Int, _ keys: [Key], _ syntax: ResultQuerySyntax
    ) throws(SQLError) -> ([NamedExpression], [SortKey]) {
        var items: [NamedExpression] = []
        var places: [Int] = []
        for column in relation.columns.prefix(shown) {
            places.append(items.count)
            Self.append(column.name, column.content, to: &items)
        }
        var behind: [NamedExpression] = []
        for column in relation.columns.dropFirst(shown) { Self.append(column.name, column.content, to: &behind) }
        var hidden = behind[...]
        var order: [SortKey] = []
        for (key, item) in zip(keys, syntax.order) {
            var column = items.count
            switch key {
            case .column(let index): column = places[index]
            case .computed(let bound):
                let known = items.firstIndex { $0.expression == bound.expression }
                if let known {
                    column = known
                } else {
                    items.append(
                        NamedExpression(
                            name: source.sourcePlace(item.expression.span).text, expression: bound.expression,
                            isNullable: bound.isNullable))
                }
            case .selected: if let next = hidden.popFirst() { items.append(next) }
            }
            order.append(
                SortKey(column: column, isDescending: item.isDescending, putsNullsFirst: item.putsNullsFirst))
        }
        return (items, order)
    }

    /// A column, or of a ROW its leaves.
    private static func append(_ name: String, _ content: ColumnContent, to items: inout [NamedExpression]) {
        switch content {
        case .value(let index, let type, let isNullable):
            items.append(NamedExpression(name: name, expression: .column(index, type), isNullable: isNullable))
        case .row(let row):
            items.append(NamedExpression(name: name, expression: .column(row.presence, .boolean), isNullable: false))
            for field in row.fields { append("\(name).\(field.name)", field.content, to: &items) }
        case .processingTime: preconditionFailure("a result has no processing time")
        }
    }

    private static func field(_ column: RelationColumn, named name: String) -> Field {
        switch column.content {
        case .value(_, let type, let isNullable): return Field(name, type, isNullable: isNullable)
        case .row(let row):
            let fields = row.fields.map { field($0, named: $0.name) }
            return Field(name, .row(fields), isNullable: row.isNullable)
        case .processingTime: preconditionFailure("a result has no processing time")
        }
    }

    /// As Calcite does it: the second `a` is `a0`.
    private func uniqueNames(_ names: [String]) -> [String] {
        var taken = Set(names)
        var seen: Set<String> = []
        return names.map { name in
            if seen.insert(name).inserted { return name }
            var number = 0
            while !taken.insert("\(name)\(number)").inserted { number += 1 }
            seen.insert("\(name)\(number)")
            return "\(name)\(number)"
        }
    }
}

extension QuerySyntax {
    /// The query with more columns behind its own; nil where it is no single SELECT.
    fileprivate func selecting(_ expressions: [Expression], _ source: SourceText) -> QuerySyntax? {
        switch body {
        // What DISTINCT takes in is what is shown.
        case .select(let select) where !select.isDistinct:
            let items = expressions.map { expression in
                let alias = Identifier(name: source.sourcePlace(expression.span).text, span: expression.span)
                return SelectItem.expression(expression, alias: alias)
            }
            let wider = SelectSyntax(
                items: select.items + items, from: select.from, condition: select.condition, groups: select.groups,
                having: select.having, isDistinct: false, span: select.span)
            return QuerySyntax(tables: tables, body: .select(wider), span: span)
        case .nested(let inner):
            return inner.selecting(expressions, source).map {
                QuerySyntax(tables: tables, body: .nested($0), span: span)
            }
        case .select, .unionAll, .values: return nil
        }
    }
}
