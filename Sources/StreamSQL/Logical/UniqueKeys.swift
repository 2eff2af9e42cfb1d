import Operators

extension LogicalPlan {
    /// Sets of columns by which no two rows of the result are alike at any time, as far as is known; an update never
    /// changes them.
    var uniqueKeys: [Set<Int>] {
        switch self {
        case .scan(let scan):
            guard scan.table.isChangelog else { return [] }
            let key = scan.table.primaryKey.compactMap { name in scan.columns.firstIndex { $0.path == [name] } }
            return key.count == scan.table.primaryKey.count ? [Set(key)] : []
        case .filter(let filter): return filter.input.uniqueKeys
        case .project(let projection):
            var places: [Int: Int] = [:]
            for (place, item) in projection.items.enumerated() {
                if case .column(let index, _) = item.expression, places[index] == nil { places[index] = place }
            }
            return projection.input.uniqueKeys.compactMap { key in
                let projected = key.compactMap { places[$0] }
                return projected.count == key.count ? Set(projected) : nil
            }
        case .aggregate(let aggregation): return [Set(aggregation.groupColumns.indices)]
        case .aggregateWindows(let aggregation):
            let groups = Set(aggregation.groupColumns.indices)
            guard case .sliced = aggregation.windows else { return [groups] }
            // A window is known by any of its times.
            let first = groups.count + aggregation.calls.count
            return aggregation.properties.indices.map { groups.union([first + $0]) }
        case .windows, .unionAll, .sink: return []
        }
    }
}
