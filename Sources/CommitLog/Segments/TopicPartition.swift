import HostSystem

/// Names one topic for good: drawn at random when it is created. A topic that is deleted and created again is another one.
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

/// Rows `start ..< end` of a partition.
package struct OffsetRange: Hashable, Sendable {
    package var partition: TopicPartition
    package var start: UInt64
    package var end: UInt64

    package init(partition: TopicPartition, start: UInt64, end: UInt64) {
        self.partition = partition
        self.start = start
        self.end = end
    }
}
