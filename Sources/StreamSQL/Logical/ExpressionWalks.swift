import Columnar
import Operators

// Walks over bound expressions. All recursion is bounded by the binder's limits on height and size.

extension ScalarExpression {
    package var arguments: [ScalarExpression] {
        if case .call(_, let arguments, _, _) = self { return arguments }
        return []
    }

    var literal: Literal? {
        if case .literal(let literal, _) = self { return literal }
        return nil
    }

    var columnIndex: Int? {
        if case .column(let index, _) = self { return index }
        return nil
    }

    /// A column or a literal: it costs nothing to have it twice.
    var isTrivial: Bool {
        if case .call = self { return false }
        return true
    }

    /// Nodes of the tree, counted up to `limit`.
    func size(upTo limit: Int) -> Int {
        var count = 1
        for argument in arguments {
            guard count < limit else { break }
            count += argument.size(upTo: limit - count)
        }
        return count
    }

    var height: Int {
        var height = 0
        for argument in arguments { height = Swift.max(height, argument.height) }
        return height + 1
    }

    func collectColumns(into columns: inout Set<Int>) {
        switch self {
        case .column(let index, _): columns.insert(index)
        case .literal: break
        case .call(_, let arguments, _, _):
            for argument in arguments { argument.collectColumns(into: &columns) }
        }
    }

    /// How often each column is referred to.
    func countColumns(into counts: inout [Int: Int]) {
        switch self {
        case .column(let index, _): counts[index, default: 0] += 1
        case .literal: break
        case .call(_, let arguments, _, _):
            for argument in arguments { argument.countColumns(into: &counts) }
        }
    }

    /// Every column replaced by what `replacement` gives for its index; nil leaves it.
    func replacingColumns(_ replacement: (Int) -> ScalarExpression?) -> ScalarExpression {
        switch self {
        case .column(let index, _): return replacement(index) ?? self
        case .literal: return self
        case .call(let function, let arguments, let type, let place):
            return .call(function, arguments.map { $0.replacingColumns(replacement) }, type, place)
        }
    }

    /// The conditions that ANDs join here.
    var conjuncts: [ScalarExpression] {
        var found: [ScalarExpression] = []
        collectConjuncts(into: &found)
        return found
    }

    private func collectConjuncts(into found: inout [ScalarExpression]) {
        guard case .call(.and, let arguments, _, _) = self else {
            found.append(self)
            return
        }
        for argument in arguments { argument.collectConjuncts(into: &found) }
    }

    /// The operands joined by ANDs or ORs, as a tree of least height.
    static func joined(
        _ operands: ArraySlice<ScalarExpression>, by function: ScalarFunction, place: SourcePlace
    ) -> ScalarExpression {
        precondition(!operands.isEmpty, "an AND or OR needs operands")
        if operands.count == 1 { return operands[operands.startIndex] }
        let middle = operands.startIndex + operands.count / 2
        let left = joined(operands[..<middle], by: function, place: place)
        let right = joined(operands[middle...], by: function, place: place)
        return .call(function, [left, right], .boolean, place)
    }

    static func conjunction(_ conjuncts: [ScalarExpression]) -> ScalarExpression? {
        guard let first = conjuncts.first else { return nil }
        return joined(conjuncts[...], by: .and, place: first.place)
    }

    /// Where it stands in the file; columns and literals have no place of their own.
    var place: SourcePlace {
        if case .call(_, _, _, let place) = self { return place }
        return SourcePlace(line: 1, column: 1, text: "")
    }
}
