import CommitLog
import HostSystem

// What a version of a deployed job does besides reading and committing: it keeps behind the live version, and stands still
// where a switch of versions asks for it.
//
//   running ──an attempt that concerns us is open──▶ draining ──all below the limit is read──▶ checkpointing
//      ▲                                                                                          │ committed: it holds
//      └──────────── spliced, or released (by us past the time-out) ──────────────────────────── standing
//
// - In the shadow the limit is the live version's last checkpoint, and moves only when what was read is committed: so a
//   version that has caught up commits exactly where the live one has.
// - The live version that is asked to stand still reads what its readers have taken, and no more.
// - Who stands still by what the journal says does so from the start, and reads nothing: a worker that comes back, and a live
//   version that is left because it was taken for dead. What it has read and not committed waits until the attempt is decided.
// - A live version that reads a partition more than once, by several scans, ends an epoch where all of them have come to the
//   same place: its checkpoint is a cut, which one position has to tell.
// - A decided attempt sends it back to `running` from everywhere.
// - Its time is the journal's, up to which it has read all that is published: so timers fire at the same rows whenever they
//   are read. In the shadow time goes no further than the live version's, and exactly there where all below the limit is
//   read, with a checkpoint also where only time has passed. A live version with a timer due says in the journal that time
//   has passed, if nobody else has.
// - Who is told to pause in the shadow reads no more than what its readers have taken by then, which is committed as ever;
//   an attempt that concerns it goes first, and whoever is live has forgotten it.

package struct VersionDuty {
    package enum Phase: Equatable {
        case running
        case draining(UInt64)
        /// This checkpoint says that the version stands still.
        case checkpointing(UInt64, checkpoint: UInt64)
        case standing(UInt64, sinceNanoseconds: Int64)
    }

    /// While a replay is far behind, commits are seldom.
    static let replayIntervalNanoseconds: Int64 = 2_000_000_000
    /// How often it is looked whether all below the limit is read.
    static let pollNanoseconds: Int64 = 2_000_000

    let role: VersionRole
    package private(set) var phase = Phase.running
    /// The job's generation when what is not committed yet began.
    private(set) var generation: UInt64
    private let inputs: [AssembledInput]
    private var limit: InputPosition?
    /// Of some partition there are several readers.
    private let sharesPartitions: Bool
    private var isAligning = false
    private var pauseIsWanted = false
    /// It reads nothing, because that is wanted, and is in the shadow with nothing else to do.
    package private(set) var isPaused = false

    package init(
        _ role: VersionRole, _ inputs: [AssembledInput], _ coordinator: inout EpochCoordinator,
        nowNanoseconds now: Int64
    ) {
        self.role = role
        self.inputs = inputs
        generation = role.deployment.generation
        let partitions = inputs.flatMap { $0.input.readEnds.ends.keys }
        sharesPartitions = Set(partitions).count < partitions.count
        setLimit(role.limit)
        if let attempt = role.attempt { obey(attempt, &coordinator, nowNanoseconds: now) }
    }

    private mutating func obey(
        _ attempt: DeploymentState.Attempt, _ coordinator: inout EpochCoordinator, nowNanoseconds now: Int64
    ) {
        isPaused = false
        if role.standsStill {
            stand(attempt.number, &coordinator, nowNanoseconds: now)
        } else {
            setLimit(role.isLive ? taken : role.limit)
            phase = .draining(attempt.number)
        }
    }

    /// What it has read, and given on.
    package var reads: InputPosition {
        var ends: [TopicPartition: UInt64] = [:]
        for shared in inputs { ends.merge(shared.input.readEnds.ends) { min($0, $1) } }
        return InputPosition(ends)
    }

    /// In the shadow; the journal may name what the inputs have not found yet.
    private var hasReadAll: Bool { role.isLive || role.limit.map(hasRead) ?? true }

    private func hasRead(_ limit: InputPosition) -> Bool {
        let reads = reads
        return limit.ofTopics.ends.allSatisfy { reads[$0.key] ?? 0 >= $0.value }
    }

    // MARK: Time

    /// The job's time for a barrier that is sent now; nil: it is the clock's.
    package var journalMilliseconds: Int64? {
        guard role.keepsClock else { return nil }
        // Its position is said.
        if case .standing = phase { return .min }
        // Who made the limit has seen that nothing which is beyond it was published before that time.
        if let limit, let clock = limit.clock, hasRead(limit) { return clock }
        let unread = inputs.compactMap(\.input.unreadSince).min() ?? role.milliseconds
        return role.isLive ? unread : min(unread, role.limit?.clock ?? 0)
    }

    /// Has the journal say that time has passed where the live version waits for that alone.
    /// - Returns: true: there is news in the journal.
    package func tick(_ coordinator: EpochCoordinator, wallMilliseconds: Int64) throws(JobFailure) -> Bool {
        guard role.keepsClock, role.isLive, phase == .running, let timer = coordinator.waitingTimerMilliseconds,
            timer <= wallMilliseconds, role.milliseconds < timer
        else { return false }
        // Others may have said it.
        try role.look()
        if role.milliseconds < timer, role.isLive { try role.tick() }
        return true
    }

    /// In the shadow a checkpoint is made where the live version has made one, also where only time has passed.
    private func followClock(_ coordinator: inout EpochCoordinator) {
        guard role.keepsClock, !role.isLive, let clock = limit?.clock, clock > coordinator.milliseconds, isQuiet,
            hasReadAll
        else { return }
        _ = coordinator.wantCheckpoint()
    }

    /// Has all readers of a partition end the epoch at one place, where there are several.
    package mutating func align(
        _ coordinator: inout EpochCoordinator, nowNanoseconds now: Int64, wallMilliseconds: Int64
    ) {
        guard sharesPartitions, role.isLive, phase == .running || isDraining,
            coordinator.wantsToEnd(nowNanoseconds: now, wallMilliseconds: wallMilliseconds)
        else {
            isAligning = false
            coordinator.waitsForInputs = false
            return
        }
        // Who drains has a common end already.
        if !isAligning, !isDraining {
            isAligning = true
            setLimit(taken)
        }
        coordinator.waitsForInputs = !isQuiet
    }

    package var isDraining: Bool {
        if case .draining = phase { true } else { false }
    }

    private var isQuiet: Bool { inputs.allSatisfy(\.input.isQuiet) }

    /// From the next `attend` on.
    package mutating func pace(isPaused: Bool) { pauseIsWanted = isPaused }

    private mutating func keepPace() {
        if role.isLive { pauseIsWanted = false }
        let pauses = pauseIsWanted && !role.isConcerned
        guard pauses != isPaused else { return }
        isPaused = pauses
        setLimit(pauses ? taken : role.limit)
    }

    private mutating func setLimit(_ position: InputPosition?) {
        limit = position
        for shared in inputs { shared.input.limit(to: position) }
    }

    /// What all readers have taken by now.
    private var taken: InputPosition {
        var ends: [TopicPartition: UInt64] = [:]
        for shared in inputs { ends.merge(shared.input.takenEnds.ends) { max($0, $1) } }
        return InputPosition(ends)
    }

    /// Looks at the journal, and does what it says.
    package mutating func attend(_ coordinator: inout EpochCoordinator, nowNanoseconds now: Int64) throws(JobFailure) {
        let attempt = role.attempt
        switch phase {
        case .running:
            if let attempt {
                obey(attempt, &coordinator, nowNanoseconds: now)
                try attend(&coordinator, nowNanoseconds: now)
            } else {
                keepPace()
                guard coordinator.isUntouched, !isAligning else { return }
                generation = role.deployment.generation
                if !isPaused, limit != role.limit, role.isLive || isQuiet { setLimit(role.limit) }
                if !isPaused { followClock(&coordinator) }
            }
        case .draining(let number):
            guard attempt?.number == number else { return goOn(&coordinator) }
            if !role.isLive, limit != role.limit { setLimit(role.limit) }
            if isQuiet, hasReadAll, let checkpoint = coordinator.wantCheckpoint() {
                phase = .checkpointing(number, checkpoint: checkpoint)
            }
        case .checkpointing: break
        case .standing(let number, let since):
            guard let attempt, attempt.number == number else { return goOn(&coordinator) }
            if now - since >= Int64(attempt.timeoutMilliseconds) * 1_000_000 {
                try role.release(number)
                try role.look()
            }
        }
    }

    private mutating func stand(_ attempt: UInt64, _ coordinator: inout EpochCoordinator, nowNanoseconds now: Int64) {
        setLimit(taken)
        phase = .standing(attempt, sinceNanoseconds: now)
        coordinator.standsStill = true
    }

    private mutating func goOn(_ coordinator: inout EpochCoordinator) {
        phase = .running
        coordinator.standsStill = false
        if coordinator.isUntouched { generation = role.deployment.generation }
        setLimit(role.limit)
        keepPace()
    }

    /// For the journal entry of a checkpoint.
    /// - Parameter milliseconds: the job's time at its barrier.
    package func epoch(_ checkpoint: UInt64, at milliseconds: Int64) -> DeployedEpoch {
        var holds: UInt64?
        if case .checkpointing(let number, checkpoint) = phase { holds = number }
        var reads = reads
        if role.keepsClock { reads.clock = milliseconds }
        return DeployedEpoch(generation: generation, reads: reads, holds: holds)
    }

    package mutating func committed(
        _ checkpoint: UInt64, _ coordinator: inout EpochCoordinator, nowNanoseconds now: Int64
    ) throws(JobFailure) {
        isAligning = false
        try role.look()
        if case .checkpointing(let number, checkpoint) = phase {
            phase = .standing(number, sinceNanoseconds: now)
            coordinator.standsStill = true
        } else if phase == .running, !isPaused {
            setLimit(role.limit)
        }
    }

    /// Whether an epoch that is due may end: in the shadow, where the live version's has ended.
    package func mayEndEpoch(lastCommitNanoseconds: Int64, nowNanoseconds now: Int64) -> Bool {
        limit == nil || isQuiet || now - lastCommitNanoseconds >= Self.replayIntervalNanoseconds
    }
}
