// The hash of keys. Key groups are derived from it, so it must never change: the same value hashes the same in every
// process, on every machine and in every release, and INT, BIGINT, TIMESTAMP and BOOLEAN alike for the same number.
//
// A number is multiplied twice to 128 bits and folded (wyhash64, Wang Yi 2019, public domain): every bit of the
// result depends on every bit of the number. Strings fold 16 bytes at a time. The keys of one row are folded in order.

package enum KeyHash {
    private static let k0: UInt64 = 0xA076_1D64_78BD_642F
    private static let k1: UInt64 = 0xE703_7ED1_A0B4_28DB
    private static let k2: UInt64 = 0x8EBC_6AF0_9C88_C6E3
    private static let k3: UInt64 = 0x5899_65CC_7537_4CC3

    /// Of NULL, whatever its type.
    package static let ofNull: UInt64 = 0x1D8E_4E27_C47D_124F

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inline(__always)
    package static func hash(_ value: Int64) -> UInt64 {
        let product = (UInt64(bitPattern: value) ^ k0).multipliedFullWidth(by: k1)
        return fold(product.low ^ k2, product.high ^ k3)
    }

    /// -0.0 as 0.0, and all NaNs alike.
    @inline(__always)
    package static func hash(_ value: Double) -> UInt64 { hash(Int64(bitPattern: normalizedBits(value))) }

    @inline(__always)
    static func normalizedBits(_ value: Double) -> UInt64 {
        // Adding 0.0 makes 0.0 of -0.0.
        value.isNaN ? 0x7FF8_0000_0000_0000 : (value + 0.0).bitPattern
    }

    /// Of bytes: a string, or an encoded key (which hashes otherwise than the columns it was made from).
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return hashBytes(UnsafeRawPointer(emptyBytes), 0) }
        return hashBytes(start, bytes.count)
    }

    @inline(__always)
    static func hashBytes(_ start: UnsafeRawPointer, _ length: Int) -> UInt64 {
        var a: UInt64
        var b: UInt64
        var seed = k0 ^ UInt64(truncatingIfNeeded: length)
        if length > 16 {
            (a, b, seed) = hashLong(start, length, seed)
        } else if length >= 8 {
            (a, b) = (load64(start), load64(start + length - 8))
        } else if length >= 4 {
            (a, b) = (load32(start), load32(start + length - 4))
        } else if length > 0 {
            // The first byte, one from the middle and the last: all of them.
            let (first, middle, last) = (load8(start), load8(start + length >> 1), load8(start + length - 1))
            (a, b) = (first << 16 | middle << 8 | last, 0)
        } else {
            (a, b) = (0, 0)
        }
        let product = (a ^ k1).multipliedFullWidth(by: b ^ seed)
        return fold(product.low ^ k2, product.high ^ k3 ^ UInt64(truncatingIfNeeded: length))
    }

    @inline(never)
    private static func hashLong(
        _ start: UnsafeRawPointer, _ length: Int, _ seed: UInt64
    ) -> (UInt64, UInt64, UInt64) {
        var seed = seed
        var at = 0
        while length - at > 16 {
            seed = fold(load64(start + at) ^ k1, load64(start + at + 8) ^ seed)
            at += 16
        }
        return (load64(start + length - 16), load64(start + length - 8), seed)
    }

    @inline(__always)
    private static func load64(_ p: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: p.loadUnaligned(as: UInt64.self))
    }
    @inline(__always)
    private static func load32(_ p: UnsafeRawPointer) -> UInt64 {
        UInt64(UInt32(littleEndian: p.loadUnaligned(as: UInt32.self)))
    }
    @inline(__always)
    private static func load8(_ p: UnsafeRawPointer) -> UInt64 { UInt64(p.load(as: UInt8.self)) }

    /// Of a row whose earlier columns have the hash `hash`, with one column more.
    @inline(__always)
    static func combine(_ hash: UInt64, _ next: UInt64) -> UInt64 { fold(hash ^ k2, next ^ k3) ^ next }
}
