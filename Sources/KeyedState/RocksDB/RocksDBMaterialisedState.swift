import CRocksDB
import HostSystem
import Synchronization

// RocksDB without log and memtable: what is materialised comes as sorted files (SstFileWriter), one for each part of the
// keys, which are ingested together. Finish syncs a file, and ingesting them is one edit of the manifest: all or nothing,
// and durable. The checkpoint that is reached stands in a file of its own, behind all keys.
//
// A file's range deletions go for what was ingested before it, not for the keys of the file itself, which get the same
// sequence number: so the ranges are deleted first, then the entries put, as the contract says.
//
// Nothing is created before the first materialisation, and nothing opened before it is asked for: a short job never
// pays for a database. The lock guards only that: reads, compactions and an ingest go on beside each other.

package final class RocksDBStateBase: StateBase {
    package static let defaultMemoryBytes = 32 << 20

    package let path: String
    package let mergeBytes: Int
    private let files: any FileSystem
    private let memory: RocksMemory
    private let database = Mutex<RocksDatabase?>(nil)

    /// How many sorted runs are let pile up before an ingest waits until they are merged: reads visit each.
    private static let mostPiledFiles = 20
    /// How many keys are looked up at once: their blocks are held until the values have been read.
    private static let lookUpKeys = 128

    /// - Parameters:
    ///   - path: of the database's directory, whose parent exists; made by the first `ingest`.
    ///   - memoryBytes: for cached blocks, and for what a materialisation and the compactions need.
    package init(path: String, files: any FileSystem, memoryBytes: Int = defaultMemoryBytes) {
        self.path = path
        self.files = files
        memory = RocksMemory(totalBytes: memoryBytes)
        mergeBytes = memory.mergeBytes
    }

    /// What a materialisation is written to, before it becomes the database's: this and a number.
    private var incomingPath: String { path + ".incoming" }

    package func materialisedCheckpoint() throws(StateError) -> [UInt8]? {
        try opened(creating: false)?.get(StateBaseKey.checkpoint)
    }

    package func ingest(_ merge: DeltaMerge, checkpoint: [UInt8]) throws(StateError) {
        try removeIncoming()
        var incoming: [String] = []
        try merge.forEachPart { (entries) throws(StateError) in
            incoming.append(incomingPath + ".\(incoming.count)")
            try SortedFile.write(entries, checkpoint: nil, to: incoming[incoming.count - 1], files, memory)
        }
        incoming.append(incomingPath + ".\(incoming.count)")
        try SortedFile.write(
            SortedEntries(), checkpoint: checkpoint, to: incoming[incoming.count - 1], files, memory)
        guard let database = try opened(creating: true) else { return }
        try database.ingest(incoming)
        if database.newestLevelFiles >= RocksDBStateBase.mostPiledFiles { database.compact() }
    }

    /// A file that was ingested may have kept its first name too: writing over it would write into the database.
    private func removeIncoming() throws(StateError) {
        try onFiles { () throws(FileError) in
            let directory = FilePath.parent(of: path)
            let prefix = FilePath.lastName(of: incomingPath)
            for name in try files.list(directory) where name.hasPrefix(prefix) {
                try files.remove(FilePath.join(directory, name))
            }
        }
    }

    package func lookUp(
        _ keys: SoughtKeys, _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) throws(StateError) -> Void
    ) throws(StateError) {
        guard let database = try opened(creating: false) else {
            for index in 0..<keys.count { try body(index, nil) }
            return
        }
        let order = keys.order()
        var first = 0
        while first < order.count {
            let part = order[first..<min(order.count, first + RocksDBStateBase.lookUpKeys)]
            try lookUp(part, of: keys, in: database, body)
            first = part.endIndex
        }
    }

    private func lookUp(
        _ part: ArraySlice<Int>, of keys: SoughtKeys, in database: RocksDatabase,
        _ body: (_ index: Int, _ value: UnsafeRawBufferPointer?) throws(StateError) -> Void
    ) throws(StateError) {
        let lengths = part.map { keys.baseKeyBytes(of: $0) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: lengths.reduce(0, +), alignment: 1)
        defer { buffer.deallocate() }
        guard var next = buffer.baseAddress else { return }
        var addresses: [UnsafePointer<CChar>?] = []
        addresses.reserveCapacity(part.count)
        for (index, length) in zip(part, lengths) {
            keys.writeBaseKey(of: index, to: next)
            addresses.append(UnsafePointer(next.assumingMemoryBound(to: CChar.self)))
            next += length
        }
        try database.multiGet(addresses, lengths) { (place, value) throws(StateError) in
            try body(part[part.startIndex + place], value)
        }
    }

    package func scan(
        _ range: KeyRange,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Bool
    ) throws(StateError) {
        try opened(creating: false)?.scan(range, body)
    }

    package func export(to directory: String, _ files: any FileSystem) throws(StateError) {
        try opened(creating: false)?.copy(to: directory)
    }

    /// Sorted files are never changed once they are ingested, so they may be shared; the others are copied.
    package func inherit(from directory: String, _ files: any FileSystem) throws(StateError) -> [UInt8]? {
        let hidden = path + ".inherited"
        try onFiles { () throws(FileError) in
            try files.removeTree(hidden)
            try files.makeDirectories(hidden)
            for name in try files.list(directory) {
                let (from, to) = (FilePath.join(directory, name), FilePath.join(hidden, name))
                if name.hasSuffix(".sst") { try files.linkOrCopy(from, to: to) } else { try files.copy(from, to: to) }
            }
            try files.syncDirectory(hidden)
        }
        let reached = try forgetCheckpoint(in: hidden)
        try onFiles { () throws(FileError) in
            try files.renameNew(hidden, to: path)
            try files.syncDirectory(FilePath.parent(of: path))
        }
        return reached
    }

    private func forgetCheckpoint(in hidden: String) throws(StateError) -> [UInt8]? {
        let database = try RocksDatabase(path: hidden, options: RocksOptions(memory))
        let reached = try database.get(StateBaseKey.checkpoint)
        let file = hidden + ".incoming"
        try onFiles { () throws(FileError) in try files.removeTree(file) }
        try SortedFile.write(SortedEntries(), checkpoint: MaterialisedCheckpoint.none, to: file, files, memory)
        try database.ingest([file])
        return reached
    }

    package func discard() throws(StateError) {
        close()
        try onFiles { () throws(FileError) in
            try files.removeTree(path)
            try files.syncDirectory(FilePath.parent(of: path))
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

    package func close() { database.withLock { $0 = nil } }

    /// nil where there is no database and none shall be made.
    private func opened(creating: Bool) throws(StateError) -> RocksDatabase? {
        try database.withLock { (database) throws(StateError) in
            if let database { return database }
            let exists = try onFiles { () throws(FileError) in try files.exists(FilePath.join(path, "CURRENT")) }
            guard exists || creating else { return nil }
            let opened = try RocksDatabase(path: path, options: RocksOptions(memory))
            database = opened
            if !exists {
                try onFiles { () throws(FileError) in try files.syncDirectory(FilePath.parent(of: path)) }
            }
            return opened
        }
    }
}
