import Columnar

/// Tables that are there without a CREATE TABLE in the file.
package struct TableProvider: Sendable {
    package var names: @Sendable () -> [String]
    /// nil: there is none of that name.
    package var table: @Sendable (String) throws(SQLError) -> TableDefinition?
    /// Of a topic; nil where it is not known.
    package var partitions: @Sendable (String) -> Int?

    package init(
        names: @escaping @Sendable () -> [String],
        table: @escaping @Sendable (String) throws(SQLError) -> TableDefinition?,
        partitions: @escaping @Sendable (String) -> Int? = { _ in nil }
    ) {
        self.names = names
        self.table = table
        self.partitions = partitions
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
