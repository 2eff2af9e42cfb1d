/// One item of a SELECT list.
enum SelectItem: Sendable {
    /// `*`, `t.*`, `row.*`
    case star(qualifier: [Identifier], SourceSpan)
    case expression(Expression, alias: Identifier?)
}

enum TableReference: Sendable {
    case named(ObjectName)
    case subquery(QuerySyntax)
    case windows(WindowTableSyntax)
}

/// What cuts time into windows.
package enum WindowFunction: String, Hashable, Sendable {
    case tumble = "TUMBLE"
    case hop = "HOP"
}

/// `TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)` in FROM.
final class WindowTableSyntax: Sendable {
    let function: WindowFunction
    let input: TableReference
    /// What stands in DESCRIPTOR.
    let timeColumn: Identifier
    let size: Expression
    /// HOP alone has one.
    let slide: Expression?
    let offset: Expression?
    let span: SourceSpan

    init(
        function: WindowFunction, input: TableReference, timeColumn: Identifier, size: Expression, slide: Expression?,
        offset: Expression?, span: SourceSpan
    ) {
        self.function = function
        self.input = input
        self.timeColumn = timeColumn
        self.size = size
        self.slide = slide
        self.offset = offset
        self.span = span
    }
}

struct FromItem: Sendable {
    var table: TableReference
    var alias: Identifier?
    /// `AS t (a, b)`
    var columns: [Identifier]
}

struct ObjectName: Sendable {
    var parts: [Identifier]
    var span: SourceSpan
}

final class SelectSyntax: Sendable {
    let items: [SelectItem]
    let from: FromItem?
    let condition: Expression?
    /// Nil without GROUP BY; empty for `GROUP BY ()`.
    let groups: [Expression]?
    let having: Expression?
    /// `SELECT DISTINCT`
    let isDistinct: Bool
    let span: SourceSpan

    init(
        items: [SelectItem], from: FromItem?, condition: Expression?, groups: [Expression]?, having: Expression?,
        isDistinct: Bool, span: SourceSpan
    ) {
        self.items = items
        self.from = from
        self.condition = condition
        self.groups = groups
        self.having = having
        self.isDistinct = isDistinct
        self.span = span
    }
}

struct CommonTable: Sendable {
    var name: Identifier
    var columns: [Identifier]
    var query: QuerySyntax
}

/// `(1, 'a')` in VALUES.
struct ValuesRow: Sendable {
    var values: [Expression]
    var span: SourceSpan
}

/// `WITH … body`.
final class QuerySyntax: Sendable {
    enum Body: Sendable {
        case select(SelectSyntax)
        case nested(QuerySyntax)
        /// A whole chain, at least two.
        case unionAll([QuerySyntax])
        /// Rows as they are written, at least one.
        case values([ValuesRow])
    }

    let tables: [CommonTable]
    let body: Body
    let span: SourceSpan

    init(tables: [CommonTable] = [], body: Body, span: SourceSpan) {
        self.tables = tables
        self.body = body
        self.span = span
    }
}
