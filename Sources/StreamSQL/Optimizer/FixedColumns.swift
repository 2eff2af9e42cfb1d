import Columnar
import Operators

/// The columns that the filter below fixes to a literal: above `WHERE event_type = 2`, `event_type` is 2.
///
/// Not for DOUBLE, where equal values (0.0 and −0.0) are not the same.
struct FixedColumns {
    private var literals: [Int: ScalarExpression] = [:]

    init(below plan: LogicalPlan) {
        var plan = plan
        while case .filter(let filter) = plan {
            for conjunct in filter.condition.conjuncts { add(conjunct) }
            plan = filter.input
        }
    }

    func applied(to expression: ScalarExpression) -> ScalarExpression {
        literals.isEmpty ? expression : expression.replacingColumns { literals[$0] }
    }

    private mutating func add(_ conjunct: ScalarExpression) {
        switch conjunct {
        case .column(let index, .boolean): literals[index] = .literal(.boolean(true), .boolean)
        case .call(.not, let arguments, _, _):
            if case .column(let index, .boolean) = arguments[0] {
                literals[index] = .literal(.boolean(false), .boolean)
            }
        case .call(.equal, let arguments, _, _):
            fix(arguments[0], to: arguments[1])
            fix(arguments[1], to: arguments[0])
        default: break
        }
    }

    private mutating func fix(_ side: ScalarExpression, to other: ScalarExpression) {
        guard case .column(let index, let type) = side, type != .double, let literal = other.literal, literal != .null
        else { return }
        literals[index] = other
    }
}
