/// `CAST` among BOOLEAN, INT, BIGINT, DOUBLE and STRING, and among STRING, DATE and TIMESTAMP. NULL stays NULL.
///
/// - Errors: numbers that do not fit (NaN too) and strings that do not read as the type are faults of their rows.
package enum Cast {
    /// Whether there is such a cast.
    package static func isPossible(from source: DataType, to target: DataType) -> Bool {
        switch (source, target) {
        case (.row, _), (_, .row): false
        case (.string, _), (_, .string): true
        default: source.isTime == target.isTime
        }
    }

    package static func apply(
        _ operand: Operand, from source: DataType, to target: DataType, scope: RowScope, faults: inout [RowFault]
    ) -> Column {
        let column = operand.expanded(to: scope.rowCount)
        if source == target { return column }
        switch (column, target) {
        case (.string(let texts), _): return parse(texts, as: target, scope, &faults)
        case (_, .string): return .string(format(column, source, scope, &faults))
        case (.timestamp(let c), _): return times(c, .milliseconds, target, scope, &faults)
        case (.timestampMicros(let c), _): return times(c, .microseconds, target, scope, &faults)
        case (.date(let c), .timestamp(let precision)): return midnights(c, TimestampUnit(precision: precision))
        case (.boolean(let c), _): return numbers(c, target)
        case (.int(let c), .boolean):
            return .boolean(FixedColumn(mapValues(c.values) { $0 != 0 }, validity: c.validity))
        case (.int(let c), .bigint):
            return .bigint(FixedColumn(mapValues(c.values) { Int64($0) }, validity: c.validity))
        case (.int(let c), .double):
            return .double(FixedColumn(mapValues(c.values) { Double($0) }, validity: c.validity))
        case (.bigint(let c), .boolean):
            return .boolean(FixedColumn(mapValues(c.values) { $0 != 0 }, validity: c.validity))
        case (.bigint(let c), .int): return .int(narrow(c, scope, &faults))
        case (.bigint(let c), .double):
            return .double(FixedColumn(mapValues(c.values) { Double($0) }, validity: c.validity))
        case (.double(let c), .boolean):
            return .boolean(FixedColumn(mapValues(c.values) { $0 != 0 }, validity: c.validity))
        case (.double(let c), .int): return .int(truncateToInt32(c, scope, &faults))
        case (.double(let c), .bigint): return .bigint(truncateToInt64(c, scope, &faults))
        default: preconditionFailure("no cast from \(source) to \(target)")
        }
    }
}
