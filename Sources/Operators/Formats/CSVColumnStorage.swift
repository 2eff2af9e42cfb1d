import CKernels
import Columnar

/// A field that does not fit its column, in a row of the chunk.
struct CSVMisfit {
    var row: Int
    var field: CSVField
    /// NULL where none may be; otherwise text that is not of the type.
    var isNull: Bool
}

/// Where one column's values go during a `scan` call. Rows are written at an index and may be written again; row `i` of a
/// string is `arena[offsets[i]..<offsets[i + 1]]`.
struct CSVColumnStorage {
    let type: DataType
    let isNullable: Bool
    private var capacityRows = 0
    private(set) var values = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
    private(set) var arena = UnsafeMutablePointer<UInt8>.allocate(capacity: 32)
    private var arenaCapacity = 0
    /// A bit a row, set where it is not NULL.
    private(set) var validity = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    /// What did not fit in the last conversion.
    private(set) var misfits: [CSVMisfit] = []
    /// Fields made NULL by the last conversion because they did not fit.
    private(set) var nulledFields = 0
    private var dates = CSVDates()

    init(type: DataType, isNullable: Bool) {
        self.type = type
        self.isNullable = isNullable
    }

    func deallocate() {
        values.deallocate()
        arena.deallocate()
        validity.deallocate()
    }

    private var width: Int {
        switch type {
        case .boolean: 1
        case .int, .date, .string: 4
        case .bigint, .double, .timestamp, .row: 8
        }
    }

    mutating func beginScan() {
        values.storeBytes(of: 0, as: Int32.self)
    }

    /// Makes room for `rows` rows, and for strings of `bytes` bytes behind row `first`.
    private mutating func reserve(rows: Int, bytes: Int, after first: Int) {
        if rows > capacityRows {
            let larger = max(rows, capacityRows * 2, 1024)
            // One offset more than rows.
            let moved = UnsafeMutableRawPointer.allocate(byteCount: (larger + 1) * width, alignment: 8)
            moved.copyMemory(from: values, byteCount: capacityRows == 0 ? width : (capacityRows + 1) * width)
            values.deallocate()
            values = moved
            let bits = UnsafeMutablePointer<UInt64>.allocate(capacity: (larger + 63) / 64)
            bits.update(from: validity, count: (capacityRows + 63) / 64)
            validity.deallocate()
            validity = bits
            capacityRows = larger
        }
        guard type == .string else { return }
        let used = Int(values.assumingMemoryBound(to: Int32.self)[first])
        guard used + bytes > arenaCapacity else { return }
        let larger = max(used + bytes, arenaCapacity * 2)
        // Short copies write up to 15 bytes too many.
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger + 32)
        moved.update(from: arena, count: used)
        arena.deallocate()
        arena = moved
        arenaCapacity = larger
    }

    /// Converts one slot of the chunk's `rows` to the column's rows from `first` on. What does not fit is a misfit, or NULL.
    mutating func convert(_ cells: CSVCells, to first: Int, nullsMisfits: Bool) {
        reserve(rows: first + cells.rows.count, bytes: cells.spanBytes, after: first)
        clearNulls(from: first, count: cells.rows.count)
        misfits.removeAll(keepingCapacity: true)
        nulledFields = 0
        switch type {
        case .boolean: convert(cells, to: first, nullsMisfits, Bool.self)
        case .int: convert(cells, to: first, nullsMisfits, Int32.self)
        case .bigint: convert(cells, to: first, nullsMisfits, Int64.self)
        case .double: convert(cells, to: first, nullsMisfits, Double.self)
        case .date: convert(cells, to: first, nullsMisfits, CSVDate.self)
        case .timestamp(let precision):
            switch TimestampUnit(precision: precision) {
            case .milliseconds: convert(cells, to: first, nullsMisfits, CSVTimestamp.self)
            case .microseconds: convert(cells, to: first, nullsMisfits, CSVTimestampMicros.self)
            }
            cutFractions(first..<first + cells.rows.count, to: precision)
        case .string: convertStrings(cells, to: first)
        case .row: preconditionFailure("a ROW is not a column of CSV")
        }
    }

    private mutating func convert<Value: CSVFieldValue>(
        _ cells: CSVCells, to first: Int, _ nullsMisfits: Bool, _: Value.Type
    ) {
        let out = values.assumingMemoryBound(to: Value.self) + first
        let triesQuick = !cells.nullLiteralLooksNumeric
        var dates = dates
        for i in 0..<cells.rows.count {
            let field = cells.field(i)
            // A field that is missing or escaped is long beyond measure.
            let length = Int(field.length_and_marks)
            if triesQuick, length > 0,
                let value = Value.quick(cells.base + Int(field.offset), length, &dates)
            {
                out[i] = value
                continue
            }
            let reading: CSVReading<Value> = cells.reading(of: field)
            if case .value(let value) = reading {
                out[i] = value
            } else {
                out[i] = Value.underNull
                let isNull = if case .null = reading { true } else { false }
                noteMissing(i, first + i, cells, field, isNull: isNull, nullsMisfits)
            }
        }
        self.dates = dates
    }

    private mutating func convertStrings(_ cells: CSVCells, to first: Int) {
        let offsets = values.assumingMemoryBound(to: Int32.self)
        let arena = arena
        let hasNullLiteral = cells.nullLiteral != nil
        var end = Int(offsets[first])
        for i in 0..<cells.rows.count {
            let field = cells.field(i)
            if hasNullLiteral, cells.isNullLiteral(field) {
                noteMissing(i, first + i, cells, field, isNull: true, false)
            } else if field.isPlain {
                let length = Int(field.length_and_marks)
                sluice_copy_short(arena + end, cells.base + Int(field.offset), length)
                end &+= length
            } else if field.isMissing {
                noteMissing(i, first + i, cells, field, isNull: true, false)
            } else {
                end += cells.unescape(field, to: arena + end)
            }
            offsets[first + i + 1] = Int32(truncatingIfNeeded: end)
        }
    }

    @inline(never)
    private mutating func noteMissing(
        _ index: Int, _ row: Int, _ cells: CSVCells, _ field: CSVField, isNull: Bool, _ nullsMisfits: Bool
    ) {
        let becomesNull = isNull || nullsMisfits
        guard becomesNull, isNullable else {
            misfits.append(CSVMisfit(row: Int(cells.rows[index]), field: field, isNull: becomesNull))
            return
        }
        if !isNull || field.isMissing { nulledFields += 1 }
        validity[row >> 6] &= ~(1 << UInt64(row & 63))
    }

    private func cutFractions(_ rows: Range<Int>, to precision: Int) {
        let unit = TimestampUnit.step(ofPrecision: precision)
        guard unit > 1 else { return }
        let times = values.assumingMemoryBound(to: Int64.self)
        for row in rows {
            let beyond = times[row] % unit
            times[row] -= beyond < 0 ? beyond + unit : beyond
        }
    }

    /// Sets the bits of the rows and, as nothing behind them counts yet, of the rest of their words.
    private func clearNulls(from first: Int, count: Int) {
        guard count > 0 else { return }
        let word = first >> 6
        let before: UInt64 = first & 63 == 0 ? 0 : validity[word] & ((1 << UInt64(first & 63)) - 1)
        for i in word...(first + count - 1) >> 6 { validity[i] = ~0 }
        validity[word] = before | ~0 << UInt64(first & 63)
    }
}

extension CSVColumnStorage {
    /// The first `count` rows as a column.
    func column(count: Int) -> Column {
        switch type {
        case .boolean: .boolean(fixed(count))
        case .int: .int(fixed(count))
        case .bigint: .bigint(fixed(count))
        case .double: .double(fixed(count))
        case .date: .date(fixed(count))
        case .timestamp(let precision): .timestamps(fixed(count), TimestampUnit(precision: precision))
        case .string:
            .string(
                StringColumn(
                    offsets: array(count + 1),
                    bytes: Array(UnsafeBufferPointer(start: arena, count: stringBytes(count))),
                    validity: bitmap(count)))
        case .row: preconditionFailure("a ROW is not a column of CSV")
        }
    }

    /// Whether each of the first `count` rows is not NULL.
    func presence(count: Int) -> Column {
        .boolean(FixedColumn((0..<count).map { validity[$0 >> 6] >> UInt64($0 & 63) & 1 != 0 }))
    }

    private func stringBytes(_ count: Int) -> Int { Int(values.assumingMemoryBound(to: Int32.self)[count]) }

    private func fixed<Value: Hashable & Sendable>(_ count: Int) -> FixedColumn<Value> {
        FixedColumn(array(count), validity: bitmap(count))
    }

    private func array<Value>(_ count: Int) -> [Value] {
        Array(UnsafeBufferPointer(start: values.assumingMemoryBound(to: Value.self), count: count))
    }

    private func bitmap(_ count: Int) -> Bitmap? {
        let bits = Bitmap(words: Array(UnsafeBufferPointer(start: validity, count: (count + 63) / 64)), count: count)
        return bits.isAllSet ? nil : bits
    }
}
