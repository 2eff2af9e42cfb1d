import CommitLog
import HostSystem

// The bytes of a delta file: `Docs/Formats/delta-log.md`. The one encoder and the one decoder of its headers.

/// The beginning of a delta file.
struct DeltaFileHeader: Equatable {
    static let sizeBytes = 40
    static let version: UInt32 = 2
    private static let magic: UInt64 = 0x4154_4C45_4443_4C53  // "SLCDELTA"

    var run: RunID
    /// The number of the file's first record, which is also its name.
    var firstNumber: UInt64

    init(run: RunID, firstNumber: UInt64) {
        self.run = run
        self.firstNumber = firstNumber
    }

    func encode(to writer: inout ByteWriter) {
        let start = writer.count
        writer.write(DeltaFileHeader.magic)
        writer.write(DeltaFileHeader.version)
        writer.write(firstNumber)
        run.encode(to: &writer)
        writer.write(Checksum.crc32c(Array(writer.bytes[start...])))
    }

    /// Errors: `damaged`, or `unsupportedVersion`. These 40 bytes keep their layout in all versions.
    init(_ bytes: [UInt8], path: String) throws(StateError) {
        let magic: UInt64
        let version: UInt32
        let checksum: UInt32
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            magic = try reader.read(UInt64.self)
            version = try reader.read(UInt32.self)
            firstNumber = try reader.read(UInt64.self)
            run = try RunID(from: &reader)
            checksum = try reader.read(UInt32.self)
        } catch {
            throw .damaged(path: path, offset: error.offset, detail: "the file header is cut off")
        }
        guard magic == DeltaFileHeader.magic else {
            throw .damaged(path: path, offset: 0, detail: "not a delta file")
        }
        guard checksum == Checksum.crc32c(Array(bytes[..<(DeltaFileHeader.sizeBytes - 4)])) else {
            throw .damaged(path: path, offset: 0, detail: "the checksum of the file header does not match")
        }
        // Believed only now: a torn header must not look like one from the future.
        guard version == DeltaFileHeader.version else { throw .unsupportedVersion(path: path, version: version) }
    }
}

/// What stands before each record of a delta file.
struct DeltaRecordHeader: Equatable, Sendable {
    static let sizeBytes = 56
    private static let magic: UInt32 = 0x5244_4C53  // "SLDR"

    var number: UInt64
    /// What the journal's entry names: no other record of this number counts.
    var identity: UInt64
    /// The identity of record `number` - 1 of the same run, 0 for record 0: the committed record vouches for all before it.
    var previousIdentity: UInt64
    var checkpointBytes: UInt32
    var sectionCount: UInt32
    var bodyBytes: UInt64
    var bodyChecksum: UInt32

    func encode(to writer: inout ByteWriter) {
        var covered = ByteWriter(capacityBytes: DeltaRecordHeader.sizeBytes)
        covered.write(number)
        covered.write(identity)
        covered.write(previousIdentity)
        covered.write(checkpointBytes)
        covered.write(sectionCount)
        covered.write(bodyBytes)
        covered.write(bodyChecksum)
        covered.write(UInt32(0))
        writer.write(DeltaRecordHeader.magic)
        writer.write(Checksum.crc32c(covered.bytes))
        writer.writeRaw(covered.bytes)
    }

    /// nil where these are not the bytes of a record's header.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == DeltaRecordHeader.sizeBytes else { return nil }
        do throws(CorruptBytes) {
            var reader = ByteReader(bytes)
            guard try reader.read(UInt32.self) == DeltaRecordHeader.magic else { return nil }
            guard try reader.read(UInt32.self) == Checksum.crc32c(Array(bytes[8...])) else { return nil }
            number = try reader.read(UInt64.self)
            identity = try reader.read(UInt64.self)
            previousIdentity = try reader.read(UInt64.self)
            checkpointBytes = try reader.read(UInt32.self)
            sectionCount = try reader.read(UInt32.self)
            bodyBytes = try reader.read(UInt64.self)
            bodyChecksum = try reader.read(UInt32.self)
        } catch {
            return nil
        }
    }

    init(
        number: UInt64, previousIdentity: UInt64, run: RunID, checkpoint: [UInt8], sectionCount: Int, bodyBytes: Int,
        bodyChecksum: UInt32
    ) {
        self.number = number
        self.previousIdentity = previousIdentity
        checkpointBytes = UInt32(checkpoint.count)
        self.sectionCount = UInt32(sectionCount)
        self.bodyBytes = UInt64(bodyBytes)
        self.bodyChecksum = bodyChecksum
        identity = DeltaRecordHeader.identity(
            of: [number, previousIdentity, run.high, run.low, UInt64(bodyBytes), UInt64(bodyChecksum)], checkpoint)
    }

    /// A hash of what tells records of one number apart; 64 bits, since a checksum of 32 could meet its double.
    /// Each step is a bijection of the state (SplitMix64's finaliser), so two inputs that differ in one word differ.
    private static func identity(of words: [UInt64], _ checkpoint: [UInt8]) -> UInt64 {
        var state: UInt64 = 0
        func add(_ word: UInt64) {
            var z = (state ^ word) &+ 0x9E37_79B9_7F4A_7C15
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            state = z ^ (z >> 31)
        }
        for word in words { add(word) }
        var word: UInt64 = 0
        for (i, byte) in checkpoint.enumerated() {
            word = word << 8 | UInt64(byte)
            if i % 8 == 7 { add(word) }
        }
        add(word)
        add(UInt64(checkpoint.count))
        return state
    }
}

/// What stands before the entries of one operator in a record.
struct DeltaSectionHeader {
    static let sizeBytes = 16

    var operatorID: UInt32
    var entryCount: UInt32
    var entryBytes: UInt64

    func encode(to writer: inout ByteWriter) {
        writer.write(operatorID)
        writer.write(entryCount)
        writer.write(entryBytes)
    }

    init(_ changes: StateChanges) {
        operatorID = changes.operatorID
        entryCount = UInt32(changes.count)
        entryBytes = UInt64(changes.sizeBytes)
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        operatorID = try reader.read(UInt32.self, "operator")
        entryCount = try reader.read(UInt32.self, "number of entries")
        entryBytes = try reader.read(UInt64.self, "size of entries")
    }
}

/// The names of delta files: `<number of the first record, 20 digits>.delta`.
enum DeltaFileName {
    private static let suffix = ".delta"

    static func name(firstNumber: UInt64) -> String {
        let digits = String(firstNumber)
        return String(repeating: "0", count: 20 - digits.count) + digits + suffix
    }

    /// nil for the name of anything else.
    static func firstNumber(in name: String) -> UInt64? {
        guard name.hasSuffix(suffix) else { return nil }
        let digits = name.dropLast(suffix.count)
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return UInt64(digits)
    }
}
