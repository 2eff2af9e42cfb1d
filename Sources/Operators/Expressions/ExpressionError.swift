import Columnar

/// An expression that cannot be run. There is no row-at-a-time interpreter behind the kernels: what has none is refused.
package enum ExpressionError: Error, Equatable, Sendable {
    /// What was asked for, with its types: `CAST(TIMESTAMP(3) AS INT)`.
    case noKernel(String, place: SourcePlace?)
    case tooDeep(limit: Int, place: SourcePlace?)
    /// The pattern, shortened.
    case invalidEscape(pattern: String, place: SourcePlace?)
    case invalidPattern(InvalidPattern, place: SourcePlace?)
    case literalTooLong(limitBytes: Int)
}

extension ExpressionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noKernel(let expression, _): "\(expression) is not supported"
        case .tooDeep(let limit, _): "the expression is nested more than \(limit) levels deep"
        case .invalidEscape(let pattern, _): "invalid escape sequence in LIKE pattern \"\(pattern)\""
        case .invalidPattern(let reason, _): "invalid regular expression: \(reason)"
        case .literalTooLong(let limit): "the string literal is longer than \(limit) bytes"
        }
    }

    package var place: SourcePlace? {
        switch self {
        case .noKernel(_, let place), .tooDeep(_, let place), .invalidEscape(_, let place),
            .invalidPattern(_, let place):
            place
        case .literalTooLong: nil
        }
    }
}
