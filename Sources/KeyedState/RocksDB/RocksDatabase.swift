import CRocksDB

/// An open database with its one column family, through the C API.
// Unchecked: RocksDB's functions may be called from any thread, and `close` is called once, under the owner's lock.
struct RocksDatabase: @unchecked Sendable {
    let path: String
    private let pointer: OpaquePointer
    private let options: RocksOptions

    /// Makes the database where it is missing.
    init(path: String) throws(StateError) {
        let options = RocksOptions()
        do throws(StateError) {
            let opened = try onRocksDB(path) { rocksdb_open(options.pointer, path, $0) }
            guard let opened else { throw .rocksDB(path: path, message: "the database does not open") }
            self.path = path
            self.options = options
            pointer = opened
        } catch {
            options.destroy()
            throw error
        }
    }

    func close() {
        rocksdb_close(pointer)
        options.destroy()
    }

    func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
        let read = rocksdb_readoptions_create()
        defer { rocksdb_readoptions_destroy(read) }
        var length = 0
        let value = try onRocksDB(path) { error in
            key.withUnsafeBytes { raw in
                rocksdb_get(pointer, read, raw.bindMemory(to: CChar.self).baseAddress, raw.count, &length, error)
            }
        }
        guard let value else { return nil }
        defer { rocksdb_free(value) }
        return Array(UnsafeRawBufferPointer(start: value, count: length))
    }

    /// Takes a file over: afterwards it is the database's, under another name.
    func ingest(_ file: String) throws(StateError) {
        let ingestion = rocksdb_ingestexternalfileoptions_create()
        defer { rocksdb_ingestexternalfileoptions_destroy(ingestion) }
        rocksdb_ingestexternalfileoptions_set_move_files(ingestion, 1)
        try onRocksDB(path) { error in
            file.withCString { name in
                withUnsafePointer(to: Optional(name)) { list in
                    rocksdb_ingest_external_file(pointer, list, 1, ingestion, error)
                }
            }
        }
    }

    /// How many files a read of the newest level visits.
    var newestLevelFiles: Int {
        var count: UInt64 = 0
        let failed = rocksdb_property_int(pointer, "rocksdb.num-files-at-level0", &count)
        return failed == 0 ? Int(count) : 0
    }

    /// Returns when all files are merged into one sorted level.
    func compact() {
        rocksdb_compact_range(pointer, nil, 0, nil, 0)
    }

    func scan(
        from: [UInt8], to: [UInt8],
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Void
    ) throws(StateError) {
        // The iterator keeps the address of its upper bound.
        let bound = UnsafeMutableRawBufferPointer.allocate(byteCount: to.count, alignment: 1)
        defer { bound.deallocate() }
        bound.copyBytes(from: to)
        let read = rocksdb_readoptions_create()
        defer { rocksdb_readoptions_destroy(read) }
        rocksdb_readoptions_set_fill_cache(read, 0)
        rocksdb_readoptions_set_readahead_size(read, 1 << 20)
        rocksdb_readoptions_set_iterate_upper_bound(
            read, bound.bindMemory(to: CChar.self).baseAddress, bound.count)
        let iterator = rocksdb_create_iterator(pointer, read)
        defer { rocksdb_iter_destroy(iterator) }
        from.withUnsafeBytes { raw in
            rocksdb_iter_seek(iterator, raw.bindMemory(to: CChar.self).baseAddress, raw.count)
        }
        while rocksdb_iter_valid(iterator) != 0 {
            var keyLength = 0
            var valueLength = 0
            let key = rocksdb_iter_key(iterator, &keyLength)
            let value = rocksdb_iter_value(iterator, &valueLength)
            try body(
                UnsafeRawBufferPointer(start: key, count: keyLength),
                UnsafeRawBufferPointer(start: value, count: valueLength))
            rocksdb_iter_next(iterator)
        }
        try onRocksDB(path) { rocksdb_iter_get_error(iterator, $0) }
    }
}
