import CommitLog
import Glibc
import HostSystem
import KeyedState

// Runs a job graph to its end: has the subtasks assembled and restored, commits checkpoint 0 of a new run, starts the
// threads of the task slots, and then does what the coordinator says until the last checkpoint stands. The calling thread commits.

/// Whoever shows a run. Called on the thread that runs the job.
package protocol RunObserver: AnyObject {
    /// Something a user should know and need not act on.
    func notice(_ text: String)
    func started(_ metrics: JobMetrics)
    /// Called some ten times a second where `wantsTicks`, else when something happens.
    func tick(_ metrics: JobMetrics)
    /// False where nobody sees what a tick would show.
    var wantsTicks: Bool { get }
    func committed(_ checkpoint: UInt64, _ metrics: JobMetrics)
}

package final class JobExecution {
    /// What is to be done next by whoever runs the execution.
    package enum Step: Sendable {
        case madeProgress
        /// Nothing to do before an event, or before this time of the monotonic clock.
        case wait(untilNanoseconds: Int64?)
        case ended(BarrierKind)
    }

    private static let tickNanoseconds: Int64 = 100_000_000
    /// Between two looks for new input, however often there is news.
    private static let shortestLookNanoseconds: Int64 = 1_000_000
    /// What a version is to do is looked for so often, also where nothing tells.
    private static let shortestRoleLookNanoseconds: Int64 = 100_000_000

    /// Of the savepoint that a new run begins with.
    private let savepoint: CheckpointRecord?
    private let identity: RunIdentity
    private let files: any FileSystem
    private let settings: JobSettings
    private let committer: EpochCommitter
    private let store: StateStore
    private let time: any TimeSource
    private let events: EventQueue
    private let observer: any RunObserver
    private let background: any BackgroundRunner
    private let metrics = JobMetrics()
    private let notices = NoticeBoard()
    private var assembly: JobAssembly
    private var coordinator: EpochCoordinator?
    private var materialisation: (any BackgroundWork)?
    private var materialisationIsWanted = false
    private var savepoints: [SavepointRequest] = []
    private var lastLookNanoseconds: Int64 = .min
    private var nextLookNanoseconds: Int64?
    private var readsFile: RunReadsFile
    /// Of a deployed job's version.
    private let role: VersionRole?
    private var duty: VersionDuty?
    private var eventTime = EventTimeWatch()
    /// nil: whoever runs the execution steps the subtasks.
    private var slotThreads: SlotThreads?

    package init(
        graph: JobGraph, settings: JobSettings, identity: RunIdentity, committer: EpochCommitter, store: StateStore,
        files: any FileSystem, time: any TimeSource, events: EventQueue, observer: any RunObserver,
        background: any BackgroundRunner = ThreadRunner(), savepoint: CheckpointRecord? = nil,
        log: CommitLogAccess? = nil, role: VersionRole? = nil
    ) {
        var settings = settings
        settings.runsOnJournalTime = role?.keepsClock ?? false
        self.role = role
        self.savepoint = savepoint
        self.files = files
        self.identity = identity
        self.settings = settings
        self.committer = committer
        self.store = store
        self.time = time
        self.events = events
        self.observer = observer
        self.background = background
        readsFile = RunReadsFile(identity, files)
        assembly = JobAssembly(
            graph: graph, settings: settings, identity: identity, store: store, files: files, time: time,
            metrics: metrics, notices: notices, events: events, background: background, log: log)
    }

    /// - Parameter resumed: the record of the last checkpoint; nil for a new run.
    /// - Returns: how the run ended: `.end`, or `.stop` where it may go on.
    package func run(from resumed: CheckpointRecord?) throws(JobFailure) -> BarrierKind {
        try start(from: resumed)
        let slots = assembly.slotDoorbells.enumerated().map { index, doorbell in
            TaskSlot(
                index, subtasks.filter { $0.subtask.parallelIndex == index }, doorbell: doorbell, events: events)
        }
        let threads = SlotThreads(slots, role?.weight ?? .full)
        slotThreads = threads
        defer {
            for subtask in subtasks { subtask.control.cancel() }
            threads.join()
            slotThreads = nil
            close()
        }
        var session = SessionWeight()
        let watch = (role?.news ?? assembly.inputs.lazy.compactMap(\.input.news).first).map { SignalWatch($0, events) }
        defer { watch?.end() }
        var nextTick = time.monotonicNanoseconds()
        while true {
            let now = time.monotonicNanoseconds()
            if now >= nextTick {
                observer.tick(metrics)
                nextTick = now + Self.tickNanoseconds
            }
            if let role {
                threads.weigh(role.weight)
                session.set(nice: role.weight.nice)
            }
            switch try step() {
            case .madeProgress: continue
            case .ended(let kind):
                observer.tick(metrics)
                return kind
            case .wait(let until):
                let wake = min(until ?? .max, observer.wantsTicks ? nextTick : .max)
                let milliseconds = wake == .max ? nil : max(1, (wake - now + 999_999) / 1_000_000)
                try handle(events.take(timeoutMilliseconds: milliseconds))
            }
        }
    }

    // MARK: The parts of `run`, for those who step the subtasks themselves

    package var subtasks: [AssembledSubtask] { assembly.subtasks }

    /// Builds and restores the subtasks, and commits checkpoint 0 of a new run.
    package func start(from resumed: CheckpointRecord?) throws(JobFailure) {
        var milliseconds = (resumed ?? savepoint)?.journalMilliseconds ?? .min
        if !settings.runsOnJournalTime { milliseconds = max(milliseconds, time.wallMilliseconds()) }
        try assembly.assemble(from: resumed ?? savepoint, isNewRun: resumed == nil, at: milliseconds)
        let now = time.monotonicNanoseconds()
        var coordinator = EpochCoordinator(
            subtasks: subtasks.map(\.subtask.index), sources: subtasks.filter(\.isSource).map(\.subtask.index),
            nextCheckpoint: (resumed?.number ?? 0) + 1,
            fixedIntervalNanoseconds: settings.checkpointIntervalNanoseconds,
            minimumPauseNanoseconds: settings.minimumPauseNanoseconds,
            exhaustedKind: settings.readsWhatIsThere ? .stop : .end, nowNanoseconds: now,
            journalMilliseconds: milliseconds, firstTimerMilliseconds: assembly.firstTimerMilliseconds,
            retainsCheckpoints: settings.retainedCheckpoints > 1)
        if let role {
            // The inputs have read on since.
            try role.look()
            let duty = VersionDuty(role, assembly.inputs, &coordinator, nowNanoseconds: now)
            self.duty = duty
            if resumed == nil, let clock = duty.journalMilliseconds {
                coordinator.begin(at: clock)
                milliseconds = coordinator.milliseconds
                assembly.begin(at: milliseconds)
            }
        }
        self.coordinator = coordinator
        tellReads(try sourceParts(), at: now)
        if resumed == nil { try commitCheckpointZero(milliseconds) }
        looked(at: now)
        eventTime.look(assembly.inputs.compactMap(\.input.eventTime), nowNanoseconds: now)
        notices.takeAll().forEach(observer.notice)
        observer.started(metrics)
    }

    /// One thing that the coordinator wants; events that have come are handled first.
    package func step() throws(JobFailure) -> Step {
        try handle(events.take(timeoutMilliseconds: 0))
        notices.takeAll().forEach(observer.notice)
        guard var coordinator else { preconditionFailure("an execution is started before it is stepped") }
        defer { self.coordinator = coordinator }
        let now = time.monotonicNanoseconds()
        if let look = nextLookNanoseconds, now >= look {
            try role?.look()
            try lookForInput(at: now)
        }
        let wall = time.wallMilliseconds()
        var journal: Int64?
        if var duty {
            if try duty.tick(coordinator, wallMilliseconds: wall) { try lookForInput(at: now) }
            try duty.attend(&coordinator, nowNanoseconds: now)
            journal = duty.journalMilliseconds
            duty.align(&coordinator, nowNanoseconds: now, wallMilliseconds: journal ?? wall)
            let mayEnd = duty.mayEndEpoch(
                lastCommitNanoseconds: coordinator.lastCommitNanoseconds, nowNanoseconds: now)
            coordinator.notBeforeNanoseconds = mayEnd ? nil : now + VersionDuty.pollNanoseconds
            if duty.isDraining { nextLookNanoseconds = now + VersionDuty.pollNanoseconds }
            self.duty = duty
        }
        switch coordinator.next(nowNanoseconds: now, wallMilliseconds: wall, journalMilliseconds: journal) {
        case .request(let barrier):
            for subtask in subtasks where subtask.isSource { subtask.control.request(barrier) }
            return .madeProgress
        case .commit(let barrier, let snapshots):
            try commit(barrier, snapshots, &coordinator)
            return .madeProgress
        case .wait(let until):
            return .wait(untilNanoseconds: [until, nextLookNanoseconds].compactMap(\.self).min())
        case .ended(let kind): return .ended(kind)
        }
    }

    /// Nothing runs any more but, perhaps, a materialisation: waits for it.
    package func close() {
        materialisation?.join()
        materialisation = nil
        for savepoint in savepoints {
            savepoint.answer(.failure(JobFailure(.conflict, "the job ended before the savepoint was made")))
        }
        savepoints = []
    }

    private func lookForInput(at now: Int64) throws(JobFailure) {
        for shared in assembly.inputs { try shared.input.look() }
        looked(at: now)
    }

    private func looked(at now: Int64) {
        lastLookNanoseconds = now
        nextLookNanoseconds = lookInterval.map { now + $0 }
    }

    private var lookInterval: Int64? {
        let ofRole: Int64? = role == nil ? nil : Self.shortestRoleLookNanoseconds
        return (assembly.inputs.map(\.input.lookIntervalNanoseconds) + [ofRole]).compactMap(\.self).min()
    }

    // MARK: Commits

    private func sourceParts() throws(JobFailure) -> [CheckpointRecord.OperatorPart] {
        try assembly.inputs.map { (shared) throws(JobFailure) in
            .init(operatorID: shared.operatorID, subtask: 0, bytes: try shared.input.position())
        }
    }

    /// It keeps retention from going on where it cannot be said; nothing else depends on it.
    private func tellReads(_ parts: [CheckpointRecord.OperatorPart], at now: Int64, isLast: Bool = false) {
        let ofTopics = Set(assembly.inputs.filter(\.input.readsTopics).map(\.operatorID))
        let positions = parts.filter { ofTopics.contains($0.operatorID) }.map(\.bytes)
        do throws(FileError) {
            try readsFile.tell(positions, nowNanoseconds: now, isLast: isLast)
        } catch {
            notices.post("retention of topics waits until it is known what this job reads: \(error)")
        }
    }

    /// Empty state and the sinks' ends, committed before the first row is written; of a version that begins with the tables of
    /// another those too.
    private func commitCheckpointZero(_ milliseconds: Int64) throws(JobFailure) {
        let barrier = Barrier(checkpoint: 0, kind: .periodic, milliseconds: milliseconds)
        var parts = try sourceParts()
        var published: [OffsetRange] = []
        for subtask in subtasks {
            for case .sink(let sink) in subtask.links {
                parts.append(
                    .init(
                        operatorID: sink.operatorID, subtask: subtask.subtask.parallelIndex,
                        bytes: try sink.prepare(barrier)))
                published += sink.published
            }
        }
        try committer.commit(
            number: 0, ending: .running, journalMilliseconds: milliseconds, parts: parts, changes: [],
            published: published, deployed: duty?.epoch(0, at: milliseconds))
        for subtask in subtasks {
            for case .sink(let sink) in subtask.links { try sink.committed(barrier) }
        }
    }

    private func commit(
        _ barrier: Barrier, _ snapshots: [SubtaskSnapshot], _ coordinator: inout EpochCoordinator
    ) throws(JobFailure) {
        let start = time.monotonicNanoseconds()
        let ending: RunEnding =
            switch barrier.kind {
            case .periodic: .running
            case .end: .finished
            case .stop: settings.readsWhatIsThere && coordinator.isAllRead ? .drained : .stopped
            }
        let sources = try sourceParts()
        try committer.commit(
            number: barrier.checkpoint, ending: ending, journalMilliseconds: barrier.milliseconds,
            parts: sources + snapshots.flatMap(\.parts), changes: snapshots.flatMap(\.changes),
            published: snapshots.flatMap(\.published),
            deployed: duty?.epoch(barrier.checkpoint, at: barrier.milliseconds))
        if barrier.isSavepoint { try keepCopies(of: barrier.checkpoint) }
        for subtask in subtasks { subtask.control.commit(barrier.checkpoint) }
        let now = time.monotonicNanoseconds()
        tellReads(ending == .finished ? [] : sources, at: now, isLast: barrier.kind != .periodic)
        metrics.committed(durationNanoseconds: now - start, atNanoseconds: now)
        coordinator.committed(durationNanoseconds: now - start, nowNanoseconds: now)
        try duty?.committed(barrier.checkpoint, &coordinator, nowNanoseconds: now)
        eventTime.look(assembly.inputs.compactMap(\.input.eventTime), nowNanoseconds: now)
        observer.committed(barrier.checkpoint, metrics)
        materialiseIfDue()
    }

    // MARK: Savepoints and retained checkpoints

    /// Of the job: the runtime deletes nothing there.
    private var savepointDirectory: String {
        settings.savepointDirectory.map { FilePath.join($0, committer.job) }
            ?? FilePath.parent(of: identity.directory) + "/savepoints"
    }
    private var retainedDirectory: String {
        settings.retainedDirectory.map { FilePath.join($0, committer.job) }
            ?? FilePath.parent(of: identity.directory) + "/checkpoints"
    }

    private func keepCopies(of checkpoint: UInt64) throws(JobFailure) {
        for request in savepoints {
            let path = request.path.isEmpty ? "\(savepointDirectory)/checkpoint-\(checkpoint)" : request.path
            do throws(JobFailure) {
                try export(to: path)
                request.answer(.success(path))
            } catch {
                // The job goes on: who asked is told.
                request.answer(.failure(error))
            }
        }
        savepoints = []
        if settings.retainedCheckpoints > 1 { try retain(checkpoint) }
    }

    /// - Parameter place: a folder of many; nil: `path` is one of its own.
    private func export(to path: String, in place: String? = nil) throws(JobFailure) {
        try JobFailure.onFiles("remembering where '\(path)' is") { () throws(FileError) in
            try KeptCopies(FilePath.parent(of: identity.directory), files).remember(place ?? path)
        }
        do throws(StateError) {
            try store.export(to: path, job: committer.job)
        } catch {
            if case .file(let file) = error, file.code == EEXIST {
                throw JobFailure(.conflict, "'\(path)' is there already", hint: "name a folder that is to be made")
            }
            throw JobFailure.state(error)
        }
    }

    /// Keeps this checkpoint as a folder `chk-<number>`, and of those before it as many as are wanted.
    private func retain(_ checkpoint: UInt64) throws(JobFailure) {
        let prefix = "chk-"
        try JobFailure.onFiles("retaining checkpoint \(checkpoint)") { () throws(FileError) in
            // What a run that was set aside has left may have this number.
            try files.removeTree("\(retainedDirectory)/\(prefix)\(checkpoint)")
        }
        try export(to: "\(retainedDirectory)/\(prefix)\(checkpoint)", in: retainedDirectory)
        try JobFailure.onFiles("dropping old checkpoints") { () throws(FileError) in
            let numbers = try files.list(retainedDirectory).compactMap { name in
                name.hasPrefix(prefix) ? UInt64(name.dropFirst(prefix.count)) : nil
            }
            for number in numbers.sorted().dropLast(settings.retainedCheckpoints) {
                try files.removeTree("\(retainedDirectory)/\(prefix)\(number)")
            }
        }
    }

    private func materialiseIfDue() {
        guard materialisation == nil, materialisationIsWanted || store.isMaterialisationDue else { return }
        materialisationIsWanted = false
        let (store, events) = (store, events)
        materialisation = background.launch("materialise", role?.weight ?? .full) {
            do throws(StateError) {
                try store.materialise()
                FaultPoint.afterMaterialise.reached()
                events.post(.materialised)
            } catch {
                events.post(.failed(JobFailure.state(error)))
            }
        }
    }

    // MARK: Events

    private static let noVersion = JobFailure(
        .conflict, "the running job is no version of a deployed one",
        hint: "only versions that are not live can be told to read nothing for now")

    private func snapshot() -> MetricsSnapshot {
        let now = time.monotonicNanoseconds()
        var snapshot = MetricsSnapshot(metrics, nowNanoseconds: now)
        eventTime.look(assembly.inputs.compactMap(\.input.eventTime), nowNanoseconds: now)
        eventTime.note(in: &snapshot, nowNanoseconds: now)
        snapshot.isPaused = duty?.isPaused ?? false
        return snapshot
    }

    private func handle(_ events: [SubtaskEvent]) throws(JobFailure) {
        for event in events {
            switch event {
            case .exhausted(let subtask): coordinator?.exhausted(subtask)
            case .progressed: coordinator?.progressed()
            case .epochWanted: coordinator?.wantEpoch()
            case .materialisationWanted:
                materialisationIsWanted = true
                materialiseIfDue()
            case .handedOver(let subtask, let checkpoint, let snapshot):
                if coordinator?.handedOver(subtask, checkpoint: checkpoint, snapshot) == false {
                    throw JobFailure(.world, "subtask \(subtask) hands over checkpoint \(checkpoint) out of turn")
                }
            case .finished(let subtask): coordinator?.finished(subtask)
            case .failed(let failure): throw failure
            case .threadWanted(let slot): slotThreads?.goOn(slot: slot)
            case .stopRequested: coordinator?.stop()
            case .savepointRequested(let request):
                savepoints.append(request)
                coordinator?.wantSavepoint()
            case .metricsRequested(let answer): answer(.success(snapshot().json.text))
            case .paceRequested(let isPaused, let answer):
                duty?.pace(isPaused: isPaused)
                answer(duty == nil ? .failure(Self.noVersion) : .success(""))
            case .newsCame: nextLookNanoseconds = lastLookNanoseconds + Self.shortestLookNanoseconds
            case .materialised:
                materialisation?.join()
                materialisation = nil
                // Those that wait until more is materialised look again.
                for subtask in subtasks { subtask.control.doorbell.ring() }
            }
        }
    }
}
