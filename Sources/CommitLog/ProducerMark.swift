import HostSystem

/// How far a producer has come in a topic: what makes a repeated produce go on where the last one had published.
package struct ProducerMark: Hashable, Sendable {
    package static let largestIDBytes = 255

    package var id: String
    package var topic: TopicID
    /// The number of the producer's last record before this entry; nil: it has published none. What two processes publish
    /// under one name, because one was thought dead, is not mixed: the second to publish is refused.
    package var after: UInt64?
    /// The number of the producer's last record; greater with every entry.
    package var last: UInt64

    package init(id: String, topic: TopicID, after: UInt64?, last: UInt64) {
        self.id = id
        self.topic = topic
        self.after = after
        self.last = last
    }

    package func encode(to writer: inout ByteWriter) {
        writer.writeString(id)
        topic.encode(to: &writer)
        writer.write(after != nil)
        if let after { writer.write(after) }
        writer.write(last)
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        id = try reader.readString("producer")
        topic = try TopicID(from: &reader)
        after = try reader.readBool() ? try reader.read(UInt64.self, "number of the record before") : nil
        last = try reader.read(UInt64.self, "number of the last record")
    }
}
