import CommitLog
import HostSystem

/// What a topic's sink hands over: which topic it writes, so that one that was created again is told from it. How far it
/// has written is in the journal. Bytes: `Docs/Formats/topic-frames.md`.
struct TopicSinkState: Equatable {
    private static let magic = Array("SLUICETK".utf8)

    var topic: TopicID
    var name: String
    /// The partition that the next frame of rows without a key goes to.
    var nextPartition: UInt32

    init(topic: TopicID, name: String, nextPartition: UInt32) {
        self.topic = topic
        self.name = name
        self.nextPartition = nextPartition
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeRaw(Self.magic)
        topic.encode(to: &writer)
        writer.writeString(name)
        writer.write(nextPartition)
        return writer.bytes
    }

    /// nil: the state of another kind of sink.
    init?(decoding bytes: [UInt8]) throws(CorruptBytes) {
        guard bytes.starts(with: Self.magic) else { return nil }
        var reader = ByteReader(bytes[Self.magic.count...])
        topic = try TopicID(from: &reader)
        name = try reader.readString("topic")
        nextPartition = try reader.read(UInt32.self, "next partition")
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the state") }
    }
}
