// The right to write a partition: one process at a time, which the kernel takes it from when it dies. Two files are locked:
//
//  - `turn`: by whoever writes now. Producers hold it for a publish, and wait for each other.
//  - `lock`: by whoever writes. A job keeps it for as long as it runs, and gives the turn back: so whoever has the turn and
//    finds this lock taken knows that waiting is of no use.

import Glibc
import HostSystem

package final class PartitionClaim: Sendable {
    private static let turnName = "turn"
    private static let largestAttempts = 100

    private let turn: (any FileLock)?
    private let lock: (any FileLock)?

    /// - Parameters:
    ///   - directory: the partition's own; made where it is missing.
    ///   - wait: for those who are having their turn.
    /// - Returns: nil: somebody is having a turn, and `wait` is false.
    /// - Errors: `locked` where a writer keeps it.
    package static func take(
        _ directory: String, files: any FileSystem, wait: Bool, safeguards: Safeguards = .all
    ) throws(LogError) -> PartitionClaim? {
        guard safeguards.contains(.writerLock) else { return PartitionClaim(nil, nil) }
        guard let turn = try take(turnName, in: directory, files, wait: wait) else { return nil }
        if let lock = try take(PartitionDirectory.lockName, in: directory, files, wait: false) {
            return PartitionClaim(turn, lock)
        }
        turn.release()
        throw .locked(directory: directory)
    }

    /// A topic that is deleted in this moment takes the folder away; whoever is here finds that out when it asks the journal.
    private static func take(
        _ name: String, in directory: String, _ files: any FileSystem, wait: Bool
    ) throws(LogError) -> (any FileLock)? {
        for _ in 0..<largestAttempts {
            do throws(FileError) {
                return try files.lock(FilePath.join(directory, name), wait: wait)
            } catch {
                guard error.code == ENOENT else { throw .file(error) }
            }
            do throws(FileError) {
                try files.makeDurableDirectories(directory)
            } catch {
                guard error.code == ENOENT else { throw .file(error) }
            }
        }
        throw .locked(directory: directory)
    }

    private init(_ turn: (any FileLock)?, _ lock: (any FileLock)?) {
        self.turn = turn
        self.lock = lock
    }

    deinit { release() }

    /// Others that want a turn are refused from now on, and do not wait.
    package func keep() { turn?.release() }

    package func release() {
        lock?.release()
        turn?.release()
    }
}
