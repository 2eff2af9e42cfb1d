import HostSystem

/// What a topic is created with.
package struct TopicDescription: Hashable, Sendable {
    /// A folder of a topic has its partitions' folders in it, and a journal file's head their ends.
    package static let largestPartitions: UInt32 = 65_536
    /// So that it is a folder's name everywhere.
    package static let largestNameBytes = 249

    package var id: TopicID
    package var name: String
    package var partitions: UInt32
    /// Schema 0: bytes that only the topic's owner understands.
    package var schema: [UInt8]
    /// Likewise.
    package var options: [UInt8]

    package init(id: TopicID, name: String, partitions: UInt32, schema: [UInt8], options: [UInt8]) {
        self.id = id
        self.name = name
        self.partitions = partitions
        self.schema = schema
        self.options = options
    }

    /// What is wrong with a name; nil where nothing is.
    package static func problem(withName name: String) -> String? {
        if name.isEmpty { return "it is empty" }
        if name.utf8.count > largestNameBytes { return "it is longer than \(largestNameBytes) bytes" }
        if name.utf8.first == UInt8(ascii: ".") { return "it begins with a point" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "/") }) {
            return "it has a slash or a control character in it"
        }
        return nil
    }

    package func encode(to writer: inout ByteWriter) {
        id.encode(to: &writer)
        writer.writeString(name)
        writer.write(partitions)
        writer.writeBytes(schema)
        writer.writeBytes(options)
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        id = try TopicID(from: &reader)
        name = try reader.readString("topic name")
        partitions = try reader.read(UInt32.self, "number of partitions")
        schema = Array(try reader.readBytes("schema"))
        options = Array(try reader.readBytes("options"))
    }
}
