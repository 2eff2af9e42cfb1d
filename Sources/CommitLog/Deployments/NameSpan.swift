import HostSystem

/// Where a published name goes on, from one offset of each partition on: in another topic, which its rows are read from.
/// It ends where the next one begins; the last one grows with its topic.
package struct NameSpan: Equatable, Sendable {
    package struct Start: Equatable, Sendable {
        /// The offset through the name of the span's first row.
        package var offset: UInt64
        /// The same row's offset in the topic.
        package var inTopic: UInt64
    }

    package var topic: TopicID
    package var topicName: String
    /// By partition.
    package var starts: [Start]

    func encode(to writer: inout ByteWriter) {
        topic.encode(to: &writer)
        writer.writeString(topicName)
        writer.writeVarint(UInt64(starts.count))
        for start in starts {
            writer.writeVarint(start.offset)
            writer.writeVarint(start.inTopic)
        }
    }

    init(topic: TopicID, topicName: String, starts: [Start]) {
        self.topic = topic
        self.topicName = topicName
        self.starts = starts
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        topic = try TopicID(from: &reader)
        topicName = try reader.readString("topic name")
        starts = []
        var left = try reader.readVarint("number of partitions")
        while left > 0 {
            starts.append(Start(offset: try reader.readVarint("offset"), inTopic: try reader.readVarint("offset")))
            left -= 1
        }
    }
}

extension [NameSpan] {
    func encode(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(count))
        for span in self { span.encode(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        self = []
        var left = try reader.readVarint("number of spans")
        while left > 0 {
            append(try NameSpan(from: &reader))
            left -= 1
        }
    }
}

/// What a switch of versions adds to one published name: the rows of a difference, where there is one, and then the new
/// version's own.
package struct NameSplice: Equatable, Sendable {
    package var name: TopicID
    package var difference: TopicID?
    /// As the journal has it; what readers add to what they know of the name.
    package var spans: [NameSpan]

    func encode(to writer: inout ByteWriter) {
        name.encode(to: &writer)
        writer.write(difference != nil)
        difference?.encode(to: &writer)
        spans.encode(to: &writer)
    }

    init(name: TopicID, difference: TopicID?, spans: [NameSpan]) {
        self.name = name
        self.difference = difference
        self.spans = spans
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        name = try TopicID(from: &reader)
        difference = try reader.readBool() ? try TopicID(from: &reader) : nil
        spans = try [NameSpan](from: &reader)
    }
}

extension [NameSplice] {
    init(from reader: inout ByteReader) throws(CorruptBytes) {
        self = []
        var left = try reader.readVarint("number of names")
        while left > 0 {
            append(try NameSplice(from: &reader))
            left -= 1
        }
    }
}
