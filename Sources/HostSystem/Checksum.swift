import CKernels

/// CRC32C (Castagnoli), by the processor's instruction where it has one.
package enum Checksum {
    package static func crc32c(_ bytes: UnsafeRawBufferPointer, continuing seed: UInt32 = 0) -> UInt32 {
        guard let base = bytes.baseAddress else { return seed }
        return sluice_crc32c(seed, base, bytes.count)
    }

    package static func crc32c(_ bytes: [UInt8], continuing seed: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { crc32c($0, continuing: seed) }
    }
}
