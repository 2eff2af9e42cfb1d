import Columnar
import Operators

/// Rows of an output that two versions do not agree in, of one kind, with the output's leaves as their columns.
package enum DifferentRows {
    /// In step. `columns`: of those that are compared, by row, whether its values differ.
    case changed(old: Batch, new: Batch, columns: [[Bool]])
    case onlyOld(Batch)
    case onlyNew(Batch)

    package enum Kind: String, CaseIterable, Sendable {
        case changed
        case onlyOld
        case onlyNew
    }

    package var kind: Kind {
        switch self {
        case .changed: .changed
        case .onlyOld: .onlyOld
        case .onlyNew: .onlyNew
        }
    }

    package var rowCount: Int { sides[0].rowCount }

    /// The rows of the versions that have them.
    var sides: [Batch] {
        switch self {
        case .changed(let old, let new, _): [old, new]
        case .onlyOld(let rows), .onlyNew(let rows): [rows]
        }
    }
}

/// Pairs of rows, some of whose values differ.
struct RowPairs {
    var old: Batch
    var new: Batch

    /// Those that differ by more than is tolerated; nil: none.
    /// - Parameter width: of columns that are compared, the first ones.
    /// - Output: `near`: the others that differ by a bit at least.
    func differences(width: Int) -> (rows: DifferentRows?, near: Int) {
        var isDifferent = [Bool](repeating: false, count: old.rowCount)
        var columns: [[Bool]] = []
        for index in 0..<width {
            var differs = [Bool](repeating: false, count: old.rowCount)
            let rows = RowDifference.rows(
                [old.columns[index]], [new.columns[index]], .relative(AuditOptions.tolerance))
            for row in rows {
                differs[Int(row)] = true
                isDifferent[Int(row)] = true
            }
            columns.append(differs)
        }
        let kept = isDifferent.indices.filter { isDifferent[$0] }.map { Int32($0) }
        let bits = RowDifference.rows(Array(old.columns.prefix(width)), Array(new.columns.prefix(width)), .bits)
        let near = bits.count { !isDifferent[Int($0)] }
        guard !kept.isEmpty else { return (nil, near) }
        let marks = columns.map { column in kept.map { column[Int($0)] } }
        return (.changed(old: old.take(kept), new: new.take(kept), columns: marks), near)
    }
}
