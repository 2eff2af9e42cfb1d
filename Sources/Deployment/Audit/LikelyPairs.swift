import Columnar
import Operators

/// Which rows without a key are one row that has changed a little: they agree in every column but those that may differ, and
/// but for DOUBLEs, which are nearly the same.
struct LikelyPairs {
    /// Compared columns.
    private let exact: [Int]
    private let near: [Int]
    private let types: [DataType]

    /// - Parameter mayDiffer: of the compared columns.
    init(_ columns: OutputColumns, mayDiffer: [Bool]) {
        let fixed = (0..<columns.sharedCount).filter { !mayDiffer[$0] }
        near = fixed.filter { columns.leaves[$0].type == .double }
        exact = fixed.filter { columns.leaves[$0].type != .double }
        types = exact.map { columns.leaves[$0].type }
        mayPair = !near.isEmpty || mayDiffer.contains(true)
    }

    /// Otherwise rows that agree so far are equal.
    private let mayPair: Bool

    /// No row is in two pairs.
    func pairs(_ old: Batch, _ new: Batch) -> [(old: Int32, new: Int32)] {
        guard mayPair else { return [] }
        let table = GroupTable(types)
        let oldGroups = groups(old, table)
        let newGroups = groups(new, table)
        var pairs: [(old: Int32, new: Int32)] = []
        for (group, oldRows) in oldGroups.sorted(by: { $0.key < $1.key }) {
            guard let newRows = newGroups[group] else { continue }
            merge(sorted(oldRows, old), sorted(newRows, new), old, new, &pairs)
        }
        return pairs
    }

    private func groups(_ rows: Batch, _ table: GroupTable) -> [Int32: [Int32]] {
        var slots: [Int32] = []
        table.resolve(exact.map { rows.columns[$0] }, rowCount: rows.rowCount, into: &slots)
        var groups: [Int32: [Int32]] = [:]
        for (row, slot) in slots.enumerated() { groups[slot, default: []].append(Int32(row)) }
        return groups
    }

    /// In the order of their DOUBLEs, NULL first and NaN last.
    private func sorted(_ rows: [Int32], _ batch: Batch) -> [Int32] {
        guard !near.isEmpty, rows.count > 1 else { return rows }
        return rows.sorted { left, right in
            for index in near {
                let (a, b) = (Self.value(batch, index, left), Self.value(batch, index, right))
                if let order = Self.order(a, b, isNearEqual: false) { return order }
            }
            return left < right
        }
    }

    private func merge(
        _ oldRows: [Int32], _ newRows: [Int32], _ old: Batch, _ new: Batch, _ pairs: inout [(old: Int32, new: Int32)]
    ) {
        var (i, j) = (0, 0)
        var (oldLeft, newLeft): ([Int32], [Int32]) = ([], [])
        while i < oldRows.count, j < newRows.count {
            switch isOldFirst(old, oldRows[i], new, newRows[j]) {
            case nil:
                pairs.append((oldRows[i], newRows[j]))
                i += 1
                j += 1
            case true?:
                oldLeft.append(oldRows[i])
                i += 1
            case false?:
                newLeft.append(newRows[j])
                j += 1
            }
        }
        oldLeft += oldRows[i...]
        newLeft += newRows[j...]
        pairLeft(oldLeft, newLeft, old, new, &pairs)
    }

    /// Of several DOUBLEs, an earlier one that is nearly the same may have put a later one in another order.
    private func pairLeft(
        _ oldRows: [Int32], _ newRows: [Int32], _ old: Batch, _ new: Batch, _ pairs: inout [(old: Int32, new: Int32)]
    ) {
        guard near.count > 1, oldRows.count * newRows.count <= Self.mostComparisons else { return }
        var newRows = newRows
        for row in oldRows {
            guard let found = newRows.firstIndex(where: { isOldFirst(old, row, new, $0) == nil }) else { continue }
            pairs.append((row, newRows.remove(at: found)))
        }
    }

    private static let mostComparisons = 1 << 20

    /// nil: they are nearly the same.
    private func isOldFirst(_ old: Batch, _ oldRow: Int32, _ new: Batch, _ newRow: Int32) -> Bool? {
        for index in near {
            let (a, b) = (Self.value(old, index, oldRow), Self.value(new, index, newRow))
            if let order = Self.order(a, b, isNearEqual: true) { return order }
        }
        return nil
    }

    private static func value(_ batch: Batch, _ index: Int, _ row: Int32) -> Double? {
        guard case .double(let column) = batch.columns[index], !batch.columns[index].isNull(Int(row)) else {
            return nil
        }
        return column.values[Int(row)]
    }

    /// Whether `a` comes first; nil: they are equal, or near.
    private static func order(_ a: Double?, _ b: Double?, isNearEqual: Bool) -> Bool? {
        guard let a, let b else { return a == nil && b == nil ? nil : a == nil }
        if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? nil : b.isNaN }
        if isNearEqual, RowDifference.Equality.relative(AuditOptions.tolerance).holds(a, b) { return nil }
        return a == b ? nil : a < b
    }
}
