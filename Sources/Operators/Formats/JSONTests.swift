import Columnar
import Glibc

/// A scan predicate, as the scanner evaluates it: on the value just stored in a row.
struct JSONTest {
    enum Operand {
        case boolean(Bool)
        case integer(Int64)
        case double(Double)
        case string([UInt8])
        /// Never TRUE of a value (a NULL literal); or only NULL itself is tested.
        case none
    }

    var field: Int
    /// The column is the field's presence.
    var isOfPresence: Bool
    var comparison: ScanPredicate.Comparison
    var operand: Operand

    init(_ predicate: ScanPredicate, column: ScanColumn, field: Int) {
        self.field = field
        isOfPresence = column.kind == .presence
        comparison = predicate.comparison
        switch predicate.literal {
        case .null: operand = .none
        case .boolean(let value): operand = .boolean(value)
        case .int(let value): operand = .integer(Int64(value))
        case .bigint(let value), .timestamp(let value), .timestampMicros(let value): operand = .integer(value)
        case .date(let value): operand = .integer(Int64(value))
        case .double(let value): operand = .double(value)
        case .string(let value): operand = .string(Array(value.utf8))
        }
    }

    /// Of NULL.
    var holdsForNull: Bool { comparison == .isNull }

    func holds(presence: Bool) -> Bool {
        guard case .boolean(let expected) = operand else { return comparison == .isNotNull }
        return holds(presence ? 1 : 0, expected ? 1 : 0)
    }

    /// Of the value of `content` stored in `row`, which is not NULL.
    func holds(_ content: JSONField.Content, in column: UnsafePointer<JSONColumnStorage>, row: Int) -> Bool {
        if comparison == .isNotNull { return true }
        if comparison == .isNull { return false }
        let values = column.pointee.values
        switch (content, operand) {
        case (.bigint, .integer(let literal)), (.timestamp, .integer(let literal)):
            return holds(values.load(fromByteOffset: row * 8, as: Int64.self), literal)
        case (.int, .integer(let literal)), (.date, .integer(let literal)):
            return holds(Int64(values.load(fromByteOffset: row * 4, as: Int32.self)), literal)
        case (.double, .double(let literal)):
            return holds(values.load(fromByteOffset: row * 8, as: Double.self), literal)
        case (.boolean, .boolean(let literal)):
            return holds(values.load(fromByteOffset: row, as: Bool.self) ? 1 : 0, literal ? 1 : 0)
        case (.string, .string(let literal)):
            let begin = Int(column.pointee.offsets[row])
            let count = Int(column.pointee.offsets[row + 1]) - begin
            let order = literal.withUnsafeBytes { literal in
                literal.count == 0 || count == 0
                    ? 0 : memcmp(column.pointee.arena + begin, literal.baseAddress!, min(count, literal.count))
            }
            return holds(order != 0 ? Int(order) : count - literal.count, 0)
        case (_, .none): return false
        default: preconditionFailure("a scan predicate's literal is of its column's type")
        }
    }

    @inline(__always)
    private func holds<Value: Comparable>(_ a: Value, _ b: Value) -> Bool {
        switch comparison {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .isNull: false
        case .isNotNull: true
        }
    }
}
