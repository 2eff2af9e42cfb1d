// Linux files. Every descriptor is close-on-exec; what a signal interrupted is tried again, except a sync, whose failure
// is final whatever its reason. Files that we write are never reached through a symbolic link at the end of their path;
// files that are only read may be.

import CKernels
import Glibc
import Synchronization

package final class PosixFileSystem: FileSystem {
    package let bootIdentity: String
    private let idleLocks = IdleLockFiles()

    package init() { bootIdentity = PosixFileSystem.readBootIdentity() }

    package var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any FileHandle {
        // O_NONBLOCK: opening a named pipe must not wait for its other end.
        let flags: Int32 =
            switch mode {
            case .read: O_RDONLY | O_NONBLOCK
            case .update: O_RDWR | O_NOFOLLOW
            case .createNew: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW
            case .createIfMissing: O_RDWR | O_CREAT | O_NOFOLLOW
            }
        return PosixFileHandle(path, descriptor: try PosixFileSystem.openDescriptor(path, flags, .open))
    }

    package func status(_ path: String) throws(FileError) -> FileStatus? {
        try checkPath(path, .status)
        var raw = stat()
        guard stat(path, &raw) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileError(.status, path, code: errno)
        }
        return FileStatus(raw)
    }

    package func space(_ path: String) throws(FileError) -> DiskSpace? {
        try checkPath(path, .status)
        return try DiskSpace(path)
    }

    /// A name that is not UTF-8 comes out with replacement characters, and opens nothing.
    package func list(_ directory: String) throws(FileError) -> [String] {
        try checkPath(directory, .list)
        guard let stream = opendir(directory) else { throw FileError(.list, directory, code: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileError(.list, directory, code: errno) }
        return names
    }

    package func rename(_ from: String, to: String) throws(FileError) {
        try checkPath(from, .rename)
        try checkPath(to, .rename)
        guard Glibc.rename(from, to) == 0 else { throw FileError(.rename, from, code: errno) }
    }

    package func renameNew(_ from: String, to: String) throws(FileError) {
        try checkPath(from, .rename)
        try checkPath(to, .rename)
        guard sluice_rename_noreplace(from, to) == 0 else {
            throw FileError(.rename, errno == EEXIST ? to : from, code: errno)
        }
    }

    package func link(_ from: String, to: String) throws(FileError) {
        try checkPath(from, .link)
        try checkPath(to, .link)
        guard Glibc.link(from, to) == 0 else { throw FileError(.link, to, code: errno) }
    }

    /// Also removes an empty directory; of a symbolic link only the link.
    package func remove(_ path: String) throws(FileError) {
        try checkPath(path, .remove)
        if unlink(path) == 0 { return }
        if errno == EISDIR, rmdir(path) == 0 { return }
        throw FileError(.remove, path, code: errno)
    }

    package func makeDirectories(_ path: String) throws(FileError) {
        try checkPath(path, .makeDirectory)
        if mkdir(path, 0o777) == 0 { return }
        let code = errno
        switch code {
        case EEXIST:
            guard try status(path)?.isDirectory == true else { throw FileError(.makeDirectory, path, code: ENOTDIR) }
        case ENOENT:
            let parent = FilePath.parent(of: path)
            guard parent != path, parent != "." else { throw FileError(.makeDirectory, path, code: code) }
            try makeDirectories(parent)
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
                throw FileError(.makeDirectory, path, code: errno)
            }
        default:
            throw FileError(.makeDirectory, path, code: code)
        }
    }

    package func syncDirectory(_ path: String) throws(FileError) {
        let descriptor = try PosixFileSystem.openDescriptor(path, O_RDONLY | O_DIRECTORY, .syncDirectory)
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError(.syncDirectory, path, code: errno) }
    }

    package func lock(_ path: String, wait: Bool) throws(FileError) -> (any FileLock)? {
        while true {
            let idle = idleLocks.take(path)
            let file = if let idle { idle } else { try LockFile(path) }
            var isOurs = try file.lock(wait: false)
            // Whoever replaced the file holds another lock than this one: before we wait, and while we waited.
            guard try status(path)?.identity == file.identity else { continue }
            if !isOurs, wait {
                isOurs = try file.lock(wait: true)
                guard try status(path)?.identity == file.identity else { continue }
            }
            if isOurs { return PosixFileLock(file, idleLocks) }
            idleLocks.put(file)
            return nil
        }
    }

    package func signal(_ path: String, at offset: Int) throws(FileError) -> (any SharedSignal)? {
        let descriptor = try PosixFileSystem.openDescriptor(path, O_RDWR | O_CREAT | O_NOFOLLOW, .open)
        defer { close(descriptor) }
        return try FutexSignal(path, descriptor: descriptor, offset: offset)
    }

    static func openDescriptor(
        _ path: String, _ flags: Int32, _ operation: FileError.Operation
    ) throws(FileError) -> Int32 {
        try checkPath(path, operation)
        while true {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw FileError(operation, path, code: errno) }
        }
    }

    /// Where the kernel does not say, every process counts as a boot of its own: nothing scratch is then believed.
    private static func readBootIdentity() -> String {
        let descriptor = Glibc.open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = descriptor < 0 ? 0 : read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)).prefix { $0 > 0x20 }, as: UTF8.self)
        return text.isEmpty ? "process-" + String(SystemRandom().next(), radix: 16) : text
    }
}

/// A path with a NUL in it would name another file.
private func checkPath(_ path: String, _ operation: FileError.Operation) throws(FileError) {
    guard !path.utf8.contains(0) else { throw FileError(operation, path, code: EINVAL) }
}

extension FileStatus {
    init(_ raw: stat) {
        self.init(
            isDirectory: raw.st_mode & S_IFMT == S_IFDIR, sizeBytes: Int(raw.st_size),
            identity: UInt64(raw.st_ino) ^ (UInt64(raw.st_dev) &* 0x9E37_79B9_7F4A_7C15),
            modifiedMilliseconds: Int64(raw.st_mtim.tv_sec) * 1000 + Int64(raw.st_mtim.tv_nsec) / 1_000_000)
        isSpecial = !isDirectory && raw.st_mode & S_IFMT != S_IFREG
    }
}

private final class PosixFileHandle: FileHandle {
    let path: String
    /// −1 once closed: every operation then fails with EBADF.
    private let descriptor: Atomic<Int32>

    init(_ path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = Atomic(descriptor)
    }

    deinit { close() }

    private var number: Int32 { descriptor.load(ordering: .relaxed) }

    func size() throws(FileError) -> Int {
        var raw = stat()
        guard fstat(number, &raw) == 0 else { throw FileError(.status, path, code: errno) }
        return Int(raw.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var done = 0
        while done < buffer.count {
            let count = pread(number, base + done, buffer.count - done, offset + done)
            if count == 0 { break }
            if count > 0 { done += count } else if errno != EINTR { throw FileError(.read, path, code: errno) }
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(FileError) {
        guard let base = bytes.baseAddress else { return }
        var done = 0
        while done < bytes.count {
            let count = pwrite(number, base + done, bytes.count - done, offset + done)
            if count > 0 {
                done += count
            } else if count == 0 {
                throw FileError(.write, path, code: ENOSPC)
            } else if errno != EINTR {
                throw FileError(.write, path, code: errno)
            }
        }
    }

    func truncate(to sizeBytes: Int) throws(FileError) {
        while ftruncate(number, sizeBytes) != 0 {
            if errno != EINTR { throw FileError(.truncate, path, code: errno) }
        }
    }

    func sync() throws(FileError) {
        guard fdatasync(number) == 0 else { throw FileError(.sync, path, code: errno) }
    }

    func close() {
        let number = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if number >= 0 { _ = Glibc.close(number) }
    }
}
