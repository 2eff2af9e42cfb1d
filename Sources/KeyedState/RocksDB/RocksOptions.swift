import CRocksDB

/// How the memory of a base is divided.
struct RocksMemory: Sendable {
    var totalBytes: Int

    /// Blocks of data, of indexes and of filters.
    var cacheBytes: Int { totalBytes / 2 }
    /// Sorting takes two thirds of what is sorted again; beside it there is one whole record.
    var mergeBytes: Int { totalBytes / 8 }
}

/// The options of the database and of the files written for it. Owned: `destroy` frees them.
struct RocksOptions {
    let pointer: OpaquePointer

    /// Background files reach the disk in steps of this size, so that a commit's sync never waits behind a large one.
    static let syncStepBytes = 1 << 20
    private static let backgroundBytesPerSecond: Int64 = 256 << 20

    init(_ memory: RocksMemory) {
        pointer = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(pointer, 1)
        rocksdb_options_set_compression(pointer, Int32(rocksdb_lz4_compression))
        rocksdb_options_set_bytes_per_sync(pointer, UInt64(RocksOptions.syncStepBytes))
        rocksdb_options_set_max_background_jobs(pointer, 2)
        rocksdb_options_set_max_open_files(pointer, 500)
        rocksdb_options_set_max_file_opening_threads(pointer, 1)
        rocksdb_options_set_skip_stats_update_on_db_open(pointer, 1)
        rocksdb_options_set_keep_log_file_num(pointer, 2)
        rocksdb_options_set_max_log_file_size(pointer, 1 << 20)
        rocksdb_options_set_write_buffer_size(pointer, 1 << 20)
        setRateLimit()
        setCompaction()
        setTableFormat(memory)
    }

    func destroy() { rocksdb_options_destroy(pointer) }

    private func setRateLimit() {
        let refillMicroseconds: Int64 = 10_000
        let limiter = rocksdb_ratelimiter_create(RocksOptions.backgroundBytesPerSecond, refillMicroseconds, 10)
        rocksdb_options_set_ratelimiter(pointer, limiter)
        rocksdb_ratelimiter_destroy(limiter)
    }

    /// Sorted runs are merged with others of their size. Every file holds keys of the whole range, so with levels each
    /// merge would rewrite most of the next one.
    private func setCompaction() {
        rocksdb_options_set_compaction_style(pointer, Int32(rocksdb_universal_compaction))
        // Each builds its index and its filters in memory.
        rocksdb_options_set_target_file_size_base(pointer, 16 << 20)
    }

    /// Indexes and filters are blocks of the cache like others, cut in pieces: what is asked for stays in it, however large
    /// the state. The last run has no filters: a key that is looked up is there more often than not.
    private func setTableFormat(_ memory: RocksMemory) {
        let table = rocksdb_block_based_options_create()
        let cache = rocksdb_cache_create_lru(memory.cacheBytes)
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10))
        rocksdb_options_set_optimize_filters_for_hits(pointer, 1)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1)
        rocksdb_block_based_options_set_index_type(
            table, Int32(rocksdb_block_based_table_index_type_two_level_index_search))
        rocksdb_block_based_options_set_partition_filters(table, 1)
        rocksdb_block_based_options_set_format_version(table, 5)
        rocksdb_options_set_block_based_table_factory(pointer, table)
        rocksdb_cache_destroy(cache)
        rocksdb_block_based_options_destroy(table)
    }
}
