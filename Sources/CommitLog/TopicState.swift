import HostSystem

/// A topic as of one journal position.
package struct TopicState: Equatable, Sendable {
    package struct Partition: Hashable, Sendable {
        /// Rows before this offset have been dropped.
        package var firstKept: UInt64 = 0
        /// Rows from this offset on do not exist.
        package var publishedEnd: UInt64 = 0
    }

    /// As it was created, but for the options, which are the present ones.
    package internal(set) var description: TopicDescription
    package var created: JournalPosition
    /// By number; the first is the description's.
    package internal(set) var schemas: [[UInt8]]
    /// By number.
    package internal(set) var partitions: [Partition]
    /// The number of the last record, by producer.
    package internal(set) var producers: [String: UInt64] = [:]

    init(_ description: TopicDescription, created: JournalPosition) {
        self.description = description
        self.created = created
        schemas = [description.schema]
        partitions = Array(repeating: Partition(), count: Int(description.partitions))
    }

    package var id: TopicID { description.id }
    package var name: String { description.name }

    func encode(to writer: inout ByteWriter) {
        description.encode(to: &writer)
        writer.write(created.sequence)
        writer.write(created.milliseconds)
        writer.writeVarint(UInt64(schemas.count - 1))
        for schema in schemas.dropFirst() { writer.writeBytes(schema) }
        for partition in partitions {
            writer.writeVarint(partition.firstKept)
            writer.writeVarint(partition.publishedEnd)
        }
        writer.writeVarint(UInt64(producers.count))
        for (id, last) in producers.sorted(by: { $0.key < $1.key }) {
            writer.writeString(id)
            writer.write(last)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        let description = try TopicDescription(from: &reader)
        guard description.partitions <= TopicDescription.largestPartitions else {
            throw CorruptBytes(offset: reader.position, expected: "a possible number of partitions")
        }
        let created = JournalPosition(
            sequence: try reader.read(UInt64.self, "sequence"), milliseconds: try reader.read(Int64.self, "time"))
        self.init(description, created: created)
        var left = try reader.readVarint("number of schemas")
        while left > 0 {
            schemas.append(Array(try reader.readBytes("schema")))
            left -= 1
        }
        for i in partitions.indices {
            partitions[i] = Partition(
                firstKept: try reader.readVarint("first kept offset"),
                publishedEnd: try reader.readVarint("published end"))
        }
        left = try reader.readVarint("number of producers")
        while left > 0 {
            let id = try reader.readString("producer")
            producers[id] = try reader.read(UInt64.self, "number of the last record")
            left -= 1
        }
    }
}
