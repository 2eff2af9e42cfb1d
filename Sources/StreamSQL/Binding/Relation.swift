import Columnar

// What a name in FROM stands for: a plan, and the columns as the user sees them. A ROW is never a column of a plan: it is taken
// apart into leaves at the scan, and a `RowContent` remembers which leaf is which field, through sub-queries and views.

struct RelationColumn: Sendable {
    var name: String
    var content: ColumnContent
}

indirect enum ColumnContent: Sendable {
    /// A column of the plan.
    case value(index: Int, DataType, isNullable: Bool)
    case row(RowContent)
    /// The clock. It is in no plan: as yet it can only say what a window is of.
    case processingTime
}

struct RowContent: Sendable {
    /// The plan's BOOLEAN column that says whether the row is there.
    var presence: Int
    var isNullable: Bool
    var fields: [RelationColumn]
}

struct Relation: Sendable {
    var plan: LogicalPlan
    var columns: [RelationColumn]
    var times = TimeColumns()
    var bulk: PlanBulk
}

/// How large a plan has become, views expanded: bounds recursion, memory and time of everything later.
struct PlanBulk: Sendable {
    static let maxHeight = 300
    static let maxWeight = 1_000_000

    /// Operators above each other.
    var height: Int
    /// Columns and nodes of expressions, over all operators.
    var weight: Int

    /// - Errors: too large.
    func under(weight added: Int, _ source: SourceText, at span: SourceSpan) throws(SQLError) -> PlanBulk {
        try PlanBulk.joined([self], weight: added, source, at: span)
    }

    static func joined(
        _ inputs: [PlanBulk], weight added: Int, _ source: SourceText, at span: SourceSpan
    ) throws(SQLError) -> PlanBulk {
        var bulk = PlanBulk(height: 1, weight: added)
        for input in inputs {
            bulk.height = max(bulk.height, input.height + 1)
            bulk.weight += input.weight
        }
        guard bulk.height <= maxHeight, bulk.weight <= maxWeight else {
            throw source.error("the query is too large once its views and sub-queries are expanded", at: span)
        }
        return bulk
    }
}

extension Relation {
    /// The table as queries see it: its leaves, and its computed columns over them.
    init(_ table: TableDefinition) {
        let leaves = table.leaves
        var next = 0
        var contents: [String: ColumnContent] = [:]
        for field in table.columns { contents[field.name] = Relation.content(of: field, isNullable: false, &next) }
        let watermark = table.watermark.map { watermark in
            ScanWatermark(
                rowtime: watermark.rowtime, base: watermark.base, delayMilliseconds: watermark.delayMilliseconds)
        }
        for (index, column) in table.metadata.enumerated() {
            contents[column.name] = .value(
                index: leaves.count + index, column.metadata.type, isNullable: column.isNullable)
        }
        let scan = LogicalPlan.scan(
            Scan(table: table, columns: leaves, metadata: table.metadata, predicates: [], watermark: watermark))
        for name in table.processingTimes { contents[name] = .processingTime }
        var weight = leaves.count + table.metadata.count
        plan = scan
        if !table.computed.isEmpty {
            var items = scan.columns.enumerated().map { index, column in
                NamedExpression(
                    name: column.name, expression: .column(index, column.type), isNullable: column.isNullable)
            }
            for column in table.computed {
                let index = items.count
                contents[column.name] = .value(index: index, column.expression.type, isNullable: column.isNullable)
                items.append(
                    NamedExpression(name: column.name, expression: column.expression, isNullable: column.isNullable))
                weight += column.expression.size(upTo: PlanBulk.maxWeight)
            }
            plan = .project(Projection(input: scan, items: items))
            weight += items.count
        }
        columns = table.columnOrder.compactMap { name in
            contents[name].map { RelationColumn(name: name, content: $0) }
        }
        if let watermark = table.watermark, case .value(let index, _, _)? = contents[watermark.column] {
            times.rowtimes = [index]
        }
        bulk = PlanBulk(height: table.computed.isEmpty ? 1 : 2, weight: weight)
    }

    /// In the order of `TableDefinition.leaves`.
    static func content(of field: Field, isNullable: Bool, _ next: inout Int) -> ColumnContent {
        let index = next
        next += 1
        let isNullable = isNullable || field.isNullable
        guard case .row(let fields) = field.type else {
            return .value(index: index, field.type, isNullable: isNullable)
        }
        let contents = fields.map {
            RelationColumn(name: $0.name, content: content(of: $0, isNullable: isNullable, &next))
        }
        return .row(RowContent(presence: index, isNullable: isNullable, fields: contents))
    }
}
