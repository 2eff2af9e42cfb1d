import Columnar

package enum AggregateFunction: String, Hashable, Sendable {
    /// Rows.
    case countStar = "COUNT(*)"
    /// Rows where the argument is not NULL.
    case count = "COUNT"
    case sum = "SUM"
    case avg = "AVG"
    case min = "MIN"
    case max = "MAX"
}

/// One aggregate of a GROUP BY: a function over a column of its input.
package struct AggregateCall: Hashable, Sendable {
    package var function: AggregateFunction
    /// nil for `COUNT(*)`.
    package var argument: Int?
    package var resultType: DataType
    package var place: SourcePlace

    package init(_ function: AggregateFunction, argument: Int?, resultType: DataType, place: SourcePlace) {
        self.function = function
        self.argument = argument
        self.resultType = resultType
        self.place = place
    }
}
