// Decoding of keys. Checks all there is to check (tags, canonical numbers, escapes, UTF-8), so that bytes that are a
// key are the only encoding of it.

/// One column's values as they are decoded.
private struct KeyColumnBuilder {
    private let type: DataType
    /// Values of all types but STRING; the bits of a DOUBLE.
    private var numbers: [Int64] = []
    private var text = StringColumn()
    private var isValid: [Bool] = []

    init(_ type: DataType) { self.type = type }

    mutating func decode(_ reader: inout KeyReader) throws(InvalidKey) {
        let isValue = try reader.readFlag()
        isValid.append(isValue)
        if case .string = type {
            if isValue { try reader.readText(into: &text.bytes) }
            guard text.bytes.count <= Int(Int32.max) else { throw InvalidKey() }
            text.offsets.append(Int32(truncatingIfNeeded: text.bytes.count))
        } else {
            numbers.append(isValue ? try number(&reader) : 0)
        }
    }

    private func number(_ reader: inout KeyReader) throws(InvalidKey) -> Int64 {
        switch type {
        case .boolean: try reader.readFlag() ? 1 : 0
        case .int, .date: Int64(Int32(bitPattern: try reader.readBigEndian(UInt32.self) ^ (1 << 31)))
        case .bigint, .timestamp: Int64(bitPattern: try reader.readBigEndian(UInt64.self) ^ (1 << 63))
        case .double: Int64(bitPattern: try reader.readDouble().bitPattern)
        case .string, .row: preconditionFailure("\(type) is no number")
        }
    }

    func column() -> Column {
        let bitmap = Bitmap(packing: isValid)
        let validity = bitmap.isAllSet ? nil : bitmap
        switch type {
        case .boolean: return .boolean(FixedColumn(mapValues(numbers) { $0 != 0 }, validity: validity))
        case .int:
            return .int(FixedColumn(mapValues(numbers) { Int32(truncatingIfNeeded: $0) }, validity: validity))
        case .bigint: return .bigint(FixedColumn(numbers, validity: validity))
        case .date:
            return .date(FixedColumn(mapValues(numbers) { Int32(truncatingIfNeeded: $0) }, validity: validity))
        case .timestamp(let precision):
            return .timestamps(FixedColumn(numbers, validity: validity), TimestampUnit(precision: precision))
        case .double:
            let values = mapValues(numbers) { Double(bitPattern: UInt64(bitPattern: $0)) }
            return .double(FixedColumn(values, validity: validity))
        case .string: return .string(StringColumn(offsets: text.offsets, bytes: text.bytes, validity: validity))
        case .row: preconditionFailure("a ROW is no key")
        }
    }
}

struct KeyReader {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func readFlag() throws(InvalidKey) -> Bool {
        guard at < bytes.count, bytes[at] <= 1 else { throw InvalidKey() }
        at += 1
        return bytes[at - 1] == 1
    }

    mutating func readBigEndian<T: FixedWidthInteger>(_: T.Type) throws(InvalidKey) -> T {
        guard bytes.count - at >= MemoryLayout<T>.size else { throw InvalidKey() }
        defer { at += MemoryLayout<T>.size }
        return T(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
    }

    mutating func readDouble() throws(InvalidKey) -> Double {
        let ordered = try readBigEndian(UInt64.self)
        let bits = ordered >> 63 != 0 ? ordered ^ (1 << 63) : ~ordered
        let value = Double(bitPattern: bits)
        guard KeyHash.normalizedBits(value) == bits else { throw InvalidKey() }
        return value
    }

    mutating func readText(into out: inout [UInt8]) throws(InvalidKey) {
        let start = out.count
        while true {
            guard at < bytes.count else { throw InvalidKey() }
            let byte = bytes[at]
            at += 1
            if byte == 0 {
                if at == bytes.count || bytes[at] != 0xFF { break }
                at += 1
            }
            out.append(byte)
        }
        guard isUTF8(out[start...]) else { throw InvalidKey() }
    }

    private func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { $0 < 0x80 } || String(validating: bytes, as: UTF8.self) != nil
    }
}

extension KeyEncoding {
    /// The columns of keys of these types, row by row as encoded.
    ///
    /// - Errors: bytes that are no key; keys whose strings exceed 2 GiB together.
    package static func decode(_ keys: [UnsafeRawBufferPointer], types: [DataType]) throws(InvalidKey) -> [Column] {
        var builders = types.map { KeyColumnBuilder($0) }
        for key in keys {
            var reader = KeyReader(key)
            for index in builders.indices { try builders[index].decode(&reader) }
            guard reader.isAtEnd else { throw InvalidKey() }
        }
        return builders.map { $0.column() }
    }

    /// The columns of one key; nil where the bytes are none.
    package static func decode(_ key: [UInt8], types: [DataType]) -> [Column]? {
        key.withUnsafeBytes { raw in
            do throws(InvalidKey) { return try decode([raw], types: types) } catch { return nil }
        }
    }
}
