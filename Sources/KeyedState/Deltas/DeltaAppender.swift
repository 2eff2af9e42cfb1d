import CommitLog
import HostSystem

// One record is written in few writes and made durable by one sync. A failed write or sync poisons: the pages may be
// marked clean, so a second sync would prove nothing. The worker starts again from its last commit, cuts the file there
// and writes the bytes anew.

/// Writes records at the end of a delta log.
struct DeltaAppender: Sendable {
    let directory: String
    let run: RunID
    let files: any FileSystem
    let safeguards: Safeguards

    /// Where the next record goes, if not into a new file.
    private(set) var path: String?
    private(set) var endBytes = 0
    private var handle: (any FileHandle)?
    private(set) var isPoisoned = false

    init(directory: String, run: RunID, files: any FileSystem, safeguards: Safeguards) {
        self.directory = directory
        self.run = run
        self.files = files
        self.safeguards = safeguards
    }

    /// Goes on in a file after `endBytes`; what stands there already has been cut.
    mutating func resume(at path: String, endBytes: Int) {
        close()
        self.path = path
        self.endBytes = endBytes
    }

    /// The next record begins a new file.
    mutating func close() {
        handle?.close()
        handle = nil
        path = nil
        endBytes = 0
    }

    /// Writes a record and makes it durable, and its file's name where that is new. Returns where it stands.
    mutating func append(
        number: UInt64, previousIdentity: UInt64, checkpoint: [UInt8], changes: [StateChanges]
    ) throws(StateError) -> DeltaRecordPlace {
        guard !isPoisoned else { throw .poisoned(path: path ?? directory) }
        do throws(FileError) {
            return try write(
                number: number, previousIdentity: previousIdentity, checkpoint: checkpoint, changes: changes)
        } catch {
            isPoisoned = true
            throw .file(error)
        }
    }

    private mutating func write(
        number: UInt64, previousIdentity: UInt64, checkpoint: [UInt8], changes: [StateChanges]
    ) throws(FileError) -> DeltaRecordPlace {
        let isNew = path == nil
        let (file, path) = try openFile(firstNumber: number)
        var writer = ByteWriter()
        if isNew { DeltaFileHeader(run: run, firstNumber: number).encode(to: &writer) }
        let header = header(number, previousIdentity, checkpoint, changes)
        let place = DeltaRecordPlace(path: path, offset: endBytes + writer.count, header: header)
        header.encode(to: &writer)
        writer.writeRaw(checkpoint)
        for section in changes {
            DeltaSectionHeader(section).encode(to: &writer)
            try writeEntries(of: section, to: file, after: &writer)
        }
        try flush(&writer, to: file)
        if safeguards.contains(.deltasync) { try sync(file) }
        FaultPoint.afterDeltaSync.reached()
        if isNew, safeguards.contains(.dirsync) { try files.syncDirectory(directory) }
        return place
    }

    private mutating func openFile(firstNumber: UInt64) throws(FileError) -> (any FileHandle, String) {
        if let handle, let path { return (handle, path) }
        let opened: any FileHandle
        if let path {
            opened = try files.open(path, .update)
        } else {
            let new = directory + "/" + DeltaFileName.name(firstNumber: firstNumber)
            opened = try files.open(new, .createNew)
            path = new
        }
        handle = opened
        return (opened, opened.path)
    }

    private func header(
        _ number: UInt64, _ previousIdentity: UInt64, _ checkpoint: [UInt8], _ changes: [StateChanges]
    ) -> DeltaRecordHeader {
        var checksum = Checksum.crc32c(checkpoint)
        var bodyBytes = checkpoint.count
        for section in changes {
            var header = ByteWriter(capacityBytes: DeltaSectionHeader.sizeBytes)
            DeltaSectionHeader(section).encode(to: &header)
            checksum = Checksum.crc32c(header.bytes, continuing: checksum)
            checksum = section.withBytes { Checksum.crc32c($0, continuing: checksum) }
            bodyBytes += header.count + section.sizeBytes
        }
        return DeltaRecordHeader(
            number: number, previousIdentity: previousIdentity, run: run, checkpoint: checkpoint,
            sectionCount: changes.count, bodyBytes: bodyBytes, bodyChecksum: checksum)
    }

    /// Small sections are gathered, so that a small commit is one write; large ones are written from where they are.
    private mutating func writeEntries(
        of section: StateChanges, to file: any FileHandle, after writer: inout ByteWriter
    ) throws(FileError) {
        let largestCopiedBytes = 1 << 16
        if section.sizeBytes <= largestCopiedBytes {
            section.withBytes { writer.writeRaw($0) }
            return
        }
        try flush(&writer, to: file)
        let end = endBytes
        try section.withBytes { (raw) throws(FileError) in try file.write(raw, at: end) }
        endBytes += section.sizeBytes
    }

    private mutating func flush(_ writer: inout ByteWriter, to file: any FileHandle) throws(FileError) {
        let end = endBytes
        try writer.bytes.span.bytes.withUnsafeBytes { (raw) throws(FileError) in try file.write(raw, at: end) }
        endBytes += writer.count
        writer.removeAll()
    }

    private func sync(_ file: any FileHandle) throws(FileError) {
        do throws(FileError) {
            try file.sync()
        } catch {
            if safeguards.contains(.failstop) { throw error }
            try file.sync()
        }
    }
}
