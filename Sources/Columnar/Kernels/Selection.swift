/// Lists of rows, ascending, as conditions make them.
package enum Selection {
    /// The rows in scope where a BOOLEAN is TRUE.
    package static func rows(where condition: Operand, scope: RowScope) -> [Int32] {
        guard case .boolean(let column) = condition.column else {
            preconditionFailure("a condition is a BOOLEAN")
        }
        if condition.isConstant {
            return column.values[0] && !condition.isConstantNull ? scope.rows : []
        }
        let holds: [Bool]
        if let validity = column.validity {
            let valid = Lane(values: validity.unpacked(), isConstant: false)
            holds = mapPairs(Lane(values: column.values, isConstant: false), valid, rowCount: scope.rowCount) {
                $0 && $1
            }
        } else {
            holds = column.values
        }
        if let selection = scope.selection { return filter(selection, holds) }
        return filter(holds, scope.rowCount)
    }

    /// The rows of `all` that are not in `part`, a subset of it.
    package static func rows(_ all: [Int32], without part: [Int32]) -> [Int32] {
        if part.isEmpty { return all }
        if part.count == all.count { return [] }
        var rest: [Int32] = []
        rest.reserveCapacity(all.count - part.count)
        var next = 0
        for row in all {
            if next < part.count, part[next] == row { next += 1 } else { rest.append(row) }
        }
        return rest
    }

    /// Writes every row number and steps on only after those that stay: no branch to mispredict.
    private static func filter(_ holds: [Bool], _ rowCount: Int) -> [Int32] {
        precondition(holds.count >= rowCount, "a condition has all rows")
        return [Int32](unsafeUninitializedCapacity: rowCount) { out, count in
            guard let rows = out.baseAddress else { return }
            var kept = 0
            holds.withUnsafeBytes { h in
                for row in 0..<rowCount {
                    rows[kept] = Int32(truncatingIfNeeded: row)
                    kept &+= Int(h[row])
                }
            }
            count = kept
        }
    }

    private static func filter(_ selection: [Int32], _ holds: [Bool]) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: selection.count) { out, count in
            guard let rows = out.baseAddress else { return }
            var kept = 0
            let flags = holds.span
            for row in selection {
                rows[kept] = row
                kept &+= flags[Int(row)] ? 1 : 0
            }
            count = kept
        }
    }
}

extension RowScope {
    /// The rows as a list.
    package var rows: [Int32] { selection ?? [Int32](0..<Int32(truncatingIfNeeded: rowCount)) }

    /// The same batch with fewer rows in scope.
    package func narrowed(to selection: [Int32]) -> RowScope { RowScope(rowCount: rowCount, selection: selection) }
}
