import HostSystem

/// All that a supervisor knows of a worker.
package struct WorkerSpecification: Equatable, Sendable {
    package var id: VersionID
    /// The program's path from the root, then its arguments.
    package var command: [String]
    /// Over the server's own environment.
    package var environment: [String: String]
    package var workingDirectory: String
    /// The lock that the worker takes when it begins and holds as long as it lives.
    package var lockPath: String
    package var logPath: String

    package init(
        id: VersionID, command: [String], environment: [String: String] = [:], workingDirectory: String,
        lockPath: String, logPath: String
    ) {
        precondition(!command.isEmpty, "a worker is a program")
        self.id = id
        self.command = command
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.lockPath = lockPath
        self.logPath = logPath
    }

    /// Beside the lock: which process it is. Written by the supervisor.
    var markPath: String { FilePath.join(FilePath.parent(of: lockPath), "worker.pid") }
}

/// A worker, as `status` shows it.
package struct WorkerStatus: Equatable, Sendable {
    package enum Phase: Hashable, Sendable {
        case starting, running, stopping
        /// Ended, and to be started again.
        case waiting
        case stopped, finished
        case failed(WorkerFailure)
    }

    package var id: VersionID
    package var phase: Phase
    /// Milliseconds since 1970-01-01 UTC: since when it is in this phase.
    package var since: Int64
    /// nil where there is none, or only its lock is known.
    package var processID: Int32?
    /// Restarts by themselves since the supervisor began.
    package var restarts: Int
    /// How it ended last, as far as this supervisor saw it.
    package var lastEnding: WorkerEnding?
    /// Of the log, at that end.
    package var lastLines: [String]
}

/// What happened to a worker; for logs and the catalog. Times are milliseconds since 1970-01-01 UTC.
package struct WorkerNotice: Equatable, Sendable {
    package enum Event: Equatable, Sendable {
        case started(processID: Int32)
        /// It ran already. `remark`: where its process could not be known by its mark.
        case adopted(processID: Int32?, remark: String?)
        /// Whatever the reason; `wasAsked`: it was being stopped.
        case ended(WorkerEnding, wasAsked: Bool, lastLines: [String])
        case restarts(inMilliseconds: Int64)
        case rests(WorkerLife.Rest)
        /// Something that does not keep it from running.
        case trouble(String)
    }

    package var id: VersionID
    package var at: Int64
    package var event: Event
}
