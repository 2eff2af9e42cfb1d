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
        let columns = needed.sorted()
        var pruned = scan
        pruned.columns = columns.map { scan.columns[$0] }
        return Pruned(plan: .scan(pruned), positions: positions(columns))
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
        var below = Set(aggregation.groupColumns)
        for call in calls {
            if let argument = aggregation.calls[call].argument { below.insert(argument) }
        }
        let input = prune(aggregation.input, below)
        var pruned = aggregation
        pruned.input = input.plan
        pruned.groupColumns = aggregation.groupColumns.map { input.position(of: $0) }
        pruned.calls = calls.map { index in
            var call = aggregation.calls[index]
            call.argument = call.argument.map { input.position(of: $0) }
            return call
        }
        let kept = Array(0..<groups) + calls.map { groups + $0 }
        pruned.names = kept.map { aggregation.names[$0] }
        return Pruned(plan: .aggregate(pruned), positions: positions(kept))
    }
}

extension ColumnPruning.Pruned {
    fileprivate func position(of column: Int) -> Int {
        guard let position = positions[column] else { preconditionFailure("a column that is needed was pruned") }
        return position
    }

    fileprivate func column(_ column: Int, _ type: DataType) -> ScalarExpression { .column(position(of: column), type) }

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
