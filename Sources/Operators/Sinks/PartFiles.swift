import CommitLog
import HostSystem

// Output that appears only when it is committed: the filesystem sink's side of an epoch.
//
//     write      into a hidden part                     .part-0000000007-0.<run>
//     prepare    flush, sync parts (and the folder, for a new name); the state goes into the checkpoint record
//     committed  the entry is durable: rename each finished part, never over a file; then sync the folder
//     recover    back to what a committed record says (`PartFilesRecovery.swift`)
//
// A failed write or sync poisons: only a start from the last checkpoint leads on.

/// The part files of one sink subtask. Used by one thread at a time.
package final class PartFiles {
    package let folder: PartFolder
    private let files: any FileSystem
    private let rolling: RollingPolicy
    let safeguards: Safeguards
    var ledger: PartFileLedger
    /// What the user should know of the folder, each a sentence.
    package internal(set) var notices: [String] = []

    private var handle: (any FileHandle)?
    private var buffer: [UInt8] = []
    private var isPoisoned = false

    private static let bufferBytes = 256 << 10

    init(folder: PartFolder, ledger: PartFileLedger, rolling: RollingPolicy, safeguards: Safeguards) {
        self.folder = folder
        files = folder.files
        self.ledger = ledger
        self.rolling = rolling
        self.safeguards = safeguards
    }

    /// The first start of a run, before checkpoint 0: parts are numbered above the largest in the folder.
    /// - Parameters:
    ///   - folder: shared by the subtasks of one sink.
    ///   - number: the least that the first part may have.
    package static func begin(
        folder: PartFolder, subtask: UInt32, run: RunID, atLeast number: UInt64 = 0,
        rolling: RollingPolicy = RollingPolicy(), safeguards: Safeguards = .all
    ) throws(PartFileError) -> PartFiles {
        let survey = try folder.survey()
        let firstNumber = max(survey.largestNumber.map { $0 + 1 } ?? 0, number)
        let ledger = PartFileLedger(run: run, subtask: subtask, firstNumber: firstNumber)
        let parts = PartFiles(folder: folder, ledger: ledger, rolling: rolling, safeguards: safeguards)
        parts.notices = survey.notices(folder: folder.path, firstNumber: firstNumber)
        return parts
    }

    /// As `begin(folder:subtask:run:)`, for a sink of one subtask: makes the folder and takes its lock.
    package static func begin(
        folder: String, subtask: UInt32, run: RunID, files: any FileSystem, rolling: RollingPolicy = RollingPolicy(),
        safeguards: Safeguards = .all
    ) throws(PartFileError) -> PartFiles {
        try begin(
            folder: PartFolder(folder, files: files), subtask: subtask, run: run, rolling: rolling,
            safeguards: safeguards)
    }

    /// The numbers of this run's parts so far.
    package var numbers: Range<UInt64> { ledger.firstNumber..<ledger.nextNumber }

    var hasOpenPart: Bool { ledger.open != nil }

    /// When the open part is to be closed although no row comes; nil where none is open. Journal time.
    package var rolloverMilliseconds: Int64? {
        ledger.open.map {
            rolling.dueMilliseconds(begun: $0.begunMilliseconds, lastWritten: $0.lastWrittenMilliseconds)
        }
    }

    /// Appends whole rows: a part ends between two calls only. A part is made by its first byte.
    package func write(_ bytes: UnsafeRawBufferPointer, atMilliseconds now: Int64) throws(PartFileError) {
        if bytes.isEmpty { return }
        try guarded { () throws(PartFileError) in
            if let open = ledger.open, rolling.closes(sizeBytes: open.sizeBytes) { try closePart() }
            if ledger.open == nil { try openNewPart(at: now) }
            if buffer.count + bytes.count > PartFiles.bufferBytes { try flush() }
            buffer.append(contentsOf: bytes)
            ledger.wrote(bytes.count, at: now)
            if buffer.count > PartFiles.bufferBytes { try flush() }
        }
    }

    /// At the barrier: all bytes become durable, and parts that are large or old enough are closed.
    /// - Parameter closing: all of them, since the input or the run ends here.
    /// - Returns: what goes into the checkpoint record.
    package func prepare(closing: Bool, nowMilliseconds now: Int64) throws(PartFileError) -> [UInt8] {
        try guarded { () throws(PartFileError) in
            try flush()
            if let open = ledger.open, let due = rolloverMilliseconds {
                if closing || rolling.closes(sizeBytes: open.sizeBytes) || due <= now {
                    try closePart()
                } else {
                    try syncOpenPart()
                }
            }
            if ledger.hasNewName {
                FaultPoint.afterPartSync.reached()
                if safeguards.contains(.dirsync) {
                    try onPartFiles { () throws(FileError) in try files.syncDirectory(folder.path) }
                }
                ledger.syncedNewNames()
            }
        }
        return ledger.prepare(listsRenamed: safeguards.contains(.pendsync)).encoded()
    }

    /// The journal's entry is durable: finished parts get their own names, durably.
    package func committed() throws(PartFileError) {
        acknowledgeCommit()
        while try renameNextPending() {}
        try syncFolder()
    }

    /// The first step of `committed`: touches no file.
    package func acknowledgeCommit() { ledger.commit() }

    /// Gives one finished part its own name. False where there is none to rename.
    package func renameNextPending() throws(PartFileError) -> Bool {
        guard let name = ledger.nextRename else { return false }
        try guarded { () throws(PartFileError) in try publish(name) }
        ledger.renamed(name)
        FaultPoint.afterRename.reached()
        return true
    }

    /// Makes the renames durable, if there are any.
    package func syncFolder() throws(PartFileError) {
        guard ledger.needsFolderSync else { return }
        FaultPoint.beforeFolderSync.reached()
        try guarded { () throws(PartFileError) in
            try onPartFiles { () throws(FileError) in try files.syncDirectory(folder.path) }
        }
        ledger.syncedFolder()
    }

    /// Lets go of the open part. The folder's lock lives as long as `folder`.
    package func close() {
        handle?.close()
        handle = nil
    }
}

extension PartFiles {
    private func guarded(_ body: () throws(PartFileError) -> Void) throws(PartFileError) {
        guard !isPoisoned else { throw .poisoned(folder: folder.path) }
        do throws(PartFileError) {
            try body()
        } catch {
            isPoisoned = true
            throw error
        }
    }

    private func openNewPart(at now: Int64) throws(PartFileError) {
        guard ledger.nextNumber <= PartFileName.largestNumber else { throw .numbersExhausted(folder: folder.path) }
        let path = folder.pathOf(ledger.beginPart(at: now).hidden(ledger.run))
        // A hidden part of this name that should have been deleted on start is an error, unless that rule is out.
        let mode: OpenMode = safeguards.contains(.delete) ? .createNew : .createIfMissing
        handle = try onPartFiles { () throws(FileError) in try files.open(path, mode) }
    }

    private func openHandle() throws(PartFileError) -> (any FileHandle)? {
        if let handle { return handle }
        guard let open = ledger.open else { return nil }
        let path = folder.pathOf(ledger.name(open.number).hidden(ledger.run))
        handle = try onPartFiles { () throws(FileError) in try files.open(path, .update) }
        return handle
    }

    /// Writes what is buffered behind what is in the file.
    private func flush() throws(PartFileError) {
        guard !buffer.isEmpty, let open = ledger.open, let handle = try openHandle() else { return }
        let offset = open.sizeBytes - buffer.count
        try onPartFiles { () throws(FileError) in try handle.write(buffer, at: offset) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func syncOpenPart() throws(PartFileError) {
        guard ledger.open?.needsSync == true, let handle = try openHandle() else { return }
        if safeguards.contains(.partsync) {
            try onPartFiles { () throws(FileError) in
                do throws(FileError) {
                    try handle.sync()
                } catch {
                    if safeguards.contains(.failstop) { throw error }
                    try handle.sync()
                }
            }
        }
        ledger.syncedOpenPart()
    }

    private func closePart() throws(PartFileError) {
        try flush()
        try syncOpenPart()
        close()
        ledger.closePart()
    }

    func publish(_ name: PartFileName) throws(PartFileError) {
        let from = folder.pathOf(name.hidden(ledger.run))
        let to = folder.pathOf(name.visible)
        do throws(FileError) {
            if safeguards.contains(.noreplace) {
                try files.renameNew(from, to: to)
            } else {
                try files.rename(from, to: to)
            }
        } catch {
            throw error.isExisting ? .targetExists(path: to) : .file(error)
        }
    }
}
