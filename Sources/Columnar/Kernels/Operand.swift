/// An argument of a kernel: a column with a value for each row, or a constant that is not expanded.
package struct Operand: Sendable {
    /// One row where `isConstant`.
    package var column: Column
    package var isConstant: Bool

    package init(_ column: Column) {
        self.column = column
        isConstant = false
    }

    package init(constant column: Column) {
        precondition(column.rowCount == 1, "a constant is a column of one row")
        self.column = column
        isConstant = true
    }

    package var isConstantNull: Bool { isConstant && column.isNull(0) }

    /// The column with one value for each row.
    package func expanded(to rowCount: Int) -> Column {
        isConstant ? column.take([Int32](repeating: 0, count: rowCount)) : column
    }

    /// Validity of `rowCount` rows; nil where none is NULL.
    func validity(_ rowCount: Int) -> Bitmap? {
        if !isConstant { return column.validity }
        return column.isNull(0) ? Bitmap(repeating: false, count: rowCount) : nil
    }

    @inline(__always)
    func lane<T>(_ values: [T]) -> Lane<T> { Lane(values: values, isConstant: isConstant) }
}

/// The values of an operand of one type.
struct Lane<T> {
    let values: [T]
    let isConstant: Bool

    @inline(__always)
    func value(_ row: Int) -> T { values[isConstant ? 0 : row] }
}

extension Bitmap {
    /// The rows that are valid by both; nil means all.
    package static func intersection(_ a: Bitmap?, _ b: Bitmap?) -> Bitmap? {
        guard let a else { return b }
        guard let b else { return a }
        let words = [UInt64](unsafeUninitializedCapacity: a.words.count) { out, count in
            for i in 0..<a.words.count { out.initializeElement(at: i, to: a.words[i] & b.words[i]) }
            count = a.words.count
        }
        return Bitmap(words: words, count: a.count)
    }
}

extension Column {
    /// All rows NULL.
    package static func nulls(_ type: DataType, rowCount: Int) -> Column {
        let validity = Bitmap(repeating: false, count: rowCount)
        switch type {
        case .boolean: return .boolean(FixedColumn([Bool](repeating: false, count: rowCount), validity: validity))
        case .int: return .int(FixedColumn([Int32](repeating: 0, count: rowCount), validity: validity))
        case .bigint: return .bigint(FixedColumn([Int64](repeating: 0, count: rowCount), validity: validity))
        case .double: return .double(FixedColumn([Double](repeating: 0, count: rowCount), validity: validity))
        case .date: return .date(FixedColumn([Int32](repeating: 0, count: rowCount), validity: validity))
        case .timestamp(let precision):
            let zeros = FixedColumn([Int64](repeating: 0, count: rowCount), validity: validity)
            return .timestamps(zeros, TimestampUnit(precision: precision))
        case .string:
            return .string(StringColumn(offsets: [Int32](repeating: 0, count: rowCount + 1), validity: validity))
        case .row: preconditionFailure("a ROW has no column")
        }
    }

    /// Columns of one case hold values of `type`.
    package func holds(_ type: DataType) -> Bool {
        switch (self, type) {
        case (.boolean, .boolean), (.int, .int), (.bigint, .bigint), (.double, .double), (.date, .date),
            (.string, .string):
            true
        case (.timestamp, .timestamp(let precision)): TimestampUnit(precision: precision) == .milliseconds
        case (.timestampMicros, .timestamp(let precision)): TimestampUnit(precision: precision) == .microseconds
        default: false
        }
    }
}
