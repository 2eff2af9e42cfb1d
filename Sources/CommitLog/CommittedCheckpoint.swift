import HostSystem

/// What a journal entry says of a job's epoch: the checkpoint's number, and which record of that number is meant.
package struct CommittedCheckpoint: Hashable, Sendable {
    package var number: UInt64
    package var recordChecksum: UInt64

    package init(number: UInt64, recordChecksum: UInt64) {
        self.number = number
        self.recordChecksum = recordChecksum
    }

    package func encode(to writer: inout ByteWriter) {
        writer.write(number)
        writer.write(recordChecksum)
    }

    package init(from reader: inout ByteReader) throws(CorruptBytes) {
        self.init(
            number: try reader.read(UInt64.self, "checkpoint number"),
            recordChecksum: try reader.read(UInt64.self, "record checksum"))
    }
}
