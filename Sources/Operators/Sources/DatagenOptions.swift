import Columnar

/// What one column of a `datagen` table, or one field of its ROWs, is filled with (`fields.<name>.…`).
package struct DatagenField: Hashable, Sendable {
    package enum Values: Hashable, Sendable {
        /// `min` to `max`, both included; for INT and BIGINT.
        case integers(Int64, Int64)
        /// `min` to `max`.
        case doubles(Double, Double)
        case booleans
        /// Hexadecimal digits: `length` of them, or with `var-len` 1 to `length`.
        case strings(length: Int, isVariable: Bool)
        /// When the row is due, less up to `max-past`.
        case times(mostPastMilliseconds: Int64)
        /// `start` to `end`, both included, then no row follows; for INT, BIGINT, DOUBLE and STRING.
        case sequence(Int64, Int64)
    }

    /// Field names from the top of the row.
    package var path: [String]
    package var type: DataType
    package var values: Values
    /// `null-rate`: how many of 1 are NULL.
    package var nullRate: Double

    package init(path: [String], type: DataType, values: Values, nullRate: Double = 0) {
        self.path = path
        self.type = type
        self.values = values
        self.nullRate = nullRate
    }

    package static let defaultLength = 100
    package static let largestLength = 1 << 20

    /// What the connector gives where no option says otherwise; nil: it has nothing for this type.
    package static func defaultValues(_ type: DataType) -> Values? {
        switch type {
        case .boolean: .booleans
        case .int: .integers(Int64(Int32.min), Int64(Int32.max))
        case .bigint: .integers(.min, .max)
        case .double: .doubles(-.greatestFiniteMagnitude, .greatestFiniteMagnitude)
        case .string: .strings(length: defaultLength, isVariable: false)
        case .timestamp, .date: .times(mostPastMilliseconds: 0)
        case .row: nil
        }
    }

    /// Rows that a sequence has.
    var rowCount: Int64? {
        guard case .sequence(let start, let end) = values else { return nil }
        let (count, overflow) = end.subtractingReportingOverflow(start)
        return overflow ? .max : max(count, -1) &+ (count == .max ? 0 : 1)
    }

    /// The option that cannot be, and what it has to be; nil: all can.
    package var problem: (option: String, reason: String)? {
        let name = "fields." + path.joined(separator: ".")
        guard 0...1 ~= nullRate else { return (name + ".null-rate", "is 0 to 1") }
        let isInt = type == .int
        func fits(_ value: Int64) -> Bool { !isInt || Int32(exactly: value) != nil }
        switch (values, type) {
        case (.integers(let least, let most), .int), (.integers(let least, let most), .bigint):
            guard least <= most else { return (name + ".max", "is not less than '\(name).min'") }
            return fits(least) && fits(most) ? nil : (name + ".max", "fits in \(type)")
        case (.doubles(let least, let most), .double):
            let isRange = least <= most && least.isFinite && most.isFinite
            return isRange ? nil : (name + ".max", "is not less than '\(name).min'")
        case (.strings(let length, _), .string):
            return 0...Self.largestLength ~= length ? nil : (name + ".length", "is 0 to \(Self.largestLength)")
        case (.times(let past), .timestamp), (.times(let past), .date):
            return 0...(1 << 50) ~= past ? nil : (name + ".max-past", "is at most \(1 << 50) ms")
        case (.booleans, .boolean): return nil
        case (.sequence(let start, let end), .int), (.sequence(let start, let end), .bigint),
            (.sequence(let start, let end), .double), (.sequence(let start, let end), .string):
            guard start <= end else { return (name + ".end", "is not less than '\(name).start'") }
            return fits(start) && fits(end) ? nil : (name + ".end", "fits in \(type)")
        default: return (name + ".kind", "suits \(type)")
        }
    }
}
