import Columnar
import Dataflow
import HostSystem

// Where a file source stands: the files it was given, what of each is read, and what proves that what was read is still
// there. Part of the checkpoint record; its bytes are described in `Docs/Formats/checkpoint-record.md`.

package struct FilePosition: Equatable, Sendable {
    /// How much of the consumed beginning and end of a file is remembered by its checksum.
    package static let proofBytes = 64 << 10
    static let version: UInt8 = 2

    /// Checksums of a beginning of a file.
    package struct Proof: Equatable, Sendable {
        /// Length of the beginning.
        package var bytes: Int = 0
        /// CRC32C of its first `min(bytes, proofBytes)` bytes.
        package var headChecksum: UInt32 = 0
        /// CRC32C of its last `min(bytes, proofBytes)` bytes.
        package var tailChecksum: UInt32 = 0

        package init() {}
    }

    package struct File: Equatable, Sendable {
        package var path: String
        package var progress: SplitProgress
        package var proof = Proof()

        package init(path: String, progress: SplitProgress) {
            self.path = path
            self.progress = progress
        }

        /// Read up to here, and no further, unless it is found to have grown.
        package var limitBytes: Int { Int(progress.length) }
        package var consumedBytes: Int { Int(progress.givenLength) }
        /// Behind the last byte read, whatever is left out before it.
        var readEnd: Int { Int(progress.segments.last?.range.upperBound ?? 0) }

        /// The same, read up to another length.
        func limited(to sizeBytes: Int) -> File {
            var file = self
            file.progress = SplitProgress(
                length: Int64(max(sizeBytes, readEnd)), floor: progress.floor, given: progress.segments)
            return file
        }
    }

    /// In the order in which they were found.
    package var files: [File]
    /// Listed by a run that takes what is there: more may come, and a last line without an end waits for it.
    package var isOpenEnded = false
    /// The source's watermark, where it is more than what the files have reached; `Int64.min`: unknown.
    package var watermark = Int64.min

    package init(files: [File]) { self.files = files }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(isOpenEnded)
        writer.write(watermark)
        writer.writeVarint(UInt64(files.count))
        for file in files {
            writer.writeString(file.path)
            file.progress.encode(into: &writer)
            writer.writeVarint(UInt64(file.proof.bytes))
            writer.write(file.proof.headChecksum)
            writer.write(file.proof.tailChecksum)
        }
        return writer.bytes
    }

    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        var reader = ByteReader(bytes)
        guard try reader.read(UInt8.self, "version") == Self.version else {
            throw CorruptBytes(offset: 0, expected: "a file position of version \(Self.version)")
        }
        isOpenEnded = try reader.readBool()
        watermark = try reader.read(Int64.self, "watermark")
        let count = try reader.readVarint("file count")
        guard count <= UInt64(reader.remaining) else {
            throw CorruptBytes(offset: 10, expected: "a file count that fits")
        }
        files = []
        for _ in 0..<count {
            let path = try reader.readString("path")
            var file = File(path: path, progress: try SplitProgress(decoding: &reader))
            guard let proven = Int(exactly: try reader.readVarint("proven bytes")), proven <= file.limitBytes else {
                throw CorruptBytes(offset: reader.position, expected: "a proof within the file")
            }
            file.proof.bytes = proven
            file.proof.headChecksum = try reader.read(UInt32.self, "checksum")
            file.proof.tailChecksum = try reader.read(UInt32.self, "checksum")
            files.append(file)
        }
    }

    static func decode(_ bytes: [UInt8], table: String) throws(JobFailure) -> FilePosition {
        do throws(CorruptBytes) {
            return try FilePosition(decoding: bytes)
        } catch {
            throw JobFailure(.damage, "the position of table \"\(table)\" cannot be read: \(error)")
        }
    }
}
