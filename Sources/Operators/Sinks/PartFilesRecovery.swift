import CommitLog
import Glibc
import HostSystem

// A start: the folder goes back to what the committed record says.
//
//     pending part    hidden there, own name not   rename it
//                     only its own name            the rename was done; it counts after a sync of the folder
//                     neither                      somebody took it: a notice
//                     both                         an error
//     open part       longer than recorded         cut
//                     shorter, or gone             an error
//     hidden parts of this run that the record does not name: deleted
//
// An open part of the right length is cut too, and synced before it is closed, written to or not: the length may be what
// an earlier start cut it to, which died then, or whose sync failed, so that the disk has the longer one still.

extension PartFiles {
    /// - Parameters:
    ///   - state: what `prepare` returned for the checkpoint.
    ///   - deletesUnnamed: false where the caller sees to what was begun after it.
    package static func recover(
        folder: PartFolder, state bytes: [UInt8], rolling: RollingPolicy = RollingPolicy(),
        safeguards: Safeguards = .all, deletesUnnamed: Bool = true
    ) throws(PartFileError) -> PartFiles {
        let state = try decode(bytes, folder.path)
        let parts = PartFiles(
            folder: folder, ledger: PartFileLedger(state), rolling: rolling, safeguards: safeguards)
        for part in state.pending { try parts.resume(part) }
        while try parts.renameNextPending() {}
        if let open = state.open { try parts.resume(open) }
        if deletesUnnamed, safeguards.contains(.delete) { try parts.deleteUnnamed(besides: state.open?.number) }
        try parts.syncFolder()
        return parts
    }

    /// As `recover(folder:state:)`, for a sink of one subtask: takes the folder's lock.
    package static func recover(
        folder: String, state: [UInt8], files: any FileSystem, rolling: RollingPolicy = RollingPolicy(),
        safeguards: Safeguards = .all
    ) throws(PartFileError) -> PartFiles {
        try recover(
            folder: PartFolder(folder, files: files), state: state, rolling: rolling, safeguards: safeguards)
    }

    static func decode(_ state: [UInt8], _ folder: String) throws(PartFileError) -> PartFilesState {
        do throws(CorruptBytes) {
            return try PartFilesState(state)
        } catch {
            throw .damagedState(folder: folder, error)
        }
    }

    private func resume(_ part: PartFilesState.PendingPart) throws(PartFileError) {
        let name = ledger.name(part.number)
        let hiddenPath = folder.pathOf(name.hidden(ledger.run))
        let targetPath = folder.pathOf(name.visible)
        let committed = Int(part.sizeBytes)
        switch (try folder.sizeBytes(name.hidden(ledger.run)), try folder.sizeBytes(name.visible)) {
        case (.some, .some):
            throw .bothPresent(hidden: hiddenPath, target: targetPath)
        case (let found?, nil):
            guard found >= committed else {
                throw .shorter(path: hiddenPath, committedBytes: committed, foundBytes: found)
            }
            guard found == committed else {
                throw .changed(path: hiddenPath, committedBytes: committed, foundBytes: found)
            }
            ledger.resumePending(part, isRenamed: false)
        case (nil, let found?):
            guard found == committed else {
                throw .changed(path: targetPath, committedBytes: committed, foundBytes: found)
            }
            if safeguards.contains(.donesync) { ledger.resumePending(part, isRenamed: true) }
        case (nil, nil):
            guard safeguards.contains(.taken) else { throw .missing(path: targetPath) }
            notices.append("part file \"\(targetPath)\" was committed, and somebody has taken it away since")
        }
    }

    private func resume(_ part: PartFilesState.OpenPart) throws(PartFileError) {
        let name = ledger.name(part.number).hidden(ledger.run)
        let path = folder.pathOf(name)
        let committed = Int(part.committedBytes)
        guard let found = try folder.sizeBytes(name) else { throw .missing(path: path) }
        guard found >= committed else {
            throw .shorter(path: path, committedBytes: committed, foundBytes: found)
        }
        guard safeguards.contains(.openlen) else { return ledger.resumeOpen(part, sizeBytes: found) }
        ledger.resumeOpen(part, sizeBytes: committed)
        try onPartFiles { () throws(FileError) in
            let handle = try folder.files.open(path, .update)
            defer { handle.close() }
            try handle.truncate(to: committed)
        }
    }

    private func deleteUnnamed(besides open: UInt64?) throws(PartFileError) {
        for name in try folder.names() {
            guard let hidden = PartFileName.parse(hidden: name), hidden.run == ledger.run.description,
                hidden.part.subtask == ledger.subtask, hidden.part.number != open
            else { continue }
            let path = folder.pathOf(name)
            try onPartFiles { () throws(FileError) in try folder.files.remove(path) }
        }
    }
}

extension FileError {
    /// There is something under the new name already.
    var isExisting: Bool { code == EEXIST }
}
