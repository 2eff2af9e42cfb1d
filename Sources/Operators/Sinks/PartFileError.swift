import HostSystem

/// What can go wrong with the part files of a sink.
package enum PartFileError: Error, Equatable, Sendable {
    /// The world's: the job may be started again from its last checkpoint.
    case file(FileError)
    /// Another run writes into this folder.
    case locked(folder: String)
    case notAFolder(path: String)
    /// The sink's part of a checkpoint record is not what it says.
    case damagedState(folder: String, CorruptBytes)
    /// A part that is to be published is there under its hidden name and under its own.
    case bothPresent(hidden: String, target: String)
    /// A part that the checkpoint names as open is gone.
    case missing(path: String)
    /// A part has fewer bytes than were committed.
    case shorter(path: String, committedBytes: Int, foundBytes: Int)
    /// A finished part has another length than it was committed with.
    case changed(path: String, committedBytes: Int, foundBytes: Int)
    /// A file that is not ours has the name of a part that is to be published.
    case targetExists(path: String)
    /// An earlier write or sync failed: only a start from the last checkpoint leads on.
    case poisoned(folder: String)
    case numbersExhausted(folder: String)
}

extension PartFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let error):
            return error.description
        case .locked(let folder):
            return "another run writes into \"\(folder)\""
        case .notAFolder(let path):
            return "the sink's path \"\(path)\" is not a folder"
        case .damagedState(let folder, let error):
            return "the checkpoint of the sink at \"\(folder)\" is damaged at byte \(error.offset): "
                + "expected \(error.expected)"
        case .bothPresent(let hidden, let target):
            return "part file \"\(target)\" exists although \"\(hidden)\" was not published yet"
        case .missing(let path):
            return "part file \"\(path)\", which holds committed rows, is missing"
        case .shorter(let path, let committedBytes, let foundBytes):
            return "part file \"\(path)\" has \(foundBytes) bytes, but \(committedBytes) were committed"
        case .changed(let path, let committedBytes, let foundBytes):
            return "finished part file \"\(path)\" has \(foundBytes) bytes instead of \(committedBytes)"
        case .targetExists(let path):
            return "cannot publish part file \"\(path)\": a file of this name exists"
        case .poisoned(let folder):
            return "an earlier write to \"\(folder)\" failed: start again from the last checkpoint"
        case .numbersExhausted(let folder):
            return "the folder \"\(folder)\" has no part number left"
        }
    }
}

/// Runs a file operation, its error as the sink's.
func onPartFiles<Result: ~Copyable>(_ body: () throws(FileError) -> Result) throws(PartFileError) -> Result {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
