import Columnar
import Operators

/// A column computed from physical ones, bound over the physical columns' leaves in the order of `TableDefinition.leaves`.
package struct ComputedColumn: Sendable {
    package var name: String
    package var expression: ScalarExpression
    package var isNullable: Bool
}

/// Checked and kept; not used before windows come.
package struct Watermark: Sendable {
    package var column: String
    /// As written: `ts - INTERVAL '4' SECOND`.
    package var text: String
}

/// A table as CREATE TABLE declares it.
package struct TableDefinition: Sendable {
    package var name: String
    /// What files hold; columns of the primary key are NOT NULL.
    package var columns: [Field]
    package var computed: [ComputedColumn]
    /// The names of physical and computed columns, in the order of the declaration.
    package var columnOrder: [String]
    package var watermark: Watermark?
    package var primaryKey: [String]
    package var connector: Connector
    package var place: SQLPlace

    package var schema: Schema { Schema(columns) }
}

extension TableDefinition {
    /// The physical columns taken apart: every value as a leaf, every ROW as the leaf that says whether it is there, then its
    /// fields.
    var leaves: [ScanColumn] {
        var leaves: [ScanColumn] = []
        for column in columns { TableDefinition.appendLeaves(of: column, under: [], isNullable: false, to: &leaves) }
        return leaves
    }

    /// - Parameter isNullable: whether something above the field may be absent.
    private static func appendLeaves(
        of field: Field, under parents: [String], isNullable: Bool, to leaves: inout [ScanColumn]
    ) {
        let path = parents + [field.name]
        let isNullable = isNullable || field.isNullable
        guard case .row(let fields) = field.type else {
            leaves.append(ScanColumn(path: path, type: field.type, isNullable: isNullable))
            return
        }
        leaves.append(ScanColumn(path: path, type: .boolean, kind: .presence, isNullable: isNullable))
        for inner in fields { appendLeaves(of: inner, under: path, isNullable: isNullable, to: &leaves) }
    }
}
