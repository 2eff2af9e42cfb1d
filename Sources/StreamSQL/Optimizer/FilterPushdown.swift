import Columnar
import Operators

/// Carries the conditions of filters down as far as they go.
enum FilterPushdown {
    /// A condition whose columns are computed below is carried on if it stays this small: it is computed twice then.
    private static let maxSize = 20

    static func apply(_ plan: LogicalPlan) -> LogicalPlan { push([], into: plan) }

    /// The plan with the conditions, which are over its output, applied.
    private static func push(_ conditions: [ScalarExpression], into plan: LogicalPlan) -> LogicalPlan {
        switch plan {
        case .scan: return plan.filtered(by: conditions)
        case .filter(let filter):
            return push(filter.condition.conjuncts.filter { !$0.isTrue } + conditions, into: filter.input)
        case .project(let projection): return push(conditions, through: projection)
        case .aggregate(let aggregation): return push(conditions, through: aggregation)
        case .unionAll(let union):
            return .unionAll(UnionAll(inputs: union.inputs.map { push(conditions, into: $0) }))
        case .sink(let sink):
            return LogicalPlan.sink(sink).over([push([], into: sink.input)]).filtered(by: conditions)
        }
    }

    private static func push(_ conditions: [ScalarExpression], through projection: Projection) -> LogicalPlan {
        var below: [ScalarExpression] = []
        var above: [ScalarExpression] = []
        for condition in conditions {
            if let carried = carried(condition, through: projection) {
                below.append(carried)
            } else {
                above.append(condition)
            }
        }
        return LogicalPlan.project(projection).over([push(below, into: projection.input)]).filtered(by: above)
    }

    private static func carried(_ condition: ScalarExpression, through projection: Projection) -> ScalarExpression? {
        var counts: [Int: Int] = [:]
        condition.countColumns(into: &counts)
        var isTrivial = true
        var size = condition.size(upTo: maxSize + 1)
        for (column, count) in counts {
            let expression = projection.items[column].expression
            if expression.isTrivial { continue }
            isTrivial = false
            size += count * expression.size(upTo: maxSize + 1)
        }
        guard isTrivial || size <= maxSize else { return nil }
        return condition.replacingColumns { projection.items[$0].expression }
    }

    /// A condition on group columns alone holds for a whole group or for none of it.
    private static func push(_ conditions: [ScalarExpression], through aggregation: Aggregation) -> LogicalPlan {
        var below: [ScalarExpression] = []
        var above: [ScalarExpression] = []
        for condition in conditions {
            var columns: Set<Int> = []
            condition.collectColumns(into: &columns)
            if !columns.isEmpty, columns.allSatisfy({ $0 < aggregation.groupColumns.count }) {
                below.append(
                    condition.replacingColumns { column in
                        .column(aggregation.groupColumns[column], aggregation.columns[column].type)
                    })
            } else {
                above.append(condition)
            }
        }
        return LogicalPlan.aggregate(aggregation).over([push(below, into: aggregation.input)]).filtered(by: above)
    }
}

extension ScalarExpression {
    var isTrue: Bool { literal == .boolean(true) }
}
