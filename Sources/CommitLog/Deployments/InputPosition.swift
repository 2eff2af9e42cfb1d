import HostSystem

/// Where a version of a deployed job stands in what it reads: of each partition all rows before an offset, and how far the
/// journal's time has passed for it.
///
/// **Invariant:** rows that it has not read were published at the clock's time or later: what it makes of the rows read and of
/// the time passed is a function of its position.
package struct InputPosition: Equatable, Sendable {
    package var ends: [TopicPartition: UInt64]

    package init(_ ends: [TopicPartition: UInt64] = [:]) { self.ends = ends }

    package subscript(_ partition: TopicPartition) -> UInt64? { ends[partition] }

    /// Of these topics only.
    package func of(_ topics: [TopicID]) -> InputPosition {
        InputPosition(ends.filter { topics.contains($0.key.topic) })
    }

    func encode(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(ends.count))
        for (partition, end) in ends.sorted(by: { $0.key < $1.key }) {
            OffsetRange(partition: partition, start: 0, end: end).encode(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        ends = [:]
        var left = try reader.readVarint("number of partitions")
        while left > 0 {
            let range = try OffsetRange(from: &reader)
            guard ends.updateValue(range.end, forKey: range.partition) == nil else {
                throw CorruptBytes(offset: reader.position, expected: "another partition")
            }
            left -= 1
        }
    }
}

extension TopicID {
    /// No topic: the journal's time, among what a version reads. The end of its one partition is in milliseconds since
    /// 1970-01-01 00:00:00 UTC.
    package static let clock = TopicID(high: 0, low: 0)
}

extension TopicPartition {
    package static let clock = TopicPartition(topic: .clock, partition: 0)
}

extension InputPosition {
    /// Journal time that has passed for the version: its timers up to there have fired; nil: it keeps none.
    package var clock: Int64? {
        get { ends[.clock].map { Int64(clamping: $0) } }
        set { ends[.clock] = newValue.map { UInt64(max(0, $0)) } }
    }

    /// Without the clock.
    package var ofTopics: InputPosition { InputPosition(ends.filter { $0.key != .clock }) }
}
