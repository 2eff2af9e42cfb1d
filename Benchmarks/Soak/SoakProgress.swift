import HostSystem

/// The number of the next seed, in a file of its own.
struct SoakProgress {
    private let path: String
    private let files = PosixFileSystem()

    init(_ path: String) { self.path = path }

    /// nil where nothing was run yet.
    func read() throws(FileError) -> UInt64? {
        guard try files.exists(path) else { return nil }
        return UInt64(String(decoding: try files.readAll(path).prefix { $0 != 0x0A }, as: UTF8.self))
    }

    func write(_ next: UInt64) throws(FileError) {
        try files.makeDirectories(FilePath.parent(of: path))
        let file = try files.open(path + ".new", .createIfMissing)
        try file.truncate(to: 0)
        try file.write(Array("\(next)\n".utf8), at: 0)
        file.close()
        try files.rename(path + ".new", to: path)
    }
}
