import CommitLog
import HostSystem

/// How a topic keeps its rows. For the log it is a blob.
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

    /// Fixed when the topic is created.
    package var compression: Compression
    /// `retention.ms`: rows that were published longer ago may go. nil: they stay.
    package var retentionMilliseconds: Int64?
    /// `retention.bytes`: of each partition, the newest rows that fill so many bytes stay. nil: all do.
    package var retentionBytes: Int64?

    package init(
        compression: Compression = .lz4, retentionMilliseconds: Int64? = nil, retentionBytes: Int64? = nil
    ) {
        self.compression = compression
        self.retentionMilliseconds = retentionMilliseconds
        self.retentionBytes = retentionBytes
    }

    package var hasRetention: Bool { retentionMilliseconds != nil || retentionBytes != nil }

    /// By Kafka's names.
    package var retentionText: String {
        "retention.ms \(retentionMilliseconds ?? Self.unbounded), retention.bytes \(retentionBytes ?? Self.unbounded)"
    }

    /// 1 had no retention.
    private static let version: UInt8 = 2
    private static let unbounded: Int64 = -1

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(compression.ofChunks.rawValue)
        writer.write(retentionMilliseconds ?? Self.unbounded)
        writer.write(retentionBytes ?? Self.unbounded)
        return writer.bytes
    }

    /// - Errors: bytes that `encoded` does not give.
    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        let version = try reader.read(UInt8.self, "version of the options")
        guard (1...Self.version).contains(version) else {
            throw CorruptBytes(offset: 0, expected: "version 1 to \(Self.version) of a topic's options")
        }
        let code = try reader.read(UInt8.self, "compression")
        guard let compression = Compression.allCases.first(where: { $0.ofChunks.rawValue == code }) else {
            throw CorruptBytes(offset: 1, expected: "a known compression")
        }
        self.compression = compression
        if version > 1 {
            retentionMilliseconds = try Self.limit(&reader, "retention.ms")
            retentionBytes = try Self.limit(&reader, "retention.bytes")
        }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the options") }
    }

    private static func limit(_ reader: inout ByteReader, _ name: String) throws(CorruptBytes) -> Int64? {
        let value = try reader.read(Int64.self, name)
        return value < 0 ? nil : value
    }
}
