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

extension QueryBinder {
    func grouped(_ input: Relation, _ select: SelectSyntax, _ list: SelectList) throws(SQLError) -> Relation {
        let groups = try groupExpressions(select.groups ?? [], list.binder)
        var list = list
        var having: BoundExpression?
        if let condition = select.having {
            list.binder.clause = .having
            having = try list.binder.condition(condition, of: "the condition of HAVING")
        }
        let binder = list.binder
        let layout = GroupLayout(groups, calls: binder.aggregates.calls, inputWidth: binder.inputWidth)
        var relation = try aggregated(input, layout, at: select.span)
        if let having, let condition = select.having {
            let regrouped = try layout.regrouped(having, binder, at: condition.span)
            relation.plan = .filter(Filter(input: relation.plan, condition: regrouped.expression))
            relation.bulk = try relation.bulk.under(weight: regrouped.size, source, at: condition.span)
        }
        var items: [SelectList.Item] = []
        for item in list.items {
            guard case .scalar(let bound) = item.value else {
                throw source.notSupported("a whole ROW (\"\(item.name)\") with GROUP BY", at: item.span)
            }
            let regrouped = try layout.regrouped(bound, binder, at: item.span)
            items.append(SelectList.Item(name: item.name, value: .scalar(regrouped), span: item.span))
        }
        return try projected(relation, items, at: select.span)
    }

    private func groupExpressions(
        _ groups: [Expression], _ list: ExpressionBinder
    ) throws(SQLError) -> [NamedExpression] {
        var binder = ExpressionBinder(
            source: source, scope: list.scope, inputWidth: list.inputWidth, clause: .groupBy)
        var bound: [NamedExpression] = []
        var seen: Set<ScalarExpression> = []
        for group in groups {
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

    private func aggregated(
        _ input: Relation, _ layout: GroupLayout, at span: SourceSpan
    ) throws(SQLError) -> Relation {
        if input.plan.changelog == .updating {
            throw source.notSupported("an aggregate over an updating query", at: span)
        }
        let projection = LogicalPlan.project(Projection(input: input.plan, items: layout.inputs))
        let plan = LogicalPlan.aggregate(
            Aggregation(
                input: projection, groupColumns: Array(0..<layout.groupCount), calls: layout.calls, names: layout.names)
        )
        let bulk = try input.bulk.under(weight: layout.weight, source, at: span).under(
            weight: layout.names.count, source, at: span)
        return Relation(plan: plan, columns: [], bulk: bulk)
    }
}

/// Which column of the aggregation each group expression and aggregate has become.
struct GroupLayout {
    private(set) var inputs: [NamedExpression]
    private(set) var calls: [AggregateCall] = []
    private(set) var names: [String]
    private(set) var weight = 0
    let groupCount: Int
    private let inputWidth: Int
    private var groups: [ScalarExpression: Int] = [:]
    private var nullable: [Bool]

    init(_ groups: [NamedExpression], calls: [AggregateCollector.Call], inputWidth: Int) {
        inputs = groups
        groupCount = groups.count
        self.inputWidth = inputWidth
        names = groups.map(\.name)
        nullable = groups.map(\.isNullable)
        for (index, group) in groups.enumerated() {
            self.groups[group.expression] = index
            weight += group.expression.size(upTo: PlanBulk.maxWeight)
        }
        var arguments: [ScalarExpression: Int] = self.groups
        for call in calls { add(call, &arguments) }
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
        nullable.append(call.function != .count && call.function != .countStar)
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
            if index >= inputWidth { return .column(groupCount + index - inputWidth, type) }
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
