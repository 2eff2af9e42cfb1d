import CRocksDB

/// Calls a function of the C API that reports by an error string, which is freed here.
func onRocksDB<Result>(
    _ path: String, _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) throws(StateError) -> Result {
    var message: UnsafeMutablePointer<CChar>?
    let result = call(&message)
    guard let message else { return result }
    defer { rocksdb_free(message) }
    throw .rocksDB(path: path, message: String(cString: message))
}
