// One column of a batch: a flat buffer of values and, where there are NULLs, a bitmap. The value under a NULL is anything
// valid for the type (kernels may compute on it, and its errors do not count); an empty string under a NULL.

/// Fixed-width values. `validity` is nil where no row is NULL; else a set bit means "not NULL".
package struct FixedColumn<Element: Hashable & Sendable>: Hashable, Sendable {
    package var values: [Element]
    package var validity: Bitmap?

    package init(_ values: [Element], validity: Bitmap? = nil) {
        self.values = values
        self.validity = validity
    }
}

/// UTF-8 strings. Row i is `bytes[offsets[i]..<offsets[i + 1]]`; `offsets` has one element more than there are rows.
/// Invariant: bytes are valid UTF-8 with boundaries at the offsets.
package struct StringColumn: Hashable, Sendable {
    package var offsets: [Int32]
    package var bytes: [UInt8]
    package var validity: Bitmap?

    package init(offsets: [Int32] = [0], bytes: [UInt8] = [], validity: Bitmap? = nil) {
        self.offsets = offsets
        self.bytes = bytes
        self.validity = validity
    }
}

package enum Column: Hashable, Sendable {
    case boolean(FixedColumn<Bool>)
    case int(FixedColumn<Int32>)
    case bigint(FixedColumn<Int64>)
    case double(FixedColumn<Double>)
    /// Milliseconds since 1970-01-01 00:00:00.
    case timestamp(FixedColumn<Int64>)
    /// Microseconds since 1970-01-01 00:00:00, of a TIMESTAMP with more than three digits.
    case timestampMicros(FixedColumn<Int64>)
    /// Days since 1970-01-01.
    case date(FixedColumn<Int32>)
    case string(StringColumn)
}

extension Column {
    package var rowCount: Int {
        switch self {
        case .boolean(let c): c.values.count
        case .int(let c), .date(let c): c.values.count
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c): c.values.count
        case .double(let c): c.values.count
        case .string(let c): c.offsets.count - 1
        }
    }

    package var validity: Bitmap? {
        get {
            switch self {
            case .boolean(let c): c.validity
            case .int(let c), .date(let c): c.validity
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c): c.validity
            case .double(let c): c.validity
            case .string(let c): c.validity
            }
        }
        set {
            switch self {
            case .boolean(var c): c.validity = newValue; self = .boolean(c)
            case .int(var c): c.validity = newValue; self = .int(c)
            case .bigint(var c): c.validity = newValue; self = .bigint(c)
            case .timestamp(var c): c.validity = newValue; self = .timestamp(c)
            case .timestampMicros(var c): c.validity = newValue; self = .timestampMicros(c)
            case .date(var c): c.validity = newValue; self = .date(c)
            case .double(var c): c.validity = newValue; self = .double(c)
            case .string(var c): c.validity = newValue; self = .string(c)
            }
        }
    }

    package func isNull(_ row: Int) -> Bool { validity.map { !$0[row] } ?? false }

    /// Bytes held, for memory budgets.
    package var sizeBytes: Int {
        let bits = (validity?.words.count ?? 0) * 8
        switch self {
        case .boolean(let c): return c.values.count + bits
        case .int(let c), .date(let c): return c.values.count * 4 + bits
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c): return c.values.count * 8 + bits
        case .double(let c): return c.values.count * 8 + bits
        case .string(let c): return c.offsets.count * 4 + c.bytes.count + bits
        }
    }
}
