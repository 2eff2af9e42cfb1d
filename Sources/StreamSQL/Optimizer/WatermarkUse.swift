/// Takes the watermarks out of the scans from which no rows reach a window aggregation over event time, be it through a table
/// that is written.
enum WatermarkUse {
    static func apply(_ plan: LogicalPlan) -> LogicalPlan { apply(plan, isNeeded: false) }

    private static func apply(_ plan: LogicalPlan, isNeeded: Bool) -> LogicalPlan {
        var isNeededBelow = isNeeded
        switch plan {
        case .scan(var scan):
            if !isNeeded { scan.watermark = nil }
            return .scan(scan)
        case .aggregateWindows(let aggregation): isNeededBelow = aggregation.windows.isEventTime
        case .aggregate: isNeededBelow = false
        case .sink(let sink): isNeededBelow = sink.passesWatermark
        case .filter, .project, .windows, .unionAll: break
        }
        return plan.over(plan.inputs.map { apply($0, isNeeded: isNeededBelow) })
    }
}
