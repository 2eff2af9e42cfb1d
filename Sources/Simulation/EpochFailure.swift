import CommitLog
import Glibc
import HostSystem
import KeyedState
import Operators

/// Why a worker's life ends.
enum EpochFailure: Error {
    /// A fault that was planned, or what follows from it: the worker starts again.
    case world
    /// The file of somebody else stands in the way of a part.
    case foreignFile(String)
    /// A promise is broken.
    case violation(String)

    init(_ error: FileError) {
        let planned = [SimulatedFileSystem.processDeath, EIO, ENOSPC]
        self = planned.contains(error.code) ? .world : .violation("\(error)")
    }

    init(_ error: JournalError) {
        switch error {
        case .file(let error): self.init(error)
        case .syncFailed: self = .world
        case .refused, .damaged, .unsupportedVersion: self = .violation("\(error)")
        }
    }

    init(_ error: StateError) {
        switch error {
        case .file(let error): self.init(error)
        case .poisoned: self = .world
        default: self = .violation("\(error)")
        }
    }

    init(_ error: PartFileError) {
        switch error {
        case .file(let error): self.init(error)
        case .poisoned: self = .world
        case .targetExists(let path), .bothPresent(_, let path): self = .foreignFile(path)
        default: self = .violation("\(error)")
        }
    }
}

func onJournal<Result>(_ body: () throws(JournalError) -> Result) throws(EpochFailure) -> Result {
    do throws(JournalError) { return try body() } catch { throw EpochFailure(error) }
}

func onState<Result>(_ body: () throws(StateError) -> Result) throws(EpochFailure) -> Result {
    do throws(StateError) { return try body() } catch { throw EpochFailure(error) }
}

func onParts<Result>(_ body: () throws(PartFileError) -> Result) throws(EpochFailure) -> Result {
    do throws(PartFileError) { return try body() } catch { throw EpochFailure(error) }
}

func onDisk<Result>(_ body: () throws(FileError) -> Result) throws(EpochFailure) -> Result {
    do throws(FileError) { return try body() } catch { throw EpochFailure(error) }
}
