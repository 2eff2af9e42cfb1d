// Which rows of topics a run may still read again: its sources' positions at a checkpoint, in a file beside its state, for
// those who move retention. Byte table: `Docs/Formats/run-reads.md`.
//
// A run's positions only go forward, so a file that is older than the last checkpoint says too little has been read, and is
// never wrong: it is written every few seconds, without a sync. One that is torn, missing, or another run's says nothing:
// then nobody knows what the run needs.

import CommitLog
import HostSystem

package struct RunReads: Equatable, Sendable {
    private static let magic = Array("SLUICERR".utf8)
    private static let version: UInt8 = 1

    package var run: RunID
    /// Sources' positions in topics, as a checkpoint has them; none of a run that has finished.
    package var positions: [[UInt8]]

    package init(run: RunID, positions: [[UInt8]]) {
        self.run = run
        self.positions = positions
    }

    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        run.encode(to: &writer)
        writer.writeVarint(UInt64(positions.count))
        for position in positions { writer.writeBytes(position) }
        writer.write(Checksum.crc32c(writer.bytes))
        return writer.bytes
    }

    /// - Errors: bytes that `encoded` does not give.
    package init(decoding bytes: [UInt8]) throws(CorruptBytes) {
        let checksumBytes = 4
        guard bytes.count > Self.magic.count + checksumBytes, bytes.starts(with: Self.magic) else {
            throw CorruptBytes(offset: 0, expected: "what a run reads")
        }
        let content = Array(bytes[..<(bytes.count - checksumBytes)])
        var tail = ByteReader(bytes[(bytes.count - checksumBytes)...])
        guard try tail.read(UInt32.self, "checksum") == Checksum.crc32c(content) else {
            throw CorruptBytes(offset: bytes.count - checksumBytes, expected: "the checksum of the bytes before")
        }
        var reader = ByteReader(content[Self.magic.count...])
        guard try reader.read(UInt8.self, "version") == Self.version else {
            throw CorruptBytes(offset: Self.magic.count, expected: "version \(Self.version)")
        }
        run = try RunID(from: &reader)
        positions = []
        for _ in 0..<(try reader.readVarint("number of positions")) {
            positions.append(Array(try reader.readBytes("position")))
        }
        guard reader.isAtEnd else { throw CorruptBytes(offset: reader.position, expected: "end of the positions") }
    }
}

/// Where a run says what it reads.
struct RunReadsFile {
    private static let intervalNanoseconds: Int64 = 5_000_000_000

    private let directory: String
    private let run: RunID
    private let files: any FileSystem
    private var written: RunReads?
    private var nextNanoseconds: Int64 = .min

    init(_ identity: RunIdentity, _ files: any FileSystem) {
        directory = identity.directory
        run = identity.id
        self.files = files
    }

    static func path(_ directory: String) -> String { directory + "/reads" }

    /// - Parameters:
    ///   - positions: of a checkpoint that is committed, or the run's first ones.
    ///   - isLast: nothing more will be said for now.
    mutating func tell(_ positions: [[UInt8]], nowNanoseconds: Int64, isLast: Bool = false) throws(FileError) {
        let reads = RunReads(run: run, positions: positions)
        guard reads != written, isLast || nowNanoseconds >= nextNanoseconds else { return }
        nextNanoseconds = nowNanoseconds + Self.intervalNanoseconds
        let path = Self.path(directory)
        let file = try files.open(path + ".tmp", .createIfMissing)
        defer { file.close() }
        try file.truncate(to: 0)
        try file.write(reads.encoded(), at: 0)
        try files.rename(path + ".tmp", to: path)
        written = reads
    }
}

extension DataDirectory {
    /// What a job's run of this id has said last; nil: it is not known.
    package func reads(of job: String, run: RunID) throws(FileError) -> RunReads? {
        let path = RunReadsFile.path(self.run(job))
        guard try files.exists(path) else { return nil }
        let bytes = try files.readAll(path)
        do throws(CorruptBytes) {
            let found = try RunReads(decoding: bytes)
            return found.run == run ? found : nil
        } catch {
            return nil
        }
    }
}
