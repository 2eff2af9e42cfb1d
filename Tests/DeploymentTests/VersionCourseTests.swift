import Deployment
import Testing

/// When a version goes on by itself.
@Suite struct VersionCourseTests {
    /// One that reads 1000 rows a second of the 100 that arrive, and is far behind; as long as it is to be judged by that.
    private static let replaying = VersionCourse.Facts(
        distanceRows: 1_000_000, arrivalPerSecond: 100, consumptionPerSecond: 1000,
        observedMilliseconds: VersionCourse.observationMilliseconds, stands: false, checkpoints: 5, isPaused: false,
        workerFailure: nil, isRunning: true)

    private func next(
        after state: VersionState, _ options: DeploymentOptions = DeploymentOptions(),
        _ change: (inout VersionCourse.Facts) -> Void = { _ in }
    ) -> VersionState? {
        var facts = Self.replaying
        change(&facts)
        return VersionCourse(options: options, facts: facts).next(after: state)?.state
    }

    // MARK: On its way

    @Test func aReplayGoesOnUntilItIsNear() {
        #expect(next(after: .replaying) == nil)
        // Ten times the largest lag: what arrives in ten seconds.
        #expect(next(after: .replaying) { $0.distanceRows = 1001 } == nil)
        #expect(next(after: .replaying) { $0.distanceRows = 1000 } == .catchingUp)
        #expect(next(after: .replaying) { ($0.distanceRows, $0.arrivalPerSecond) = (0, 0) } == .catchingUp)
        #expect(next(after: .replaying) { ($0.distanceRows, $0.arrivalPerSecond) = (1, 0) } == nil)
        #expect(next(after: .replaying) { ($0.arrivalPerSecond, $0.stands) = (0, true) } == .catchingUp)
        var options = DeploymentOptions()
        options.maxLagMilliseconds = 100
        #expect(next(after: .replaying, options) { $0.distanceRows = 1000 } == nil)
        #expect(next(after: .replaying, options) { $0.distanceRows = 100 } == .catchingUp)
    }

    @Test func itIsInSyncWithinTheLagAndWithACheckpoint() {
        #expect(next(after: .catchingUp) == nil)
        #expect(next(after: .catchingUp) { $0.distanceRows = 101 } == nil)
        #expect(next(after: .catchingUp) { $0.distanceRows = 100 } == .inSync)
        #expect(next(after: .catchingUp) { ($0.distanceRows, $0.checkpoints) = (100, 0) } == nil)
        // Where it stands it has made its checkpoint before.
        #expect(next(after: .catchingUp) { ($0.stands, $0.checkpoints) = (true, 0) } == .inSync)
    }

    @Test(arguments: [VersionState.inSync, .ready])
    func whoFallsFarBehindCatchesUpAgain(state: VersionState) {
        #expect(next(after: state) == .catchingUp)
        #expect(next(after: state) { $0.isPaused = true } == nil)
        #expect(next(after: state) { $0.stands = true } == nil)
    }

    /// Between the two bounds nothing changes, in whatever state it is.
    @Test func nothingFlaps() {
        for distance in UInt64(101)...1000 {
            #expect(next(after: .catchingUp) { $0.distanceRows = distance } == nil)
            #expect(next(after: .inSync) { $0.distanceRows = distance } == nil)
            #expect(next(after: .ready) { $0.distanceRows = distance } == nil)
        }
    }

    // MARK: Too slow

    @Test(arguments: [VersionState.replaying, .catchingUp])
    func oneThatNeverCatchesUpSaysBothRates(state: VersionState) {
        var facts = Self.replaying
        (facts.consumptionPerSecond, facts.arrivalPerSecond, facts.distanceRows) = (118_000, 140_000, 1 << 40)
        let stalled = VersionCourse(options: DeploymentOptions(), facts: facts).next(after: state)
        #expect(stalled?.state == .stalled)
        #expect(stalled?.reason == "replays 118 k/s, arrives 140 k/s: never catches up")
        (facts.consumptionPerSecond, facts.arrivalPerSecond) = (3.4, 9999.4)
        let slow = VersionCourse(options: DeploymentOptions(), facts: facts).next(after: state)
        #expect(slow?.reason == "replays 3/s, arrives 9999/s: never catches up")
    }

    @Test func nobodyIsJudgedTooSoonOrWhereItCannotHelpIt() {
        func slow(_ change: (inout VersionCourse.Facts) -> Void) -> VersionState? {
            next(after: .replaying) {
                ($0.arrivalPerSecond, $0.distanceRows) = (1000, 1 << 40)
                change(&$0)
            }
        }
        #expect(slow { _ in } == .stalled)
        #expect(slow { $0.observedMilliseconds -= 1 } == nil)
        #expect(slow { $0.isPaused = true } == nil)
        #expect(slow { $0.isRunning = false } == nil)
        #expect(slow { $0.stands = true } == .catchingUp)
        // A fifth faster than what arrives is enough.
        #expect(slow { $0.consumptionPerSecond = 1199 } == .stalled)
        #expect(slow { $0.consumptionPerSecond = 1200 } == nil)
    }

    @Test func oneThatWasTooSlowGoesOnWhenItIsNot() {
        #expect(next(after: .stalled) { $0.arrivalPerSecond = 1000 } == nil)
        #expect(next(after: .stalled) == .replaying)
        #expect(next(after: .stalled) { ($0.arrivalPerSecond, $0.distanceRows) = (1000, 1000) } == .replaying)
        // And does not stall at once again, nor go to and fro: it is observed anew.
        #expect(next(after: .replaying) { ($0.arrivalPerSecond, $0.observedMilliseconds) = (1000, 0) } == nil)
    }

    // MARK: Failures

    @Test func whoseWorkerIsGoneHasFailed() {
        let running: Set<VersionState> = [
            .replaying, .catchingUp, .inSync, .auditing, .ready, .stalled, .live, .guarded, .standby,
        ]
        for state in VersionState.allCases {
            let next = VersionCourse(
                options: DeploymentOptions(),
                facts: {
                    var facts = Self.replaying
                    facts.workerFailure = "exit status 1"
                    return facts
                }()
            ).next(after: state)
            #expect(next?.state == (running.contains(state) ? .failed : nil), "\(state)")
            if let next { #expect(next.reason == "exit status 1" && next.state.mayFollow(state)) }
        }
    }

    /// Whatever the facts are, what it says may follow, and says something new.
    @Test func nothingImpossibleFollows() {
        for state in VersionState.allCases {
            for bits in 0..<64 {
                let next = VersionCourse(
                    options: DeploymentOptions(),
                    facts: .init(
                        distanceRows: bits & 1 == 0 ? 0 : .max, arrivalPerSecond: bits & 2 == 0 ? 0 : 1e12,
                        consumptionPerSecond: bits & 4 == 0 ? 0 : 1e12,
                        observedMilliseconds: bits & 8 == 0 ? 0 : .max, stands: bits & 16 != 0,
                        checkpoints: bits & 32 == 0 ? 0 : 1, isPaused: false, workerFailure: nil, isRunning: true)
                ).next(after: state)
                if let next { #expect(next.state.mayFollow(state) && next.state != state) }
            }
        }
        for state in [VersionState.planned, .auditing, .cuttingOver, .live, .guarded, .standby, .retired, .aborted] {
            #expect(next(after: state) == nil)
        }
    }
}
