import Columnar

/// Tables that are there without a CREATE TABLE in the file.
package struct TableProvider: Sendable {
    package var names: @Sendable () -> [String]
    /// nil: there is none of that name.
    package var table: @Sendable (String) throws(SQLError) -> TableDefinition?

    package init(
        names: @escaping @Sendable () -> [String],
        table: @escaping @Sendable (String) throws(SQLError) -> TableDefinition?
    ) {
        self.names = names
        self.table = table
    }
}

extension TableDefinition {
    /// A table of stored columns alone.
    package init(name: String, columns: [Field], primaryKey: [String] = [], connector: Connector) {
        self.init(
            name: name, columns: columns, computed: [], columnOrder: columns.map(\.name), primaryKey: primaryKey,
            connector: connector, place: SQLPlace(line: 1, column: 1, length: 1))
    }
}
