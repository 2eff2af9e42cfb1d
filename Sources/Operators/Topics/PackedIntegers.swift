import Glibc

// Integers as differences to their least, each in as few bytes as the largest difference takes: 0, 1, 2, 4 or 8. Times,
// ids and lengths come in narrow ranges, so this halves them at least, and what it leaves compresses better.
//
//     width   UInt8    0, 1, 2, 4 or 8
//     base    Int64
//     value - base, `width` bytes each, little-endian
//
// The differences are unsigned: of the whole range of Int64 they fit in 8 bytes, by wrapping.

enum PackedIntegers {
    static let headerBytes = 9

    /// - Parameter isValid: nil: all count. A value that does not count is written as the base.
    static func encode<Value: FixedWidthInteger & SignedInteger>(
        _ values: [Value], _ range: ClosedRange<Value>, validity: [UInt64]?, into bytes: inout [UInt8]
    ) {
        let base = Int64(range.lowerBound)
        let spread = UInt64(bitPattern: Int64(range.upperBound) &- base)
        let width = spread == 0 ? 0 : spread < 1 << 8 ? 1 : spread < 1 << 16 ? 2 : spread < 1 << 32 ? 4 : 8
        bytes.append(UInt8(width))
        withUnsafeBytes(of: base.littleEndian) { bytes.append(contentsOf: $0) }
        guard width > 0 else { return }
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: values.count * width))
        bytes.withUnsafeMutableBytes { raw in
            let out = UnsafeMutableRawBufferPointer(rebasing: raw[start...])
            switch width {
            case 1: write(values, base, validity, out, as: UInt8.self)
            case 2: write(values, base, validity, out, as: UInt16.self)
            case 4: write(values, base, validity, out, as: UInt32.self)
            default: write(values, base, validity, out, as: UInt64.self)
            }
        }
    }

    @inline(__always)
    private static func write<Value: FixedWidthInteger & SignedInteger, Width: FixedWidthInteger>(
        _ values: [Value], _ base: Int64, _ validity: [UInt64]?, _ out: UnsafeMutableRawBufferPointer, as _: Width.Type
    ) {
        guard let start = out.baseAddress else { return }
        values.withUnsafeBufferPointer { values in
            if let validity {
                for row in values.indices where validity[row >> 6] >> UInt64(row & 63) & 1 != 0 {
                    let difference = Width(truncatingIfNeeded: Int64(values[row]) &- base)
                    start.storeBytes(
                        of: difference.littleEndian, toByteOffset: row &* MemoryLayout<Width>.size, as: Width.self)
                }
            } else {
                for row in values.indices {
                    let difference = Width(truncatingIfNeeded: Int64(values[row]) &- base)
                    start.storeBytes(
                        of: difference.littleEndian, toByteOffset: row &* MemoryLayout<Width>.size, as: Width.self)
                }
            }
        }
    }

    /// nil where the bytes are not `count` integers of the type that `Value` is.
    static func decode<Value: FixedWidthInteger & SignedInteger>(
        _ bytes: UnsafeRawBufferPointer, count: Int, as _: Value.Type
    ) -> [Value]? {
        guard bytes.count >= headerBytes, let start = bytes.baseAddress else { return nil }
        let width = Int(bytes[0])
        let base = Int64(littleEndian: start.loadUnaligned(fromByteOffset: 1, as: Int64.self))
        let (needed, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, bytes.count - headerBytes == needed, Value(exactly: base) != nil else { return nil }
        switch width {
        case 0: return [Value](repeating: Value(truncatingIfNeeded: base), count: count)
        case 1: return read(start + headerBytes, count, base, as: UInt8.self)
        case 2: return read(start + headerBytes, count, base, as: UInt16.self)
        case 4: return read(start + headerBytes, count, base, as: UInt32.self)
        case 8: return read(start + headerBytes, count, base, as: UInt64.self)
        default: return nil
        }
    }

    @inline(__always)
    private static func read<Value: FixedWidthInteger, Width: FixedWidthInteger>(
        _ start: UnsafeRawPointer, _ count: Int, _ base: Int64, as _: Width.Type
    ) -> [Value] {
        [Value](unsafeUninitializedCapacity: count) { out, written in
            guard let to = out.baseAddress else { return }
            for row in 0..<count {
                let difference = Width(
                    littleEndian: start.loadUnaligned(
                        fromByteOffset: row &* MemoryLayout<Width>.size, as: Width.self))
                let value = Int64(truncatingIfNeeded: difference) &+ base
                (to + row).initialize(to: Value(truncatingIfNeeded: value))
            }
            written = count
        }
    }
}
