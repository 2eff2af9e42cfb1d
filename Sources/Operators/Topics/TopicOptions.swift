import CommitLog
import HostSystem

/// How a topic keeps its rows; fixed when it is created. For the log it is a blob.
package struct TopicOptions: Hashable, Sendable {
    package enum Compression: String, CaseIterable, Hashable, Sendable {
        case none
        case lz4
        case zstd

        package var ofChunks: ChunkCompression {
            switch self {
            case .none: .none
            case .lz4: .lz4
            case .zstd: .zstd
            }
        }
    }

    /// Every partition is a file that is open, and frames of its own.
    package static let mostPartitions: UInt32 = 1024

    package var compression: Compression

    package init(compression: Compression = .lz4) { self.compression = compression }

    private static let version: UInt8 = 1

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(compression.ofChunks.rawValue)
        return writer.bytes
    }

    /// - Errors: bytes that `encoded` does not give.
    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self, "version of the options") == Self.version else {
            throw CorruptBytes(offset: 0, expected: "version \(Self.version) of a topic's options")
        }
        let code = try reader.read(UInt8.self, "compression")
        guard let compression = Compression.allCases.first(where: { $0.ofChunks.rawValue == code }), reader.isAtEnd
        else { throw CorruptBytes(offset: 1, expected: "a known compression") }
        self.compression = compression
    }
}
