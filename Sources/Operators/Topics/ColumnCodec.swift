import Columnar
import CommitLog
import Glibc
import HostSystem

// A column as the bytes of a chunk, and back. Byte table: `Docs/Formats/topic-frames.md`.
//
//     validity   where some rows are NULL and some are not: one bit a row, set for a value, in words of 64
//     values     by encoding; nothing at all where every row is NULL
//
// What is read was checked by its checksum: lengths are checked again, that texts are UTF-8 is believed.

enum ColumnEncoding: UInt8, CaseIterable {
    /// INT, BIGINT, DATE, TIMESTAMP: `PackedIntegers`.
    case packedIntegers = 1
    /// BOOLEAN: one bit a row, in words of 64.
    case bits = 2
    /// DOUBLE: 8 bytes a row.
    case doubles = 3
    /// STRING: how many bytes the lengths take (UInt32), the lengths as `PackedIntegers`, all texts.
    case texts = 4
}

enum ColumnCodec {
    // MARK: To bytes

    static func encode(_ column: Column, id: UInt32) -> ColumnChunk {
        let rowCount = column.rowCount
        let validity = column.validity
        let nullCount = validity.map { rowCount - $0.setCount } ?? 0
        var bytes: [UInt8] = []
        var bounds: ClosedRange<Int64>?
        if nullCount < rowCount {
            let words = nullCount > 0 ? validity?.words : nil
            if let words { append(words, to: &bytes) }
            bounds = appendValues(of: column, validity: words, to: &bytes)
        }
        return ColumnChunk(
            columnID: id, encoding: encoding(of: column).rawValue, nullCount: UInt32(truncatingIfNeeded: nullCount),
            minimum: bounds.map { ordered($0.lowerBound) } ?? [], maximum: bounds.map { ordered($0.upperBound) } ?? [],
            bytes: bytes)
    }

    private static func encoding(of column: Column) -> ColumnEncoding {
        switch column {
        case .boolean: .bits
        case .int, .bigint, .timestamp, .timestampMicros, .date: .packedIntegers
        case .double: .doubles
        case .string: .texts
        }
    }

    /// - Returns: the least and the greatest value, where they are told.
    private static func appendValues(
        of column: Column, validity: [UInt64]?, to bytes: inout [UInt8]
    ) -> ClosedRange<Int64>? {
        switch column {
        case .boolean(let c):
            append(bits(c.values), to: &bytes)
            return nil
        case .int(let c), .date(let c):
            guard let range = bounds(c.values, validity) else { return nil }
            PackedIntegers.encode(c.values, range, validity: validity, into: &bytes)
            return Int64(range.lowerBound)...Int64(range.upperBound)
        case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
            guard let range = bounds(c.values, validity) else { return nil }
            PackedIntegers.encode(c.values, range, validity: validity, into: &bytes)
            return range
        case .double(let c):
            c.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
            return nil
        case .string(let c):
            appendTexts(of: c, to: &bytes)
            return nil
        }
    }

    private static func appendTexts(of column: StringColumn, to bytes: inout [UInt8]) {
        let rowCount = column.offsets.count - 1
        var (least, greatest) = (Int32.max, Int32(0))
        let lengths = [Int32](unsafeUninitializedCapacity: rowCount) { out, count in
            let offsets = column.offsets.span
            for row in 0..<rowCount {
                let length = offsets[row + 1] &- offsets[row]
                least = min(least, length)
                greatest = max(greatest, length)
                out.initializeElement(at: row, to: length)
            }
            count = rowCount
        }
        let place = bytes.count
        bytes.append(contentsOf: [0, 0, 0, 0])
        PackedIntegers.encode(lengths, min(least, greatest)...greatest, validity: nil, into: &bytes)
        let packed = UInt32(truncatingIfNeeded: bytes.count - place - 4)
        withUnsafeBytes(of: packed.littleEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
        bytes.append(contentsOf: column.bytes[Int(column.offsets[0])..<Int(column.offsets[rowCount])])
    }

    private static func append(_ words: [UInt64], to bytes: inout [UInt8]) {
        words.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    private static func bits(_ values: [Bool]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: (values.count + 63) / 64)
        for row in values.indices where values[row] { words[row >> 6] |= 1 << UInt64(row & 63) }
        return words
    }

    private static func bounds<Value: FixedWidthInteger>(
        _ values: [Value], _ validity: [UInt64]?
    ) -> ClosedRange<Value>? {
        var (least, greatest) = (Value.max, Value.min)
        values.withUnsafeBufferPointer { values in
            if let validity {
                for row in values.indices where validity[row >> 6] >> UInt64(row & 63) & 1 != 0 {
                    least = min(least, values[row])
                    greatest = max(greatest, values[row])
                }
            } else {
                for row in values.indices {
                    least = min(least, values[row])
                    greatest = max(greatest, values[row])
                }
            }
        }
        return least <= greatest ? least...greatest : nil
    }

    /// So that the order of the bytes is that of the numbers.
    static func ordered(_ value: Int64) -> [UInt8] {
        withUnsafeBytes(of: (UInt64(bitPattern: value) ^ (1 << 63)).bigEndian) { Array($0) }
    }

    // MARK: From bytes

    /// - Errors: bytes that `encode` does not give for a column of this type and length.
    static func decode(_ chunk: ColumnChunk, _ type: DataType, rowCount: Int) throws(CorruptBytes) -> Column {
        let nullCount = Int(chunk.nullCount)
        guard nullCount <= rowCount else { throw CorruptBytes(offset: 0, expected: "at most \(rowCount) NULLs") }
        if nullCount == rowCount { return .nulls(type, rowCount: rowCount) }
        let decoded: Column? = chunk.bytes.withUnsafeBytes { raw in
            var rest = raw
            var validity: Bitmap?
            if nullCount > 0 {
                guard let words = takeWords(rowCount, &rest) else { return nil }
                validity = Bitmap(words: words, count: rowCount)
                guard validity?.setCount == rowCount - nullCount else { return nil }
            }
            return values(rest, ColumnEncoding(rawValue: chunk.encoding), type, rowCount, validity)
        }
        guard let decoded else {
            throw CorruptBytes(offset: 0, expected: "\(rowCount) values of \(type) in column \(chunk.columnID)")
        }
        return decoded
    }

    private static func values(
        _ bytes: UnsafeRawBufferPointer, _ encoding: ColumnEncoding?, _ type: DataType, _ rowCount: Int,
        _ validity: Bitmap?
    ) -> Column? {
        switch (type, encoding) {
        case (.boolean, .bits):
            var rest = bytes
            guard let words = takeWords(rowCount, &rest), rest.isEmpty else { return nil }
            let values = (0..<rowCount).map { words[$0 >> 6] >> UInt64($0 & 63) & 1 != 0 }
            return .boolean(FixedColumn(values, validity: validity))
        case (.int, .packedIntegers):
            return integers32(bytes, rowCount).map { .int(FixedColumn($0, validity: validity)) }
        case (.date, .packedIntegers):
            return integers32(bytes, rowCount).map { .date(FixedColumn($0, validity: validity)) }
        case (.bigint, .packedIntegers):
            return integers64(bytes, rowCount).map { .bigint(FixedColumn($0, validity: validity)) }
        case (.timestamp(let precision), .packedIntegers):
            return integers64(bytes, rowCount).map {
                .timestamps(FixedColumn($0, validity: validity), TimestampUnit(precision: precision))
            }
        case (.double, .doubles):
            guard bytes.count == rowCount * 8 else { return nil }
            let values = [Double](unsafeUninitializedCapacity: rowCount) { out, count in
                if let from = bytes.baseAddress, let to = out.baseAddress { memcpy(to, from, rowCount * 8) }
                count = rowCount
            }
            return .double(FixedColumn(values, validity: validity))
        case (.string, .texts): return texts(bytes, rowCount, validity)
        default: return nil
        }
    }

    private static func integers32(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> [Int32]? {
        PackedIntegers.decode(bytes, count: count, as: Int32.self)
    }

    private static func integers64(_ bytes: UnsafeRawBufferPointer, _ count: Int) -> [Int64]? {
        PackedIntegers.decode(bytes, count: count, as: Int64.self)
    }

    private static func texts(_ bytes: UnsafeRawBufferPointer, _ rowCount: Int, _ validity: Bitmap?) -> Column? {
        guard bytes.count >= 4, let start = bytes.baseAddress else { return nil }
        let packed = Int(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)))
        guard packed <= bytes.count - 4 else { return nil }
        let section = UnsafeRawBufferPointer(rebasing: bytes[4..<4 + packed])
        let text = UnsafeRawBufferPointer(rebasing: bytes[(4 + packed)...])
        guard text.count <= Int(Int32.max), let lengths = integers32(section, rowCount) else { return nil }
        var end = 0
        var isPossible = true
        let offsets = [Int32](unsafeUninitializedCapacity: rowCount + 1) { out, count in
            let lengths = lengths.span
            out.initializeElement(at: 0, to: 0)
            for row in 0..<rowCount {
                isPossible = isPossible && lengths[row] >= 0
                end &+= Int(lengths[row])
                out.initializeElement(at: row + 1, to: Int32(truncatingIfNeeded: end))
            }
            count = rowCount + 1
        }
        guard isPossible, end == text.count else { return nil }
        return .string(StringColumn(offsets: offsets, bytes: Array(text), validity: validity))
    }

    private static func takeWords(_ rowCount: Int, _ bytes: inout UnsafeRawBufferPointer) -> [UInt64]? {
        let count = (rowCount + 63) / 64
        guard bytes.count >= count * 8 else { return nil }
        let words = [UInt64](unsafeUninitializedCapacity: count) { out, written in
            if let from = bytes.baseAddress, let to = out.baseAddress { memcpy(to, from, count * 8) }
            written = count
        }
        bytes = UnsafeRawBufferPointer(rebasing: bytes[(count * 8)...])
        return words
    }
}
