import HostSystem

/// Names one topic for ever: drawn at random when it is created. A deleted and re-created name is another topic.
package struct TopicID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(drawnFrom random: any RandomSource) {
        self.init(high: random.next(), low: random.next())
    }

    package static func < (a: TopicID, b: TopicID) -> Bool { (a.high, a.low) < (b.high, b.low) }

    /// 32 hex digits.
    package var description: String { RunID(high: high, low: low).description }

    package func encode(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(low)
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        self.init(high: try reader.read(UInt64.self, "topic id"), low: try reader.read(UInt64.self, "topic id"))
    }
}

package struct TopicPartition: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var topic: TopicID
    /// From 0.
    package var partition: UInt32

    package init(topic: TopicID, partition: UInt32) {
        self.topic = topic
        self.partition = partition
    }

    package static func < (a: TopicPartition, b: TopicPartition) -> Bool {
        (a.topic, a.partition) < (b.topic, b.partition)
    }

    package var description: String { "\(topic)/\(partition)" }
}

/// Rows `start..<end` of a partition.
package struct OffsetRange: Hashable, Sendable, CustomStringConvertible {
    package var partition: TopicPartition
    package var start: UInt64
    package var end: UInt64

    package init(partition: TopicPartition, start: UInt64, end: UInt64) {
        self.partition = partition
        self.start = start
        self.end = end
    }

    package var description: String { "\(partition) [\(start), \(end))" }

    package func encode(to writer: inout ByteWriter) {
        partition.topic.encode(to: &writer)
        writer.writeVarint(UInt64(partition.partition))
        writer.writeVarint(start)
        writer.writeVarint(end)
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        let topic = try TopicID(from: &reader)
        let partition = try reader.readPartition()
        self.init(
            partition: TopicPartition(topic: topic, partition: partition),
            start: try reader.readVarint("first offset"), end: try reader.readVarint("end offset"))
    }
}

extension ByteReader {
    fileprivate mutating func readPartition() throws(CorruptBytes) -> UInt32 {
        let start = position
        guard let partition = UInt32(exactly: try readVarint("partition")) else {
            throw CorruptBytes(offset: start, expected: "a partition's number")
        }
        return partition
    }
}
