import Dataflow
import HostSystem

/// Why the server's work on processes could not be done.
package enum SupervisionError: Error, Equatable, Sendable {
    /// Another server has the data directory. nil: it has not said which process it is.
    case serverRuns(directory: String, processID: Int32?)
    /// The kernel has no descriptors of processes (before Linux 5.3), or none are left.
    case noProcessDescriptors(code: Int32)
    case noWorker(VersionID)
    /// Some process holds the worker's lock, and cannot be told apart from others, so it was not killed.
    case heldByUnknown(VersionID, lockPath: String)
    /// Somebody wanted it to run while it was being killed.
    case startedAgain(VersionID)
    /// The supervisor was closed before it was done.
    case closed
    case file(FileError)

    package var failure: JobFailure {
        switch self {
        case .serverRuns(let directory, let process):
            JobFailure(
                .conflict, "a server runs in '\(directory)' already",
                detail: process.map { "it is process \($0)" } ?? "another process holds its lock",
                hint: "use that one, or stop it first" + (process.map { ": kill \($0)" } ?? ""))
        case .noProcessDescriptors(let code):
            JobFailure(
                .world, "processes cannot be watched: \(FileError.message(code))",
                hint: "Linux 5.3 or newer is needed, and a free descriptor for each worker")
        case .noWorker(let id):
            JobFailure(.conflict, "there is no worker of \(id)")
        case .heldByUnknown(let id, let path):
            JobFailure(
                .conflict, "some process holds the lock of \(id), and cannot be told from others",
                detail: "its lock is '\(path)'", hint: "find and stop it: fuser '\(path)'")
        case .startedAgain(let id):
            JobFailure(.conflict, "\(id) was started again while it was being stopped for good", hint: "try again")
        case .closed:
            JobFailure(.conflict, "the server is shutting down", hint: "try again when it is back")
        case .file(let error):
            .file(error, while: "supervising workers")
        }
    }
}

extension SupervisionError: CustomStringConvertible {
    package var description: String {
        let failure = failure
        return failure.message + (failure.detail.map { ": " + $0 } ?? "")
    }
}

/// Runs a file operation, its error as this module's.
func onFiles<Value>(_ body: () throws(FileError) -> Value) throws(SupervisionError) -> Value {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
