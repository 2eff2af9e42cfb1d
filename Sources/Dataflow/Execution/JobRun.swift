import CommitLog
import HostSystem
import KeyedState

// A start of a job in the foreground: decides from what the journal and the last checkpoint say whether to begin, to go on,
// to say that all is done, or to refuse; and keeps the promise that nothing old is deleted.
//
// `--fresh` may itself be killed: a mark in the run's directory says that it was asked for, and is durable before the first
// part file moves. Then the parts are set aside, the journal's entry ends the run, its directory is set aside. Each step can
// be done again.

package struct RunRequest: Sendable {
    package var job: String
    package var dataDirectory: String
    package var graph: JobGraph
    package var settings: JobSettings
    package var isFresh: Bool
    /// Where topics are read and written; nil: in the data directory.
    package var topics: CommitLogAccess?
    /// The folder of a savepoint to begin from; nil: from nothing.
    package var savepoint: String?
    /// A version of a deployed job begins behind what the live version has read, whatever its tables say; the first one
    /// behind all that is published. It has no savepoint then.
    package var startsNow = false
    /// Called when the job's name is this process's, with the job's directory.
    package var onLocked: @Sendable (String) -> Void = { _ in }
    /// Sets aside what a sink's part of the last checkpoint names; returns notices.
    package var setAsideOutput: @Sendable (CheckpointRecord.OperatorPart, any FileSystem) throws(JobFailure) -> [String]

    package init(
        job: String, dataDirectory: String, graph: JobGraph, settings: JobSettings, isFresh: Bool,
        setAsideOutput:
            @escaping @Sendable (CheckpointRecord.OperatorPart, any FileSystem) throws(JobFailure) -> [String]
    ) {
        self.job = job
        self.dataDirectory = dataDirectory
        self.graph = graph
        self.settings = settings
        self.isFresh = isFresh
        self.setAsideOutput = setAsideOutput
    }
}

package enum RunResult: Equatable, Sendable {
    case finished
    /// May go on: a signal, or `--available-now`.
    case stopped
    /// There was nothing to do.
    case alreadyFinished
}

package struct JobRun {
    private var request: RunRequest
    private let files: any FileSystem
    private let time: any TimeSource
    private let random: any RandomSource
    private let events: EventQueue
    private let observer: any RunObserver
    private let substrate: RunSubstrate
    private let directory: DataDirectory

    package init(
        _ request: RunRequest, files: any FileSystem, time: any TimeSource, random: any RandomSource,
        events: EventQueue, observer: any RunObserver, substrate: RunSubstrate = RunSubstrate()
    ) throws(JobFailure) {
        self.request = request
        self.files = files
        self.time = time
        self.random = random
        self.events = events
        self.observer = observer
        self.substrate = substrate
        directory = try DataDirectory(request.dataDirectory, files: files)
    }

    private var freshMark: String { directory.run(request.job) + "/fresh-asked-for" }

    package mutating func perform() throws(JobFailure) -> RunResult {
        let lock = try directory.lock(job: request.job)
        defer { lock.release() }
        request.onLocked(directory.job(request.job))
        var backoff = RestartBackoff(request.settings.restartStrategy)
        var liveWait: Int64 = 0
        while true {
            do throws(JobFailure) {
                return try attempt()
            } catch {
                events.beginAnew()
                if error.kind == .aheadOfLive, try !hasBegun() {
                    if try waitForLive(error, &liveWait) { return .stopped }
                    continue
                }
                if error.kind == .rolesChanged || error.kind == .aheadOfLive {
                    observer.notice("\(error.message): going on from the last checkpoint")
                    continue
                }
                let now = time.monotonicNanoseconds() / 1_000_000
                guard error.kind == .world, let delay = backoff.failed(nowMilliseconds: now, random: random) else {
                    throw error
                }
                observer.notice("\(error.message); trying again in \(delay) ms (restart \(backoff.restarts))")
                if wait(untilNanoseconds: (now + delay) * 1_000_000) { return .stopped }
            }
        }
    }

    /// The journal knows a run of the job.
    private func hasBegun() throws(JobFailure) -> Bool {
        do throws(JournalError) {
            let journal = try Journal.open(
                directory: directory.journal, files: files, time: time, safeguards: request.settings.safeguards,
                rollBytes: substrate.journalRollBytes)
            return try journal.settle().jobs[request.job] != nil
        } catch {
            throw JobFailure.journal(error)
        }
    }

    private static let shortestLiveWait: Int64 = 100
    private static let longestLiveWait: Int64 = 2000

    /// A version whose inputs begin, by retention, behind what the live version has read: it may begin when that has.
    /// - Parameter milliseconds: how long was waited last.
    /// - Returns: whether a stop is asked for meanwhile.
    private func waitForLive(_ error: JobFailure, _ milliseconds: inout Int64) throws(JobFailure) -> Bool {
        if milliseconds == 0 {
            observer.notice(
                "\(error.message): where this version begins, the live one has not come yet; it waits until that has")
        }
        // What was made for a run that has not begun is nobody's.
        try JobFailure.onFiles("removing what job \"\(request.job)\" did not begin") { () throws(FileError) in
            try files.removeTree(directory.run(request.job))
        }
        milliseconds = min(max(milliseconds * 2, Self.shortestLiveWait), Self.longestLiveWait)
        return wait(untilNanoseconds: time.monotonicNanoseconds() + milliseconds * 1_000_000)
    }

    private static let restarting = JobFailure(.conflict, "the job is being restarted")

    /// True where a stop is asked for meanwhile. What the subtasks of the failed try have left to say is not wanted.
    private func wait(untilNanoseconds end: Int64) -> Bool {
        while true {
            let now = time.monotonicNanoseconds()
            for event in events.take(timeoutMilliseconds: max(0, (end - now + 999_999) / 1_000_000)) {
                switch event {
                case .stopRequested: return true
                case .savepointRequested(let savepoint):
                    savepoint.answer(.failure(Self.restarting))
                case .metricsRequested(let answer), .paceRequested(_, let answer): answer(.failure(Self.restarting))
                default: continue
                }
            }
            if now >= end { return false }
        }
    }

    private mutating func attempt() throws(JobFailure) -> RunResult {
        let journal: Journal
        let live: JournalState.LiveRun?
        do throws(JournalError) {
            journal = try Journal.open(
                directory: directory.journal, files: files, time: time, safeguards: request.settings.safeguards,
                rollBytes: substrate.journalRollBytes)
            live = try journal.settle().jobs[request.job]
        } catch {
            throw JobFailure.journal(error)
        }
        journal.takeNotices().forEach { observer.notice("\($0)") }
        guard let live else { return try begin(journal) }
        let store = openStore(live.run)
        let record: CheckpointRecord
        do throws(StateError) {
            record = try store.recover(to: live.last)
        } catch {
            guard request.isFresh else { throw JobFailure.state(error) }
            store.close()
            observer.notice("the old state cannot be read, and its part files stay where they are: \(error)")
            return try startOver(journal, live.run)
        }
        return try goOn(journal, store, record, live.run)
    }

    private mutating func goOn(
        _ journal: Journal, _ store: StateStore, _ record: CheckpointRecord, _ run: RunID
    ) throws(JobFailure) -> RunResult {
        var wantsFresh = request.isFresh
        do throws(FileError) {
            if try files.exists(freshMark) { wantsFresh = true }
        } catch {
            throw .file(error, while: "looking at the last run of job \"\(request.job)\"")
        }
        let isSamePlan = record.planLines == request.graph.fingerprint
        if !wantsFresh, !isSamePlan {
            guard record.ending == .finished else { throw planChanged(record) }
            observer.notice(
                "job \"\(request.job)\" was edited since it finished: it begins anew, the old output is set aside")
            wantsFresh = true
        }
        // A version is started again as it was started first, and its state is its own by then.
        if let savepoint = request.savepoint, request.settings.version == nil, !wantsFresh,
            !(try began(with: savepoint))
        {
            throw JobFailure(
                .conflict, "job \"\(request.job)\" has state of its own in '\(request.dataDirectory)'",
                detail: "its last checkpoint is number \(record.number)",
                hint: "leave out -s to go on from it, or start over from the savepoint with --fresh")
        }
        if wantsFresh {
            // What cannot begin must not cost the output of what was.
            for source in request.graph.sources { try source.checkInputs(files: files) }
            try setAside(journal, store, record, run)
            // The new run's state stands where the old one's does, and its database is locked by that path.
            store.close()
            return try begin(journal)
        }
        if record.ending == .finished { return try finishedBefore(store, record, run, journal) }
        observer.notice("going on from checkpoint \(record.number)")
        defer { store.close() }
        return try execute(journal, store, run, from: record)
    }

    // MARK: Beginnings

    private mutating func begin(_ journal: Journal) throws(JobFailure) -> RunResult {
        let run = RunID(drawnFrom: random)
        let store: StateStore
        let start = try request.savepoint.map { (path) throws(JobFailure) in try SavepointStart(path, files) }
        try start?.checkFit(request.graph, of: request.settings.version)
        let savepoint = start?.manifest
        do throws(FileError) {
            try directory.setRunAside(request.job)
        } catch {
            throw .file(error, while: "setting the last run of job \"\(request.job)\" aside")
        }
        let path = directory.run(request.job)
        do throws(StateError) {
            if let savepoint {
                store = try StateStore.importing(
                    savepoint, directory: path, run: run, files: files, base: stateBase,
                    safeguards: request.settings.safeguards, materialisationBytes: substrate.materialisationBytes)
            } else {
                store = try StateStore.create(
                    directory: path, run: run, files: files, base: stateBase,
                    safeguards: request.settings.safeguards, materialisationBytes: substrate.materialisationBytes)
            }
        } catch {
            if let savepoint, error.isDamage { throw SavepointStart.unusable(savepoint.path, error) }
            throw JobFailure.state(error)
        }
        defer { store.close() }
        if let savepoint { try mark(savepoint) }
        return try execute(journal, store, run, from: nil, savepoint: start)
    }

    // MARK: Savepoints

    /// Says in the run's directory which savepoint it began with: a second start with the same one goes on.
    private var savepointMark: String { directory.run(request.job) + "/began-with" }

    private func identity(of savepoint: SavepointManifest) -> [UInt8] {
        Array("\(savepoint.run) \(savepoint.committed.number)\n".utf8)
    }

    private func mark(_ savepoint: SavepointManifest) throws(JobFailure) {
        try JobFailure.onFiles("beginning with the savepoint '\(savepoint.path)'") { () throws(FileError) in
            let file = try files.open(savepointMark, .createIfMissing)
            defer { file.close() }
            try file.write(identity(of: savepoint), at: 0)
            try file.sync()
            try files.syncDirectory(directory.run(request.job))
        }
    }

    private func began(with path: String) throws(JobFailure) -> Bool {
        let manifest = try SavepointStart(path, files).manifest
        return try JobFailure.onFiles("looking at the last run of job \"\(request.job)\"") { () throws(FileError) in
            guard try files.exists(savepointMark) else { return false }
            return try files.readAll(savepointMark) == identity(of: manifest)
        }
    }

    private var stateBase: any StateBase {
        let path = directory.run(request.job) + "/rocksdb"
        if let makeStateBase = substrate.makeStateBase { return makeStateBase(path) }
        let plan = MemoryPlan(request.graph, request.settings)
        return RocksDBStateBase(path: path, files: files, memoryBytes: plan.stateBaseBytes)
    }

    private func access(_ journal: Journal) -> CommitLogAccess {
        if let topics = request.topics { return topics }
        var log = CommitLogAccess(journal: journal, directory: directory, time: time)
        log.segmentRollBytes = substrate.segmentRollBytes
        return log
    }

    private func openStore(_ run: RunID) -> StateStore {
        StateStore.open(
            directory: directory.run(request.job), run: run, files: files,
            base: stateBase, safeguards: request.settings.safeguards,
            materialisationBytes: substrate.materialisationBytes)
    }

    private mutating func execute(
        _ journal: Journal, _ store: StateStore, _ run: RunID, from record: CheckpointRecord?,
        savepoint start: SavepointStart? = nil
    ) throws(JobFailure) -> RunResult {
        // A restart goes on with what this start began.
        request.isFresh = false
        var settings = request.settings
        let savepoint = start?.manifest.record
        settings.listsInputsAnew = (record ?? savepoint)?.ending == .drained
        if let record = record ?? savepoint { settings.maximumParallelism = record.maximumParallelism }
        let log = access(journal)
        let role = try settings.version.map { (version) throws(JobFailure) in try VersionRole(version, in: log) }
        if record == nil, let role {
            settings.origin = try start?.origin(of: role.version, request.graph, in: log)
            if request.startsNow { settings.startPosition = role.now }
        }
        let committer = EpochCommitter(
            job: request.job, run: run, journal: journal, store: store, fingerprint: request.graph.fingerprint,
            parallelism: settings.parallelism, maximumParallelism: settings.maximumParallelism, time: time)
        let execution = JobExecution(
            graph: request.graph, settings: settings,
            identity: RunIdentity(id: run, directory: directory.run(request.job)), committer: committer, store: store,
            files: files, time: time, events: events, observer: observer, background: substrate.background,
            savepoint: savepoint, log: log,
            role: role)
        let kind: BarrierKind
        if let runner = substrate.runner {
            kind = try runner.run(execution, from: record)
        } else {
            kind = try execution.run(from: record)
        }
        return kind == .end ? .finished : .stopped
    }

    /// `--fresh` where nothing of the old run can be read any more.
    private mutating func startOver(_ journal: Journal, _ run: RunID) throws(JobFailure) -> RunResult {
        for source in request.graph.sources { try source.checkInputs(files: files) }
        try abandon(journal, run)
        return try begin(journal)
    }

    private func abandon(_ journal: Journal, _ run: RunID) throws(JobFailure) {
        do throws(JournalError) {
            _ = try journal.append(.abandoned(job: request.job, run: run))
        } catch {
            throw JobFailure.journal(error)
        }
    }

    // MARK: Ends

    /// Nothing to do, unless inputs have grown; but what the last commit left to be renamed is renamed.
    private func finishedBefore(
        _ store: StateStore, _ record: CheckpointRecord, _ run: RunID, _ journal: Journal
    ) throws(JobFailure) -> RunResult {
        let notices = NoticeBoard()
        // With the parallelism it had: nothing changes any more.
        var settings = request.settings
        settings.parallelism = record.parallelism
        var assembly = JobAssembly(
            graph: request.graph, settings: settings,
            identity: RunIdentity(id: run, directory: directory.run(request.job)), store: store, files: files,
            time: time, metrics: JobMetrics(), notices: notices, events: EventQueue(), background: substrate.background,
            log: access(journal))
        try assembly.openSinks(from: record)
        var unread: [UnreadInput] = []
        notices.takeAll().forEach(observer.notice)
        for source in request.graph.sources {
            guard let position = record.part(of: source.operatorID, subtask: 0) else { continue }
            unread += try source.unread(since: position, files: files, log: access(journal))
        }
        guard let first = unread.first else { return .alreadyFinished }
        let isOne = unread.count == 1 && first.isOne
        let more = unread.count > 1 ? " (and of \(unread.count - 1) more)" : ""
        throw JobFailure(
            .conflict, "job \"\(request.job)\" has finished, and its inputs have grown since",
            detail: "\(first) \(isOne ? "is" : "are") unread\(more)",
            hint:
                "--fresh starts over with all of the input; a job that is to be continued as its inputs grow is started "
                + "with --available-now from the first time on")
    }

    private func planChanged(_ record: CheckpointRecord) -> JobFailure {
        JobFailure(
            .conflict, "job \"\(request.job)\" has not finished, and its plan has changed",
            detail: PlanFingerprint.difference(from: record.planLines, to: request.graph.fingerprint),
            hint: "--fresh starts over; 'sluice deploy' runs a new version beside the old one")
    }

    private func setAside(
        _ journal: Journal, _ store: StateStore, _ record: CheckpointRecord, _ run: RunID
    ) throws(JobFailure) {
        do throws(FileError) {
            let mark = try files.open(freshMark, .createIfMissing)
            defer { mark.close() }
            try mark.sync()
            try files.syncDirectory(directory.run(request.job))
        } catch {
            throw .file(error, while: "setting the last run of job \"\(request.job)\" aside")
        }
        for part in record.parts { try request.setAsideOutput(part, files).forEach(observer.notice) }
        try abandon(journal, run)
    }
}
