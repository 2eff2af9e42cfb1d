import CommitLog
import Dataflow
import HostSystem

// Where a version of a deployed job lives:
//
//     jobs/<name>/<number>/definition.sql   its text, written once
//                          run/             state
//                          lock             held by its worker
//                          control.sock     where its worker answers
//                          log              what its worker says

package struct VersionFolder: Sendable {
    package let version: VersionName
    package let path: String

    package init(_ version: VersionName, in dataDirectory: String) {
        self.version = version
        path = "\(dataDirectory)/jobs/\(version.job)/\(version.number)"
    }

    package var definitionPath: String { path + "/definition.sql" }
    package var lockPath: String { path + "/lock" }
    package var logPath: String { path + "/log" }

    /// Durable when it returns. What is there under this number was never known to anybody.
    func write(_ text: String, _ files: any FileSystem) throws(JobFailure) {
        try JobFailure.onFiles("writing the text of \(version)") { () throws(FileError) in
            try files.makeDurableDirectories(path)
            let hidden = definitionPath + ".new"
            if try files.exists(hidden) { try files.remove(hidden) }
            let file = try files.open(hidden, .createIfMissing)
            defer { file.close() }
            try file.write(Array(text.utf8), at: 0)
            try file.sync()
            try files.rename(hidden, to: definitionPath)
            try files.syncDirectory(path)
        }
    }
}
