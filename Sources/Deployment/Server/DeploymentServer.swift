import CommitLog
import Dataflow
import Glibc
import HostSystem
import Synchronization

// What the daemon of a data directory does, without its sockets: it keeps the catalog in line with the journal, has workers
// run, and moves versions on. The journal is the truth about names and roles, the catalog about intentions and history; this
// process may be killed at any moment and knows nothing that is not in one of them.
//
//     commands (any thread) ──▶ operations ──▶ catalog, journal, supervisor
//     one thread: reads the journal, compares it with the catalog, looks at the workers ──▶ transitions
//     one thread: reads on the outputs that a switch would compare

package final class DeploymentServer: Sendable {
    package struct Configuration: Sendable {
        /// From the root.
        package var dataDirectory: String
        /// What a worker is started with; its version, `--data` and settings follow.
        package var workerCommand: [String]
        /// What an audit is started with, in the same way; empty: nobody starts one by himself.
        package var auditCommand: [String] = []
        /// Of each worker, where its version says nothing.
        package var workerMemoryBytes: Int
        /// For the tables of two versions that are compared at a promotion.
        package var switchMemoryBytes = 1 << 30
        package var engineVersion: String
        /// The disk of the data directory; nil: as the system has it.
        package var disk: (@Sendable () -> DiskSpace?)?

        package init(
            dataDirectory: String, workerCommand: [String], workerMemoryBytes: Int, engineVersion: String
        ) {
            self.dataDirectory = dataDirectory
            self.workerCommand = workerCommand
            self.workerMemoryBytes = workerMemoryBytes
            self.engineVersion = engineVersion
        }
    }

    let configuration: Configuration
    let log: CommitLogAccess
    let files: any FileSystem
    let time: any TimeSource
    let random: any RandomSource
    let ledger: VersionLedger
    let supervisor: Supervisor
    private let lock: ServerLock
    let control: WorkerControl
    let events: EventLog
    let board: SnapshotBoard
    private let busy = Mutex<[String: String]>([:])
    /// Versions that are to wait, and why.
    let paces = Mutex<[VersionID: Pause]>([:])
    /// Versions that were to become live by themselves, and why they have not.
    let refusals = Mutex<[VersionID: Refusal]>([:])
    let audits = Mutex<Set<VersionID>>([])
    /// Processes that make a version's audit; nil: nobody has said who.
    let auditors = Mutex<[VersionID: Auditors]>([:])
    /// By job: the number of role changes that the catalog knows of.
    let generations = Mutex<[String: UInt64]>([:])
    /// How long names stood still at the last switch, by job.
    let pauses = Mutex<[String: Double]>([:])
    /// Of versions that are over: what could not be removed yet.
    let remains = Mutex<[VersionID: Remains]>([:])
    /// Of versions that this server has made live: how many of their rows were late or rejected before.
    let rowGuards = Mutex<[VersionID: RowGuard]>([:])
    /// By job: what the next switch will compare.
    let outputs = Mutex<[String: FollowedOutputs]>([:])
    private let isEnding = Atomic(false)
    private let threads = Mutex<[WorkerThread]>([])
    private let readerBell = Doorbell()

    /// Takes the data directory, brings the catalog in line with the journal, and has every worker run that should.
    /// - Errors: `conflict` where another server has the directory.
    package init(
        _ configuration: Configuration, control: WorkerControl, events: EventLog,
        files: any FileSystem = PosixFileSystem(), time: any TimeSource = SystemTime(),
        random: any RandomSource = SystemRandom()
    ) throws(OperationFailure) {
        self.configuration = configuration
        self.control = control
        self.events = events
        self.files = files
        self.time = time
        self.random = random
        let directory = try OperationFailure.onJob { () throws(JobFailure) in
            try DataDirectory(configuration.dataDirectory, files: files)
        }
        let lock: ServerLock
        do throws(SupervisionError) {
            lock = try ServerLock(configuration.dataDirectory, files: files)
        } catch {
            throw OperationFailure(error.failure)
        }
        self.lock = lock
        let journal: Journal
        do throws(JournalError) {
            journal = try Journal.open(directory: directory.journal, files: files, time: time)
        } catch {
            throw OperationFailure(JobFailure.journal(error))
        }
        log = CommitLogAccess(journal: journal, directory: directory, time: time)
        ledger = try OperationFailure.onCatalog { () throws(CatalogError) in
            try VersionLedger(Catalog(dataDirectory: configuration.dataDirectory), time: time)
        }
        let watch = try OperationFailure.onJob { [log] () throws(JobFailure) in try JournalWatch(log) }
        let board = SnapshotBoard(watch.snapshot)
        self.board = board
        let (ledger, eventLog) = (ledger, events)
        do throws(SupervisionError) {
            supervisor = try Supervisor(
                lock, files: files, time: time, random: random,
                lastCheckpoint: { board.lastCheckpoint(of: $0) },
                notice: { DeploymentServer.record($0, ledger, eventLog) })
        } catch {
            throw OperationFailure(error.failure)
        }
        try recover()
        threads.withLock { threads in
            threads.append(WorkerThread(name: "deployments") { [self] in run(watch) })
            threads.append(WorkerThread(name: "outputs") { [self] in readAhead() })
        }
    }

    package var versionCount: Int { ledger.all.count }

    package var engineVersion: String { configuration.engineVersion }

    // MARK: Ends

    package enum WorkersAtEnd: String, CaseIterable, Sendable {
        /// Each makes a last checkpoint and ends; the next server starts it again.
        case stop
        /// Likewise, and what is live makes a savepoint before.
        case savepoint
        /// They run on; the next server adopts them.
        case leave
    }

    /// Nothing can be asked afterwards.
    package func close(_ workers: WorkersAtEnd) {
        isEnding.store(true, ordering: .releasing)
        board.ring()
        readerBell.ring()
        threads.withLock { threads in
            for thread in threads { thread.join() }
            threads = []
        }
        if workers != .leave {
            // Also those that wait for their next start.
            let running = supervisor.statuses.map(\.id)
            if workers == .savepoint {
                for id in running where ledger[id]?.state.isPublished == true {
                    let folder = folder(of: id).path
                    if case .success(let path) = control.savepoint(folder, "") {
                        events.info("savepoint", [("version", .string("\(id)")), ("folder", .string(path))])
                    }
                }
            }
            // What could not be stopped is looked for by the next server.
            _ = supervisor.stopAll(running, withinMilliseconds: RestartPolicy().stopBound)
        }
        supervisor.closeAndWait()
        ledger.catalog.close()
        lock.release()
    }

    // MARK: Operations, one at a time for each job

    /// - Errors: `conflict` where another one goes on.
    func alone<Value>(
        with job: String, _ doing: String, _ body: () throws(OperationFailure) -> Value
    ) throws(OperationFailure) -> Value {
        let other = busy.withLock { busy in
            if let other = busy[job] { return other as String? }
            busy[job] = doing
            return nil
        }
        if let other {
            throw OperationFailure(
                .conflict, "job \"\(job)\" is busy with another command: \(other)", hint: "try again when it has ended")
        }
        defer { busy.withLock { $0[job] = nil } }
        return try body()
    }

    func isBusy(_ job: String) -> Bool { busy.withLock { $0[job] != nil } }

    /// Waits for something asynchronous, on a thread that may be kept waiting.
    @discardableResult
    package static func waiting<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let answer = Answer<Value>()
        Task { answer.give(await body()) }
        return answer.wait()
    }

    // MARK: Versions

    func folder(of id: VersionID) -> VersionFolder {
        VersionFolder(VersionName(id.job, UInt32(id.number)), in: configuration.dataDirectory)
    }

    func specification(_ record: VersionRecord) -> WorkerSpecification {
        let folder = folder(of: record.id)
        var command = configuration.workerCommand + ["\(record.id)", "--data", configuration.dataDirectory]
        command += ["--memory", "\(record.options.memoryBytes ?? Int64(configuration.workerMemoryBytes))"]
        command += startArguments(record)
        for setting in record.settings { command += ["-D", "\(setting.key)=\(setting.value)"] }
        return WorkerSpecification(
            id: record.id, command: command, environment: [FaultPoint.variable: ""],
            workingDirectory: configuration.dataDirectory, lockPath: folder.lockPath, logPath: folder.logPath)
    }

    func record(of id: VersionID) throws(OperationFailure) -> VersionRecord {
        let record = try OperationFailure.onCatalog { () throws(CatalogError) in try ledger.record(of: id) }
        guard let record else { throw missing(id) }
        return record
    }

    func missing(_ id: VersionID) -> OperationFailure {
        let versions = ledger.versions(of: id.job)
        guard !versions.isEmpty else { return missing(id.job) }
        return OperationFailure(
            .missing, "job \"\(id.job)\" has no version \(id.number)",
            detail: "its newest one is \(versions.last?.id.number ?? 0)",
            hint: "'sluice versions \(id.job)' shows all of them")
    }

    func missing(_ job: String) -> OperationFailure {
        OperationFailure(
            .missing, "there is no deployed job \"\(job)\"",
            detail: ledger.jobs.isEmpty ? "nothing is deployed" : "deployed are \(ledger.jobs.joined(separator: ", "))",
            hint: "'sluice deploy \(job) FILE' deploys one")
    }

    // MARK: The thread

    /// Between two looks where nothing happens.
    private static let pauseMilliseconds: Int64 = 100
    private static let leastPauseNanoseconds: Int64 = 20_000_000

    private func run(_ watch: JournalWatch) {
        let signal = watch.news
        var seen = signal?.value ?? 0
        var trouble: String?
        while !isEnding.load(ordering: .acquiring) {
            do throws(JobFailure) {
                try watch.readOn()
                trouble = nil
            } catch {
                if trouble != error.message { events.error("journal", [("error", .string(error.message))]) }
                trouble = error.message
            }
            board.show(watch.snapshot)
            attendAll()
            board.rest(nanoseconds: Self.leastPauseNanoseconds)
            if let signal {
                signal.wait(while: seen, timeoutMilliseconds: Self.pauseMilliseconds)
                seen = signal.value
            } else {
                board.rest(nanoseconds: Self.pauseMilliseconds * 1_000_000)
            }
        }
    }

    private static let readAheadMilliseconds: Int64 = 250

    private func readAhead() {
        while !isEnding.load(ordering: .acquiring) {
            let state = board.snapshot.state
            for (job, deployment) in state.deployments { readAhead(job, deployment, state) }
            readerBell.wait(timeoutMilliseconds: Self.readAheadMilliseconds)
        }
    }

    private static func record(_ notice: WorkerNotice, _ ledger: VersionLedger, _ events: EventLog) {
        var fields: [(String, JSONValue)] = [
            ("job", .string(notice.id.job)), ("version", .integer(notice.id.number)),
        ]
        switch notice.event {
        case .started(let process): events.info("worker started", fields + [("process", .integer(process))])
        case .adopted(let process, let remark):
            fields.append(("process", process.map { .integer($0) } ?? .null))
            events.info("worker adopted", fields + (remark.map { [("remark", .string($0))] } ?? []))
        case .ended(let ending, let wasAsked, let lines):
            fields.append(("ending", .string("\(ending)")))
            guard !wasAsked else { return events.info("worker stopped", fields) }
            events.warning("worker ended", fields + [("lastLine", .string(lines.last ?? ""))])
            do throws(CatalogError) {
                try ledger.catalog.add(WorkerExit(notice.id, at: notice.at, ending: ending, lastLines: lines))
            } catch {
                events.error("catalog", fields + [("error", .string("\(error)"))])
            }
        case .restarts(let delay): events.info("worker restarts", fields + [("inMilliseconds", .integer(delay))])
        case .rests(let rest): events.info("worker rests", fields + [("as", .string("\(rest)"))])
        case .trouble(let text): events.warning("worker trouble", fields + [("error", .string(text))])
        }
    }
}

/// A version whose worker is told to read nothing.
struct Pause {
    var reason: String
    /// Of the monotonic clock: its worker may have been started again since.
    var toldNanoseconds: Int64
}

/// A version that did not become live by itself.
struct Refusal {
    /// nil: it is being tried.
    var reason: String?
    /// Of the monotonic clock: when it is tried again.
    var nextNanoseconds: Int64
}

/// What the server's thread has read of the journal, for all.
final class SnapshotBoard: Sendable {
    private let content: Mutex<JournalSnapshot>
    private let bell = Doorbell()

    init(_ snapshot: JournalSnapshot) { content = Mutex(snapshot) }

    var snapshot: JournalSnapshot { content.withLock { $0 } }

    func show(_ snapshot: JournalSnapshot) { content.withLock { $0 = snapshot } }

    func lastCheckpoint(of id: VersionID) -> UInt64? {
        content.withLock { $0.state.jobs["\(id)"]?.last.number }
    }

    func ring() { bell.ring() }

    func rest(nanoseconds: Int64) { bell.wait(timeoutMilliseconds: nanoseconds / 1_000_000) }
}
