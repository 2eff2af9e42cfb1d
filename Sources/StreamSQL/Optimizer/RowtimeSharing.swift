import Operators

/// Where a scan computes the rowtime for its watermark, and the operators above it compute the same again, these take it from the
/// scan, as one more column of it.
enum RowtimeSharing {
    static func apply(_ plan: LogicalPlan) -> LogicalPlan {
        if case .project = plan, let shared = shared(plan) { return shared }
        return plan.over(plan.inputs.map(apply))
    }

    /// For projections and filters over a scan; nil if none of them computes the rowtime.
    private static func shared(_ plan: LogicalPlan) -> LogicalPlan? {
        guard let scan = plan.scanBelowRows, let rowtime = scan.watermark?.rowtime, !rowtime.isTrivial else {
            return nil
        }
        let column = ScalarExpression.column(scan.columns.count + scan.metadata.count, rowtime.type)
        var isUsed = false
        let shared = replaced(plan, rowtime, by: column, &isUsed)
        return isUsed ? shared : nil
    }

    private static func replaced(
        _ plan: LogicalPlan, _ rowtime: ScalarExpression, by column: ScalarExpression, _ isUsed: inout Bool
    ) -> LogicalPlan {
        switch plan {
        case .scan(var scan):
            scan.watermark?.isOutput = true
            return .scan(scan)
        case .filter(var filter):
            if filter.input.givesScanColumns {
                filter.condition = filter.condition.replacing(rowtime, by: column, &isUsed)
            }
            filter.input = replaced(filter.input, rowtime, by: column, &isUsed)
            return .filter(filter)
        case .project(var projection):
            if projection.input.givesScanColumns {
                for index in projection.items.indices {
                    let expression = projection.items[index].expression
                    projection.items[index].expression = expression.replacing(rowtime, by: column, &isUsed)
                }
            }
            projection.input = replaced(projection.input, rowtime, by: column, &isUsed)
            return .project(projection)
        case .aggregate, .windows, .aggregateWindows, .unionAll, .sink: return plan
        }
    }
}

extension LogicalPlan {
    /// The scan under nothing but projections and filters.
    fileprivate var scanBelowRows: Scan? {
        switch self {
        case .scan(let scan): scan
        case .filter(let filter): filter.input.scanBelowRows
        case .project(let projection): projection.input.scanBelowRows
        case .aggregate, .windows, .aggregateWindows, .unionAll, .sink: nil
        }
    }

    /// Whether its columns are those of the scan below.
    fileprivate var givesScanColumns: Bool {
        switch self {
        case .scan: true
        case .filter(let filter): filter.input.givesScanColumns
        default: false
        }
    }
}

extension ScalarExpression {
    fileprivate func replacing(
        _ part: ScalarExpression, by other: ScalarExpression, _ isFound: inout Bool
    ) -> ScalarExpression {
        if self == part {
            isFound = true
            return other
        }
        guard case .call(let function, let arguments, let type, let place) = self else { return self }
        var replaced: [ScalarExpression] = []
        for argument in arguments { replaced.append(argument.replacing(part, by: other, &isFound)) }
        return .call(function, replaced, type, place)
    }
}
