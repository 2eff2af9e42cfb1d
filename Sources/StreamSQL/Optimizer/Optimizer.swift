import Columnar
import Operators

// The rules, in their order. Each is a function from plan to plan that keeps the rows and the columns of the whole:
//
// 1. watermarks that no window needs go;
// 2. filters go down to the scans, through projections, windows, UNION ALL and, on group columns, aggregations;
// 3. from the bottom up, neighbouring projections become one, a projection over `column = literal` sees the literal, and what
//    is constant is computed;
// 4. columns nobody asks for go, down to the leaves of the scans;
// 5. windows that only their aggregation looks at are cut by it, and 3 and 4 are repeated;
// 6. conditions of the form `leaf op literal` become predicates of a scan of inserts without watermark;
// 7. what a scan computes for its watermark is not computed again;
// 8. projections that only rename go.
//
// A row that a filter drops is computed less far than before: an expression that would have failed on it does not run.
// Nothing that may fail is computed on more rows than as written.

package enum Optimizer {
    package static func optimize(_ plan: LogicalPlan) -> LogicalPlan {
        let filtered = FilterPushdown.apply(WatermarkUse.apply(plan))
        let merged = ProjectionMerge.apply(filtered)
        let pruned = ColumnPruning.apply(merged)
        let cut = WindowSlicing.apply(pruned)
        let pushed = ScanPredicates.apply(cut)
        let shared = RowtimeSharing.apply(pushed)
        // Under a sink nobody sees what columns are called.
        if case .sink = shared { return withoutRenames(shared) }
        return shared
    }

    /// The plan without projections that only give other names.
    private static func withoutRenames(_ plan: LogicalPlan) -> LogicalPlan {
        let plan = plan.over(plan.inputs.map(withoutRenames))
        if case .project(let projection) = plan, projection.keepsColumns { return projection.input }
        return plan
    }
}

extension Projection {
    /// Whether its output is its input, but for names.
    var keepsColumns: Bool {
        input.columns.count == items.count
            && items.enumerated().allSatisfy { $0.element.expression.columnIndex == $0.offset }
    }
}

extension LogicalPlan {
    /// The operator over other inputs, as many as it has.
    func over(_ inputs: [LogicalPlan]) -> LogicalPlan {
        precondition(inputs.count == self.inputs.count, "an operator keeps the number of its inputs")
        switch self {
        case .scan: return self
        case .filter(var filter):
            filter.input = inputs[0]
            return .filter(filter)
        case .project(var projection):
            projection.input = inputs[0]
            return .project(projection)
        case .aggregate(var aggregation):
            aggregation.input = inputs[0]
            return .aggregate(aggregation)
        case .windows(var windows):
            windows.input = inputs[0]
            return .windows(windows)
        case .aggregateWindows(var aggregation):
            aggregation.input = inputs[0]
            return .aggregateWindows(aggregation)
        case .unionAll: return .unionAll(UnionAll(inputs: inputs))
        case .sink(var sink):
            sink.input = inputs[0]
            return .sink(sink)
        }
    }

    /// The plan under filters of all conditions, or itself without any. A condition that may fail has a filter of its own, above
    /// those that cannot, in the order given: it sees no row that another one drops, as in `b <> 0 AND a / b > 1`.
    func filtered(by conditions: [ScalarExpression]) -> LogicalPlan {
        var plan = self
        if let condition = ScalarExpression.conjunction(conditions.filter { !$0.mayFail }) {
            plan = .filter(Filter(input: plan, condition: condition))
        }
        for condition in conditions where condition.mayFail {
            plan = .filter(Filter(input: plan, condition: condition))
        }
        return plan
    }
}

extension ScalarExpression {
    /// Whether a row may make it fail: integer overflow, division by zero, a cast that does not fit, a
    /// costly search.
    var mayFail: Bool {
        guard case .call(let function, let arguments, let type, _) = self else { return false }
        switch function {
        case .add, .subtract, .multiply, .divide, .negate:
            if type != .double { return true }
        case .modulo:
            let divisor = arguments[1].literal
            if divisor == nil || divisor == .int(0) || divisor == .bigint(0) { return true }
        case .cast:
            if !ScalarExpression.widens(arguments[0].type, type) { return true }
        case .regexpExtract, .regexp, .regexpReplace: return true
        default: break
        }
        return arguments.contains { $0.mayFail }
    }

    private static func widens(_ from: DataType, _ target: DataType) -> Bool {
        switch (from, target) {
        case (.int, .bigint), (.int, .double), (.bigint, .double), (_, .string): true
        default: from.isTime && target.isTime
        }
    }
}
