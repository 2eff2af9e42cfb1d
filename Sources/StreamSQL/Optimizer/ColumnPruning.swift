import Columnar
import Operators

/// Takes out the columns nobody asks for.
enum ColumnPruning {
    static func apply(_ plan: LogicalPlan) -> LogicalPlan {
        guard case .sink = plan else { return exact(plan, Array(plan.columns.indices)) }
        return plan.over(plan.inputs.map { exact($0, Array($0.columns.indices)) })
    }

    /// A plan, and where in its output each column asked for now is.
    fileprivate struct Pruned {
        var plan: LogicalPlan
        var positions: [Int: Int]
    }

    /// A plan whose output is exactly `columns` of the given one's, in that order.
    private static func exact(_ plan: LogicalPlan, _ columns: [Int]) -> LogicalPlan {
        let outputs = plan.columns
        let pruned = prune(plan, Set(columns))
        let width = pruned.plan.columns.count
        if width == columns.count, columns.enumerated().allSatisfy({ pruned.positions[$0.element] == $0.offset }) {
            return pruned.plan
        }
        let items = columns.map { column in
            NamedExpression(
                name: outputs[column].name, expression: pruned.column(column, outputs[column].type),
                isNullable: outputs[column].isNullable)
        }
        return .project(Projection(input: pruned.plan, items: items))
    }

    /// - Output: at least the columns asked for, in their old order; maybe others that the operator itself needs.
    private static func prune(_ plan: LogicalPlan, _ needed: Set<Int>) -> Pruned {
        switch plan {
        case .scan(let scan): return prune(scan, needed)
        case .filter(let filter):
            var below = needed
            filter.condition.collectColumns(into: &below)
            var pruned = prune(filter.input, below)
            pruned.plan = .filter(Filter(input: pruned.plan, condition: pruned.over(filter.condition)))
            return pruned
        case .project(let projection): return prune(projection, needed)
        case .aggregate(let aggregation): return prune(aggregation, needed)
        case .windows(let windows): return prune(windows, needed)
        case .aggregateWindows(let aggregation): return prune(aggregation, needed)
        case .unionAll(let union):
            let columns = needed.sorted()
            let inputs = union.inputs.map { exact($0, columns) }
            return Pruned(plan: .unionAll(UnionAll(inputs: inputs)), positions: positions(columns))
        case .sink: return Pruned(plan: plan, positions: positions(Array(plan.columns.indices)))
        }
    }

    private static func positions(_ columns: [Int]) -> [Int: Int] {
        Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($0.element, $0.offset) })
    }

    private static func prune(_ scan: Scan, _ needed: Set<Int>) -> Pruned {
        var read = needed
        scan.watermark?.rowtime.collectColumns(into: &read)
        scan.watermark?.base.collectColumns(into: &read)
        let columns = read.sorted()
        var pruned = Pruned(plan: .scan(scan), positions: positions(columns))
        var rest = scan
        rest.columns = columns.filter { $0 < scan.columns.count }.map { scan.columns[$0] }
        rest.metadata = columns.filter { $0 >= scan.columns.count }.map { scan.metadata[$0 - scan.columns.count] }
        if let watermark = scan.watermark {
            rest.watermark?.rowtime = pruned.over(watermark.rowtime)
            rest.watermark?.base = pruned.over(watermark.base)
        }
        pruned.plan = .scan(rest)
        return pruned
    }

    /// The columns of the windows stay together.
    private static func prune(_ windows: WindowTable, _ needed: Set<Int>) -> Pruned {
        let width = windows.input.columns.count
        var below = needed.filter { $0 < width }
        if let time = windows.time.column { below.insert(time) }
        let input = prune(windows.input, below)
        let prunedWidth = input.plan.columns.count
        var positions = input.positions
        for index in windows.properties.indices { positions[width + index] = prunedWidth + index }
        let pruned = WindowTable(
            input: input.plan, shape: windows.shape, time: windows.time.over { input.position(of: $0) },
            place: windows.place)
        return Pruned(plan: .windows(pruned), positions: positions)
    }

    private static func prune(_ projection: Projection, _ needed: Set<Int>) -> Pruned {
        let columns = needed.sorted()
        var below: Set<Int> = []
        for column in columns { projection.items[column].expression.collectColumns(into: &below) }
        let input = prune(projection.input, below)
        var items: [NamedExpression] = []
        for column in columns {
            var item = projection.items[column]
            item.expression = input.over(item.expression)
            items.append(item)
        }
        return Pruned(plan: .project(Projection(input: input.plan, items: items)), positions: positions(columns))
    }

    /// Group columns stay, for they make the groups; aggregates nobody asks for go.
    private static func prune(_ aggregation: Aggregation, _ needed: Set<Int>) -> Pruned {
        let groups = aggregation.groupColumns.count
        let calls = aggregation.calls.indices.filter { needed.contains(groups + $0) }
        let input = prune(aggregation.input, inputs(of: aggregation.groupColumns, calls.map { aggregation.calls[$0] }))
        var pruned = aggregation
        pruned.input = input.plan
        pruned.groupColumns = aggregation.groupColumns.map { input.position(of: $0) }
        pruned.calls = calls.map { input.over(aggregation.calls[$0]) }
        let kept = Array(0..<groups) + calls.map { groups + $0 }
        pruned.names = kept.map { aggregation.names[$0] }
        return Pruned(plan: .aggregate(pruned), positions: positions(kept))
    }

    /// So do the columns that place a row in time; properties nobody asks for go.
    private static func prune(_ aggregation: WindowAggregation, _ needed: Set<Int>) -> Pruned {
        let groups = aggregation.groupColumns.count
        let calls = aggregation.calls.indices.filter { needed.contains(groups + $0) }
        let firstProperty = groups + aggregation.calls.count
        let properties = aggregation.properties.indices.filter { needed.contains(firstProperty + $0) }
        var below = inputs(of: aggregation.groupColumns, calls.map { aggregation.calls[$0] })
        below.formUnion(aggregation.windows.columns)
        let input = prune(aggregation.input, below)
        var pruned = aggregation
        pruned.input = input.plan
        pruned.windows = aggregation.windows.over { input.position(of: $0) }
        pruned.groupColumns = aggregation.groupColumns.map { input.position(of: $0) }
        pruned.calls = calls.map { input.over(aggregation.calls[$0]) }
        pruned.properties = properties.map { aggregation.properties[$0] }
        let named = Array(0..<groups) + calls.map { groups + $0 }
        pruned.names = named.map { aggregation.names[$0] }
        return Pruned(
            plan: .aggregateWindows(pruned), positions: positions(named + properties.map { firstProperty + $0 }))
    }

    private static func inputs(of groups: [Int], _ calls: [AggregateCall]) -> Set<Int> {
        Set(groups).union(calls.compactMap(\.argument))
    }
}

extension ColumnPruning.Pruned {
    fileprivate func position(of column: Int) -> Int {
        guard let position = positions[column] else { preconditionFailure("a column that is needed was pruned") }
        return position
    }

    fileprivate func column(_ column: Int, _ type: DataType) -> ScalarExpression { .column(position(of: column), type) }

    fileprivate func over(_ call: AggregateCall) -> AggregateCall {
        var call = call
        call.argument = call.argument.map { position(of: $0) }
        return call
    }

    /// The expression over the pruned output.
    fileprivate func over(_ expression: ScalarExpression) -> ScalarExpression {
        switch expression {
        case .column(let index, let type): return column(index, type)
        case .literal: return expression
        case .call(let function, let arguments, let type, let place):
            return .call(function, arguments.map(over), type, place)
        }
    }
}
