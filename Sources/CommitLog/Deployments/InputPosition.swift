import HostSystem

/// Where a version of a deployed job stands in what it reads: of each partition all rows before an offset.
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
