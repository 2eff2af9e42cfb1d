import Glibc

// The life of one worker, as the supervisor sees it: what happens goes in, what is to be done comes out. No I/O; the time is
// passed in.
//
//     looking ──free──► starting ──► running ──ends by itself──► waiting (back-off) ──► looking …
//        │ held                        ▲ │                          └─► resting: finished, failed
//        └─────────────────────────────┘ └─ stop ─► stopping ─ too long ─► killing ──ends──► resting: stopped
//
// Invariant: `start` is asked for only when nobody was found, and never while a process may be alive; the lock that a worker
// holds makes certain what the driver cannot see.

/// Why a worker is not started again by itself.
package enum WorkerFailure: Hashable, Sendable {
    /// A restart would meet the same: the user's data, a conflict, a program that cannot be started.
    case final(WorkerEnding)
    case crashLoop(ends: Int, withinMilliseconds: Int64, last: WorkerEnding)
}

package struct WorkerLife: Hashable, Sendable {
    package enum Rest: Hashable, Sendable {
        case stopped
        /// Exit status 0 that nobody had asked for: its work is done.
        case finished
        case failed(WorkerFailure)
    }

    package enum State: Hashable, Sendable {
        /// The driver was asked who holds the lock. `rest`: where to rest if it is nobody.
        case looking(rest: Rest?)
        case starting
        case running(since: Int64)
        case stopping(killAt: Int64)
        case killing
        case waiting(until: Int64)
        case resting(Rest)
    }

    package enum Event: Hashable, Sendable {
        /// Somebody wants it to run: also after a failure.
        case startWanted
        case stopWanted(withinMilliseconds: Int64)
        case killWanted
        /// The answers to `look`.
        case heldBySomebody
        case free
        case cannotLook
        /// The answers to `start`.
        case started
        case notStarted(code: Int32)
        /// Its process is gone. `checkpoint`: the last one that it has committed, where it is known.
        case ended(WorkerEnding, checkpoint: UInt64?)
        /// `deadline` has come.
        case timeIsUp
    }

    package enum Action: Hashable, Sendable {
        case look
        case start
        case terminate
        case kill
        /// It has ended by itself, and is started again after so long.
        case tellRestart(inMilliseconds: Int64)
        /// It has come to rest.
        case tellRest(Rest)
    }

    private enum Wish: Hashable, Sendable {
        case run
        case stop(withinMilliseconds: Int64)
        case kill
    }

    package let policy: RestartPolicy
    package private(set) var state: State
    private var wish: Wish
    /// Times of the ends since the last checkpoint, within the window.
    private var ends: [Int64] = []
    private var lastCheckpoint: UInt64?
    /// Restarts since it ran for long.
    private var restarts = 0

    /// Begins with a look: it may be running already. The driver does so at once.
    package init(isWanted: Bool, policy: RestartPolicy) {
        self.policy = policy
        wish = isWanted ? .run : .stop(withinMilliseconds: policy.stopBound)
        state = .looking(rest: nil)
    }

    /// When `timeIsUp` is due.
    package var deadline: Int64? {
        switch state {
        case .stopping(let killAt): killAt
        case .waiting(let until): until
        case .looking, .starting, .running, .killing, .resting: nil
        }
    }

    package var rest: Rest? {
        if case .resting(let rest) = state { rest } else { nil }
    }

    /// - Parameters:
    ///   - now: milliseconds of a clock that never goes back.
    ///   - random: spreads back-offs.
    package mutating func handle(_ event: Event, now: Int64, random: UInt64) -> [Action] {
        switch event {
        case .startWanted: start()
        case .stopWanted(let bound): stop(bound, now)
        case .killWanted: kill()
        case .heldBySomebody: isHeld(now)
        case .free: isFree()
        case .cannotLook: cannotLook(now, random)
        case .started: isStarted(now)
        case .notStarted(let code):
            state == .starting ? hasEnded(.notStarted(code), ranSince: now, nil, now, random) : []
        case .ended(let ending, let checkpoint): ended(ending, checkpoint, now, random)
        case .timeIsUp: timeIsUp(now)
        }
    }

    // MARK: Wishes

    private mutating func start() -> [Action] {
        wish = .run
        switch state {
        case .resting, .waiting:
            (ends, restarts) = ([], 0)
            return look(rest: nil)
        case .looking:
            state = .looking(rest: nil)
            return []
        // One that is being stopped is started again when it has ended.
        case .starting, .running, .stopping, .killing: return []
        }
    }

    private mutating func stop(_ bound: Int64, _ now: Int64) -> [Action] {
        switch state {
        case .running:
            return terminate(bound, now)
        case .stopping(let killAt):
            state = .stopping(killAt: min(killAt, Self.sum(now, bound)))
        case .waiting:
            wish = .stop(withinMilliseconds: bound)
            return come(to: .stopped)
        case .looking, .starting, .killing, .resting: break
        }
        if wish != .kill { wish = .stop(withinMilliseconds: bound) }
        return []
    }

    /// Looks even where it rests: somebody else may hold the lock.
    private mutating func kill() -> [Action] {
        wish = .kill
        switch state {
        case .running, .stopping:
            state = .killing
            return [.kill]
        case .resting(let rest): return look(rest: rest)
        case .waiting: return look(rest: .stopped)
        case .looking, .starting, .killing: return []
        }
    }

    // MARK: Answers

    private mutating func look(rest: Rest?) -> [Action] {
        state = .looking(rest: rest)
        return [.look]
    }

    private mutating func isHeld(_ now: Int64) -> [Action] {
        guard case .looking = state else { return [] }
        return begin(now)
    }

    private mutating func isFree() -> [Action] {
        guard case .looking(let rest) = state else { return [] }
        guard wish == .run, rest == nil else { return come(to: rest ?? .stopped) }
        state = .starting
        return [.start]
    }

    /// Nothing is started without an answer; it is asked again, for as long as it takes.
    private mutating func cannotLook(_ now: Int64, _ random: UInt64) -> [Action] {
        guard case .looking(let rest) = state else { return [] }
        guard wish == .run, rest == nil else { return come(to: rest ?? .stopped) }
        return wait(now, random)
    }

    private mutating func isStarted(_ now: Int64) -> [Action] {
        guard state == .starting else { return [] }
        return begin(now)
    }

    /// There is a process. It may have become unwanted meanwhile.
    private mutating func begin(_ now: Int64) -> [Action] {
        switch wish {
        case .run:
            state = .running(since: now)
            return []
        case .stop(let bound):
            return terminate(bound, now)
        case .kill:
            state = .killing
            return [.kill]
        }
    }

    private mutating func terminate(_ bound: Int64, _ now: Int64) -> [Action] {
        wish = .stop(withinMilliseconds: bound)
        state = .stopping(killAt: Self.sum(now, bound))
        return [.terminate]
    }

    private mutating func timeIsUp(_ now: Int64) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        if case .waiting = state { return look(rest: nil) }
        state = .killing
        return [.kill]
    }

    // MARK: Ends

    private mutating func ended(
        _ ending: WorkerEnding, _ checkpoint: UInt64?, _ now: Int64, _ random: UInt64
    ) -> [Action] {
        switch state {
        case .running(let since):
            return hasEnded(ending, ranSince: since, checkpoint, now, random)
        case .stopping, .killing:
            guard wish == .run else { return come(to: .stopped) }
            (ends, restarts) = ([], 0)
            return look(rest: nil)
        case .looking, .starting, .waiting, .resting: return []
        }
    }

    private mutating func hasEnded(
        _ ending: WorkerEnding, ranSince since: Int64, _ checkpoint: UInt64?, _ now: Int64, _ random: UInt64
    ) -> [Action] {
        if ending == .exit(0) { return come(to: .finished) }
        // Asked to stop before it was there.
        guard wish == .run else { return come(to: .stopped) }
        // Somebody else may hold the lock: then that one is the worker.
        if ending == .exit(WorkerEnding.conflict) { return look(rest: .failed(.final(ending))) }
        if ending.isFinal { return come(to: .failed(.final(ending))) }
        if now - since >= policy.resetAfter { (ends, restarts) = ([], 0) }
        if let checkpoint, checkpoint > lastCheckpoint ?? 0 {
            lastCheckpoint = checkpoint
            ends = []
        }
        ends.removeAll { now - $0 > policy.crashLoopWindow }
        ends.append(now)
        if ends.count >= policy.crashLoopEnds {
            let within = now - (ends.first ?? now)
            return come(to: .failed(.crashLoop(ends: ends.count, withinMilliseconds: within, last: ending)))
        }
        return wait(now, random)
    }

    private mutating func wait(_ now: Int64, _ random: UInt64) -> [Action] {
        let delay = policy.backOff(restart: restarts, random: random)
        restarts += 1
        state = .waiting(until: Self.sum(now, delay))
        return [.tellRestart(inMilliseconds: delay)]
    }

    private mutating func come(to rest: Rest) -> [Action] {
        state = .resting(rest)
        return [.tellRest(rest)]
    }

    /// A bound may be as long as somebody likes.
    private static func sum(_ now: Int64, _ bound: Int64) -> Int64 {
        let sum = now.addingReportingOverflow(max(0, bound))
        return sum.overflow ? .max : sum.partialValue
    }
}

extension WorkerEnding {
    /// The tool's exit status where somebody else holds a name or a lock, or the plan does not fit the state.
    static let conflict: Int32 = 4

    /// A restart would end the same way.
    var isFinal: Bool {
        switch self {
        // 1: the user's job or data.
        case .exit(let code): code == 1 || code == Self.conflict
        case .notStarted(let code):
            [ENOENT, EACCES, ENOTDIR, ENOEXEC, EISDIR, ELOOP, ENAMETOOLONG, E2BIG, EINVAL].contains(code)
        case .signal, .unseen: false
        }
    }
}

extension WorkerFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .final(let ending): "\(ending); a restart would not change that"
        case .crashLoop(let ends, let within, let last):
            "crash loop: \(ends) ends within \((within + 999) / 1000) s and no checkpoint between them; the last: \(last)"
        }
    }
}
