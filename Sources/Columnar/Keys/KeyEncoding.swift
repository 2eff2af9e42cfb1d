// Keys as bytes that compare (memcmp) as the keys do: NULL first, FALSE before TRUE, numbers by value (-0.0 is 0.0, NaN
// last), strings by their bytes, keys of several columns column by column. No encoded key is the beginning of another
// one of the same types. Byte by byte in `Docs/Formats/key-encoding.md`:
//
//   column     00 for NULL, else 01 and the value
//   BOOLEAN    00 or 01
//   INT        4 bytes, big-endian, sign bit flipped
//   BIGINT     8 bytes so; TIMESTAMP the same
//   DOUBLE     8 bytes big-endian: sign bit flipped for positive numbers, all bits flipped for negative ones
//   STRING     its bytes with FF after each 00, then 00 (what follows is a column's 00 or 01, or the end: never FF)

/// Bytes that are no key of the types asked for.
package struct InvalidKey: Error, Equatable, Sendable {
    package init() {}
}

package enum KeyEncoding {
    /// The key of one row.
    package static func append(_ keys: [Column], row: Int, to bytes: inout [UInt8]) {
        for key in keys {
            if key.isNull(row) {
                bytes.append(0)
                continue
            }
            bytes.append(1)
            switch key {
            case .boolean(let c): bytes.append(c.values[row] ? 1 : 0)
            case .int(let c), .date(let c): appendBigEndian(ordered(c.values[row]), to: &bytes)
            case .bigint(let c), .timestamp(let c), .timestampMicros(let c):
                appendBigEndian(ordered(c.values[row]), to: &bytes)
            case .double(let c): appendBigEndian(ordered(c.values[row]), to: &bytes)
            case .string(let c): c.withRow(row) { appendText($0, to: &bytes) }
            }
        }
    }

    static func appendText(_ text: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        for byte in text {
            bytes.append(byte)
            if byte == 0 { bytes.append(0xFF) }
        }
        bytes.append(0)
    }

    static func appendBigEndian<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    static func ordered(_ value: Int32) -> UInt32 { UInt32(bitPattern: value) ^ (1 << 31) }
    @inline(__always)
    static func ordered(_ value: Int64) -> UInt64 { UInt64(bitPattern: value) ^ (1 << 63) }
    @inline(__always)
    static func ordered(_ value: Double) -> UInt64 {
        let bits = KeyHash.normalizedBits(value)
        return bits >> 63 != 0 ? ~bits : bits ^ (1 << 63)
    }

    static func isKeyType(_ type: DataType) -> Bool {
        if case .row = type { false } else { true }
    }
}
