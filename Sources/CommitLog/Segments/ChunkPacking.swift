// Chunks as they are stored: packed by LZ4 or zstd where that saves at least a 32nd of them, else as they are.

import CLZ4
import CZstd

/// Packs and unpacks chunks. Used by one thread at a time.
final class ChunkPacking {
    /// Below this not even a run of zeros is worth a call.
    private static let smallestBytes = 32
    private static let zstdLevel: Int32 = 3
    /// LZ4 never shrinks by more.
    private static let largestLZ4Ratio = 255

    private let compression: ChunkCompression
    private var compressor: OpaquePointer?
    private var decompressor: OpaquePointer?

    init(_ compression: ChunkCompression) { self.compression = compression }

    deinit {
        ZSTD_freeCCtx(compressor)
        ZSTD_freeDCtx(decompressor)
    }

    /// Puts `plain`, packed or as it is, at the beginning of `room`, which has at least its size. Returns how many bytes.
    func pack(
        _ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) -> (ChunkCompression, bytes: Int) {
        guard let source = plain.baseAddress, let target = room.baseAddress, !plain.isEmpty else { return (.none, 0) }
        if plain.count >= ChunkPacking.smallestBytes {
            let most = plain.count - plain.count / 32 - 1
            let packed =
                switch compression {
                case .none: 0
                case .lz4: Int(LZ4_compress_default(source, target, Int32(plain.count), Int32(most)))
                case .zstd: zstd(source, plain.count, target, most)
                }
            if packed > 0 { return (compression, packed) }
        }
        room.copyMemory(from: plain)
        return (.none, plain.count)
    }

    /// 0 where it does not get small enough.
    private func zstd(
        _ source: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutableRawPointer, _ most: Int
    ) -> Int {
        if compressor == nil { compressor = ZSTD_createCCtx() }
        let packed = ZSTD_compressCCtx(compressor, target, most, source, count, ChunkPacking.zstdLevel)
        return ZSTD_isError(packed) != 0 ? 0 : packed
    }

    /// nil where the bytes do not unpack to exactly `plainBytes`.
    func unpack(_ packed: UnsafeRawBufferPointer, _ compression: ChunkCompression, plainBytes: Int) -> [UInt8]? {
        switch compression {
        case .none:
            return Array(packed)
        case .lz4:
            guard plainBytes / ChunkPacking.largestLZ4Ratio <= packed.count else { return nil }
        case .zstd:
            if decompressor == nil { decompressor = ZSTD_createDCtx() }
        }
        guard let source = packed.baseAddress, plainBytes > 0 else { return nil }
        let plain = [UInt8](unsafeUninitializedCapacity: plainBytes) { room, count in
            guard let target = room.baseAddress else { return }
            if compression == .lz4 {
                count = max(0, Int(LZ4_decompress_safe(source, target, Int32(packed.count), Int32(plainBytes))))
            } else {
                let unpacked = ZSTD_decompressDCtx(decompressor, target, plainBytes, source, packed.count)
                count = ZSTD_isError(unpacked) != 0 ? 0 : unpacked
            }
        }
        return plain.count == plainBytes ? plain : nil
    }
}
