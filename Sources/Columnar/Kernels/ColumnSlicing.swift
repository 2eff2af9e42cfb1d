extension Column {
    /// The rows of a range, copied.
    package func slice(_ range: Range<Int>) -> Column {
        switch self {
        case .boolean(let c): .boolean(c.slice(range))
        case .int(let c): .int(c.slice(range))
        case .bigint(let c): .bigint(c.slice(range))
        case .timestamp(let c): .timestamp(c.slice(range))
        case .timestampMicros(let c): .timestampMicros(c.slice(range))
        case .date(let c): .date(c.slice(range))
        case .double(let c): .double(c.slice(range))
        case .string(let c): .string(c.slice(range))
        }
    }

    /// The rows of all columns, one after the other; nil where there is no column or their strings exceed 2 GiB.
    ///
    /// - Shape: the columns are of one type.
    package static func concatenation(_ columns: [Column]) -> Column? {
        guard let first = columns.first else { return nil }
        if columns.count == 1 { return first }
        switch first {
        case .boolean: return .boolean(joined(columns) { if case .boolean(let c) = $0 { c } else { nil } })
        case .int: return .int(joined(columns) { if case .int(let c) = $0 { c } else { nil } })
        case .bigint: return .bigint(joined(columns) { if case .bigint(let c) = $0 { c } else { nil } })
        case .timestamp: return .timestamp(joined(columns) { if case .timestamp(let c) = $0 { c } else { nil } })
        case .timestampMicros:
            return .timestampMicros(joined(columns) { if case .timestampMicros(let c) = $0 { c } else { nil } })
        case .date: return .date(joined(columns) { if case .date(let c) = $0 { c } else { nil } })
        case .double: return .double(joined(columns) { if case .double(let c) = $0 { c } else { nil } })
        case .string: return joinedStrings(columns).map { .string($0) }
        }
    }

    private static func joined<T>(_ columns: [Column], _ payload: (Column) -> FixedColumn<T>?) -> FixedColumn<T> {
        var values: [T] = []
        values.reserveCapacity(columns.reduce(0) { $0 + $1.rowCount })
        for column in columns {
            guard let part = payload(column) else { preconditionFailure("columns of one type are joined") }
            values.append(contentsOf: part.values)
        }
        return FixedColumn(values, validity: joinedValidity(columns))
    }

    private static func joinedStrings(_ columns: [Column]) -> StringColumn? {
        var result = StringColumn()
        for column in columns {
            guard case .string(let part) = column else { preconditionFailure("columns of one type are joined") }
            guard part.bytes.count <= Int(Int32.max) - result.bytes.count else { return nil }
            let base = Int32(truncatingIfNeeded: result.bytes.count) &- part.offsets[0]
            result.bytes.append(
                contentsOf: part.bytes[Int(part.offsets[0])..<Int(part.offsets[part.offsets.count - 1])])
            result.offsets.append(contentsOf: part.offsets.dropFirst().lazy.map { $0 &+ base })
        }
        result.validity = joinedValidity(columns)
        return result
    }

    private static func joinedValidity(_ columns: [Column]) -> Bitmap? {
        guard columns.contains(where: { $0.validity != nil }) else { return nil }
        let rowCount = columns.reduce(0) { $0 + $1.rowCount }
        var validity = Bitmap(repeating: true, count: rowCount)
        var start = 0
        for column in columns {
            if let part = column.validity { validity.copyBits(of: part, to: start) }
            start += column.rowCount
        }
        return validity
    }
}

extension FixedColumn {
    func slice(_ range: Range<Int>) -> FixedColumn {
        FixedColumn(Array(values[range]), validity: validity?.slice(range))
    }
}

extension StringColumn {
    func slice(_ range: Range<Int>) -> StringColumn {
        let base = offsets[range.lowerBound]
        return StringColumn(
            offsets: offsets[range.lowerBound...range.upperBound].map { $0 &- base },
            bytes: Array(bytes[Int(base)..<Int(offsets[range.upperBound])]), validity: validity?.slice(range))
    }
}

extension Bitmap {
    /// nil where all bits of the range are set.
    func slice(_ range: Range<Int>) -> Bitmap? {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice lies in its rows")
        let (skip, shift) = (range.lowerBound >> 6, UInt64(range.lowerBound & 63))
        var sliced = [UInt64](repeating: 0, count: (range.count + 63) / 64)
        for i in sliced.indices {
            let low = words[skip + i] >> shift
            let high = shift > 0 && skip + i + 1 < words.count ? words[skip + i + 1] << (64 - shift) : 0
            sliced[i] = low | high
        }
        let result = Bitmap(words: sliced, count: range.count)
        return result.isAllSet ? nil : result
    }

    /// Writes all bits of `source` from bit `start` on, where so far all are set.
    fileprivate mutating func copyBits(of source: Bitmap, to start: Int) {
        let shift = UInt64(start & 63)
        for i in source.words.indices {
            let width = min(64, source.count - i * 64)
            let zeros = ~source.words[i] & (width == 64 ? ~0 : (1 << UInt64(width)) - 1)
            let word = (start >> 6) + i
            words[word] &= ~(zeros << shift)
            if shift > 0, word + 1 < words.count { words[word + 1] &= ~(zeros >> (64 - shift)) }
        }
    }
}
