// The one writer of our binary formats: little-endian fixed widths, LEB128 lengths.

package struct ByteWriter: Sendable {
    @usableFromInline package internal(set) var bytes: [UInt8]

    package init(capacityBytes: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacityBytes)
    }

    package var count: Int { bytes.count }

    // Inlined into its callers: as a generic call from another module it would cost a hundred times as much.
    @inlinable
    package mutating func write<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    @inlinable
    package mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

    @inlinable
    package mutating func write(_ value: Double) { write(value.bitPattern) }

    /// LEB128.
    package mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func writeRaw(_ raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }
    package mutating func writeRaw(_ raw: [UInt8]) { bytes.append(contentsOf: raw) }

    /// A length, then the bytes.
    package mutating func writeBytes(_ raw: [UInt8]) {
        writeVarint(UInt64(raw.count))
        bytes.append(contentsOf: raw)
    }

    /// A length in bytes, then UTF-8.
    package mutating func writeString(_ text: String) { writeBytes(Array(text.utf8)) }

    /// Sets a fixed-width value that was written before, at a byte offset.
    package mutating func patch<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        withUnsafeBytes(of: value.littleEndian) { raw in
            for (i, byte) in raw.enumerated() { bytes[offset + i] = byte }
        }
    }

    package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
