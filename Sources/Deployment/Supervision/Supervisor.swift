// Starts, watches, restarts and adopts worker processes. What they do it does not know. One thread waits, in poll(2), for a
// command, the end of a process, or the next time limit, and else sleeps; each worker's course is decided by `WorkerLife`.
//
// Workers are sessions of their own and outlive the supervisor: closing it leaves them running, and the next one adopts them.

import CKernels
import Dataflow
import Glibc
import HostSystem
import Synchronization

package final class Supervisor: Sendable {
    private let mailbox: SupervisorMailbox
    /// One supervisor for each data directory: as long as it is there, the lock is.
    private let lock: ServerLock

    /// - Parameters:
    ///   - lastCheckpoint: the newest one that a worker has committed, asked when it has ended: a worker that comes further
    ///     between two failures is in no crash loop. nil where it is not known.
    ///   - notice: called on the supervisor's thread, in the order of events; comes back soon, and asks the supervisor nothing
    ///     that waits.
    package init(
        _ lock: ServerLock, policy: RestartPolicy = RestartPolicy(), files: any FileSystem = PosixFileSystem(),
        time: any TimeSource = SystemTime(), random: any RandomSource = SystemRandom(),
        lastCheckpoint: @escaping @Sendable (VersionID) -> UInt64?,
        notice: @escaping @Sendable (WorkerNotice) -> Void
    ) throws(SupervisionError) {
        self.lock = lock
        let mailbox = try SupervisorMailbox()
        self.mailbox = mailbox
        let surroundings = SupervisorLoop.Surroundings(
            policy: policy, files: files, time: time, random: random, lastCheckpoint: lastCheckpoint, notice: notice)
        _ = WorkerThread(name: "supervisor") {
            var loop = SupervisorLoop(mailbox, surroundings)
            loop.run()
        }
    }

    deinit { mailbox.post(.close(nil)) }

    /// Takes a worker over: adopts it where it runs; else starts it if it is wanted. A worker that is known already gets the
    /// new description at its next start.
    package func add(_ worker: WorkerSpecification, wanted: Bool) { mailbox.post(.add(worker, wanted: wanted)) }

    /// Also after it has failed or finished. One that is being stopped is started again when it has ended.
    package func start(_ id: VersionID) { mailbox.post(.start(id)) }

    /// SIGTERM, so that it makes a last checkpoint; SIGKILL when the time is up. Comes back when it is at rest.
    package func stop(_ id: VersionID, within bound: Duration) async throws(SupervisionError) -> WorkerStatus {
        let answer = await withCheckedContinuation { continuation in
            mailbox.post(.stop(id, withinMilliseconds: bound.milliseconds) { continuation.resume(returning: $0) })
        }
        return try answer.get()
    }

    /// SIGKILL. Comes back when the process is gone, with its lock: nobody else can be that worker while it is held.
    package func kill(_ id: VersionID) async throws(SupervisionError) -> any FileLock {
        let answer = await withCheckedContinuation { continuation in
            mailbox.post(.kill(id) { continuation.resume(returning: $0) })
        }
        return try answer.get()
    }

    /// Forgets a worker, which runs on if it runs.
    package func remove(_ id: VersionID) { mailbox.post(.remove(id)) }

    /// As of the last event that the supervisor's thread has dealt with. nil: no such worker.
    package func status(_ id: VersionID) -> WorkerStatus? { mailbox.statuses[id] }

    package var statuses: [WorkerStatus] { mailbox.statuses.values.sorted { $0.id < $1.id } }

    func post(_ command: SupervisorMailbox.Command) { mailbox.post(command) }

    /// Ends the supervisor, and leaves the workers running.
    package func close() async {
        await withCheckedContinuation { continuation in
            mailbox.post(.close { continuation.resume() })
        }
    }
}

extension Duration {
    /// Rounded down; what is longer than can be counted is as long as can be.
    fileprivate var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let product = seconds.multipliedReportingOverflow(by: 1000)
        let sum = product.partialValue.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return product.overflow || sum.overflow ? (seconds < 0 ? 0 : .max) : sum.partialValue
    }
}

/// How others reach the supervisor's thread, and what it shows them.
final class SupervisorMailbox: Sendable {
    enum Command: Sendable {
        case add(WorkerSpecification, wanted: Bool)
        case start(VersionID)
        case stop(
            VersionID, withinMilliseconds: Int64, @Sendable (Result<WorkerStatus, SupervisionError>) -> Void)
        case kill(VersionID, @Sendable (Result<any FileLock, SupervisionError>) -> Void)
        case remove(VersionID)
        /// A thread that waited for the lock of a worker got it, and has let it go.
        case lockFreed(VersionID, watch: Int)
        case close((@Sendable () -> Void)?)
    }

    private struct Content {
        var commands: [Command] = []
        var statuses: [VersionID: WorkerStatus] = [:]
        var isClosed = false
    }

    private let content = Mutex(Content())
    /// Readable while there are commands.
    let bell: Int32

    init() throws(SupervisionError) {
        bell = sluice_eventfd()
        guard bell >= 0 else { throw .noProcessDescriptors(code: errno) }
    }

    deinit { Glibc.close(bell) }

    func post(_ command: Command) {
        let isClosed = content.withLock { content in
            if !content.isClosed { content.commands.append(command) }
            return content.isClosed
        }
        if isClosed { return Self.refuse(command) }
        var one: UInt64 = 1
        // It only fails where it is rung already.
        _ = Glibc.write(bell, &one, 8)
    }

    func take() -> [Command] {
        var rung: UInt64 = 0
        _ = Glibc.read(bell, &rung, 8)
        return content.withLock { content in
            defer { content.commands = [] }
            return content.commands
        }
    }

    var statuses: [VersionID: WorkerStatus] { content.withLock { $0.statuses } }

    func show(_ status: WorkerStatus?, of id: VersionID) { content.withLock { $0.statuses[id] = status } }

    /// Whatever is posted from here on is refused.
    func close() {
        let rest = content.withLock { content in
            content.isClosed = true
            defer { content.commands = [] }
            return content.commands
        }
        for command in rest { Self.refuse(command) }
    }

    private static func refuse(_ command: Command) {
        switch command {
        case .stop(_, _, let answer): answer(.failure(.closed))
        case .kill(_, let answer): answer(.failure(.closed))
        case .close(let answer): answer?()
        case .add, .start, .remove, .lockFreed: break
        }
    }
}
