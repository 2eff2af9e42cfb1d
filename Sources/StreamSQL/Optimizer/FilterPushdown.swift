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
        case .aggregate(let aggregation): return push(conditions, throughGroups: aggregation.groupColumns, of: plan)
        case .aggregateWindows(let aggregation):
            return push(conditions, throughGroups: aggregation.groupColumns, of: plan)
        case .windows(let windows):
            let width = windows.input.columns.count
            let (below, above) = split(conditions) { $0 < width }
            return plan.over([push(below, into: windows.input)]).filtered(by: above)
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
    private static func push(
        _ conditions: [ScalarExpression], throughGroups groups: [Int], of plan: LogicalPlan
    ) -> LogicalPlan {
        let input = plan.inputs[0]
        let types = groups.isEmpty ? [] : input.columns.map(\.type)
        let (below, above) = split(conditions) { $0 < groups.count }
        let carried = below.map { condition in
            condition.replacingColumns { .column(groups[$0], types[groups[$0]]) }
        }
        return plan.over([push(carried, into: input)]).filtered(by: above)
    }

    /// The conditions all of whose columns pass, of which there has to be one, and the others.
    private static func split(
        _ conditions: [ScalarExpression], _ passes: (Int) -> Bool
    ) -> (below: [ScalarExpression], above: [ScalarExpression]) {
        var below: [ScalarExpression] = []
        var above: [ScalarExpression] = []
        for condition in conditions {
            var columns: Set<Int> = []
            condition.collectColumns(into: &columns)
            if !columns.isEmpty, columns.allSatisfy(passes) { below.append(condition) } else { above.append(condition) }
        }
        return (below, above)
    }
}

extension ScalarExpression {
    var isTrue: Bool { literal == .boolean(true) }
}
