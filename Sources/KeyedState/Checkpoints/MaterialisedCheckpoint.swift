import CommitLog
import HostSystem

/// What a state base is told about the checkpoint it reaches: the identity of the delta record, then its bytes.
struct MaterialisedCheckpoint {
    var committed: CommittedCheckpoint
    var record: CheckpointRecord

    /// Stands in the base of a run that was begun with a savepoint's state, until something of its own is materialised.
    static let none: [UInt8] = []

    static func encode(_ identity: UInt64, _ record: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(capacityBytes: record.count + 8)
        writer.write(identity)
        writer.writeRaw(record)
        return writer.bytes
    }

    init(_ bytes: [UInt8], path: String) throws(StateError) {
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            let identity = try reader.read(UInt64.self, "identity of the delta record")
            record = try CheckpointRecord(from: &reader)
            committed = CommittedCheckpoint(number: record.number, recordChecksum: identity)
        } catch {
            throw .damaged(path: path, offset: error.offset, detail: "in the state base, expected \(error.expected)")
        }
    }
}
