import Dataflow
import Glibc
import HostSystem

/// One worker in the supervisor's hands. Used by the supervisor's thread only.
final class SupervisedWorker {
    /// For the next start.
    var specification: WorkerSpecification
    private(set) var life: WorkerLife
    /// nil also where only the lock is known to be held.
    private(set) var process: ProcessDescriptor?

    private let surroundings: SupervisorLoop.Surroundings
    private let mailbox: SupervisorMailbox
    private var status: WorkerStatus
    /// Where the log of this start begins.
    private var logStart = 0
    /// Counts the threads that wait for the lock; the last one counts. nil: none does.
    private var lockWatch: Int?
    private var lockWatches = 0
    private var events: [WorkerLife.Event] = []
    /// For who else holds the lock of a worker that was killed.
    private var looks = 0
    private static let largestLooks = 8
    private var stopping: [@Sendable (Result<WorkerStatus, SupervisionError>) -> Void] = []
    private var killing: [@Sendable (Result<any FileLock, SupervisionError>) -> Void] = []

    init(
        _ specification: WorkerSpecification, isWanted: Bool, _ surroundings: SupervisorLoop.Surroundings,
        _ mailbox: SupervisorMailbox
    ) {
        self.specification = specification
        self.surroundings = surroundings
        self.mailbox = mailbox
        life = WorkerLife(isWanted: isWanted, policy: surroundings.policy)
        status = WorkerStatus(
            id: specification.id, phase: .starting, since: surroundings.time.wallMilliseconds(), processID: nil,
            restarts: 0, lastEnding: nil, lastLines: [])
    }

    private var files: any FileSystem { surroundings.files }

    func begin() {
        look()
        drain()
    }

    func handle(_ event: WorkerLife.Event) {
        if event == .startWanted {
            answerKills(.failure(.startedAgain(specification.id)))
        }
        events.append(event)
        drain()
    }

    func stop(
        withinMilliseconds bound: Int64, _ answer: @escaping @Sendable (Result<WorkerStatus, SupervisionError>) -> Void
    ) {
        stopping.append(answer)
        handle(.stopWanted(withinMilliseconds: bound))
    }

    func kill(_ answer: @escaping @Sendable (Result<any FileLock, SupervisionError>) -> Void) {
        killing.append(answer)
        looks = 0
        handle(.killWanted)
    }

    /// Nobody will hear from it any more; its process runs on.
    func abandon() {
        refuse(.closed)
    }

    private func refuse(_ error: SupervisionError) {
        for answer in stopping { answer(.failure(error)) }
        stopping = []
        answerKills(.failure(error))
    }

    // MARK: Deciding and doing

    /// One event after the other: what is done may bring the next.
    private func drain() {
        while !events.isEmpty {
            let event = events.removeFirst()
            let actions = life.handle(event, now: surroundings.now, random: surroundings.random.next())
            for action in actions { perform(action) }
            answer()
        }
        show()
    }

    private func perform(_ action: WorkerLife.Action) {
        switch action {
        case .look: look()
        case .start: start()
        case .terminate: send(SIGTERM)
        case .kill: send(SIGKILL)
        case .tellRestart(let delay):
            status.restarts += 1
            tell(.restarts(inMilliseconds: delay))
        case .tellRest(let rest): tell(.rests(rest))
        }
    }

    private func look() {
        do throws(SupervisionError) {
            switch try WorkerProbe(files).holder(of: specification) {
            case .nobody:
                events.append(.free)
            case .process(let found, let remark):
                process = found
                logStart = 0
                tell(.adopted(processID: found.processID, remark: remark))
                events.append(.heldBySomebody)
            case .unknown:
                tell(.adopted(processID: nil, remark: "some process holds its lock, and cannot be told from others"))
                watchLock()
                events.append(.heldBySomebody)
            }
        } catch {
            tell(.trouble("\(error)"))
            events.append(.cannotLook)
        }
    }

    private func start() {
        let log = WorkerLog(specification.logPath, files: files)
        do throws(FileError) {
            try files.makeDirectories(FilePath.parent(of: specification.logPath))
            try log.rotateIfLong()
            logStart = try log.sizeBytes
        } catch {
            tell(.trouble("its log: \(error)"))
        }
        switch specification.spawn() {
        case .failure(let failure):
            status.lastEnding = .notStarted(failure.code)
            status.lastLines = []
            tell(.ended(.notStarted(failure.code), wasAsked: false, lastLines: []))
            events.append(.notStarted(code: failure.code))
        case .success(let id):
            hold(id)
        }
    }

    private func hold(_ id: Int32) {
        do throws(SupervisionError) {
            // A child that has ended is there until it is waited for.
            guard let descriptor = try ProcessDescriptor(id) else { throw .noProcessDescriptors(code: ESRCH) }
            process = descriptor
            tell(.started(processID: id))
            events.append(.started)
            guard let mark = ProcessMark.of(id, files) else { return }
            try onFiles { () throws(FileError) in try mark.write(specification.markPath, files) }
        } catch {
            tell(.trouble("\(error)"))
            guard process == nil else { return }
            // What cannot be watched must not run.
            Glibc.kill(id, SIGKILL)
            while waitpid(id, nil, 0) < 0, errno == EINTR {}
            events.append(.notStarted(code: EMFILE))
        }
    }

    private func send(_ signal: Int32) {
        guard let process else {
            let failure = SupervisionError.heldByUnknown(specification.id, lockPath: specification.lockPath)
            tell(.trouble("\(failure)"))
            return refuse(failure)
        }
        process.send(signal)
    }

    // MARK: Ends

    func processHasEnded() {
        guard let ending = process?.ending() else { return }
        process = nil
        hasEnded(ending)
    }

    func lockIsFree(watch: Int) {
        guard watch == lockWatch else { return }
        lockWatch = nil
        hasEnded(.unseen)
    }

    private func hasEnded(_ ending: WorkerEnding) {
        let wasAsked =
            switch life.state {
            case .stopping, .killing: true
            default: false
            }
        status.lastEnding = ending
        do throws(FileError) {
            status.lastLines = try WorkerLog(specification.logPath, files: files).lastLines(from: logStart)
        } catch {
            status.lastLines = []
            tell(.trouble("its log: \(error)"))
        }
        tell(.ended(ending, wasAsked: wasAsked, lastLines: status.lastLines))
        handle(.ended(ending, checkpoint: surroundings.lastCheckpoint(specification.id)))
    }

    /// A thread of its own waits until the lock is free: the kernel tells nobody else.
    private func watchLock() {
        lockWatches += 1
        lockWatch = lockWatches
        let (files, path, mailbox, id, watch) = (
            surroundings.files, specification.lockPath, mailbox, specification.id, lockWatches
        )
        _ = WorkerThread(name: "lock watch") {
            do throws(FileError) { try files.lock(path, wait: true)?.release() } catch {
                // It is looked for again, and what is wrong with it is told then.
            }
            mailbox.post(.lockFreed(id, watch: watch))
        }
    }

    // MARK: Telling

    private func answer() {
        switch life.state {
        case .resting: break
        // Stopped, and started again at somebody else's wish.
        case .looking: return answerStops()
        case .starting, .running, .stopping, .killing, .waiting: return
        }
        answerStops()
        guard !killing.isEmpty else { return }
        do throws(SupervisionError) {
            // Whoever took the lock in between is found by another look.
            guard let lock = try takeLock() else {
                looks += 1
                guard looks < Self.largestLooks else {
                    throw .heldByUnknown(specification.id, lockPath: specification.lockPath)
                }
                return events.append(.killWanted)
            }
            answerKills(.success(lock))
        } catch {
            answerKills(.failure(error))
        }
    }

    private func answerStops() {
        show()
        for answer in stopping { answer(.success(status)) }
        stopping = []
    }

    private func answerKills(_ result: Result<any FileLock, SupervisionError>) {
        for answer in killing { answer(result) }
        killing = []
    }

    private func takeLock() throws(SupervisionError) -> (any FileLock)? {
        try onFiles { () throws(FileError) in
            try files.makeDirectories(FilePath.parent(of: specification.lockPath))
            return try files.lock(specification.lockPath, wait: false)
        }
    }

    private func tell(_ event: WorkerNotice.Event) {
        surroundings.notice(
            WorkerNotice(id: specification.id, at: surroundings.time.wallMilliseconds(), event: event))
    }

    private func show() {
        let phase = phase
        if phase != status.phase { status.since = surroundings.time.wallMilliseconds() }
        status.phase = phase
        status.processID = process?.processID
        mailbox.show(status, of: specification.id)
    }

    private var phase: WorkerStatus.Phase {
        switch life.state {
        case .looking, .starting: .starting
        case .running: .running
        case .stopping, .killing: .stopping
        case .waiting: .waiting
        case .resting(.stopped): .stopped
        case .resting(.finished): .finished
        case .resting(.failed(let failure)): .failed(failure)
        }
    }
}
