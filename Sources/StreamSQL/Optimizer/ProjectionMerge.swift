import Columnar
import Operators

/// From the bottom up: neighbouring projections become one, expressions see what the filter below them fixes, constants are
/// computed.
enum ProjectionMerge {
    /// What merging may make of one projection: bounds recursion over it, and the work on hostile queries.
    private static let maxSize = 5000
    private static let maxHeight = BoundExpression.maxHeight

    static func apply(_ plan: LogicalPlan) -> LogicalPlan {
        let plan = plan.over(plan.inputs.map(apply))
        switch plan {
        case .project(let projection): return simplified(projection)
        case .filter(var filter):
            filter.condition = ExpressionSimplifier.simplify(filter.condition)
            return filter.condition.isTrue ? filter.input : .filter(filter)
        case .scan(var scan):
            if let watermark = scan.watermark {
                scan.watermark?.rowtime = ExpressionSimplifier.simplify(watermark.rowtime)
                scan.watermark?.base = ExpressionSimplifier.simplify(watermark.base)
            }
            return .scan(scan)
        case .aggregate, .windows, .aggregateWindows, .unionAll, .sink: return plan
        }
    }

    private static func simplified(_ projection: Projection) -> LogicalPlan {
        var projection = projection
        if case .project(let inner) = projection.input, let merged = merged(projection, inner) { projection = merged }
        let facts = FixedColumns(below: projection.input)
        for index in projection.items.indices {
            let expression = projection.items[index].expression
            projection.items[index].expression = ExpressionSimplifier.simplify(facts.applied(to: expression))
        }
        return .project(projection)
    }

    /// Both as one, unless an expression would then be computed twice or they become too large.
    private static func merged(_ outer: Projection, _ inner: Projection) -> Projection? {
        var counts: [Int: Int] = [:]
        var size = 0
        var height = 0
        for item in outer.items {
            item.expression.countColumns(into: &counts)
            size += item.expression.size(upTo: maxSize)
            height = max(height, item.expression.height)
        }
        var innerHeight = 0
        for (column, count) in counts {
            let expression = inner.items[column].expression
            if expression.isTrivial { continue }
            guard count == 1 else { return nil }
            size += expression.size(upTo: maxSize)
            innerHeight = max(innerHeight, expression.height)
        }
        guard size <= maxSize || innerHeight == 0, height + innerHeight <= maxHeight else { return nil }
        var merged = Projection(input: inner.input, items: outer.items)
        for index in merged.items.indices {
            merged.items[index].expression = outer.items[index].expression.replacingColumns {
                inner.items[$0].expression
            }
        }
        return merged
    }
}
