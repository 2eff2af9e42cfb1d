import Columnar

extension ExpressionProgram {
    /// AND: later arguments matter where the earlier ones are not FALSE; OR: where they are not TRUE.
    func runChain(_ node: Node, _ batch: Batch, _ scope: RowScope, _ failures: inout RowFailures) -> Operand {
        let isAnd = if case .and = node.step { true } else { false }
        let isOpen: NullTest = isAnd ? .isNotFalse : .isNotTrue
        var result = run(nodes[node.arguments[0]], batch, scope, &failures)
        var open = scope
        for argument in node.arguments.dropFirst() {
            if nodes[argument].isScoped {
                open = narrow(open, where: isOpen, result)
                if open.count == 0 { break }
            }
            let next = run(nodes[argument], batch, open, &failures)
            result = Operand(
                isAnd
                    ? Logic.and(result, next, rowCount: scope.rowCount)
                    : Logic.or(result, next, rowCount: scope.rowCount))
        }
        return result
    }

    private func narrow(_ scope: RowScope, where test: NullTest, _ value: Operand) -> RowScope {
        let holds = test.apply(value, rowCount: scope.rowCount)
        return scope.narrowed(to: Selection.rows(where: Operand(holds), scope: scope))
    }

    /// IN over items that are compared with one by one: a chain of ORs.
    func runItems(_ node: Node, _ batch: Batch, _ scope: RowScope, _ failures: inout RowFailures) -> Operand {
        let value = run(nodes[node.arguments[0]], batch, scope, &failures)
        var result: Operand?
        var open = scope
        for argument in node.arguments.dropFirst() {
            if nodes[argument].isScoped, let result { open = narrow(open, where: .isNotTrue, result) }
            let item = run(nodes[argument], batch, open, &failures)
            let isEqual = Operand(Comparison.apply(.equal, value, item, rowCount: scope.rowCount))
            result = result.map { Operand(Logic.or($0, isEqual, rowCount: scope.rowCount)) } ?? isEqual
        }
        return result ?? Operand(constant: .boolean(FixedColumn([false])))
    }

    /// Each condition is asked of the rows that no earlier one took, each value computed for the rows its condition took.
    func runCase(_ node: Node, _ batch: Batch, _ scope: RowScope, _ failures: inout RowFailures) -> Operand {
        var merger = BranchMerger(type: node.type, rowCount: scope.rowCount)
        var rest = scope
        var index = 0
        while index + 1 < node.arguments.count, rest.count > 0 {
            let condition = run(nodes[node.arguments[index]], batch, rest, &failures)
            let taken = rest.narrowed(to: Selection.rows(where: condition, scope: rest))
            if taken.count > 0 {
                merger.take(run(nodes[node.arguments[index + 1]], batch, taken, &failures), rows: taken)
                rest = rest.narrowed(to: Selection.rows(rest.rows, without: taken.rows))
            }
            index += 2
        }
        if rest.count > 0, let otherwise = node.arguments.last {
            merger.take(run(nodes[otherwise], batch, rest, &failures), rows: rest)
        }
        return merged(merger, node, &failures)
    }

    /// Each argument is computed for the rows where the earlier ones are NULL.
    func runCoalesce(_ node: Node, _ batch: Batch, _ scope: RowScope, _ failures: inout RowFailures) -> Operand {
        var merger = BranchMerger(type: node.type, rowCount: scope.rowCount)
        var rest = scope
        for (index, argument) in node.arguments.enumerated() where rest.count > 0 {
            let value = run(nodes[argument], batch, rest, &failures)
            if index == 0, !value.isConstant, value.column.validity == nil { return value }
            let isLast = index == node.arguments.count - 1
            let taken = isLast ? rest : narrow(rest, where: .isNotNull, value)
            guard taken.count > 0 else { continue }
            merger.take(value, rows: taken)
            rest = rest.narrowed(to: Selection.rows(rest.rows, without: taken.rows))
        }
        return merged(merger, node, &failures)
    }

    private func merged(_ merger: BranchMerger, _ node: Node, _ failures: inout RowFailures) -> Operand {
        var faults: [RowFault] = []
        let column = merger.column(faults: &faults)
        if !faults.isEmpty { failures.add(faults, place: node.place) }
        return Operand(column)
    }
}
