import CRocksDB
import Glibc

// The library asserts that column families are let go before their database is closed; so does this, in `deinit`: whoever
// reads holds a reference, and the last one closes.

/// An open database with its one column family, through the C API.
// Unchecked: RocksDB's functions may be called from any thread, and nothing here changes after `init`.
final class RocksDatabase: @unchecked Sendable {
    let path: String
    private let pointer: OpaquePointer
    private let family: OpaquePointer
    private let options: RocksOptions
    private let reading: OpaquePointer?

    /// Makes the database where it is missing.
    init(path: String, options: RocksOptions) throws(StateError) {
        var family: OpaquePointer?
        do throws(StateError) {
            let opened = try onRocksDB(path) { error in
                "default".withCString { name in
                    withUnsafePointer(to: Optional(name)) { names in
                        withUnsafePointer(to: Optional(options.pointer)) { familyOptions in
                            rocksdb_open_column_families(
                                options.pointer, path, 1, names, familyOptions, &family, error)
                        }
                    }
                }
            }
            guard let opened, let family else {
                throw .rocksDB(path: path, message: "the database does not open")
            }
            self.path = path
            self.options = options
            self.family = family
            pointer = opened
            reading = rocksdb_readoptions_create()
        } catch {
            options.destroy()
            throw error
        }
    }

    deinit {
        rocksdb_readoptions_destroy(reading)
        rocksdb_column_family_handle_destroy(family)
        rocksdb_close(pointer)
        options.destroy()
    }

    func get(_ key: [UInt8]) throws(StateError) -> [UInt8]? {
        var length = 0
        let value = try onRocksDB(path) { error in
            key.withUnsafeBytes { raw in
                rocksdb_get(pointer, reading, raw.bindMemory(to: CChar.self).baseAddress, raw.count, &length, error)
            }
        }
        guard let value else { return nil }
        defer { rocksdb_free(value) }
        return Array(UnsafeRawBufferPointer(start: value, count: length))
    }

    /// Takes files over in one step: afterwards they are the database's, under other names.
    /// - Parameter paths: of files whose keys do not overlap.
    func ingest(_ paths: [String]) throws(StateError) {
        let ingestion = rocksdb_ingestexternalfileoptions_create()
        defer { rocksdb_ingestexternalfileoptions_destroy(ingestion) }
        rocksdb_ingestexternalfileoptions_set_move_files(ingestion, 1)
        let names = paths.map { strdup($0) }
        defer { for name in names { free(name) } }
        try onRocksDB(path) { error in
            rocksdb_ingest_external_file(pointer, names.map { UnsafePointer($0) }, names.count, ingestion, error)
        }
    }

    /// Makes a copy by hard links, where the disk has them, in a new directory; durable but for its name.
    func copy(to directory: String) throws(StateError) {
        let checkpoint = try onRocksDB(path) { rocksdb_checkpoint_object_create(pointer, $0) }
        defer { rocksdb_checkpoint_object_destroy(checkpoint) }
        // Nothing is in the memtable: 0 asks for it to be flushed all the same, which costs nothing.
        try onRocksDB(path) { rocksdb_checkpoint_create(checkpoint, directory, 0, $0) }
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

    /// - Parameter sorted: the keys' addresses, in the order of the keys, and their lengths.
    /// - Parameter body: called with each place in `sorted`, and its value.
    func multiGet(
        _ sorted: [UnsafePointer<CChar>?], _ lengths: [Int],
        _ body: (_ place: Int, _ value: UnsafeRawBufferPointer?) throws(StateError) -> Void
    ) throws(StateError) {
        var values = [OpaquePointer?](repeating: nil, count: sorted.count)
        var errors = [UnsafeMutablePointer<CChar>?](repeating: nil, count: sorted.count)
        rocksdb_batched_multi_get_cf(pointer, reading, family, sorted.count, sorted, lengths, &values, &errors, true)
        defer {
            for value in values where value != nil { rocksdb_pinnableslice_destroy(value) }
            for error in errors where error != nil { rocksdb_free(error) }
        }
        for place in sorted.indices {
            if let error = errors[place] { throw .rocksDB(path: path, message: String(cString: error)) }
            guard let value = values[place] else {
                try body(place, nil)
                continue
            }
            var length = 0
            let bytes = rocksdb_pinnableslice_value(value, &length)
            try body(place, UnsafeRawBufferPointer(start: bytes, count: length))
        }
    }

    func scan(
        _ range: KeyRange,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) throws(StateError) -> Bool
    ) throws(StateError) {
        // The iterator keeps the address of its upper bound.
        let bound = UnsafeMutableRawBufferPointer.allocate(byteCount: range.to.count, alignment: 1)
        defer { bound.deallocate() }
        bound.copyBytes(from: range.to)
        let read = rocksdb_readoptions_create()
        defer { rocksdb_readoptions_destroy(read) }
        rocksdb_readoptions_set_fill_cache(read, 0)
        rocksdb_readoptions_set_iterate_upper_bound(
            read, bound.bindMemory(to: CChar.self).baseAddress, bound.count)
        let iterator = rocksdb_create_iterator(pointer, read)
        defer { rocksdb_iter_destroy(iterator) }
        range.from.withUnsafeBytes { raw in
            rocksdb_iter_seek(iterator, raw.bindMemory(to: CChar.self).baseAddress, raw.count)
        }
        while rocksdb_iter_valid(iterator) != 0 {
            var keyLength = 0
            var valueLength = 0
            let key = rocksdb_iter_key(iterator, &keyLength)
            let value = rocksdb_iter_value(iterator, &valueLength)
            let goesOn = try body(
                UnsafeRawBufferPointer(start: key, count: keyLength),
                UnsafeRawBufferPointer(start: value, count: valueLength))
            if !goesOn { break }
            rocksdb_iter_next(iterator)
        }
        try onRocksDB(path) { rocksdb_iter_get_error(iterator, $0) }
    }
}
