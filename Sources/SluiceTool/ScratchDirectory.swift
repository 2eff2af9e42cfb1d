import Glibc
import HostSystem

// A place on disk for what a query does not hold in memory. It goes with the query; where the process was killed, its lock,
// which the kernel frees, is free, and the next query removes it.

final class ScratchDirectory {
    private static let prefix = "sluice-sql-"
    private static let lockName = "lock"
    private static let attempts = 8

    private let root: String
    private let lock: any FileLock

    private init(_ root: String, _ lock: any FileLock) {
        self.root = root
        self.lock = lock
    }

    var path: String { FilePath.join(root, "data") }

    static func make() throws(ToolFailure) -> ScratchDirectory {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let parent = folder.isEmpty ? "/tmp" : folder
        let files = PosixFileSystem()
        sweep(parent, files)
        var cause: FileError?
        for _ in 0..<attempts {
            let root = FilePath.join(parent, prefix + String(SystemRandom().next(), radix: 16))
            do throws(FileError) {
                try files.makeDirectories(root)
                // Somebody who sweeps may take it for one that was left.
                if let lock = try files.lock(FilePath.join(root, lockName), wait: false) {
                    return ScratchDirectory(root, lock)
                }
            } catch {
                cause = error
            }
        }
        throw ToolFailure(
            message: "cannot make a temporary directory in '\(parent)'", detail: cause.map { "\($0)" },
            hint: "name another one: TMPDIR=…")
    }

    func remove() {
        do throws(FileError) {
            try PosixFileSystem().removeTree(root)
        } catch {
            StandardStreams.error("warning: '\(root)' stays behind: \(error)\n")
        }
        lock.release()
    }

    /// Removes what killed queries have left. What cannot be looked at is somebody else's.
    private static func sweep(_ parent: String, _ files: PosixFileSystem) {
        do throws(FileError) {
            for name in try files.list(parent) where name.hasPrefix(prefix) {
                let root = FilePath.join(parent, name)
                let path = FilePath.join(root, lockName)
                // Without a lock it is being made.
                guard isOurs(root), try files.exists(path), let lock = try files.lock(path, wait: false) else {
                    continue
                }
                defer { lock.release() }
                try files.removeTree(root)
            }
        } catch {
            // It is in nobody's way: the next query looks again.
            return
        }
    }

    /// A folder that nobody else can write to: what is in it is what we have put there.
    private static func isOurs(_ path: String) -> Bool {
        var found = stat()
        guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else { return false }
        return found.st_uid == getuid() && found.st_mode & 0o077 == 0
    }
}
