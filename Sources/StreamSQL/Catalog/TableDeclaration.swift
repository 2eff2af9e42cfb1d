/// A CREATE TABLE as it is written, in parts: to declare a table like it over another connector.
package struct TableDeclaration: Sendable {
    struct Column: Sendable {
        enum Kind: Sendable {
            case physical, computed, metadata
        }

        /// With its backticks, if it has some.
        var name: String
        var kind: Kind
        /// `BIGINT NOT NULL`, `AS a + 1`; of metadata the type.
        var definition: String
    }

    /// All of the statement, without a semicolon.
    var text: String
    /// Of the table, as written.
    var name: String
    var columns: [Column]
    /// `WATERMARK FOR at AS at`
    var watermark: String?
    /// As written.
    var primaryKey: [String]
    /// `late.policy`
    var latePolicy: String?

    init(_ syntax: CreateTableSyntax, _ source: SourceText) {
        text = source.text(syntax.span)
        name = source.text(syntax.name.parts.last?.span ?? syntax.name.span)
        columns = syntax.columns.map { column in
            let name = source.text(column.name.span)
            switch column.kind {
            case .physical(let type):
                return Column(name: name, kind: .physical, definition: source.text(type.span))
            case .computed(let expression):
                return Column(name: name, kind: .computed, definition: "AS " + source.text(expression.span))
            case .metadata(let type, _, _, _):
                return Column(name: name, kind: .metadata, definition: source.text(type.span))
            }
        }
        watermark = syntax.watermark.map { source.text($0.span) }
        primaryKey = syntax.primaryKey.map { source.text($0.span) }
        latePolicy = syntax.options.last { $0.key == "late.policy" }?.value
    }

    /// A table of the `log` connector.
    /// - Parameters:
    ///   - columns: as they are to stand there; `physical` and `metadata` are stored.
    ///   - key: as written; empty: none.
    func statement(
        over topic: String, called name: String, columns: [Column], watermark: String?, key: [String],
        latePolicy: String? = nil
    ) -> String {
        var elements = columns.map { "\($0.name) \($0.definition)" }
        if let watermark { elements.append(watermark) }
        if !key.isEmpty { elements.append("PRIMARY KEY (\(key.joined(separator: ", "))) NOT ENFORCED") }
        var options = ["'connector' = 'log'", "'topic' = \(Self.quoted(topic))"]
        if let latePolicy { options.append("'late.policy' = \(Self.quoted(latePolicy))") }
        return "CREATE TABLE \(name) (\n" + elements.map { "  \($0)" }.joined(separator: ",\n")
            + "\n) WITH (\(options.joined(separator: ", ")))"
    }

    private static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
