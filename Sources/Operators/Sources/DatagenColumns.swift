import Columnar
import HostSystem

/// Rows of a `datagen` table as columns. A random value is a hash of (job, table, field) and the row's number.
final class DatagenColumns: RowGenerator {
    private enum Made {
        case value(DatagenField, UInt64)
        /// A ROW, or anything in it, is there.
        case always
        case presence(DatagenField, UInt64)
    }

    private let made: [Made]
    private let begunMilliseconds: Int64
    private let rowsPerSecond: Int64
    private var rows: [Int64] = []

    init(_ description: DatagenSourceDescription, job: String, begunMilliseconds: Int64) {
        self.begunMilliseconds = begunMilliseconds
        rowsPerSecond = description.ratePerSecond
        made = description.columns.map { column in
            let field = description.fields.first { $0.path == column.path }
            guard let field else {
                precondition(column.kind == .presence, "a column of datagen has a field: \(column.path)")
                return .always
            }
            let seed = Self.seed([job, description.table] + field.path)
            return column.kind == .value ? .value(field, seed) : .presence(field, seed)
        }
    }

    /// FNV-1a of the names, a zero behind each.
    private static func seed(_ names: [String]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for name in names {
            for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            hash = hash &* 0x100_0000_01B3
        }
        return hash
    }

    func begin(_ range: Range<Int64>) { rows = Array(range) }

    func keep(_ indexes: [Int32]) { rows = indexes.map { rows[Int($0)] } }

    // MARK: Columns

    func column(_ index: Int) -> Column {
        switch made[index] {
        case .always: return .boolean(FixedColumn([Bool](repeating: true, count: rows.count)))
        case .presence(let field, let seed):
            let validity = validity(field, seed)
            return .boolean(FixedColumn(rows.indices.map { validity?[$0] ?? true }))
        case .value(let field, let seed):
            var column = column(field, seed)
            if let validity = validity(field, seed) { column.validity = validity }
            return column
        }
    }

    private func column(_ field: DatagenField, _ seed: UInt64) -> Column {
        switch (field.values, field.type) {
        case (.booleans, _): return .boolean(FixedColumn(rows.map { Self.bits(seed, $0, .value) >> 63 == 1 }))
        case (.integers(let least, let most), .int):
            return .int(FixedColumn(rows.map { Int32(Self.between(least, most, Self.bits(seed, $0, .value))) }))
        case (.integers(let least, let most), _):
            return .bigint(FixedColumn(rows.map { Self.between(least, most, Self.bits(seed, $0, .value)) }))
        case (.doubles(let least, let most), _):
            return .double(FixedColumn(rows.map { Self.between(least, most, Self.bits(seed, $0, .value)) }))
        case (.times(let past), .date):
            return .date(FixedColumn(times(past, seed).map { Int32(clamping: Self.floor($0, to: 86_400_000)) }))
        case (.times(let past), let type): return timestamps(past, type, seed)
        case (.strings(let length, let isVariable), _): return .string(strings(field, length, isVariable, seed))
        case (.sequence(let start, _), .int): return .int(FixedColumn(rows.map { Int32(start + $0) }))
        case (.sequence(let start, _), .double): return .double(FixedColumn(rows.map { Double(start + $0) }))
        case (.sequence(let start, _), .string): return .string(texts(field, seed) { String(start + rows[$0]) })
        case (.sequence(let start, _), _): return .bigint(FixedColumn(rows.map { start + $0 }))
        }
    }

    private func timestamps(_ past: Int64, _ type: DataType, _ seed: UInt64) -> Column {
        guard case .timestamp(let precision) = type else { preconditionFailure("the binder refuses times of \(type)") }
        let times = times(past, seed)
        let unit = TimestampUnit(precision: precision)
        if unit == .microseconds { return .timestamps(FixedColumn(times.map { $0 &* 1000 }), unit) }
        let step = TimestampUnit.step(ofPrecision: precision)
        return .timestamps(FixedColumn(times.map { Self.floor($0, to: step) * step }), unit)
    }

    /// When rows are due, less what is past, in milliseconds since 1970-01-01 00:00:00.
    private func times(_ past: Int64, _ seed: UInt64) -> [Int64] {
        rows.map { row in
            let (seconds, rest) = row.quotientAndRemainder(dividingBy: rowsPerSecond)
            let due = begunMilliseconds &+ seconds &* 1000 &+ rest * 1000 / rowsPerSecond
            return due &- Self.between(0, past, Self.bits(seed, row, .value))
        }
    }

    private static func floor(_ value: Int64, to unit: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
        return remainder < 0 ? quotient - 1 : quotient
    }

    private func strings(_ field: DatagenField, _ length: Int, _ isVariable: Bool, _ seed: UInt64) -> StringColumn {
        var column = StringColumn()
        column.offsets.reserveCapacity(rows.count + 1)
        let validity = validity(field, seed)
        for (index, row) in rows.enumerated() {
            if validity?[index] ?? true {
                let most = Int64(length)
                let count =
                    isVariable && length > 0
                    ? Int(Self.between(1, most, Self.bits(seed, row, .length))) : length
                Self.appendDigits(count, Self.bits(seed, row, .value), to: &column.bytes)
            }
            column.offsets.append(Int32(truncatingIfNeeded: column.bytes.count))
        }
        return column
    }

    private func texts(_ field: DatagenField, _ seed: UInt64, _ text: (Int) -> String) -> StringColumn {
        var column = StringColumn()
        let validity = validity(field, seed)
        for index in rows.indices {
            if validity?[index] ?? true { column.bytes += Array(text(index).utf8) }
            column.offsets.append(Int32(truncatingIfNeeded: column.bytes.count))
        }
        return column
    }

    private func validity(_ field: DatagenField, _ seed: UInt64) -> Bitmap? {
        guard field.nullRate > 0 else { return nil }
        var bits = Bitmap(repeating: true, count: rows.count)
        for (index, row) in rows.enumerated() {
            let unit = Double(Self.bits(seed, row, .null) >> 11) * 0x1p-53
            if unit < field.nullRate { bits[index] = false }
        }
        return bits
    }

    // MARK: Randomness

    /// What a random number is for.
    private enum Purpose: UInt64 {
        case value = 0
        case null = 1
        case length = 2
    }

    /// The finaliser of SplitMix64, over a row's place in the field's stream.
    private static func bits(_ seed: UInt64, _ row: Int64, _ purpose: Purpose) -> UInt64 {
        mix(seed &+ (UInt64(bitPattern: row) &* 4 &+ purpose.rawValue) &* 0x9E37_79B9_7F4A_7C15)
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private static func between(_ least: Int64, _ most: Int64, _ bits: UInt64) -> Int64 {
        let span = UInt64(bitPattern: most &- least)
        guard span < .max else { return Int64(bitPattern: bits) }
        return least &+ Int64(bitPattern: bits.multipliedFullWidth(by: span + 1).high)
    }

    /// Written so that the distance may be more than the largest number.
    private static func between(_ least: Double, _ most: Double, _ bits: UInt64) -> Double {
        let unit = Double(bits >> 11) * 0x1p-53
        return min(max(least * (1 - unit) + most * unit, least), most)
    }

    private static func appendDigits(_ count: Int, _ bits: UInt64, to bytes: inout [UInt8]) {
        var (state, word) = (bits, bits)
        for index in 0..<count {
            if index % 16 == 0 {
                state = state &+ 0x9E37_79B9_7F4A_7C15
                word = mix(state)
            }
            let digit = UInt8(truncatingIfNeeded: word & 0xF)
            word >>= 4
            bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}
