import Columnar
import Operators

// A window aggregation over a window table, with nothing between that looks at the windows, cuts time itself: a row is then
// counted once in its slice, not once in each window it is in.
//
// Below the aggregation the plan keeps its layout: where the window's columns were stands the time, which pruning takes out
// again where it is there twice. What no such plan can be made of stays as it is.

enum WindowSlicing {
    static func apply(_ plan: LogicalPlan) -> LogicalPlan {
        var hasCut = false
        let cut = apply(plan, &hasCut)
        return hasCut ? ColumnPruning.apply(ProjectionMerge.apply(cut)) : cut
    }

    private static func apply(_ plan: LogicalPlan, _ hasCut: inout Bool) -> LogicalPlan {
        var inputs: [LogicalPlan] = []
        for input in plan.inputs { inputs.append(apply(input, &hasCut)) }
        let plan = plan.over(inputs)
        guard case .aggregateWindows(let aggregation) = plan, let cut = cut(aggregation) else { return plan }
        hasCut = true
        return .aggregateWindows(cut)
    }

    private static func cut(_ aggregation: WindowAggregation) -> WindowAggregation? {
        guard case .attached(let start, let end, _) = aggregation.windows, let sliced = Sliced(aggregation.input),
            sliced.windowColumns[start] == .start, sliced.windowColumns[end] == .end
        else { return nil }
        let used = aggregation.groupColumns + aggregation.calls.compactMap(\.argument)
        guard used.allSatisfy({ sliced.windowColumns[$0] == nil }) else { return nil }
        var cut = aggregation
        cut.input = sliced.plan
        cut.windows = .sliced(sliced.isEventTime ? .event(column: start) : .processing)
        return cut
    }
}

/// A plan whose window columns hold the row's time instead.
private struct Sliced {
    var plan: LogicalPlan
    var isEventTime: Bool
    /// What each was.
    var windowColumns: [Int: WindowProperty] = [:]

    /// Nil where something looks at the windows, or where they are made otherwise.
    init?(_ plan: LogicalPlan) {
        switch plan {
        case .windows(let windows): self.init(windows)
        case .filter(let filter):
            var columns: Set<Int> = []
            filter.condition.collectColumns(into: &columns)
            guard let input = Sliced(filter.input), columns.allSatisfy({ input.windowColumns[$0] == nil }) else {
                return nil
            }
            self = input
            self.plan = plan.over([input.plan])
        case .project(let projection): self.init(projection)
        case .unionAll(let union): self.init(union)
        case .scan, .aggregate, .aggregateWindows, .sink: return nil
        }
    }

    private init(_ windows: WindowTable) {
        let columns = windows.input.columns
        var items = columns.enumerated().map { index, column in
            NamedExpression(
                name: column.name, expression: .column(index, column.type), isNullable: column.isNullable)
        }
        isEventTime = windows.time != .processing
        var time = ScalarExpression.literal(.null, WindowProperty.type)
        if let column = windows.time.column { time = .column(column, columns[column].type) }
        let name = windows.time.column.map { columns[$0].name }
        for property in windows.properties {
            windowColumns[items.count] = property
            items.append(NamedExpression(name: name ?? property.rawValue, expression: time, isNullable: true))
        }
        plan = .project(Projection(input: windows.input, items: items))
    }

    private init?(_ projection: Projection) {
        guard let input = Sliced(projection.input) else { return nil }
        var sliced = projection
        sliced.input = input.plan
        let columns = input.plan.columns
        isEventTime = input.isEventTime
        for (index, item) in projection.items.enumerated() {
            if let column = item.expression.columnIndex {
                windowColumns[index] = input.windowColumns[column]
                sliced.items[index].expression = .column(column, columns[column].type)
                if windowColumns[index] != nil { sliced.items[index].name = columns[column].name }
                continue
            }
            var columns: Set<Int> = []
            item.expression.collectColumns(into: &columns)
            guard columns.allSatisfy({ input.windowColumns[$0] == nil }) else { return nil }
        }
        plan = .project(sliced)
    }

    /// All inputs have the same windows in the same columns, for else the aggregation were not by them.
    private init?(_ union: UnionAll) {
        var inputs: [LogicalPlan] = []
        var first: Sliced?
        for input in union.inputs {
            guard let sliced = Sliced(input), first.map({ $0.windowColumns == sliced.windowColumns }) ?? true else {
                return nil
            }
            let types = sliced.plan.columns.map(\.type)
            guard first.map({ $0.plan.columns.map(\.type) == types }) ?? true else { return nil }
            first = first ?? sliced
            inputs.append(sliced.plan)
        }
        guard let first else { return nil }
        self = first
        plan = .unionAll(UnionAll(inputs: inputs))
    }
}
