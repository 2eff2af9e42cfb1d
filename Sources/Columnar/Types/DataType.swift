// The SQL types of columns. Types that are not here yet (TINYINT, DECIMAL, TIME, ARRAY, …) are refused by the binder by name.

/// A type of the dialect, without nullability.
package indirect enum DataType: Hashable, Sendable {
    case boolean
    case int
    case bigint
    case double
    case string
    /// Days since 1970-01-01.
    case date
    /// Time since 1970-01-01 00:00:00 of a clock without zone, in milliseconds or microseconds (see `TimestampUnit`).
    /// `precision` is 0 to 6.
    case timestamp(precision: Int)
    /// Read only: a scan turns the fields somebody asks for into columns of their own.
    case row([Field])
}

/// A named, typed column or ROW field.
package struct Field: Hashable, Sendable {
    package var name: String
    package var type: DataType
    package var isNullable: Bool

    package init(_ name: String, _ type: DataType, isNullable: Bool = true) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

package struct Schema: Hashable, Sendable {
    package var fields: [Field]

    package init(_ fields: [Field]) { self.fields = fields }

    package var count: Int { fields.count }

    /// The first field of this name; names are case-sensitive.
    package func index(of name: String) -> Int? { fields.firstIndex { $0.name == name } }
}

extension DataType: CustomStringConvertible {
    /// As SQL writes it: `BIGINT`, `TIMESTAMP(3)`, ``ROW<`a` INT>``.
    package var description: String {
        switch self {
        case .boolean: "BOOLEAN"
        case .int: "INT"
        case .bigint: "BIGINT"
        case .double: "DOUBLE"
        case .string: "STRING"
        case .date: "DATE"
        case .timestamp(let precision): "TIMESTAMP(\(precision))"
        case .row(let fields):
            "ROW<" + fields.map { "`\($0.name)` \($0.type)\($0.isNullable ? "" : " NOT NULL")" }.joined(separator: ", ")
                + ">"
        }
    }

    /// DATE or TIMESTAMP.
    package var isTime: Bool {
        switch self {
        case .date, .timestamp: true
        default: false
        }
    }

    package var isNumeric: Bool {
        switch self {
        case .int, .bigint, .double: true
        default: false
        }
    }
}
