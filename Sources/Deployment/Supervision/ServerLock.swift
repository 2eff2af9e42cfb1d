import Glibc
import HostSystem

/// One server for each data directory: held as long as the process lives. Whoever supervises workers shows it.
package final class ServerLock: Sendable {
    private static let lockName = "server.lock"
    private static let markName = "server.pid"

    /// For a lock whose holder is not alive any more: one second in all.
    private static let attempts = 100
    private static let pauseMilliseconds: Int32 = 10

    private let lock: any FileLock

    /// - Parameter dataDirectory: is there.
    package init(_ dataDirectory: String, files: any FileSystem) throws(SupervisionError) {
        let markPath = FilePath.join(dataDirectory, Self.markName)
        var found: (any FileLock)?
        for attempt in 0..<Self.attempts {
            found = try onFiles { () throws(FileError) in
                try files.lock(FilePath.join(dataDirectory, Self.lockName), wait: false)
            }
            // A server that was killed while it started a worker: the child has its descriptors until it is another program.
            guard found == nil, attempt + 1 < Self.attempts, Self.holder(dataDirectory, files) == nil else { break }
            poll(nil, 0, Self.pauseMilliseconds)
        }
        guard let found else {
            throw .serverRuns(directory: dataDirectory, processID: Self.holder(dataDirectory, files))
        }
        lock = found
        if let mark = ProcessMark.of(getpid(), files) {
            try onFiles { () throws(FileError) in try mark.write(markPath, files) }
        }
    }

    /// The process of the server that has a data directory; nil where there is none, or it has not said so yet.
    package static func holder(_ dataDirectory: String, _ files: any FileSystem) -> Int32? {
        guard let mark = ProcessMark.read(FilePath.join(dataDirectory, markName), files), mark.isAlive(files) else {
            return nil
        }
        return mark.processID
    }

    package func release() { lock.release() }
}
