// Where copies of a job's checkpoints are: savepoints, and checkpoints that are retained. Those in the job's own directory
// are found there; for others, the job's directory has a list of places, one line each, written before anything is put
// there. A place that is not there any more has been deleted by its owner.

import HostSystem
import KeyedState

struct KeptCopies {
    private let directory: String
    private let files: any FileSystem

    /// - Parameter directory: the job's.
    init(_ directory: String, _ files: any FileSystem) {
        self.directory = directory
        self.files = files
    }

    private var list: String { directory + "/kept-elsewhere" }

    private func places() throws(FileError) -> [String] {
        guard try files.exists(list) else { return [] }
        return String(decoding: try files.readAll(list), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Remembers that copies are made in the folder `place`.
    func remember(_ place: String) throws(FileError) {
        let place = place.hasPrefix("/") ? place : FilePath.join(files.workingDirectory, place)
        let own = directory.hasPrefix("/") ? directory : FilePath.join(files.workingDirectory, directory)
        guard !place.hasPrefix(own + "/") else { return }
        var known = try places()
        guard !known.contains(place), !place.contains("\n") else { return }
        var kept: [String] = []
        for other in known where try files.exists(other) { kept.append(other) }
        known = kept + [place]
        let file = try files.open(list + ".tmp", .createIfMissing)
        defer { file.close() }
        try file.truncate(to: 0)
        try file.write(Array((known.joined(separator: "\n") + "\n").utf8), at: 0)
        try file.sync()
        try files.rename(list + ".tmp", to: list)
        try files.syncDirectory(directory)
    }

    /// All copies that can be used. What is not whole is none.
    func manifests() throws(FileError) -> [SavepointManifest] {
        var found: [SavepointManifest] = []
        for place in ["savepoints", "checkpoints"].map({ directory + "/" + $0 }) + (try places()) {
            if let manifest = try manifest(place) { found.append(manifest) }
            guard let status = try files.status(place), status.isDirectory else { continue }
            for name in try files.list(place).sorted() where !name.hasPrefix(".") {
                if let manifest = try manifest(FilePath.join(place, name)) { found.append(manifest) }
            }
        }
        return found
    }

    private func manifest(_ path: String) throws(FileError) -> SavepointManifest? {
        guard try files.exists(FilePath.join(path, "manifest")) else { return nil }
        do throws(StateError) {
            return try SavepointManifest.load(path, files)
        } catch {
            if case .file(let failure) = error { throw failure }
            return nil
        }
    }
}

extension DataDirectory {
    /// Savepoints and retained checkpoints of a job.
    package func copies(of job: String) throws(FileError) -> [SavepointManifest] {
        try KeptCopies(self.job(job), files).manifests()
    }

    /// All that have a directory.
    package func jobs() throws(FileError) -> [String] {
        guard try files.exists(path + "/jobs") else { return [] }
        return try files.list(path + "/jobs").sorted()
    }
}
