import HostSystem

// Decides when epochs begin and when one is complete. A value: events go in, actions come out, no I/O inside.
//
//   idle ──due, or asked for──▶ collecting ──all handed over──▶ committing ──committed──▶ idle, or ended
//
// The next epoch begins 20 times the last commit's duration after it (at least 20 ms), so committing stays under 5 % of
// the time, unless an interval is set; and only where rows were read or written since the last one, or a timer on journal
// time came due, so that an idle job writes nothing.
// When every source is exhausted, or a stop is asked for, the last barrier follows at once.

package struct EpochCoordinator {
    package enum Action: Sendable {
        /// Ask every source for this barrier.
        case request(Barrier)
        case commit(Barrier, [SubtaskSnapshot])
        /// Nothing to do before this time of the monotonic clock (nil: before the next event).
        case wait(untilNanoseconds: Int64?)
        case ended(BarrierKind)
    }

    private enum State {
        case idle
        case collecting(Barrier, missing: Set<UInt32>, [SubtaskSnapshot])
        case committing(Barrier)
        case closing(BarrierKind, missing: Set<UInt32>)
        case ended(BarrierKind)
    }

    package static let shortestIntervalNanoseconds: Int64 = 20_000_000
    package static let commitShare: Int64 = 20
    /// Between two looks at inputs that are waited for.
    private static let inputWaitNanoseconds: Int64 = 1_000_000

    private let subtasks: Set<UInt32>
    private var unread: Set<UInt32>
    private let fixedIntervalNanoseconds: Int64?
    private let minimumPauseNanoseconds: Int64
    /// What follows when all sources are exhausted.
    private let exhaustedKind: BarrierKind
    private var state = State.idle
    private var nextCheckpoint: UInt64
    private var dueNanoseconds: Int64
    /// Rows were read or written since the last commit.
    private var hasProgress = false
    /// The job's time, as of the last barrier: never goes back.
    package private(set) var milliseconds: Int64
    /// The earliest of all subtasks' timers.
    private var nextTimerMilliseconds: Int64?
    private var stopIsAsked = false
    private var epochIsAsked = false
    private var savepointIsAsked = false
    private var checkpointIsAsked = false
    /// Nothing begins but the last epoch.
    package var standsStill = false
    /// An epoch that is due is to wait: looked at again at this time of the monotonic clock.
    package var notBeforeNanoseconds: Int64?
    /// No epoch ends, not even the last one: inputs are on their way to where it is to end.
    package var waitsForInputs = false
    private(set) var lastCommitNanoseconds: Int64
    /// Every checkpoint is kept as a savepoint is.
    private let retainsCheckpoints: Bool

    package init(
        subtasks: [UInt32], sources: [UInt32], nextCheckpoint: UInt64, fixedIntervalNanoseconds: Int64?,
        minimumPauseNanoseconds: Int64, exhaustedKind: BarrierKind, nowNanoseconds: Int64,
        journalMilliseconds: Int64 = .min, firstTimerMilliseconds: Int64? = nil,
        retainsCheckpoints: Bool = false
    ) {
        self.retainsCheckpoints = retainsCheckpoints
        milliseconds = journalMilliseconds
        nextTimerMilliseconds = firstTimerMilliseconds
        self.subtasks = Set(subtasks)
        unread = Set(sources)
        self.nextCheckpoint = nextCheckpoint
        lastCommitNanoseconds = nowNanoseconds
        self.fixedIntervalNanoseconds = fixedIntervalNanoseconds
        self.minimumPauseNanoseconds = minimumPauseNanoseconds
        self.exhaustedKind = exhaustedKind
        dueNanoseconds = nowNanoseconds + (fixedIntervalNanoseconds ?? Self.shortestIntervalNanoseconds)
    }

    package var isAllRead: Bool { unread.isEmpty }

    /// Ends the epoch now, whether or not there is anything new.
    package mutating func wantSavepoint() {
        savepointIsAsked = true
        epochIsAsked = true
    }

    /// Ends the epoch now, though nothing was read.
    /// - Returns: the checkpoint's number; nil: another epoch is being ended.
    package mutating func wantCheckpoint() -> UInt64? {
        guard case .idle = state else { return nil }
        checkpointIsAsked = true
        epochIsAsked = true
        return nextCheckpoint
    }

    /// Nothing was read or written since the last commit.
    package var isUntouched: Bool {
        if case .idle = state { return !hasProgress }
        return false
    }

    /// So much time has passed before the first barrier.
    package mutating func begin(at milliseconds: Int64) { self.milliseconds = max(self.milliseconds, milliseconds) }

    /// The earliest timer of those that the last barrier left, while an epoch may begin for it.
    package var waitingTimerMilliseconds: Int64? {
        if case .idle = state, !standsStill { return nextTimerMilliseconds }
        return nil
    }

    /// An epoch would end now, if nothing were waited for. `wallMilliseconds`: the job's time, where it is not the clock's.
    package func wantsToEnd(nowNanoseconds: Int64, wallMilliseconds: Int64) -> Bool {
        guard case .idle = state, !standsStill else { return false }
        if unread.isEmpty || stopIsAsked || epochIsAsked { return true }
        let timerIsDue = nextTimerMilliseconds.map { $0 <= max(milliseconds, wallMilliseconds) } ?? false
        return nowNanoseconds >= dueNanoseconds && (hasProgress || timerIsDue)
    }

    /// When the clock reaches the earliest timer, by the monotonic clock, and an epoch may begin; nil: there is none, or it has.
    private func nextTimer(_ nowNanoseconds: Int64, _ wall: Int64) -> Int64? {
        // One that is not due by the job's time waits for that, however late it is.
        guard let timer = nextTimerMilliseconds, timer > wall else { return nil }
        // A far timer is looked at again after a day.
        let (far, isFar) = timer.subtractingReportingOverflow(wall)
        let wait = isFar ? 86_400_000 : min(far, 86_400_000)
        return max(dueNanoseconds, nowNanoseconds + wait * 1_000_000)
    }

    package mutating func stop() { stopIsAsked = true }
    package mutating func wantEpoch() { epochIsAsked = true }
    /// A subtask has read or written its first row since the last commit.
    package mutating func progressed() { hasProgress = true }
    package mutating func exhausted(_ source: UInt32) { unread.remove(source) }

    /// - Returns: false: the snapshot is not one of the epoch that is being collected, which nothing can go on from.
    @discardableResult
    package mutating func handedOver(_ subtask: UInt32, checkpoint: UInt64, _ snapshot: SubtaskSnapshot) -> Bool {
        guard case .collecting(let barrier, var missing, var snapshots) = state, barrier.checkpoint == checkpoint,
            missing.remove(subtask) != nil
        else { return false }
        snapshots.append(snapshot)
        state = .collecting(barrier, missing: missing, snapshots)
        return true
    }

    package mutating func committed(durationNanoseconds: Int64, nowNanoseconds: Int64) {
        guard case .committing(let barrier) = state else {
            preconditionFailure("what is committed was being committed")
        }
        nextCheckpoint += 1
        lastCommitNanoseconds = nowNanoseconds
        if let fixedIntervalNanoseconds {
            // From one beginning to the next; a commit that took longer is followed at once, or after the pause asked for.
            dueNanoseconds = max(dueNanoseconds + fixedIntervalNanoseconds, nowNanoseconds + minimumPauseNanoseconds)
        } else {
            let pause = max(Self.shortestIntervalNanoseconds, durationNanoseconds * Self.commitShare)
            dueNanoseconds = nowNanoseconds + max(pause, minimumPauseNanoseconds)
        }
        state = barrier.kind.isLast ? .closing(barrier.kind, missing: subtasks) : .idle
    }

    /// A subtask has done all that follows the last commit.
    package mutating func finished(_ subtask: UInt32) {
        guard case .closing(let kind, var missing) = state else { return }
        missing.remove(subtask)
        state = missing.isEmpty ? .ended(kind) : .closing(kind, missing: missing)
    }

    /// What to do now; `wallMilliseconds`: what the clock says; `journalMilliseconds`: the job's time, where it is another.
    package mutating func next(
        nowNanoseconds: Int64, wallMilliseconds: Int64, journalMilliseconds: Int64? = nil
    ) -> Action {
        switch state {
        case .idle:
            let last: BarrierKind? = unread.isEmpty ? exhaustedKind : stopIsAsked ? .stop : nil
            guard last != nil || !standsStill else { return .wait(untilNanoseconds: nil) }
            let isDue = nowNanoseconds >= dueNanoseconds && notBeforeNanoseconds == nil || epochIsAsked
            let reached = max(milliseconds, journalMilliseconds ?? wallMilliseconds)
            let timerIsDue = nextTimerMilliseconds.map { $0 <= reached } ?? false
            let hasReason = hasProgress || timerIsDue || savepointIsAsked || checkpointIsAsked
            guard last != nil || (isDue && hasReason) else {
                let wall = journalMilliseconds == nil ? reached : wallMilliseconds
                let due = max(dueNanoseconds, notBeforeNanoseconds ?? .min)
                return .wait(untilNanoseconds: hasReason ? due : nextTimer(nowNanoseconds, wall))
            }
            guard !waitsForInputs else { return .wait(untilNanoseconds: nowNanoseconds + Self.inputWaitNanoseconds) }
            defer { savepointIsAsked = false }
            epochIsAsked = false
            checkpointIsAsked = false
            milliseconds = reached
            if fixedIntervalNanoseconds != nil { dueNanoseconds = nowNanoseconds }
            let barrier = Barrier(
                checkpoint: nextCheckpoint, kind: last ?? .periodic, milliseconds: reached,
                isSavepoint: savepointIsAsked || retainsCheckpoints)
            state = .collecting(barrier, missing: subtasks, [])
            return .request(barrier)
        case .collecting(let barrier, let missing, let snapshots):
            guard missing.isEmpty else { return .wait(untilNanoseconds: nil) }
            state = .committing(barrier)
            hasProgress = false
            nextTimerMilliseconds = snapshots.compactMap(\.nextTimerMilliseconds).min()
            return .commit(barrier, snapshots)
        case .committing, .closing: return .wait(untilNanoseconds: nil)
        case .ended(let kind): return .ended(kind)
        }
    }
}
