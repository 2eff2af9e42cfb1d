import Glibc
import HostSystem

// Making a savepoint. The folder is built under a hidden name and renamed when all of it is durable: it is there whole,
// or not at all. Nothing is materialised between the moment the deltas are linked and the one the base is: else what had
// moved from one to the other meanwhile could be missing, or there twice.

struct SavepointWriting {
    let path: String
    let files: any FileSystem

    private var hiddenPath: String {
        FilePath.join(FilePath.parent(of: path), "." + FilePath.lastName(of: path) + ".incoming")
    }

    /// An empty folder under a hidden name; what an interrupted savepoint left there is gone.
    func begin() throws(FileError) {
        guard try !files.exists(path) else { throw FileError(.rename, path, code: EEXIST) }
        try files.makeDurableDirectories(FilePath.parent(of: path))
        try files.removeTree(hiddenPath)
        try files.makeDirectories(FilePath.join(hiddenPath, "delta"))
    }

    func link(_ deltas: [String]) throws(FileError) {
        for delta in deltas {
            try files.linkOrCopy(delta, to: FilePath.join(hiddenPath, "delta/" + FilePath.lastName(of: delta)))
        }
        try files.syncDirectory(FilePath.join(hiddenPath, "delta"))
    }

    /// Where the base puts its part.
    var baseDirectory: String { FilePath.join(hiddenPath, "rocksdb") }

    /// What lies in the folder.
    func listing() throws(FileError) -> [SavepointManifest.File] {
        var listing: [SavepointManifest.File] = []
        for directory in ["delta", "rocksdb"] where try files.exists(FilePath.join(hiddenPath, directory)) {
            for name in try files.list(FilePath.join(hiddenPath, directory)).sorted() {
                let name = directory + "/" + name
                let path = FilePath.join(hiddenPath, name)
                let size = try files.status(path)?.sizeBytes ?? 0
                let checksum = name.hasSuffix(".sst") ? nil : try files.checksum(ofFirst: size, in: path)
                listing.append(.init(name: name, sizeBytes: size, checksum: checksum))
            }
        }
        return listing
    }

    /// Makes the savepoint durable and gives it its name.
    func finish(_ manifest: SavepointManifest) throws(FileError) {
        let handle = try files.open(FilePath.join(hiddenPath, SavepointManifest.fileName), .createNew)
        defer { handle.close() }
        try handle.write(manifest.encode(), at: 0)
        try handle.sync()
        try files.syncDirectory(hiddenPath)
        FaultPoint.beforeSavepointRename.reached()
        try files.renameNew(hiddenPath, to: path)
        try files.syncDirectory(FilePath.parent(of: path))
    }

    /// After an error. What it cannot remove, the next savepoint of this name does.
    func discard() {
        do throws(FileError) { try files.removeTree(hiddenPath) } catch { return }
    }
}

extension StateStore {
    /// Makes a savepoint of the last commit: a folder of hard links where the disk has them, that stays what it is
    /// whatever the run does. Called by the thread that commits; waits for an ingest that is under way.
    /// - Parameters:
    ///   - path: of the folder; its parents are made where they are missing.
    ///   - job: the name that the manifest tells.
    /// Errors: a `file` error with EEXIST where something has this path. After any error the run can go on.
    package func export(to path: String, job: String) throws(StateError) {
        let writing = SavepointWriting(path: path, files: files)
        do throws(StateError) {
            try onFiles { () throws(FileError) in try writing.begin() }
            let pinned = try baseAccess.withLock { (_) throws(StateError) in
                let pinned = log.withLock { $0.pin() }
                guard let pinned else { throw .missingRecord(path: directory, number: 0) }
                try onFiles { () throws(FileError) in try writing.link(pinned.paths) }
                FaultPoint.insideSavepoint.reached()
                try base.export(to: writing.baseDirectory, files)
                return pinned
            }
            let manifest = SavepointManifest(
                path: path, job: job, run: run, committed: pinned.committed, record: try record(of: pinned),
                files: try onFiles { () throws(FileError) in try writing.listing() })
            try onFiles { () throws(FileError) in try writing.finish(manifest) }
        } catch {
            writing.discard()
            throw error
        }
    }

    private func record(of pinned: PinnedDeltas) throws(StateError) -> CheckpointRecord {
        if let last = pinned.last { return try last.load(files).checkpointRecord() }
        guard let reached = try materialised(), reached.committed == pinned.committed else {
            throw .missingRecord(path: directory, number: pinned.committed.number)
        }
        return reached.record
    }
}
