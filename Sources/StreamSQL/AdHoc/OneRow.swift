import Columnar
import Operators

// A row of nothing: what SELECT has without FROM.

extension LogicalPlan {
    static let oneRow = LogicalPlan.scan(
        Scan(table: .oneRow, columns: TableDefinition.oneRow.leaves, predicates: []))
}

extension Relation {
    static let oneRow = Relation(plan: .oneRow, columns: [], bulk: PlanBulk(height: 1, weight: 1))
}

extension TableDefinition {
    fileprivate static var oneRow: TableDefinition {
        var rows = GeneratedRows()
        rows.rowCount = 1
        rows.rowsPerSecond = .max
        return TableDefinition(
            name: "one row", columns: [Field("row", .boolean, isNullable: false)], connector: .datagen(rows))
    }
}
