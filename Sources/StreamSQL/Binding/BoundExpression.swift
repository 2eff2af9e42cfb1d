import Columnar
import Operators

/// An expression with its type decided, and what the binder has to know of it besides.
struct BoundExpression {
    var expression: ScalarExpression
    var isNullable: Bool
    /// Nodes of the tree: operands that are written once may stand in it twice (CASE x WHEN …, BETWEEN).
    var size: Int
    /// Calls above each other.
    var height = 0
    /// NULL as written: it takes the type its neighbour has.
    var isUntypedNull = false

    var type: DataType { expression.type }

    static let maxSize = 200_000
    /// Room is left under the evaluator's limit for a cast on top.
    static let maxHeight = ExpressionProgram.depthLimit - 6

    static func literal(_ literal: Literal, _ type: DataType) -> BoundExpression {
        BoundExpression(expression: .literal(literal, type), isNullable: literal == .null, size: 1)
    }

    static let untypedNull = BoundExpression(
        expression: .literal(.null, .boolean), isNullable: true, size: 1, isUntypedNull: true)
}
