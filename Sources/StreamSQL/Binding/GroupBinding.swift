import Columnar
import Operators

// SELECT a + 1, SUM(b) … GROUP BY a + 1 HAVING … becomes
//
//     project  the items, over groups and aggregates
//       filter   HAVING
//         aggregate
//           project  the group expressions, then the aggregates' arguments
//
// Items are bound over the input first; what equals a group expression, and every aggregate, then becomes a column of the
// aggregation. A column of the input that is left is an error.
//
// Where the start and the end of a window are among the groups, the aggregation is one by window: these columns, and the
// window's time, are no keys, but come out behind the aggregates.

extension QueryBinder {
    func grouped(_ input: Relation, _ select: SelectSyntax, _ list: SelectList) throws(SQLError) -> Relation {
        let groups = try groupExpressions(select.groups ?? [], list.binder, input)
        let grouped = groups.compactMap(\.expression.columnIndex)
        let windows = input.times.windows.flatMap { $0.areNamed(by: grouped) ? $0 : nil }
        var list = list
        var having: BoundExpression?
        if let condition = select.having {
            list.binder.clause = .having
            having = try list.binder.condition(condition, of: "the condition of HAVING")
        }
        let binder = list.binder
        let layout = GroupLayout(
            groups, windows: windows, calls: binder.aggregates.calls, inputWidth: binder.inputWidth)
        let isGlobal = (select.groups ?? []).isEmpty
        var relation = try aggregated(input, layout, isGlobal: isGlobal, at: select.span)
        if let having, let condition = select.having {
            let regrouped = try layout.regrouped(having, binder, at: condition.span)
            relation.plan = .filter(Filter(input: relation.plan, condition: regrouped.expression))
            relation.bulk = try relation.bulk.under(weight: regrouped.size, source, at: condition.span)
        }
        var items: [SelectList.Item] = []
        for item in list.items {
            var value = item.value
            switch item.value {
            case .scalar(let bound): value = .scalar(try layout.regrouped(bound, binder, at: item.span))
            case .row: throw source.notSupported("a whole ROW (\"\(item.name)\") with GROUP BY", at: item.span)
            case .processingTime:
                guard let windows, !windows.isEventTime else {
                    throw source.notSupported("processing time (\"\(item.name)\") with GROUP BY", at: item.span)
                }
            }
            items.append(SelectList.Item(name: item.name, value: value, span: item.span))
        }
        return try projected(relation, items, at: select.span)
    }

    private func groupExpressions(
        _ groups: [Expression], _ list: ExpressionBinder, _ input: Relation
    ) throws(SQLError) -> [NamedExpression] {
        var binder = ExpressionBinder(
            source: source, scope: list.scope, inputWidth: list.inputWidth, clause: .groupBy)
        var bound: [NamedExpression] = []
        var seen: Set<ScalarExpression> = []
        for group in groups {
            if GroupWindow.function(of: group) != nil, let window = list.groupWindow {
                bound += window.columns
                continue
            }
            if isWindowsTime(group, binder.scope, input) { continue }
            let expression = try binder.typed(try binder.bind(group), at: group.span)
            // It is no position, and makes no group of its own.
            if expression.expression.literal != nil { continue }
            guard seen.insert(expression.expression).inserted else { continue }
            var name = source.sourcePlace(group.span).text
            if case .name(let parts) = group.kind { name = parts[parts.count - 1].name }
            bound.append(
                NamedExpression(name: name, expression: expression.expression, isNullable: expression.isNullable))
        }
        return bound
    }

    /// Whether this is the `window_time` of windows of processing time, which is no column of the plan.
    private func isWindowsTime(_ group: Expression, _ scope: Scope, _ input: Relation) -> Bool {
        guard case .name(let parts) = group.kind, parts[parts.count - 1].name == WindowProperty.time.rawValue,
            let windows = input.times.windows, !windows.isEventTime
        else { return false }
        return scope.columns.contains { $0.name == WindowProperty.time.rawValue && $0.isProcessingTime }
    }

    private func aggregated(
        _ input: Relation, _ layout: GroupLayout, isGlobal: Bool, at span: SourceSpan
    ) throws(SQLError) -> Relation {
        let projection = LogicalPlan.project(Projection(input: input.plan, items: layout.inputs))
        let keys = Array(0..<layout.keyCount)
        let bulk = try input.bulk.under(weight: layout.weight, source, at: span).under(
            weight: layout.names.count, source, at: span)
        guard let windows = layout.windows else {
            let aggregation = Aggregation(
                input: projection, groupColumns: keys, calls: layout.calls, names: layout.names, isGlobal: isGlobal)
            return Relation(plan: .aggregate(aggregation), columns: [], bulk: bulk)
        }
        let attached = AggregatedWindows.attached(
            start: layout.inputs.count - 2, end: layout.inputs.count - 1, isEventTime: windows.isEventTime)
        let plan = LogicalPlan.aggregateWindows(
            WindowAggregation(
                input: projection, shape: windows.shape, windows: attached, groupColumns: keys, calls: layout.calls,
                properties: layout.properties, names: layout.names))
        return Relation(plan: plan, columns: [], times: layout.times, bulk: bulk)
    }
}

/// Which column of the aggregation each group expression and aggregate has become.
struct GroupLayout {
    /// Keys, the aggregates' arguments, and then, of windows, start and end.
    private(set) var inputs: [NamedExpression] = []
    private(set) var calls: [AggregateCall] = []
    private(set) var names: [String] = []
    private(set) var weight = 0
    private(set) var keyCount = 0
    let windows: WindowColumns?
    private let inputWidth: Int
    private var groups: [ScalarExpression: Int] = [:]

    /// - Parameter windows: nil, unless the groups are by these windows.
    init(
        _ groups: [NamedExpression], windows: WindowColumns?, calls: [AggregateCollector.Call], inputWidth: Int
    ) {
        self.windows = windows
        self.inputWidth = inputWidth
        var named: [(ScalarExpression, WindowProperty)] = []
        for group in groups {
            if let property = group.expression.columnIndex.flatMap({ windows?.property(of: $0) }) {
                named.append((group.expression, property))
                continue
            }
            self.groups[group.expression] = inputs.count
            inputs.append(group)
            names.append(group.name)
            weight += group.expression.size(upTo: PlanBulk.maxWeight)
        }
        keyCount = inputs.count
        var arguments: [ScalarExpression: Int] = self.groups
        for call in calls { add(call, &arguments) }
        if let windows { add(windows, named) }
    }

    /// What comes out behind the calls.
    var properties: [WindowProperty] {
        windows.map { $0.isEventTime ? [.start, .end, .time] : [.start, .end] } ?? []
    }

    /// Of the aggregation.
    var times: TimeColumns {
        guard var windows else { return TimeColumns() }
        let first = keyCount + calls.count
        windows.starts = [first]
        windows.ends = [first + 1]
        windows.times = windows.isEventTime ? [first + 2] : []
        return TimeColumns(rowtimes: windows.times, windows: windows)
    }

    private mutating func add(_ windows: WindowColumns, _ named: [(ScalarExpression, WindowProperty)]) {
        for (expression, property) in named {
            if let position = properties.firstIndex(of: property) {
                groups[expression] = keyCount + calls.count + position
            }
        }
        for (columns, property) in [(windows.starts, WindowProperty.start), (windows.ends, .end)] {
            guard let column = columns.min() else { continue }
            inputs.append(
                NamedExpression(
                    name: property.rawValue, expression: .column(column, WindowProperty.type), isNullable: false))
        }
    }

    private mutating func add(_ call: AggregateCollector.Call, _ arguments: inout [ScalarExpression: Int]) {
        var index: Int?
        if let argument = call.argument {
            index = arguments[argument.expression]
            if index == nil {
                index = inputs.count
                arguments[argument.expression] = inputs.count
                inputs.append(
                    NamedExpression(
                        name: call.argumentText, expression: argument.expression, isNullable: argument.isNullable))
                weight += argument.size
            }
        }
        names.append(call.place.text)
        calls.append(AggregateCall(call.function, argument: index, resultType: call.type, place: call.place))
    }

    /// The expression over the aggregation's output.
    ///
    /// - Errors: a column of the input that is neither grouped nor inside an aggregate.
    func regrouped(
        _ bound: BoundExpression, _ binder: ExpressionBinder, at span: SourceSpan
    ) throws(SQLError) -> BoundExpression {
        var result = bound
        result.expression = try regrouped(bound.expression, binder, at: span)
        return result
    }

    private func regrouped(
        _ expression: ScalarExpression, _ binder: ExpressionBinder, at span: SourceSpan
    ) throws(SQLError) -> ScalarExpression {
        if let group = groups[expression] { return .column(group, expression.type) }
        switch expression {
        case .literal: return expression
        case .column(let index, let type):
            if index >= inputWidth { return .column(keyCount + index - inputWidth, type) }
            let place = binder.references[index] ?? span
            throw binder.source.error(
                "\"\(binder.source.sourcePlace(place).text)\" is neither grouped nor inside an aggregate", at: place,
                hint: "add it to GROUP BY, or aggregate it")
        case .call(let function, let arguments, let type, let place):
            var regroupedArguments: [ScalarExpression] = []
            for argument in arguments { regroupedArguments.append(try regrouped(argument, binder, at: span)) }
            return .call(function, regroupedArguments, type, place)
        }
    }
}
