import HostSystem

extension JournalEntry {
    /// What an entry says. Each has a condition, which `Journal.append` lists.
    package enum Body: Equatable, Sendable {
        /// A job's run has reached a checkpoint, and everything that belongs to it exists from here on: its state, and
        /// the rows it has written.
        case checkpoint(job: String, run: RunID, CommittedCheckpoint, published: [OffsetRange] = [])
        /// A job's run has been given up: the next one starts from nothing.
        case abandoned(job: String, run: RunID)
        /// These rows exist from here on, all of them at once.
        case published([OffsetRange], producer: ProducerMark? = nil)
        case topicCreated(TopicDescription)
        case schemaAdded(TopicID, schemaID: UInt32, schema: [UInt8])
        case topicDeleted(TopicID)
        /// The topic has these options instead of those before.
        case optionsChanged(TopicID, options: [UInt8])
        /// These rows are gone.
        case retentionMoved([OffsetRange])
        /// Time has passed.
        case tick

        /// The rows that exist from this entry on.
        package var published: [OffsetRange] {
            switch self {
            case .checkpoint(_, _, _, let ranges), .published(let ranges, _): ranges
            default: []
            }
        }
    }
}

extension JournalEntry.Body {
    func encode(to writer: inout ByteWriter) {
        switch self {
        case .checkpoint(let job, let run, let checkpoint, let ranges):
            writer.write(UInt8(1))
            writer.writeString(job)
            run.encode(to: &writer)
            checkpoint.encode(to: &writer)
            ranges.encode(to: &writer)
        case .abandoned(let job, let run):
            writer.write(UInt8(2))
            writer.writeString(job)
            run.encode(to: &writer)
        case .published(let ranges, let producer):
            writer.write(UInt8(3))
            ranges.encode(to: &writer)
            writer.write(producer != nil)
            producer?.encode(to: &writer)
        case .topicCreated(let description):
            writer.write(UInt8(4))
            description.encode(to: &writer)
        case .schemaAdded(let topic, let schemaID, let schema):
            writer.write(UInt8(5))
            topic.encode(to: &writer)
            writer.write(schemaID)
            writer.writeBytes(schema)
        case .topicDeleted(let topic):
            writer.write(UInt8(6))
            topic.encode(to: &writer)
        case .retentionMoved(let ranges):
            writer.write(UInt8(7))
            ranges.encode(to: &writer)
        case .tick:
            writer.write(UInt8(8))
        case .optionsChanged(let topic, let options):
            writer.write(UInt8(9))
            topic.encode(to: &writer)
            writer.writeBytes(options)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        switch try reader.read(UInt8.self, "kind") {
        case 1:
            self = .checkpoint(
                job: try reader.readString("job"), run: try RunID(from: &reader),
                try CommittedCheckpoint(from: &reader), published: try [OffsetRange](from: &reader))
        case 2:
            self = .abandoned(job: try reader.readString("job"), run: try RunID(from: &reader))
        case 3:
            let ranges = try [OffsetRange](from: &reader)
            self = .published(ranges, producer: try reader.readBool() ? try ProducerMark(from: &reader) : nil)
        case 4:
            self = .topicCreated(try TopicDescription(from: &reader))
        case 5:
            self = .schemaAdded(
                try TopicID(from: &reader), schemaID: try reader.read(UInt32.self, "schema's number"),
                schema: Array(try reader.readBytes("schema")))
        case 6:
            self = .topicDeleted(try TopicID(from: &reader))
        case 7:
            self = .retentionMoved(try [OffsetRange](from: &reader))
        case 8:
            self = .tick
        case 9:
            self = .optionsChanged(try TopicID(from: &reader), options: Array(try reader.readBytes("options")))
        default:
            throw CorruptBytes(offset: reader.position - 1, expected: "a known kind of entry")
        }
    }
}

extension [OffsetRange] {
    fileprivate func encode(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(count))
        for range in self { range.encode(to: &writer) }
    }

    fileprivate init(from reader: inout ByteReader) throws(CorruptBytes) {
        self = []
        var left = try reader.readVarint("number of ranges")
        while left > 0 {
            append(try OffsetRange(from: &reader))
            left -= 1
        }
    }
}
