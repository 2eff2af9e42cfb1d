import Columnar
import Operators

// VALUES (1, 'a'), (2, 'b') becomes a projection over numbered rows:
//
//     project  CASE WHEN row = 0 THEN 1 ELSE 2 END, CASE WHEN row = 0 THEN 'a' ELSE 'b' END
//       scan     row: 0, 1

extension QueryBinder {
    func values(_ rows: [ValuesRow], at span: SourceSpan) throws(SQLError) -> Relation {
        let width = rows[0].values.count
        if let other = rows.first(where: { $0.values.count != width }) {
            throw source.error(
                "the rows of VALUES must have as many columns as the first: \(width), not \(other.values.count)",
                at: other.span)
        }
        let table = TableDefinition.numberedRows(rows.count)
        let scan = LogicalPlan.scan(Scan(table: table, columns: table.leaves, predicates: []))
        var items: [NamedExpression] = []
        var columns: [RelationColumn] = []
        var weight = 0
        for column in 0..<width {
            let bound = try value(rows.map { $0.values[column] }, column: column, at: span)
            let name = "EXPR$\(column)"
            weight += bound.size
            columns.append(
                RelationColumn(
                    name: name, content: .value(index: column, bound.type, isNullable: bound.isNullable)))
            items.append(NamedExpression(name: name, expression: bound.expression, isNullable: bound.isNullable))
        }
        let bulk = try PlanBulk(height: 1, weight: rows.count).under(weight: weight, source, at: span)
        return Relation(plan: .project(Projection(input: scan, items: items)), columns: columns, bulk: bulk)
    }

    /// One column of all rows.
    private func value(
        _ values: [Expression], column: Int, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        var binder = ExpressionBinder(
            source: source, scope: Scope([], alias: nil, source: source), inputWidth: 1, clause: .values)
        var bound: [BoundExpression] = []
        for value in values { bound.append(try binder.bind(value)) }
        guard let type = binder.commonType(of: bound) else { throw untyped(bound, values, column: column) }
        for (index, value) in values.enumerated() {
            bound[index] = try binder.coerced(bound[index], to: type, at: value.span)
        }
        guard bound.count > 1 else { return bound[0] }
        let place = source.sourcePlace(span)
        var operands: [ScalarExpression] = []
        for (row, value) in bound.dropLast().enumerated() {
            let number = ScalarExpression.literal(.bigint(Int64(row)), .bigint)
            operands += [.call(.equal, [.column(0, .bigint), number], .boolean, place), value.expression]
        }
        operands.append(bound[bound.count - 1].expression)
        let size = bound.reduce(1) { $0 + $1.size + 3 }
        guard size <= BoundExpression.maxSize else { throw source.error("expression too large", at: span) }
        return BoundExpression(
            expression: .call(.caseWhen, operands, type, place), isNullable: bound.contains(where: \.isNullable),
            size: size, height: 1 + (bound.map(\.height).max() ?? 0))
    }

    private func untyped(_ bound: [BoundExpression], _ values: [Expression], column: Int) -> SQLError {
        if bound.allSatisfy(\.isUntypedNull) {
            return source.error(
                "column \(column + 1) of VALUES has no type: all its values are NULL", at: values[0].span,
                hint: "give one a type: CAST(NULL AS INT)")
        }
        var types: [String] = []
        for value in bound where !value.isUntypedNull && !types.contains("\(value.type)") {
            types.append("\(value.type)")
        }
        return source.error(
            "column \(column + 1) of VALUES mixes \(types.joined(separator: " and "))", at: values[0].span,
            hint: "CAST them to one type")
    }
}

extension TableDefinition {
    fileprivate static func numberedRows(_ count: Int) -> TableDefinition {
        var number = GeneratedField()
        number.kind = .sequence
        number.start = 0
        number.end = Int64(count) - 1
        var rows = GeneratedRows()
        rows.rowsPerSecond = .max
        rows.fields = ["row": number]
        return TableDefinition(
            name: "VALUES", columns: [Field("row", .bigint, isNullable: false)], connector: .datagen(rows))
    }
}
