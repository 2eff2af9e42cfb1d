import Dataflow
import Glibc
import HostSystem

// Which files a `path` means: one file, or all files of a folder and its sub-folders, by path; names that begin with `.` or
// `_` are not seen.

package struct FileInventory {
    private static let deepestFolder = 64

    private let files: any FileSystem

    package init(files: any FileSystem) { self.files = files }

    /// The files behind `path` with their present lengths, in reading order.
    package func list(_ path: String, table: String) throws(JobFailure) -> [FilePosition.File] {
        var special: String?
        let found = try JobFailure.onFiles("looking for the files of table \"\(table)\"") {
            () throws(FileError) -> [FilePosition.File]? in
            guard let status = try files.status(path) else { return nil }
            if status.isSpecial { special = path }
            if !status.isDirectory { return [.init(path: path, limitBytes: status.sizeBytes)] }
            var found: [FilePosition.File] = []
            try collect(path, depth: 0, &found, &special)
            return found
        }
        if let special {
            throw JobFailure(
                .world, "table \"\(table)\" reads '\(special)', which is a pipe or a device",
                detail: "reading from what has no length and no way back is not supported yet",
                hint: "write it into a file first")
        }
        guard let found else {
            throw JobFailure(
                .world, "table \"\(table)\" reads '\(path)', which does not exist",
                hint: "relative paths start at the working directory")
        }
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    private func collect(
        _ folder: String, depth: Int, _ found: inout [FilePosition.File], _ special: inout String?
    ) throws(FileError) {
        guard depth <= Self.deepestFolder else { throw FileError(.list, folder, code: ELOOP) }
        for name in try files.list(folder) where !name.hasPrefix(".") && !name.hasPrefix("_") {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            guard let status = try files.status(path) else { continue }
            if status.isDirectory {
                try collect(path, depth: depth + 1, &found, &special)
            } else if status.isSpecial {
                special = path
            } else {
                found.append(.init(path: path, limitBytes: status.sizeBytes))
            }
        }
    }
}
