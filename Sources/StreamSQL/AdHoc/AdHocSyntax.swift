/// One item of the ORDER BY of a whole query.
struct OrderItem: Sendable {
    var expression: Expression
    var isDescending: Bool
    /// As Flink has it where nothing is said: NULL is less than any value.
    var putsNullsFirst: Bool
}

/// A query whose result is shown: ordered and cut as a whole.
struct ResultQuerySyntax: Sendable {
    var query: QuerySyntax
    var order: [OrderItem] = []
    var limit: Int?
    var offset = 0
}

/// A statement of `sluice sql`.
enum AdHocStatement: Sendable {
    case query(ResultQuerySyntax)
    case explain(ResultQuerySyntax)
    case showTables
    case showViews
    case describe(ObjectName)
    /// One that a job file may have too: CREATE, SET.
    case declaration(StatementSyntax)
}
