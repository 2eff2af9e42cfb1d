import Columnar
import Dataflow

extension [AggregateCall] {
    /// The results of `slots`, one column for each call.
    ///
    /// - Parameter key: the key columns, of one row, of the slot at a position in `slots`, for the error.
    /// - Errors: an integer SUM or AVG that does not fit its result type.
    package func results(
        _ slots: [Int32], from accumulators: [Accumulator], key: (Int) -> [Column]
    ) throws(JobFailure) -> [Column] {
        var columns: [Column] = []
        for (accumulator, call) in zip(accumulators, self) {
            var overflows: [Int] = []
            columns.append(accumulator.results(slots, of: call, overflows: &overflows))
            guard let first = overflows.first else { continue }
            throw JobFailure(
                .data, "\(call.resultType) overflow in \(call.place.text)",
                detail: "for the key \(RowText.describe(key(first), row: 0)) (line \(call.place.line), "
                    + "column \(call.place.column))",
                hint: "cast the argument to a wider type, for example SUM(CAST(x AS BIGINT))")
        }
        return columns
    }
}
