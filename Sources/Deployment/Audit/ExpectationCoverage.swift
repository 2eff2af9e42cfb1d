import Columnar
import Operators
import StreamSQL

/// What of an output's differences is expected. A row that is in one version alone, or has changed, is where an expectation
/// of whole rows holds for its old or its new row; a changed one also where each of its columns is named by one that does.
struct ExpectationCoverage {
    fileprivate struct Bound {
        let text: String
        /// Of the compared columns; nil: whole rows.
        let columns: [Bool]?
        /// nil: of every row.
        let condition: ExpressionProgram?
        var rows = 0
    }

    private var bound: [Bound] = []
    /// Nothing may differ.
    private var isNone = false

    /// - Errors: what the output does not have.
    init(_ expectations: [ExpectedDifference], _ columns: OutputColumns, of output: String) throws(SQLError) {
        for expectation in expectations {
            let condition = try expectation.bind(to: output, columns.fields)
            var program: ExpressionProgram?
            do throws(ExpressionError) {
                program = try condition.map { (condition) throws(ExpressionError) in
                    try ExpressionProgram(condition)
                }
            } catch {
                let place = error.place.map { SQLPlace(line: $0.line, column: $0.column, length: 1) }
                throw SQLError("\(error)", place: place)
            }
            let mask = expectation.columns.map { paths in
                columns.leaves.prefix(columns.sharedCount).map { leaf in
                    paths.contains { leaf.path.starts(with: $0) }
                }
            }
            if expectation.isNone { isNone = true }
            bound.append(Bound(text: expectation.text, columns: mask, condition: program))
        }
    }

    /// Of the compared columns, whether one of the expectations names it.
    func named(_ width: Int) -> [Bool] {
        guard !isNone else { return [Bool](repeating: false, count: width) }
        return (0..<width).map { index in bound.contains { $0.columns?[index] ?? false } }
    }

    /// By expectation, the rows that it has covered, alone or with others.
    var outcomes: [(text: String, rows: Int)] { bound.map { ($0.text, $0.rows) } }

    /// - Returns: by row, whether its difference is expected.
    mutating func cover(_ rows: DifferentRows) -> [Bool] {
        var isCovered = [Bool](repeating: false, count: rows.rowCount)
        guard !isNone else { return isCovered }
        var differing: [[Bool]] = []
        if case .changed(_, _, let columns) = rows { differing = columns }
        // Of changed rows, what nothing has covered yet.
        var left = differing
        var helps: [[Bool]] = []
        for expectation in bound {
            var helped = expectation.holds(rows)
            for row in helped.indices where helped[row] {
                guard let names = expectation.columns else {
                    isCovered[row] = true
                    continue
                }
                let its = differing.indices.filter { names[$0] && differing[$0][row] }
                for column in its { left[column][row] = false }
                helped[row] = !its.isEmpty
            }
            helps.append(helped)
        }
        for row in isCovered.indices where !left.isEmpty && !left.contains(where: { $0[row] }) { isCovered[row] = true }
        for index in bound.indices {
            bound[index].rows += isCovered.indices.count { isCovered[$0] && helps[index][$0] }
        }
        return isCovered
    }
}

extension ExpectationCoverage.Bound {
    /// By row. A row on which the condition fails does not meet it.
    fileprivate func holds(_ rows: DifferentRows) -> [Bool] {
        guard let condition else { return [Bool](repeating: true, count: rows.rowCount) }
        var holds = [Bool](repeating: false, count: rows.rowCount)
        for side in rows.sides {
            var failures = RowFailures(limit: 1)
            for row in condition.evaluateFilter(side, selection: nil, failures: &failures) { holds[Int(row)] = true }
        }
        return holds
    }
}
