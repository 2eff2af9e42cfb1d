import CRocksDB
import HostSystem

/// A sorted file as RocksDB takes it over whole.
enum SortedFile {
    /// Writes the range deletions, the entries and, behind them, the checkpoint if there is one; durable when it returns.
    static func write(
        _ entries: SortedEntries, checkpoint: [UInt8]?, to path: String, _ files: any FileSystem, _ memory: RocksMemory
    ) throws(StateError) {
        let options = RocksOptions(memory)
        defer { options.destroy() }
        let environment = rocksdb_envoptions_create()
        defer { rocksdb_envoptions_destroy(environment) }
        let writer = rocksdb_sstfilewriter_create(environment, options.pointer)
        defer { rocksdb_sstfilewriter_destroy(writer) }
        try onRocksDB(path) { rocksdb_sstfilewriter_open(writer, path, $0) }
        for range in entries.deletedRanges { try delete(range, from: writer, path) }
        try SortedFile.put(entries, into: writer, path, files)
        if let checkpoint { try put(checkpoint, into: writer, path) }
        try onRocksDB(path) { rocksdb_sstfilewriter_finish(writer, $0) }
    }

    private static func put(
        _ checkpoint: [UInt8], into writer: OpaquePointer?, _ path: String
    ) throws(StateError) {
        let checkpointKey = StateBaseKey.checkpoint
        try checkpoint.span.bytes.withUnsafeBytes { (value) throws(StateError) in
            try checkpointKey.span.bytes.withUnsafeBytes { (key) throws(StateError) in
                try SortedFile.put(key, value, into: writer, path)
            }
        }
    }

    private static func delete(_ range: KeyRange, from writer: OpaquePointer?, _ path: String) throws(StateError) {
        try onRocksDB(path) { error in
            range.from.withUnsafeBytes { from in
                range.to.withUnsafeBytes { to in
                    rocksdb_sstfilewriter_delete_range(
                        writer, from.bindMemory(to: CChar.self).baseAddress, from.count,
                        to.bindMemory(to: CChar.self).baseAddress, to.count, error)
                }
            }
        }
    }

    /// The C API gives the writer no step size, so the file is synced beside it, through a handle of our own.
    private static func put(
        _ entries: SortedEntries, into writer: OpaquePointer?, _ path: String, _ files: any FileSystem
    ) throws(StateError) {
        let handle = try onFiles { () throws(FileError) in try files.open(path, .update) }
        defer { handle.close() }
        var unsyncedBytes = 0
        try entries.forEach { (key, value) throws(StateError) in
            try put(key, value, into: writer, path)
            unsyncedBytes += key.count + (value?.count ?? 0)
            if unsyncedBytes >= RocksOptions.syncStepBytes {
                unsyncedBytes = 0
                try onFiles { () throws(FileError) in try handle.sync() }
            }
        }
    }

    private static func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer?, into writer: OpaquePointer?, _ path: String
    ) throws(StateError) {
        let keyStart = key.assumingMemoryBound(to: CChar.self).baseAddress
        try onRocksDB(path) { error in
            guard let value else { return rocksdb_sstfilewriter_delete(writer, keyStart, key.count, error) }
            let valueStart = value.assumingMemoryBound(to: CChar.self).baseAddress
            rocksdb_sstfilewriter_put(writer, keyStart, key.count, valueStart, value.count, error)
        }
    }
}
