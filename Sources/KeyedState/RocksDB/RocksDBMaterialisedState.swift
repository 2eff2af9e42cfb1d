import CRocksDB
import HostSystem
import Synchronization

// RocksDB without log and memtable: what is materialised comes as one sorted file (SstFileWriter), which is ingested
// whole. Finish syncs the file, and ingesting it is one edit of the manifest: both or neither, and durable. The
// checkpoint that is reached stands in the same file, behind all keys.
//
// Nothing is created before the first materialisation, and nothing opened before it is asked for: a short job never
// pays for a database.

package final class RocksDBStateBase: StateBase {
    package let path: String
    private let files: any FileSystem
    private let database = Mutex<RocksDatabase?>(nil)

    /// How many files of the newest level are let pile up before an ingest waits for their compaction: reads visit each.
    private static let mostPiledFiles = 20

    /// - Parameter path: of the database's directory, whose parent exists; made by the first `ingest`.
    package init(path: String, files: any FileSystem) {
        self.path = path
        self.files = files
    }

    /// The file a materialisation is written to, before it becomes the database's.
    private var incomingPath: String { path + ".incoming" }

    package func materialisedCheckpoint() throws(StateError) -> [UInt8]? {
        try database.withLock { (database) throws(StateError) in
            guard try open(&database, creating: false), let database else { return nil }
            return try database.get(StateBaseKey.checkpoint)
        }
    }

    package func ingest(_ entries: SortedEntries, checkpoint: [UInt8]) throws(StateError) {
        // A file that was ingested may have kept this name too: writing over it would write into the database.
        try onFiles { () throws(FileError) in
            if try files.exists(incomingPath) { try files.remove(incomingPath) }
        }
        try SortedFile.write(entries, checkpoint: checkpoint, to: incomingPath, files)
        try database.withLock { (database) throws(StateError) in
            _ = try open(&database, creating: true)
            guard let database else { return }
            try database.ingest(incomingPath)
            if database.newestLevelFiles >= RocksDBStateBase.mostPiledFiles { database.compact() }
        }
    }

    package func scan(
        from: [UInt8], to: [UInt8],
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) {
        try database.withLock { (database) throws(StateError) in
            guard try open(&database, creating: false), let database else { return }
            try database.scan(from: from, to: to, body)
        }
    }

    package func sizeBytes() throws(StateError) -> Int {
        try onFiles { () throws(FileError) in
            guard try files.exists(path) else { return 0 }
            var bytes = 0
            for name in try files.list(path) {
                // A compaction may remove a file between the two calls.
                bytes += try files.status(FilePath.join(path, name))?.sizeBytes ?? 0
            }
            return bytes
        }
    }

    package func close() {
        database.withLock { database in
            database?.close()
            database = nil
        }
    }

    deinit { close() }

    /// False where there is no database and none shall be made.
    private func open(_ database: inout RocksDatabase?, creating: Bool) throws(StateError) -> Bool {
        if database != nil { return true }
        let exists = try onFiles { () throws(FileError) in try files.exists(FilePath.join(path, "CURRENT")) }
        guard exists || creating else { return false }
        database = try RocksDatabase(path: path)
        if !exists {
            try onFiles { () throws(FileError) in try files.syncDirectory(FilePath.parent(of: path)) }
        }
        return true
    }
}
