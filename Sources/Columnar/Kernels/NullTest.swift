/// Tests that are never NULL.
package enum NullTest: Hashable, Sendable {
    case isNull
    case isNotNull
    // These take a BOOLEAN.
    case isTrue
    case isNotTrue
    case isFalse
    case isNotFalse

    package func apply(_ operand: Operand, rowCount: Int) -> Column {
        let validity = operand.validity(rowCount)
        switch self {
        case .isNull, .isNotNull:
            let isNotNull = validity?.unpacked() ?? [Bool](repeating: true, count: rowCount)
            return .boolean(FixedColumn(self == .isNull ? mapValues(isNotNull) { !$0 } : isNotNull))
        case .isTrue, .isNotTrue, .isFalse, .isNotFalse:
            guard case .boolean(let column) = operand.expanded(to: rowCount) else {
                preconditionFailure("a truth test takes a BOOLEAN")
            }
            let sought = self == .isTrue || self == .isNotTrue
            let answer = self == .isTrue || self == .isFalse
            guard let validity else {
                return .boolean(FixedColumn(mapValues(column.values) { ($0 == sought) == answer }))
            }
            let valid = Lane(values: validity.unpacked(), isConstant: false)
            let values = mapPairs(Lane(values: column.values, isConstant: false), valid, rowCount: rowCount) {
                ($1 && $0 == sought) == answer
            }
            return .boolean(FixedColumn(values))
        }
    }
}
