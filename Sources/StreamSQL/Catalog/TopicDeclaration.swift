import Columnar
import Operators

/// What a table of the `log` connector says of its topic.
package struct TopicDeclaration: Sendable {
    package var topic: String
    /// Columns of the key are NOT NULL.
    package var fields: [Field]
    package var key: [String]
    /// nil: nothing is said.
    package var partitions: UInt32?
    package var compression: TopicOptions.Compression?
    package var retention: RetentionChange

    /// Columns as CREATE TABLE has them: `user STRING, at TIMESTAMP(3)`.
    /// - Errors: places are those of a statement around the text, and mean nothing.
    package init(topic: String, columns text: String, key: [String]) throws(SQLError) {
        var session = try QuerySession()
        let names = key.map { "`\($0)`" }.joined(separator: ", ")
        let constraint = key.isEmpty ? "" : ", PRIMARY KEY (\(names)) NOT ENFORCED"
        let statement = "CREATE TABLE t (\(Self.quoted(text))\n\(constraint)) WITH ('connector' = 'log', 'topic' = 't')"
        try session.load(Array(statement.utf8))
        guard var declared = session.topics.first else { throw SQLError("these are no columns", place: nil) }
        declared.topic = topic
        self = declared
    }

    /// The columns' names in quotes, so that any name does: reserved words, too.
    private static func quoted(_ columns: String) -> String {
        var parts: [String] = [""]
        var depth = 0
        for character in columns {
            if character == "(" || character == "<" { depth += 1 }
            if character == ")" || character == ">" { depth -= 1 }
            if character == ",", depth == 0 { parts.append("") } else { parts[parts.count - 1].append(character) }
        }
        return parts.map { part in
            let column = part.drop { $0 == " " || $0 == "\n" || $0 == "\t" }
            let name = column.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            let isConstraint = ["PRIMARY", "CONSTRAINT", "WATERMARK"].contains(name.uppercased())
            return name.isEmpty || isConstraint ? part : "`\(name)`\(column.dropFirst(name.count))"
        }.joined(separator: ", ")
    }

    /// What is computed or metadata is not kept in a topic.
    init?(_ table: TableDefinition) {
        guard case .log(let connector) = table.connector else { return nil }
        topic = connector.topic
        fields = table.columns
        key = table.primaryKey
        partitions = connector.partitions
        compression = connector.compression
        retention = connector.retention
    }
}

extension QuerySession {
    /// Of the tables that were declared, in the order of the topics' names.
    package var topics: [TopicDeclaration] {
        catalog.tables.values.compactMap { TopicDeclaration($0) }.sorted { $0.topic < $1.topic }
    }
}
