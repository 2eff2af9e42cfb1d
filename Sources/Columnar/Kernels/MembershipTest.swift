/// `x IN (constants)`, by search in a sorted list: for lists that are too long to compare with item by item.
package struct MembershipTest: Sendable {
    private enum Items: Sendable {
        case integers([Int64])
        case strings([[UInt8]])
    }

    private let items: Items
    private let hasNull: Bool

    /// nil where the type has no order to search by (BOOLEAN, DOUBLE).
    ///
    /// - Input: the items are columns of one row and of one type.
    package init?(_ columns: [Column]) {
        var integers: [Int64] = []
        var strings: [[UInt8]] = []
        for column in columns where !column.isNull(0) {
            switch column {
            case .int(let c), .date(let c): integers.append(Int64(c.values[0]))
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c): integers.append(c.values[0])
            case .string(let c): strings.append(Array(c.bytes[Int(c.offsets[0])..<Int(c.offsets[1])]))
            case .boolean, .double: return nil
            }
        }
        hasNull = columns.contains { $0.isNull(0) }
        if strings.isEmpty {
            items = .integers(integers.sorted())
        } else {
            items = .strings(strings.sorted { $0.lexicographicallyPrecedes($1) })
        }
    }

    /// TRUE where an item is equal; otherwise NULL where the value or an item is NULL.
    package func apply(_ operand: Operand, scope: RowScope) -> Column {
        let column = operand.expanded(to: scope.rowCount)
        var found = [Bool](repeating: false, count: scope.rowCount)
        switch (items, column) {
        case (.integers(let list), .int(let c)), (.integers(let list), .date(let c)):
            scope.forEach { found[$0] = Self.contains(list, Int64(c.values[$0])) }
        case (.integers(let list), .bigint(let c)), (.integers(let list), .timestamp(let c)),
            (.integers(let list), .timestampMicros(let c)):
            scope.forEach { found[$0] = Self.contains(list, c.values[$0]) }
        case (.strings(let list), .string(let c)):
            scope.forEach { row in
                found[row] = Self.contains(list, c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])])
            }
        default:
            // Only NULLs in the list: they tell no type.
            break
        }
        if !hasNull { return .boolean(FixedColumn(found, validity: column.validity)) }
        return .boolean(
            FixedColumn(found, validity: Bitmap.intersection(column.validity, Bitmap(packing: found))))
    }

    private static func contains(_ sorted: [Int64], _ value: Int64) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) >> 1
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == value
    }

    private static func contains(_ sorted: [[UInt8]], _ value: ArraySlice<UInt8>) -> Bool {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) >> 1
            if sorted[middle].lexicographicallyPrecedes(value) { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low].elementsEqual(value)
    }
}
