// flock(2) belongs to one opening of a file, so a second opening in the same process conflicts too. Files stay open when
// their lock is given up, for whoever locks them next: a producer locks four for every publish.

import Glibc
import Synchronization

final class PosixFileLock: FileLock {
    private let held: Mutex<LockFile?>
    private let idle: IdleLockFiles

    init(_ file: LockFile, _ idle: IdleLockFiles) {
        held = Mutex(file)
        self.idle = idle
    }

    deinit { release() }

    func release() {
        let released = held.withLock { file in
            defer { file = nil }
            return file
        }
        guard let released else { return }
        // Where it cannot be unlocked, it is closed, which frees the lock too.
        if flock(released.descriptor, LOCK_UN) == 0 { idle.put(released) }
    }
}

/// A file to be locked, opened once. Used by one thread at a time.
final class LockFile: Sendable {
    let path: String
    let descriptor: Int32
    /// Of the file that was opened, wherever the path leads by now.
    let identity: UInt64

    /// Makes the file where it is missing.
    init(_ path: String) throws(FileError) {
        self.path = path
        descriptor = try PosixFileSystem.openDescriptor(path, O_RDWR | O_CREAT | O_NOFOLLOW, .lock)
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else {
            let code = errno
            close(descriptor)
            throw FileError(.lock, path, code: code)
        }
        identity = FileStatus(raw).identity
    }

    deinit { close(descriptor) }

    /// False: somebody else holds it, and `wait` is false.
    func lock(wait: Bool) throws(FileError) -> Bool {
        while flock(descriptor, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            if errno == EWOULDBLOCK { return false }
            throw FileError(.lock, path, code: errno)
        }
        return true
    }
}

/// Open lock files that nobody holds, the newest few.
final class IdleLockFiles: Sendable {
    private static let largestCount = 16

    private let files = Mutex<[LockFile]>([])

    func take(_ path: String) -> LockFile? {
        files.withLock { files in
            files.lastIndex { $0.path == path }.map { files.remove(at: $0) }
        }
    }

    func put(_ file: LockFile) {
        // The oldest is closed outside of the mutex.
        let oldest = files.withLock { files in
            files.append(file)
            return files.count > Self.largestCount ? files.removeFirst() : nil
        }
        _ = oldest
    }
}
