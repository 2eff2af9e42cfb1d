import CommitLog
import Glibc
import HostSystem

// The data directory, as far as runs need it:
//
//     FORMAT                     layout version; a newer one is refused by name
//     journal/                   the one order of everything published
//     topics/<name>/<partition>/ segments of a topic
//     jobs/<name>/lock           one run of a name at a time; holds the process id of its holder
//     jobs/<name>/run/           state of the present run: delta/, rocksdb/, marks of sinks
//     jobs/<name>/<version>/     likewise, of one version of a deployed job
//     jobs/<name>/set-aside-<n>/ state of runs that `--fresh` or an edited file ended

package struct DataDirectory: Sendable {
    package static let format = "sluice data 1\n"

    package let path: String
    package let files: any FileSystem

    /// Opens the directory, making it durably where it is missing.
    package init(_ path: String, files: any FileSystem) throws(JobFailure) {
        self.path = path
        self.files = files
        let doing = "opening the data directory '\(path)'"
        let found = try JobFailure.onFiles(doing) { () throws(FileError) in
            try files.makeDurableDirectories(path)
            return try Self.readFormat(path, files)
        }
        guard let found else {
            try JobFailure.onFiles(doing) { () throws(FileError) in try writeFormat() }
            return
        }
        guard found == Self.format else {
            throw JobFailure(
                .conflict, "the data directory '\(path)' has the layout \"\(found.prefix(40).trimmedLine)\"",
                detail: "this binary reads \"\(Self.format.trimmedLine)\"",
                hint: "use the binary that made it, or another --data directory")
        }
    }

    package var journal: String { path + "/journal" }
    package func topic(_ name: String) -> String { path + "/topics/" + name }
    package func topic(_ name: String, partition: Int) -> String { topic(name) + "/\(partition)" }
    /// Of a version of a deployed job a folder in the job's.
    package func job(_ name: String) -> String {
        guard let version = VersionName(name) else { return path + "/jobs/" + name }
        return path + "/jobs/\(version.job)/\(version.number)"
    }
    package func run(_ name: String) -> String { job(name) + "/run" }

    private static func readFormat(_ path: String, _ files: any FileSystem) throws(FileError) -> String? {
        guard try files.exists(path + "/FORMAT") else { return nil }
        return String(decoding: try files.readAll(path + "/FORMAT"), as: UTF8.self)
    }

    private func writeFormat() throws(FileError) {
        let hidden = path + "/.FORMAT-\(getpid())"
        let file = try files.open(hidden, .createIfMissing)
        defer { file.close() }
        try file.write(Array(Self.format.utf8), at: 0)
        try file.sync()
        try files.rename(hidden, to: path + "/FORMAT")
        try files.syncDirectory(path)
    }

    /// Takes the name for this process; the lock is held until it is let go.
    package func lock(job name: String) throws(JobFailure) -> any FileLock {
        let doing = "locking job \"\(name)\""
        let lock = try JobFailure.onFiles(doing) { () throws(FileError) -> (any FileLock)? in
            try files.makeDurableDirectories(job(name))
            guard let lock = try files.lock(job(name) + "/lock", wait: false) else { return nil }
            let file = try files.open(job(name) + "/pid", .createIfMissing)
            defer { file.close() }
            try file.truncate(to: 0)
            try file.write(Array("\(getpid())\n".utf8), at: 0)
            return lock
        }
        if let lock { return lock }
        // Its holder may not have written its number yet.
        let holder = try JobFailure.onFiles(doing) { () throws(FileError) in
            try files.exists(job(name) + "/pid") ? files.readAll(job(name) + "/pid") : []
        }
        let process = String(decoding: holder, as: UTF8.self).trimmedLine
        throw JobFailure(
            .conflict, "job \"\(name)\" is already running",
            detail: (process.isEmpty ? "another process" : "process \(process)") + " runs it in '\(path)'",
            hint: "stop that process first, or give this run another name: -D pipeline.name=…")
    }

    /// Moves the run's directory aside; never deletes.
    package func setRunAside(_ name: String) throws(FileError) {
        guard try files.exists(run(name)) else { return }
        var number = 1
        while try files.exists("\(job(name))/set-aside-\(number)") { number += 1 }
        try files.renameNew(run(name), to: "\(job(name))/set-aside-\(number)")
        try files.syncDirectory(job(name))
    }
}

extension StringProtocol {
    /// Without the line end.
    var trimmedLine: String { String(prefix { $0 != "\n" }) }
}
