import Columnar
import Dataflow
import HostSystem

// Where a file source stands: the files it was given, how far each is read, and what proves that what was read is still
// there. Part of the checkpoint record; its bytes are described in `Docs/Formats/checkpoint-record.md`.

package struct FilePosition: Equatable, Sendable {
    /// How much of the consumed beginning and end of a file is remembered by its checksum.
    package static let proofBytes = 64 << 10
    static let version: UInt8 = 1

    package struct File: Equatable, Sendable {
        package var path: String
        /// The length when the source was started: it reads no further.
        package var limitBytes: Int
        package var consumedBytes: Int = 0
        package var consumedLines: Int64 = 0
        /// CRC32C of the first `min(consumedBytes, proofBytes)` bytes.
        package var headChecksum: UInt32 = 0
        /// CRC32C of the last `min(consumedBytes, proofBytes)` consumed bytes.
        package var tailChecksum: UInt32 = 0

        package init(path: String, limitBytes: Int) {
            self.path = path
            self.limitBytes = limitBytes
        }
    }

    /// In reading order.
    package var files: [File]
    /// The file being read.
    package var current = 0
    /// Listed by a run that takes what is there: more may come, and a last line without an end waits for it.
    package var isOpenEnded = false

    package init(files: [File]) { self.files = files }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(isOpenEnded)
        writer.writeVarint(UInt64(current))
        writer.writeVarint(UInt64(files.count))
        for file in files {
            writer.writeString(file.path)
            writer.writeVarint(UInt64(file.limitBytes))
            writer.writeVarint(UInt64(file.consumedBytes))
            writer.writeVarint(UInt64(file.consumedLines))
            writer.write(file.headChecksum)
            writer.write(file.tailChecksum)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self, "version") == Self.version else {
            throw CorruptBytes(offset: 0, expected: "a file position of version \(Self.version)")
        }
        isOpenEnded = try reader.readBool()
        let current = try reader.readVarint("current file")
        let count = try reader.readVarint("file count")
        guard count <= reader.remaining, current <= count else {
            throw CorruptBytes(offset: 1, expected: "a file count that fits")
        }
        files = []
        for _ in 0..<count {
            let path = try reader.readString("path")
            var file = File(path: path, limitBytes: try Self.readCount(&reader))
            file.consumedBytes = try Self.readCount(&reader)
            file.consumedLines = Int64(try Self.readCount(&reader))
            file.headChecksum = try reader.read(UInt32.self, "checksum")
            file.tailChecksum = try reader.read(UInt32.self, "checksum")
            files.append(file)
        }
        self.current = Int(current)
    }

    private static func readCount(_ reader: inout ByteReader) throws(CorruptBytes) -> Int {
        guard let count = Int(exactly: try reader.readVarint("count")) else {
            throw CorruptBytes(offset: 0, expected: "a count that fits")
        }
        return count
    }
}
