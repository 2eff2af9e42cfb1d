import Columnar

/// A name as written, case and all.
package struct Identifier: Sendable {
    package var name: String
    package var span: SourceSpan
}

enum UnaryOperator: String, Sendable {
    case plus = "+"
    case minus = "-"
    case not = "NOT"
}

enum BinaryOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case concat = "||"
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

/// What `IS [NOT] …` asks.
enum TruthTest: String, Sendable {
    case null = "NULL"
    case yes = "TRUE"
    case no = "FALSE"
    case unknown = "UNKNOWN"
}

enum TrimSide: String, Sendable {
    case both = "BOTH"
    case leading = "LEADING"
    case trailing = "TRAILING"
}

/// `INTERVAL '4' SECOND`, or `INTERVAL '3' MONTH`: one of the two is 0.
struct IntervalSyntax: Hashable, Sendable {
    var milliseconds: Int64
    var months: Int64
}

struct TypeSyntax: Sendable {
    var type: DataType
    var isNullable: Bool
    var span: SourceSpan
}

struct CaseBranch: Sendable {
    var condition: Expression
    var value: Expression
}

/// An expression as written. `height` bounds every recursion over it: the parser refuses what is higher than its limit.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case integer(String)
        case decimal(String)
        case approximate(String)
        case string(String)
        case boolean(Bool)
        /// `UNKNOWN` is a NULL of type BOOLEAN.
        case unknown
        case null
        case date(String)
        case timestamp(String)
        case interval(IntervalSyntax)
        /// `a`, `t.a`, `a.field.field`
        case name([Identifier])
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        /// A whole chain of ANDs or ORs, so that long ones are not high.
        case and([Expression])
        case or([Expression])
        case truthTest(Expression, TruthTest, isNegated: Bool)
        case isDistinct(Expression, Expression, isNegated: Bool)
        case between(Expression, low: Expression, high: Expression, isNegated: Bool)
        case inList(Expression, [Expression], isNegated: Bool)
        case like(Expression, pattern: Expression, escape: Expression?, isNegated: Bool)
        case caseWhen(operand: Expression?, [CaseBranch], otherwise: Expression?)
        case cast(Expression, TypeSyntax)
        case trim(TrimSide, characters: Expression?, Expression)
        case function(Identifier, [Expression])
        /// `COUNT(*)`
        case countStar
    }

    var kind: Kind
    var span: SourceSpan
    var height: Int

    init(_ kind: Kind, _ span: SourceSpan, over children: [Expression] = []) {
        self.kind = kind
        self.span = span
        var height = 0
        for child in children { height = max(height, child.height) }
        self.height = height + 1
    }
}
