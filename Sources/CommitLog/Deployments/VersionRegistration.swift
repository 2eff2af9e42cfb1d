import HostSystem

/// What makes a version of a deployed job known to the journal. Its topics come to be with it.
package struct VersionRegistration: Equatable, Sendable {
    package struct Output: Equatable, Sendable {
        /// The published name, and its id, which is drawn when the name is new.
        package var name: String
        package var nameID: TopicID
        /// What the version writes to.
        package var topic: TopicDescription

        package init(name: String, nameID: TopicID, topic: TopicDescription) {
            self.name = name
            self.nameID = nameID
            self.topic = topic
        }
    }

    package var version: VersionName
    /// The topics and published names that it reads, and the clock (`TopicID.clock`).
    package var inputs: [TopicID]
    package var outputs: [Output]

    package init(version: VersionName, inputs: [TopicID], outputs: [Output]) {
        self.version = version
        self.inputs = inputs
        self.outputs = outputs
    }

    func encode(to writer: inout ByteWriter) {
        writer.writeString(version.job)
        writer.write(version.number)
        inputs.encode(to: &writer)
        writer.writeVarint(UInt64(outputs.count))
        for output in outputs {
            writer.writeString(output.name)
            output.nameID.encode(to: &writer)
            output.topic.encode(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        version = VersionName(try reader.readString("job"), try reader.read(UInt32.self, "version"))
        inputs = try [TopicID](from: &reader)
        outputs = []
        var left = try reader.readVarint("number of outputs")
        while left > 0 {
            outputs.append(
                Output(
                    name: try reader.readString("name"), nameID: try TopicID(from: &reader),
                    topic: try TopicDescription(from: &reader)))
            left -= 1
        }
    }
}

/// What a checkpoint of a deployed job's version says beside the state and the rows.
package struct DeployedEpoch: Equatable, Sendable {
    /// The number of role changes of the job when the epoch began: what was computed under other roles is not committed.
    package var generation: UInt64
    package var reads: InputPosition
    /// The open attempt for which the version stands still from here on, until that is decided.
    package var holds: UInt64?

    package init(generation: UInt64, reads: InputPosition, holds: UInt64? = nil) {
        self.generation = generation
        self.reads = reads
        self.holds = holds
    }

    func encode(to writer: inout ByteWriter) {
        writer.write(generation)
        reads.encode(to: &writer)
        writer.write(holds != nil)
        if let holds { writer.write(holds) }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        generation = try reader.read(UInt64.self, "generation")
        reads = try InputPosition(from: &reader)
        holds = try reader.readBool() ? try reader.read(UInt64.self, "attempt") : nil
    }
}

extension [TopicID] {
    func encode(to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(count))
        for id in self { id.encode(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        self = []
        var left = try reader.readVarint("number of topics")
        while left > 0 {
            append(try TopicID(from: &reader))
            left -= 1
        }
    }
}
