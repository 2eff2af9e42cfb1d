struct TableOption: Sendable {
    var key: String
    var value: String
    var keySpan: SourceSpan
    var valueSpan: SourceSpan
}

struct ColumnSyntax: Sendable {
    enum Kind: Sendable {
        case physical(TypeSyntax)
        case computed(Expression)
        /// `METADATA [FROM 'key'] [VIRTUAL]`; the key is the column's name if none is given.
        case metadata(TypeSyntax, key: String, isVirtual: Bool, SourceSpan)
    }

    var name: Identifier
    var kind: Kind
}

struct WatermarkSyntax: Sendable {
    var column: [Identifier]
    var expression: Expression
    var span: SourceSpan
}

final class CreateTableSyntax: Sendable {
    let name: ObjectName
    let ifNotExists: Bool
    let columns: [ColumnSyntax]
    let watermark: WatermarkSyntax?
    let primaryKey: [Identifier]
    let options: [TableOption]
    /// All of the statement.
    let span: SourceSpan

    init(
        name: ObjectName, ifNotExists: Bool, columns: [ColumnSyntax], watermark: WatermarkSyntax?,
        primaryKey: [Identifier], options: [TableOption], span: SourceSpan
    ) {
        self.name = name
        self.ifNotExists = ifNotExists
        self.columns = columns
        self.watermark = watermark
        self.primaryKey = primaryKey
        self.options = options
        self.span = span
    }
}

struct CreateViewSyntax: Sendable {
    var name: ObjectName
    var ifNotExists: Bool
    var columns: [Identifier]
    var query: QuerySyntax
}

struct InsertSyntax: Sendable {
    var table: ObjectName
    /// Empty: all, by position.
    var columns: [Identifier]
    var query: QuerySyntax
}

struct SetSyntax: Sendable {
    var key: String
    var value: String
    var keySpan: SourceSpan
    var valueSpan: SourceSpan
}

enum ExplainSyntax: Sendable {
    case query(QuerySyntax)
    case inserts([InsertSyntax])
}

enum StatementSyntax: Sendable {
    case createTable(CreateTableSyntax)
    case createView(CreateViewSyntax)
    /// One INSERT, or those of a statement set.
    case insert([InsertSyntax])
    case set(SetSyntax)
    case explain(ExplainSyntax)
}
