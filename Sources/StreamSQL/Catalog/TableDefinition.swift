import Columnar
import Operators

/// A column computed from others, bound over the physical columns' leaves in the order of `TableDefinition.leaves`, and then
/// the metadata.
package struct ComputedColumn: Sendable {
    package var name: String
    package var expression: ScalarExpression
    package var isNullable: Bool
}

package struct Watermark: Sendable {
    /// The rowtime's name.
    package var column: String
    /// As written: `ts - INTERVAL '4' SECOND`.
    package var text: String
    /// Over the leaves, as computed columns are.
    package var rowtime: ScalarExpression
    /// The watermark is this less the delay.
    package var base: ScalarExpression
    package var delayMilliseconds: Int64
}

/// A column that is not in the records: where they come from.
package struct MetadataColumn: Sendable {
    package var name: String
    package var metadata: SourceMetadata
    package var isNullable: Bool
    /// One that is not is asked of a sink too, and none can write it.
    package var isVirtual: Bool
}

/// What a METADATA column is, by connector.
package enum SourceMetadata: Hashable, Sendable {
    case file(FileMetadata)
    case topic(TopicMetadata)

    /// As `METADATA FROM` names it.
    package var key: String {
        switch self {
        case .file(let metadata): metadata.rawValue
        case .topic(let metadata): metadata.rawValue
        }
    }

    package var type: DataType {
        switch self {
        case .file(let metadata): metadata.type
        case .topic(let metadata): metadata.type
        }
    }
}

/// A table as CREATE TABLE declares it.
package struct TableDefinition: Sendable {
    package var name: String
    /// What files hold; columns of the primary key are NOT NULL.
    package var columns: [Field]
    package var computed: [ComputedColumn]
    package var metadata: [MetadataColumn] = []
    /// Names of columns `AS PROCTIME()`.
    package var processingTimes: [String] = []
    /// The names of all columns, in the order of the declaration.
    package var columnOrder: [String]
    package var watermark: Watermark?
    package var primaryKey: [String]
    package var connector: Connector
    /// `late.policy` = 'quarantine'
    var quarantinesLateRows = false
    package var place: SQLPlace
    /// nil: no text declares it.
    package var declaration: TableDeclaration?

    package var schema: Schema { Schema(columns) }

    /// Its rows are read as inserts, updates and deletes.
    var isChangelog: Bool {
        if case .log = connector { !primaryKey.isEmpty } else { false }
    }
}

extension TableDefinition {
    /// The physical columns taken apart.
    var leaves: [ScanColumn] { ScanColumn.leaves(of: columns) }
}
