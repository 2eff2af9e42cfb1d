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
    /// Of a published name: where its rows are, in the order of their offsets. Empty: a topic of its own.
    package internal(set) var spans: [NameSpan] = []
    /// The version of a deployed job that alone writes it, or the job whose name it is.
    package internal(set) var owner: String?
    /// By name.
    var producers: [String: Producer] = [:]

    struct Producer: Equatable, Sendable {
        /// The number of its last record.
        var last: UInt64
        /// When that was published.
        var milliseconds: Int64
    }

    /// A producer that has published nothing for so long is forgotten, as in Kafka: else they would grow for ever.
    package static let producerMilliseconds: Int64 = 7 * 86_400_000

    init(_ description: TopicDescription, created: JournalPosition) {
        self.description = description
        self.created = created
        schemas = [description.schema]
        partitions = Array(repeating: Partition(), count: Int(description.partitions))
    }

    package var id: TopicID { description.id }
    package var name: String { description.name }

    /// The number of a producer's last record, with the journal's last entry at `milliseconds`; nil: it has published
    /// nothing, or is forgotten.
    func lastRecord(of producer: String, at milliseconds: Int64) -> UInt64? {
        guard let known = producers[producer], TopicState.isKnown(known, at: milliseconds) else { return nil }
        return known.last
    }

    /// Of every producer that is remembered, by name, the number of its last record.
    package var lastRecords: [String: UInt64] { producers.mapValues(\.last) }

    private static func isKnown(_ producer: Producer, at milliseconds: Int64) -> Bool {
        let age = milliseconds.subtractingReportingOverflow(producer.milliseconds)
        return !age.overflow && age.partialValue <= producerMilliseconds
    }

    /// Of a name: its rows go on in these. Schemas of versions are one another's continuation.
    mutating func goOn(_ spans: [NameSpan], schema: [UInt8]) {
        self.spans += spans
        if let last = spans.last {
            for number in partitions.indices { partitions[number].publishedEnd = last.starts[number].offset }
        }
        if schemas.last != schema { schemas.append(schema) }
    }

    /// Without those who are forgotten at `milliseconds`.
    func encode(to writer: inout ByteWriter, at milliseconds: Int64) {
        let producers = producers.filter { TopicState.isKnown($0.value, at: milliseconds) }
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
        for (id, producer) in producers.sorted(by: { $0.key < $1.key }) {
            writer.writeString(id)
            writer.write(producer.last)
            writer.write(producer.milliseconds)
        }
        spans.encode(to: &writer)
        writer.writeString(owner ?? "")
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
            producers[id] = Producer(
                last: try reader.read(UInt64.self, "number of the last record"),
                milliseconds: try reader.read(Int64.self, "time"))
            left -= 1
        }
        spans = try [NameSpan](from: &reader)
        for span in spans where span.starts.count != partitions.count {
            throw CorruptBytes(offset: reader.position, expected: "a span with a start in every partition")
        }
        let owner = try reader.readString("owner")
        self.owner = owner.isEmpty ? nil : owner
    }
}
