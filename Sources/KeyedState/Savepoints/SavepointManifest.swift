import CommitLog
import HostSystem

// What a savepoint is made of: `Docs/Formats/savepoint.md`. The one encoder and the one decoder of its manifest.

/// A savepoint: a folder that holds all state of one commit, and nothing outside it is needed.
package struct SavepointManifest: Equatable, Sendable {
    struct File: Equatable {
        /// `delta/…` or `rocksdb/…`
        var name: String
        /// A delta file may have grown since, by records that do not belong to the savepoint.
        var sizeBytes: Int
        /// nil for a sorted file, whose blocks have checksums of their own.
        var checksum: UInt32?
    }

    static let fileName = "manifest"

    /// Of the folder.
    package var path: String
    package var job: String
    package var run: RunID
    package var committed: CommittedCheckpoint
    /// What the checkpoint knows beside the keyed state.
    package var record: CheckpointRecord
    var files: [File]

    var deltaDirectory: String { FilePath.join(path, "delta") }
    var baseDirectory: String { FilePath.join(path, "rocksdb") }
    var hasBase: Bool { files.contains { $0.name.hasPrefix("rocksdb/") } }
}

extension SavepointManifest {
    private static let magic: UInt64 = 0x5450_5641_5343_4C53  // "SLCSAVPT"
    private static let version: UInt32 = 1
    private static let headerBytes = 16

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(SavepointManifest.magic)
        writer.write(SavepointManifest.version)
        writer.write(UInt32(0))
        writer.writeString(job)
        run.encode(to: &writer)
        committed.encode(to: &writer)
        var encodedRecord = ByteWriter()
        record.encode(to: &encodedRecord)
        writer.writeBytes(encodedRecord.bytes)
        writer.writeVarint(UInt64(files.count))
        for file in files {
            writer.writeString(file.name)
            writer.write(UInt64(file.sizeBytes))
            writer.write(file.checksum != nil)
            writer.write(file.checksum ?? 0)
        }
        writer.patch(Checksum.crc32c(Array(writer.bytes[SavepointManifest.headerBytes...])), at: 12)
        return writer.bytes
    }

    /// Reads the manifest of a savepoint; the files it lists are looked at by `StateStore.importing`.
    package static func load(_ path: String, _ files: any FileSystem) throws(StateError) -> SavepointManifest {
        let name = FilePath.join(path, fileName)
        guard try onFiles({ () throws(FileError) in try files.exists(name) }) else {
            throw .damaged(
                path: name, offset: 0, detail: "it is not there, so this is no savepoint, or not a whole one")
        }
        let bytes = try onFiles { () throws(FileError) in try files.readAll(name) }
        do throws(CorruptBytes) {
            return try SavepointManifest(bytes, path: path, name: name)
        } catch {
            throw .damaged(path: name, offset: error.offset, detail: "expected \(error.expected)")
        }
    }

    private init(_ bytes: [UInt8], path: String, name: String) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt64.self, "savepoint") == SavepointManifest.magic else {
            throw CorruptBytes(offset: 0, expected: "the manifest of a savepoint")
        }
        let version = try reader.read(UInt32.self, "format version")
        let checksum = try reader.read(UInt32.self, "checksum")
        guard checksum == Checksum.crc32c(Array(bytes[SavepointManifest.headerBytes...])) else {
            throw CorruptBytes(offset: 12, expected: "the checksum of the bytes that follow")
        }
        guard version == SavepointManifest.version else {
            throw CorruptBytes(offset: 8, expected: "format version \(SavepointManifest.version), not \(version)")
        }
        self.path = path
        job = try reader.readString("job")
        run = try RunID(from: &reader)
        committed = try CommittedCheckpoint(from: &reader)
        var recordReader = ByteReader(Array(try reader.readBytes("checkpoint record")))
        record = try CheckpointRecord(from: &recordReader)
        files = []
        for _ in 0..<(try reader.readVarint("number of files")) {
            let offset = reader.position
            let name = try reader.readString("file name")
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, ["delta", "rocksdb"].contains(parts[0]), !["", ".", ".."].contains(parts[1]) else {
                throw CorruptBytes(offset: offset, expected: "name of a delta or base file")
            }
            let size = try reader.read(UInt64.self, "size")
            guard let size = Int(exactly: size) else { throw CorruptBytes(offset: offset, expected: "size") }
            let isChecked = try reader.readBool()
            let checksum = try reader.read(UInt32.self, "checksum")
            files.append(File(name: name, sizeBytes: size, checksum: isChecked ? checksum : nil))
        }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the manifest") }
        guard record.number == committed.number, record.run == run else {
            throw CorruptBytes(offset: SavepointManifest.headerBytes, expected: "the record of its own checkpoint")
        }
    }

    /// Errors: `damaged`, with the first file that is missing or not what it was.
    func checkFiles(_ fileSystem: any FileSystem) throws(StateError) {
        for file in files {
            let path = FilePath.join(path, file.name)
            let status = try onFiles { () throws(FileError) in try fileSystem.status(path) }
            guard let status, !status.isDirectory else {
                throw .damaged(path: path, offset: 0, detail: "the file is missing from its savepoint")
            }
            let mayHaveGrown = file.name.hasPrefix("delta/")
            guard status.sizeBytes == file.sizeBytes || (mayHaveGrown && status.sizeBytes > file.sizeBytes) else {
                throw .damaged(
                    path: path, offset: min(status.sizeBytes, file.sizeBytes),
                    detail: "it has \(status.sizeBytes) bytes, \(file.sizeBytes) when the savepoint was made")
            }
            guard let checksum = file.checksum else { continue }
            let found = try onFiles { () throws(FileError) in
                try fileSystem.checksum(ofFirst: file.sizeBytes, in: path)
            }
            guard found == checksum else {
                throw .damaged(path: path, offset: 0, detail: "the checksum in the savepoint's manifest does not match")
            }
        }
    }
}
