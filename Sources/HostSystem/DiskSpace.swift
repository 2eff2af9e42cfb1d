import Glibc

/// Of the disk that a path is on.
package struct DiskSpace: Equatable, Sendable {
    /// For those who are not its administrator.
    package var freeBytes: Int
    package var totalBytes: Int

    package init(freeBytes: Int, totalBytes: Int) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
    }
}

extension DiskSpace {
    /// statvfs(3)
    init(_ path: String) throws(FileError) {
        var found = statvfs()
        while statvfs(path, &found) != 0 {
            guard errno == EINTR else { throw FileError(.status, path, code: errno) }
        }
        func bytes(_ blocks: UInt) -> Int {
            let product = blocks.multipliedReportingOverflow(by: found.f_frsize)
            return product.overflow ? .max : Int(clamping: product.partialValue)
        }
        self.init(freeBytes: bytes(found.f_bavail), totalBytes: bytes(found.f_blocks))
    }
}

extension FileSystem {
    /// Of all files in a directory and below it, a file of several names once; none where nothing has this path. What goes
    /// meanwhile counts nothing.
    package func treeBytes(_ path: String) throws(FileError) -> Int {
        var seen: Set<UInt64> = []
        return try treeBytes(path, &seen)
    }

    private func treeBytes(_ path: String, _ seen: inout Set<UInt64>) throws(FileError) -> Int {
        guard let status = try status(path) else { return 0 }
        guard status.isDirectory else { return seen.insert(status.identity).inserted ? status.sizeBytes : 0 }
        let names: [String]
        do throws(FileError) {
            names = try list(path)
        } catch {
            guard error.code == ENOENT else { throw error }
            return 0
        }
        var bytes = 0
        for name in names { bytes += try treeBytes(FilePath.join(path, name), &seen) }
        return bytes
    }
}
