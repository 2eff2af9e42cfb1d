import Columnar
import Operators

/// Turns `leaf op literal` under AND into predicates of the scan; the rest stays a filter. A watermark follows all rows, so the
/// scan has to give them all; and of a changelog, both rows of an update. The rows of a wired table are not scanned.
enum ScanPredicates {
    static func apply(_ plan: LogicalPlan) -> LogicalPlan {
        guard case .filter(let filter) = plan, case .scan(var scan) = filter.input, scan.watermark == nil,
            !scan.isWired, filter.input.changelog.isEmpty
        else {
            return plan.over(plan.inputs.map(apply))
        }
        var rest: [ScalarExpression] = []
        for conjunct in filter.condition.conjuncts {
            if let predicate = predicate(conjunct), predicate.column < scan.columns.count {
                scan.predicates.append(predicate)
            } else {
                rest.append(conjunct)
            }
        }
        return LogicalPlan.scan(scan).filtered(by: rest)
    }

    private static func predicate(_ condition: ScalarExpression) -> ScanPredicate? {
        switch condition {
        case .column(let index, .boolean):
            return ScanPredicate(column: index, comparison: .equal, literal: .boolean(true))
        case .literal, .column: return nil
        case .call(let function, let arguments, _, _):
            if function == .not, case .column(let index, .boolean) = arguments[0] {
                return ScanPredicate(column: index, comparison: .equal, literal: .boolean(false))
            }
            guard let comparison = ScanPredicate.Comparison(rawValue: function.rawValue) else { return nil }
            if comparison == .isNull || comparison == .isNotNull {
                guard let index = arguments[0].columnIndex else { return nil }
                return ScanPredicate(column: index, comparison: comparison, literal: .null)
            }
            return predicate(arguments[0], comparison, arguments[1])
                ?? predicate(arguments[1], comparison.mirrored, arguments[0])
        }
    }

    private static func predicate(
        _ left: ScalarExpression, _ comparison: ScanPredicate.Comparison, _ right: ScalarExpression
    ) -> ScanPredicate? {
        guard let index = left.columnIndex, let literal = right.literal, literal != .null else { return nil }
        return ScanPredicate(column: index, comparison: comparison, literal: literal)
    }
}

extension ScanPredicate.Comparison {
    /// The same with its sides exchanged.
    fileprivate var mirrored: ScanPredicate.Comparison {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual, .isNull, .isNotNull: self
        }
    }
}
