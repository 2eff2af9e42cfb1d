import HostSystem

/// What can go wrong with a run's state on disk.
package enum StateError: Error, Equatable, Sendable {
    /// The world's: the job may be started again from its last checkpoint.
    case file(FileError)
    /// Bytes that were committed are not what they were. `offset` is in bytes from the beginning of the file.
    case damaged(path: String, offset: Int, detail: String)
    case rocksDB(path: String, message: String)
    /// An earlier write or sync failed: only a start from the last checkpoint leads on.
    case poisoned(path: String)
    case unsupportedVersion(path: String, version: UInt32)
    /// A checkpoint that must be there is in no delta file.
    case missingRecord(path: String, number: UInt64)
    /// A key or a value of an operator's state is larger than `StateChanges.largestFieldBytes`.
    case entryTooLarge(operatorID: UInt32, bytes: Int)
}

extension StateError {
    /// What was written is not there any more as it was.
    package var isDamage: Bool {
        switch self {
        case .damaged, .missingRecord: true
        case .file, .rocksDB, .poisoned, .unsupportedVersion, .entryTooLarge: false
        }
    }
}

extension StateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error):
            return error.description
        case .damaged(let path, let offset, let detail):
            return "state file \"\(path)\" is damaged at byte \(offset): \(detail)"
        case .rocksDB(let path, let message):
            return "RocksDB at \"\(path)\": \(message)"
        case .poisoned(let path):
            return "an earlier write to \"\(path)\" failed: start again from the last checkpoint"
        case .unsupportedVersion(let path, let version):
            return "state file \"\(path)\" has format version \(version), which this binary does not read"
        case .missingRecord(let path, let number):
            return "checkpoint \(number) is missing from \"\(path)\""
        case .entryTooLarge(let operatorID, let bytes):
            return "a key or value of operator \(operatorID) has \(bytes) bytes of state, more than the limit of "
                + "\(StateChanges.largestFieldBytes)"
        }
    }
}

/// Runs a file operation, its error as this module's.
func onFiles<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(StateError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
