import Columnar
import Operators

/// The items of a SELECT, bound one after the other.
struct SelectList {
    struct Item {
        var name: String
        var value: Value
        var span: SourceSpan
    }

    indirect enum Value {
        case scalar(BoundExpression)
        case row(RowContent)
        case processingTime
    }

    private(set) var items: [Item] = []
    var binder: ExpressionBinder

    init(_ binder: ExpressionBinder) { self.binder = binder }

    mutating func add(_ item: SelectItem) throws(SQLError) {
        switch item {
        case .star(let qualifier, let span):
            for column in try binder.scope.expand(qualifier, at: span) { append(column, at: span) }
        case .expression(let expression, let alias): try add(expression, alias)
        }
        guard items.count <= Parser.maxColumns else {
            throw binder.source.error("more than \(Parser.maxColumns) columns", at: items[items.count - 1].span)
        }
    }

    private mutating func append(_ column: RelationColumn, at span: SourceSpan) {
        let value: Value
        switch column.content {
        case .value(let index, let type, let isNullable):
            value = .scalar(binder.column(index, type, isNullable, at: span))
        case .row(let row): value = .row(row)
        case .processingTime: value = .processingTime
        }
        items.append(Item(name: column.name, value: value, span: span))
    }

    private mutating func add(_ expression: Expression, _ alias: Identifier?) throws(SQLError) {
        var name = alias?.name ?? "EXPR$\(items.count)"
        if case .name(let parts) = expression.kind {
            name = alias?.name ?? parts[parts.count - 1].name
            switch try binder.scope.resolve(parts) {
            case .row(let row):
                items.append(Item(name: name, value: .row(row), span: expression.span))
                return
            case .processingTime:
                items.append(Item(name: name, value: .processingTime, span: expression.span))
                return
            case .value: break
            }
        }
        if try binder.isProcessingTime(expression) {
            items.append(Item(name: name, value: .processingTime, span: expression.span))
            return
        }
        let bound = try binder.typed(try binder.bind(expression), at: expression.span)
        items.append(Item(name: name, value: .scalar(bound), span: expression.span))
    }
}

/// Lays out a projection: a value is one output, a ROW its leaves.
struct ProjectionBuilder {
    private(set) var items: [NamedExpression] = []
    private(set) var weight = 0

    mutating func add(_ name: String, _ value: SelectList.Value) -> ColumnContent {
        switch value {
        case .scalar(let bound):
            weight += bound.size
            return add(name, bound.expression, isNullable: bound.isNullable)
        case .row(let row): return add(name, row)
        case .processingTime: return .processingTime
        }
    }

    private mutating func add(_ name: String, _ expression: ScalarExpression, isNullable: Bool) -> ColumnContent {
        items.append(NamedExpression(name: name, expression: expression, isNullable: isNullable))
        return .value(index: items.count - 1, expression.type, isNullable: isNullable)
    }

    private mutating func add(_ name: String, _ row: RowContent) -> ColumnContent {
        weight += 1
        let presence = items.count
        _ = add(name, .column(row.presence, .boolean), isNullable: false)
        var fields: [RelationColumn] = []
        for field in row.fields {
            let path = "\(name).\(field.name)"
            switch field.content {
            case .value(let index, let type, let isNullable):
                weight += 1
                let content = add(path, .column(index, type), isNullable: isNullable)
                fields.append(RelationColumn(name: field.name, content: content))
            case .row(let inner):
                fields.append(RelationColumn(name: field.name, content: add(path, inner)))
            case .processingTime: fields.append(field)
            }
        }
        return .row(RowContent(presence: presence, isNullable: row.isNullable, fields: fields))
    }
}
