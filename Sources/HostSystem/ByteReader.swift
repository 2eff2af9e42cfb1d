// The one reader of our binary formats. Every length is checked against what is left before it is believed.

/// Bytes that are not what their format says, at an offset from the beginning of what was read.
package struct CorruptBytes: Error, Equatable, Sendable {
    package var offset: Int
    package var expected: String

    package init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }
}

package struct ByteReader: Sendable {
    @usableFromInline package let bytes: ArraySlice<UInt8>
    @usableFromInline package internal(set) var position: Int

    package init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    @inlinable package var remaining: Int { bytes.endIndex - position }
    package var isAtEnd: Bool { remaining == 0 }

    @usableFromInline
    func need(_ count: Int, _ what: String) throws(CorruptBytes) {
        guard count >= 0, count <= remaining else {
            throw CorruptBytes(offset: position - bytes.startIndex, expected: what)
        }
    }

    @inlinable
    package mutating func read<T: FixedWidthInteger>(_: T.Type, _ what: String = "integer") throws(CorruptBytes) -> T {
        let width = MemoryLayout<T>.size
        try need(width, what)
        var value: T = 0
        withUnsafeMutableBytes(of: &value) { raw in
            for i in 0..<width { raw[i] = bytes[position + i] }
        }
        position += width
        return T(littleEndian: value)
    }

    package mutating func readBool() throws(CorruptBytes) -> Bool {
        switch try read(UInt8.self, "boolean") {
        case 0: return false
        case 1: return true
        default: throw CorruptBytes(offset: position - 1 - bytes.startIndex, expected: "boolean")
        }
    }

    package mutating func readDouble() throws(CorruptBytes) -> Double {
        Double(bitPattern: try read(UInt64.self, "double"))
    }

    package mutating func readVarint(_ what: String = "length") throws(CorruptBytes) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try read(UInt8.self, what)
            guard shift < 63 || (shift == 63 && byte <= 1) else {
                throw CorruptBytes(offset: position - bytes.startIndex, expected: what)
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
    }

    package mutating func readRaw(_ count: Int, _ what: String = "bytes") throws(CorruptBytes) -> ArraySlice<UInt8> {
        try need(count, what)
        defer { position += count }
        return bytes[position..<position + count]
    }

    package mutating func readBytes(_ what: String = "bytes") throws(CorruptBytes) -> ArraySlice<UInt8> {
        guard let count = Int(exactly: try readVarint(what)) else {
            throw CorruptBytes(offset: position - bytes.startIndex, expected: what)
        }
        return try readRaw(count, what)
    }

    package mutating func readString(_ what: String = "text") throws(CorruptBytes) -> String {
        let start = position
        let raw = try readBytes(what)
        guard let text = String(validating: raw, as: UTF8.self) else {
            throw CorruptBytes(offset: start - bytes.startIndex, expected: "UTF-8 " + what)
        }
        return text
    }
}
