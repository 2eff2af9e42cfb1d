import Columnar
import HostSystem

/// One value of a column, for tests that go row by row. NaN equals NaN, and -0.0 is not 0.0.
package enum Cell: Hashable, Sendable, CustomStringConvertible {
    case null
    case boolean(Bool)
    case int(Int32)
    case bigint(Int64)
    case bits(UInt64)
    case string(String)
    case timestamp(Int64)
    case timestampMicros(Int64)
    case date(Int32)

    package static func double(_ value: Double) -> Cell { .bits(value.isNaN ? .max : value.bitPattern) }

    package var double: Double? {
        guard case .bits(let bits) = self else { return nil }
        return Double(bitPattern: bits)
    }

    package var description: String {
        switch self {
        case .null: "NULL"
        case .boolean(let value): "\(value)"
        case .int(let value): "INT \(value)"
        case .bigint(let value): "\(value)"
        case .bits(let bits): "\(Double(bitPattern: bits))"
        case .string(let text): text.debugDescription
        case .timestamp(let value): "TIMESTAMP \(value)"
        case .timestampMicros(let value): "TIMESTAMP(6) \(value)"
        case .date(let value): "DATE \(value)"
        }
    }
}

extension Column {
    package init(_ cells: [Cell], _ type: DataType) {
        let isValid = cells.map { $0 != .null }
        let validity: Bitmap? = isValid.contains(false) ? Bitmap(packing: isValid) : nil
        switch type {
        case .boolean:
            self = .boolean(
                FixedColumn(cells.map { if case .boolean(let v) = $0 { v } else { true } }, validity: validity))
        case .int:
            self = .int(FixedColumn(cells.map { if case .int(let v) = $0 { v } else { .max } }, validity: validity))
        case .bigint:
            self = .bigint(
                FixedColumn(cells.map { if case .bigint(let v) = $0 { v } else { .min } }, validity: validity))
        case .double: self = .double(FixedColumn(cells.map { $0.double ?? .nan }, validity: validity))
        case .date:
            self = .date(FixedColumn(cells.map { if case .date(let v) = $0 { v } else { .min } }, validity: validity))
        case .timestamp(let precision):
            let values = cells.map { cell -> Int64 in
                switch cell {
                case .timestamp(let value), .timestampMicros(let value): value
                default: .min
                }
            }
            self = .timestamps(FixedColumn(values, validity: validity), TimestampUnit(precision: precision))
        case .string:
            var column = StringColumn(validity: validity)
            for cell in cells {
                if case .string(let text) = cell { column.bytes.append(contentsOf: text.utf8) }
                column.offsets.append(Int32(column.bytes.count))
            }
            self = .string(column)
        case .row: preconditionFailure("a ROW has no column")
        }
    }

    package func cell(at row: Int) -> Cell {
        if isNull(row) { return .null }
        switch self {
        case .boolean(let c): return .boolean(c.values[row])
        case .int(let c): return .int(c.values[row])
        case .bigint(let c): return .bigint(c.values[row])
        case .double(let c): return .double(c.values[row])
        case .timestamp(let c): return .timestamp(c.values[row])
        case .timestampMicros(let c): return .timestampMicros(c.values[row])
        case .date(let c): return .date(c.values[row])
        case .string(let c):
            return .string(String(decoding: c.bytes[Int(c.offsets[row])..<Int(c.offsets[row + 1])], as: UTF8.self))
        }
    }

    package var cells: [Cell] { (0..<rowCount).map { cell(at: $0) } }
}

/// Random cells of a type, with the values that break things among them.
package struct CellSource {
    package var random: SplitMix64

    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    package mutating func cell(_ type: DataType) -> Cell {
        switch type {
        case .boolean: .boolean(random.oneIn(2))
        case .int: .int(random.oneIn(4) ? pick([.min, .max, 0, -1, 1]) : Int32(random.below(200)) - 100)
        case .bigint: .bigint(random.oneIn(4) ? pick([.min, .max, 0, -1, 1]) : Int64(random.below(200)) - 100)
        case .date: .date(random.oneIn(8) ? pick([.min, .max, -1]) : Int32(random.below(1 << 16)))
        case .timestamp(let precision):
            switch TimestampUnit(precision: precision) {
            case .milliseconds:
                .timestamp(random.oneIn(8) ? pick([.min, .max, -1]) : Int64(random.below(1 << 42)))
            case .microseconds:
                .timestampMicros(random.oneIn(8) ? pick([.min, .max, -1]) : Int64(random.below(1 << 52)))
            }
        case .double:
            .double(
                random.oneIn(3)
                    ? pick([.nan, -0.0, 0, .infinity, -.infinity, .greatestFiniteMagnitude, 1e10, -2_147_483_648.5])
                    : Double(random.below(2000)) / 8 - 100)
        case .string: .string(text())
        case .row: preconditionFailure("a ROW has no column")
        }
    }

    package mutating func text() -> String {
        switch random.below(8) {
        case 0: ""
        case 1: pick(["a\u{0}b", "\u{0}", "ÀΣ", "ß", "日本語", "😀é", "aXbX", "  a ", "%_"])
        default: (0..<random.below(random.oneIn(8) ? 40 : 9)).map { _ in pick(["a", "b", "é", "X", " "]) }.joined()
        }
    }

    package mutating func pick<T>(_ choices: [T]) -> T { choices[random.below(choices.count)] }

    package enum Nulls: CaseIterable, Sendable {
        case none
        case some
        case all
    }

    package mutating func cells(_ type: DataType, _ count: Int, _ nulls: Nulls) -> [Cell] {
        (0..<count).map { _ in
            switch nulls {
            case .none: cell(type)
            case .some: random.oneIn(3) ? .null : cell(type)
            case .all: .null
            }
        }
    }
}
