import Glibc

/// A mistake, and where: the path of a file and, from 1 on, its line; 0 for the file as a whole.
package struct ChangelogError: Error, CustomStringConvertible {
    package var path: String
    package var line: Int
    package var mistake: ChangelogMistake

    package var description: String { line > 0 ? "\(path):\(line): \(mistake)" : "\(path): \(mistake)" }
}

/// The published files of a sink: those of a folder in the order of their names, which is the order of changes.
package enum PartFiles {
    /// Paths of all files under `path`; names that begin with `.` or `_` are not read. A file is its own only part.
    package static func paths(under path: String) throws(ChangelogError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOTDIR { return [path] }
            throw ChangelogError(path: path, line: 0, mistake: .unreadable(errno))
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), !name.hasPrefix("_") { names.append(name) }
        }
        var paths: [String] = []
        for name in names.sorted() { paths += try self.paths(under: path + "/" + name) }
        return paths
    }

    package static func bytes(of path: String) throws(ChangelogError) -> [UInt8] {
        guard let file = fopen(path, "rb") else {
            throw ChangelogError(path: path, line: 0, mistake: .unreadable(errno))
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&block, 1, block.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: block.prefix(count))
        }
        if ferror(file) != 0 { throw ChangelogError(path: path, line: 0, mistake: .unreadable(EIO)) }
        return bytes
    }
}

extension FinalTable {
    /// The table that all published files under `path` leave behind. Every line must be ended.
    package init(partFilesUnder path: String) throws(ChangelogError) {
        self.init()
        for part in try PartFiles.paths(under: path) {
            let bytes = try PartFiles.bytes(of: part)
            var start = 0
            var line = 0
            while start < bytes.count {
                line += 1
                guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
                    throw ChangelogError(path: part, line: line, mistake: .unterminatedLine)
                }
                do throws(ChangelogMistake) {
                    try apply(bytes[start..<end])
                } catch {
                    throw ChangelogError(path: part, line: line, mistake: error)
                }
                start = end + 1
            }
        }
    }
}
