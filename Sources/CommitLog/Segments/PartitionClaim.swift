// The right to write a partition: one process at a time, which the kernel takes it from when it dies. Two files are locked:
//
//  - `turn`: by whoever writes now. Producers hold it for a publish, and wait for each other.
//  - `lock`: by whoever writes. A job keeps it for as long as it runs, and gives the turn back: so whoever has the turn and
//    finds this lock taken knows that waiting is of no use.

import HostSystem

package final class PartitionClaim: Sendable {
    private static let turnName = "turn"

    private let turn: any FileLock
    private let lock: any FileLock

    /// - Parameters:
    ///   - directory: the partition's own; made where it is missing.
    ///   - wait: for those who are having their turn.
    /// - Returns: nil: somebody is having a turn, and `wait` is false.
    /// - Errors: `locked` where a writer keeps it.
    package static func take(
        _ directory: String, files: any FileSystem, wait: Bool
    ) throws(LogError) -> PartitionClaim? {
        let path = FilePath.join(directory, turnName)
        let turn = try onSegments { () throws(FileError) -> (any FileLock)? in
            if try !files.exists(directory) { try files.makeDurableDirectories(directory) }
            return try files.lock(path, wait: wait)
        }
        guard let turn else { return nil }
        let lock = try onSegments { () throws(FileError) in
            try files.lock(FilePath.join(directory, PartitionDirectory.lockName), wait: false)
        }
        if let lock { return PartitionClaim(turn, lock) }
        turn.release()
        throw .locked(directory: directory)
    }

    private init(_ turn: any FileLock, _ lock: any FileLock) {
        self.turn = turn
        self.lock = lock
    }

    deinit { release() }

    /// Others that want a turn are refused from now on, and do not wait.
    package func keep() { turn.release() }

    package func release() {
        lock.release()
        turn.release()
    }
}
