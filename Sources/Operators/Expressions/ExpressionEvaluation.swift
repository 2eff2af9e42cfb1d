import Columnar

// Running a program: one kernel call per node and batch, over all rows; what matters to a row is decided by its scope. AND,
// OR, IN, CASE and COALESCE narrow the scope of their later arguments to the rows that depend on them, so that an error in
// what a row does not reach is not its error.

extension ExpressionProgram {
    /// The value of each row; for rows out of the selection, and those that fail, any value.
    ///
    /// - Input: `selection` (nil: all rows) counts instead of the batch's own.
    package func evaluate(_ batch: Batch, selection: [Int32]?, failures: inout RowFailures) -> Column {
        let scope = RowScope(rowCount: batch.rowCount, selection: selection)
        return run(nodes[root], batch, scope, &failures).expanded(to: batch.rowCount)
    }

    /// The selected rows for which this condition (a BOOLEAN) is TRUE, ascending.
    package func evaluateFilter(_ batch: Batch, selection: [Int32]?, failures: inout RowFailures) -> [Int32] {
        precondition(type == .boolean, "a condition is a BOOLEAN")
        let scope = RowScope(rowCount: batch.rowCount, selection: selection)
        let condition = run(nodes[root], batch, scope, &failures)
        let rows = Selection.rows(where: condition, scope: scope)
        return failures.isEmpty ? rows : failures.remaining(of: rows, rowCount: batch.rowCount)
    }

    func run(_ node: Node, _ batch: Batch, _ scope: RowScope, _ failures: inout RowFailures) -> Operand {
        switch node.step {
        case .column(let index):
            precondition(batch.columns[index].holds(node.type), "column \(index) is a \(node.type)")
            return Operand(batch.columns[index])
        case .constant(let column): return Operand(constant: column)
        case .and, .or: return runChain(node, batch, scope, &failures)
        case .inItems: return runItems(node, batch, scope, &failures)
        case .caseWhen: return runCase(node, batch, scope, &failures)
        case .coalesce: return runCoalesce(node, batch, scope, &failures)
        default:
            if scope.count == 0 { return Operand(constant: .nulls(node.type, rowCount: 1)) }
            var operands: [Operand] = []
            operands.reserveCapacity(node.arguments.count)
            for argument in node.arguments { operands.append(run(nodes[argument], batch, scope, &failures)) }
            var faults: [RowFault] = []
            let result = apply(node, operands, scope, &faults)
            if !faults.isEmpty { failures.add(faults, place: node.place) }
            return Operand(result)
        }
    }

    /// Kernels that take their arguments for the same rows.
    @inline(never)
    private func apply(
        _ node: Node, _ operands: [Operand], _ scope: RowScope, _ faults: inout [RowFault]
    ) -> Column {
        let rowCount = scope.rowCount
        switch node.step {
        case .arithmetic(let op):
            return Arithmetic.apply(op, operands[0], operands[1], scope: scope, faults: &faults)
        case .negate: return Arithmetic.negate(operands[0], scope: scope, faults: &faults)
        case .comparison(let op): return Comparison.apply(op, operands[0], operands[1], rowCount: rowCount)
        case .distinct(let isDistinct):
            return Comparison.distinct(operands[0], operands[1], isDistinct: isDistinct, rowCount: rowCount)
        case .not: return Logic.not(operands[0], rowCount: rowCount)
        case .nullTest(let test): return test.apply(operands[0], rowCount: rowCount)
        case .inList(let list): return list.apply(operands[0], scope: scope)
        case .like(let pattern): return Like.apply(operands[0], pattern, scope: scope)
        case .likePatterns(let escape):
            return Like.apply(operands[0], patterns: operands[1], escape: escape, scope: scope, faults: &faults)
        case .cast:
            let source = nodes[node.arguments[0]].type
            return Cast.apply(operands[0], from: source, to: node.type, scope: scope, faults: &faults)
        case .substring:
            return Substring.apply(
                operands[0], start: operands[1], length: operands.count > 2 ? operands[2] : nil, scope: scope)
        case .concat: return StringConcatenation.apply(operands, scope: scope, faults: &faults)
        case .letterCase(let letterCase): return letterCase.apply(operands[0], scope: scope, faults: &faults)
        case .trim(let side): return side.apply(operands[0], operands[1], scope: scope)
        case .charLength: return CharacterLength.apply(operands[0], as: node.type, rowCount: rowCount)
        case .splitIndex:
            return SplitIndex.apply(operands[0], separator: operands[1], index: operands[2], scope: scope)
        case .patternExtraction(let pattern):
            return PatternExtraction.apply(operands[0], pattern, group: operands[2], scope: scope, faults: &faults)
        case .patternTest(let pattern): return PatternTest.apply(operands[0], pattern, scope: scope, faults: &faults)
        case .patternReplacement(let pattern):
            return PatternReplacement.apply(
                operands[0], pattern, replacement: operands[2], scope: scope, faults: &faults)
        case .column, .constant, .and, .or, .inItems, .caseWhen, .coalesce:
            preconditionFailure("these are run on their own")
        }
    }
}
