// All contact with files goes through this interface, so that a test can put a machine under it that fails and crashes.
//
// Two kinds of durability are kept apart, as on a real disk: the bytes of a file (`FileHandle.sync`) and its name
// (`FileSystem.syncDirectory`). A failed sync says nothing about what reached the disk, and is never repeated on the
// same bytes: the pages may be marked clean (Rebello et al., "Can Applications Recover from fsync Failures?", ATC 2020).

/// A failed file operation: what was tried, on what, and the system's error number.
package struct FileError: Error, Equatable, Sendable {
    package enum Operation: String, Sendable {
        case open, read, write, sync, truncate, rename, remove, list, status, makeDirectory, syncDirectory, lock, link
    }

    package var operation: Operation
    package var path: String
    /// `errno`
    package var code: Int32

    package init(_ operation: Operation, _ path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }
}

package enum OpenMode: Sendable {
    /// The file must exist.
    case read
    /// Read and write; the file must exist.
    case update
    /// Read and write; the file must not exist.
    case createNew
    /// Read and write; made where it is missing.
    case createIfMissing
}

package struct FileStatus: Equatable, Sendable {
    package var isDirectory: Bool
    package var sizeBytes: Int
    /// Tells two files of one path apart (device and inode on a real disk).
    package var identity: UInt64
    package var modifiedMilliseconds: Int64
    /// Neither a regular file nor a directory: a pipe, a device, a socket.
    package var isSpecial = false

    package init(isDirectory: Bool, sizeBytes: Int, identity: UInt64, modifiedMilliseconds: Int64) {
        self.isDirectory = isDirectory
        self.sizeBytes = sizeBytes
        self.identity = identity
        self.modifiedMilliseconds = modifiedMilliseconds
    }
}

/// An open file. Offsets and lengths are bytes. Used by one thread at a time.
package protocol FileHandle: AnyObject, Sendable {
    var path: String { get }
    func size() throws(FileError) -> Int
    /// Reads up to `buffer.count` bytes at `offset`. Returns how many; fewer only at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int
    /// Writes all bytes at `offset`, or throws having written any part of them.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError)
    func truncate(to sizeBytes: Int) throws(FileError)
    /// Makes the file's bytes and size durable. Never called again on the same bytes after it failed.
    func sync() throws(FileError)
    func close()
}

/// A lock the kernel frees with its holder, released at deinit or by `release`.
package protocol FileLock: AnyObject, Sendable {
    func release()
}

package protocol FileSystem: Sendable {
    func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle
    /// nil where nothing has this path.
    func status(_ path: String) throws(FileError) -> FileStatus?
    /// The names in a directory, unsorted, without `.` and `..`.
    func list(_ directory: String) throws(FileError) -> [String]
    /// Replaces an existing `to`.
    func rename(_ from: String, to: String) throws(FileError)
    /// Fails with EEXIST where `to` exists.
    func renameNew(_ from: String, to: String) throws(FileError)
    /// Gives a file a second name, on the same disk. Fails with EEXIST where `to` exists.
    func link(_ from: String, to: String) throws(FileError)
    func remove(_ path: String) throws(FileError)
    /// Makes the directory and its missing parents; none of them is durable before `syncDirectory` of its parent.
    func makeDirectories(_ path: String) throws(FileError)
    /// Makes the names in a directory durable: created, renamed and removed ones.
    func syncDirectory(_ path: String) throws(FileError)
    /// Takes an exclusive lock on the file at `path`, made where it is missing. nil: somebody else holds it (`wait` false).
    /// The holder's process id is written into a file of its own by who wants to show it.
    func lock(_ path: String, wait: Bool) throws(FileError) -> (any FileLock)?
    /// The number at a byte offset of the file's first page, which is made where it is missing, for processes to wait for.
    /// nil: there is no such thing here, and who waits has to look again and again.
    func signal(_ path: String, at offset: Int) throws(FileError) -> (any SharedSignal)?
    /// Of the disk that something is on; nil: there is no such thing here.
    func space(_ path: String) throws(FileError) -> DiskSpace?
    /// Changes with every boot of the machine: what lived in memory only before it is gone.
    var bootIdentity: String { get }
    /// Where relative paths start.
    var workingDirectory: String { get }
}

extension FileSystem {
    package var workingDirectory: String { "/" }

    package func signal(_ path: String, at offset: Int) throws(FileError) -> (any SharedSignal)? { nil }

    package func space(_ path: String) throws(FileError) -> DiskSpace? { nil }

    package func exists(_ path: String) throws(FileError) -> Bool { try status(path) != nil }

    /// The whole file.
    package func readAll(_ path: String) throws(FileError) -> [UInt8] {
        let file = try open(path, .read)
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: try file.size())
        var filled = 0
        while filled < bytes.count {
            var failure: FileError?
            let got = bytes.withUnsafeMutableBytes { buffer -> Int in
                do throws(FileError) {
                    return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), at: filled)
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }
}

extension FileHandle {
    package func write(_ bytes: [UInt8], at offset: Int) throws(FileError) {
        var failure: FileError?
        bytes.withUnsafeBytes { raw in
            do throws(FileError) {
                try write(raw, at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
