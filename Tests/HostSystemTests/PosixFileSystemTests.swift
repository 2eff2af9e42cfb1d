import Glibc
import HostSystem
import Testing

/// A directory of its own for each test, removed with everything in it.
private func withDirectory(_ body: (PosixFileSystem, String) throws -> Void) throws {
    let files = PosixFileSystem()
    var template = Array("/tmp/sluice-host-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    let directory = String(cString: made)
    defer { #expect(throws: Never.self) { try removeTree(files, directory) } }
    try body(files, directory)
}

private func removeTree(_ files: PosixFileSystem, _ path: String) throws {
    var raw = stat()
    if lstat(path, &raw) == 0, raw.st_mode & S_IFMT == S_IFDIR {
        for name in try files.list(path) { try removeTree(files, path + "/" + name) }
    }
    try files.remove(path)
}

private func write(_ files: PosixFileSystem, _ path: String, _ text: String) throws {
    let file = try files.open(path, .createIfMissing)
    defer { file.close() }
    try Array(text.utf8).withUnsafeBytes { bytes in try file.write(bytes, at: 0) }
    try file.sync()
}

private func code(_ body: () throws -> Void) -> Int32? {
    do {
        try body()
        return nil
    } catch { return (error as? FileError)?.code }
}

@Test func aFileReadsBackWhatWasWritten() throws {
    try withDirectory { files, directory in
        let path = directory + "/a"
        try write(files, path, "hello")
        #expect(try files.readAll(path) == Array("hello".utf8))
        #expect(try files.status(path)?.sizeBytes == 5)
        let file = try files.open(path, .update)
        try file.truncate(to: 2)
        #expect(try file.size() == 2)
        var buffer = [UInt8](repeating: 7, count: 4)
        #expect(try buffer.withUnsafeMutableBytes { try file.read(into: $0, at: 0) } == 2)
        file.close()
        file.close()
        #expect(code { try file.truncate(to: 0) } == EBADF)
        #expect(try files.list(directory) == ["a"])
    }
}

@Test func openModesSayWhatMustExist() throws {
    try withDirectory { files, directory in
        let path = directory + "/a"
        #expect(code { _ = try files.open(path, .read) } == ENOENT)
        #expect(code { _ = try files.open(path, .update) } == ENOENT)
        _ = try files.open(path, .createNew)
        #expect(code { _ = try files.open(path, .createNew) } == EEXIST)
        #expect(try files.status(directory + "/b") == nil)
        #expect(try files.status(path + "/b") == nil)
        #expect(code { _ = try files.open(directory + "/a\0b", .createNew) } == EINVAL)
    }
}

@Test func filesThatAreWrittenAreNotReachedThroughLinks() throws {
    try withDirectory { files, directory in
        try write(files, directory + "/target", "x")
        #expect(symlink(directory + "/target", directory + "/link") == 0)
        #expect(code { _ = try files.open(directory + "/link", .update) } == ELOOP)
        #expect(code { _ = try files.open(directory + "/link", .createIfMissing) } == ELOOP)
        #expect(code { _ = try files.lock(directory + "/link", wait: false) } == ELOOP)
        #expect(try files.readAll(directory + "/link") == Array("x".utf8))
        try files.remove(directory + "/link")
        #expect(try files.exists(directory + "/target"))
    }
}

@Test func renameNewNeverReplaces() throws {
    try withDirectory { files, directory in
        try write(files, directory + "/a", "a")
        try write(files, directory + "/b", "b")
        #expect(code { try files.renameNew(directory + "/a", to: directory + "/b") } == EEXIST)
        #expect(try files.readAll(directory + "/b") == Array("b".utf8))
        try files.rename(directory + "/a", to: directory + "/b")
        #expect(try files.readAll(directory + "/b") == Array("a".utf8))
        try files.renameNew(directory + "/b", to: directory + "/c")
        #expect(try files.list(directory) == ["c"])
        try files.syncDirectory(directory)
        #expect(code { try files.renameNew(directory + "/x", to: directory + "/y") } == ENOENT)
    }
}

@Test func directoriesAreMadeWithTheirParents() throws {
    try withDirectory { files, directory in
        try files.makeDirectories(directory + "/x/y/z")
        try files.makeDirectories(directory + "/x/y/z/")
        #expect(try files.status(directory + "/x/y/z")?.isDirectory == true)
        try write(files, directory + "/f", "")
        #expect(code { try files.makeDirectories(directory + "/f") } == ENOTDIR)
        #expect(code { try files.makeDirectories(directory + "/f/g") } == ENOTDIR)
        #expect(code { try files.syncDirectory(directory + "/f") } == ENOTDIR)
    }
}

@Test func aLockConflictsWithinTheProcessAndFollowsTheName() throws {
    try withDirectory { files, directory in
        let path = directory + "/lock"
        let first = try #require(try files.lock(path, wait: false))
        #expect(try files.lock(path, wait: false) == nil)
        // A lock on a file that lost its name guards nothing any more.
        try files.remove(path)
        let other = try #require(try files.lock(path, wait: false))
        first.release()
        #expect(try files.lock(path, wait: false) == nil)
        other.release()
        other.release()
        #expect(try files.lock(path, wait: true) != nil)
    }
}

@Test func aNamedPipeDoesNotHangTheReader() throws {
    try withDirectory { files, directory in
        #expect(mkfifo(directory + "/pipe", 0o600) == 0)
        let pipe = try files.open(directory + "/pipe", .read)
        var buffer = [UInt8](repeating: 0, count: 1)
        #expect(code { _ = try buffer.withUnsafeMutableBytes { try pipe.read(into: $0, at: 0) } } == ESPIPE)
    }
}

@Test func errorsReadLikeSentences() {
    let error = FileError(.open, "/nowhere/x", code: ENOENT)
    #expect("\(error)" == "could not open \"/nowhere/x\": No such file or directory")
    #expect(FileError(.write, "x", code: ENOSPC).isOutOfSpace)
    #expect("\(FileError(.syncDirectory, "d", code: EIO))" == "could not sync directory \"d\": Input/output error")
}

@Test func bootAndClocksAndRandomness() {
    #expect(PosixFileSystem().bootIdentity == PosixFileSystem().bootIdentity)
    #expect(!PosixFileSystem().bootIdentity.isEmpty)
    let time = SystemTime()
    let before = time.monotonicNanoseconds()
    #expect(time.monotonicNanoseconds() >= before)
    #expect(time.wallMilliseconds() > 1_600_000_000_000)
    let random = SystemRandom()
    #expect(Set((0..<16).map { _ in random.next() }).count == 16)
}

@Test(arguments: [
    ("/a/b", "/a", "b"), ("/a", "/", "a"), ("a", ".", "a"), ("a/b/", "a", "b"), ("/", "/", ""), ("a//b", "a", "b"),
])
func pathsComeApart(path: String, parent: String, name: String) {
    #expect(FilePath.parent(of: path) == parent)
    #expect(FilePath.lastName(of: path) == name)
}

@Test func aTreeHasTheBytesOfItsFiles() throws {
    try withDirectory { files, directory in
        #expect(try files.treeBytes(directory + "/nowhere") == 0)
        try files.makeDirectories(directory + "/a/b")
        for (name, count) in [("a/b/c", 5), ("d", 7)] {
            let file = try files.open(directory + "/" + name, .createNew)
            try file.write([UInt8](repeating: 1, count: count), at: 0)
            file.close()
        }
        try files.link(directory + "/d", to: directory + "/a/e")
        #expect(try files.treeBytes(directory) == 12)
        #expect(try files.treeBytes(directory + "/d") == 7)
    }
}

@Test func aDiskHasSomeRoom() throws {
    let files = PosixFileSystem()
    let space = try #require(try files.space("/"))
    #expect(space.totalBytes > 0 && space.freeBytes >= 0 && space.freeBytes <= space.totalBytes)
    #expect(throws: FileError(.status, "/nowhere", code: ENOENT)) { try files.space("/nowhere") }
}
