import Deployment
import Glibc
import Testing

/// Scripts: what happens, and what is done about it. Times in milliseconds.
@Suite struct WorkerLifeTests {
    private static let policy: RestartPolicy = {
        var policy = RestartPolicy()
        policy.crashLoopEnds = 3
        return policy
    }()

    private struct Script {
        var life: WorkerLife
        var now: Int64 = 1_000_000

        init(isWanted: Bool = true, _ policy: RestartPolicy = WorkerLifeTests.policy) {
            life = WorkerLife(isWanted: isWanted, policy: policy)
        }

        mutating func callAsFunction(_ event: WorkerLife.Event, after elapsed: Int64 = 0) -> [WorkerLife.Action] {
            now += elapsed
            return life.handle(event, now: now, random: 0)
        }

        /// To `running`.
        mutating func run() {
            _ = self(.free)
            _ = self(.started)
        }
    }

    @Test func itIsStartedWhereNobodyIsFound() {
        var script = Script()
        #expect(script.life.state == .looking(rest: nil))
        #expect(script(.free) == [.start])
        #expect(script(.started, after: 5) == [])
        #expect(script.life.state == .running(since: 1_000_005))
        #expect(script.life.deadline == nil)
    }

    @Test func whoeverRunsAlreadyIsAdopted() {
        var script = Script()
        #expect(script(.heldBySomebody) == [])
        #expect(script.life.state == .running(since: 1_000_000))
    }

    @Test func whoeverRunsAndShouldNotIsStopped() {
        var script = Script(isWanted: false)
        #expect(script(.heldBySomebody) == [.terminate])
        #expect(script(.ended(.unseen, checkpoint: nil)) == [.tellRest(.stopped)])
        script = Script(isWanted: false)
        #expect(script(.free) == [.tellRest(.stopped)])
    }

    @Test func backOffDoublesUpToItsLimit() {
        var policy = RestartPolicy()
        policy.crashLoopEnds = .max
        var script = Script(policy)
        script.run()
        var delays: [Int64] = []
        for _ in 0..<12 {
            let actions = script(.ended(.signal(SIGSEGV), checkpoint: nil))
            guard case .waiting(let until) = script.life.state else {
                return #expect(Bool(false), "\(script.life.state)")
            }
            #expect(actions == [.tellRestart(inMilliseconds: until - script.now)])
            delays.append(until - script.now)
            #expect(script(.timeIsUp, after: delays.last! - 1) == [], "not before its time")
            #expect(script(.timeIsUp, after: 1) == [.look])
            script.run()
        }
        #expect(delays == [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000])
        // Five minutes of running, and it begins anew.
        #expect(script(.ended(.exit(3), checkpoint: nil), after: 300_000) == [.tellRestart(inMilliseconds: 200)])
    }

    @Test func backOffsAreSpread() {
        let policy = RestartPolicy()
        var seen: Set<Int64> = []
        for random in 0..<1000 as Range<UInt64> {
            var life = WorkerLife(isWanted: true, policy: policy)
            _ = life.handle(.free, now: 0, random: random)
            _ = life.handle(.started, now: 0, random: random)
            _ = life.handle(.ended(.exit(3), checkpoint: nil), now: 0, random: random)
            seen.insert(life.deadline ?? 0)
        }
        #expect(seen == Set(150...200))
    }

    @Test func aCrashLoopEnds() {
        var script = Script()
        script.run()
        for _ in 0..<2 {
            _ = script(.ended(.exit(3), checkpoint: 7), after: 10)
            _ = script(.timeIsUp, after: 1000)
            script.run()
        }
        let failure = WorkerFailure.crashLoop(ends: 3, withinMilliseconds: 2020, last: .signal(SIGABRT))
        #expect(script(.ended(.signal(SIGABRT), checkpoint: 7), after: 10) == [.tellRest(.failed(failure))])
        #expect(
            "\(failure)".hasPrefix("crash loop: 3 ends within 3 s and no checkpoint between them; the last: signal 6"))
        #expect(script.life.deadline == nil)
        // Only at somebody's wish, and then with all its restarts.
        #expect(script(.timeIsUp, after: 1_000_000) == [])
        #expect(script(.stopWanted(withinMilliseconds: 5)) == [])
        #expect(script.life.rest == .failed(failure))
        #expect(script(.startWanted) == [.look])
        script.run()
        #expect(script(.ended(.exit(3), checkpoint: 7)) == [.tellRestart(inMilliseconds: 200)])
    }

    @Test func aWorkerThatComesFurtherIsInNoCrashLoop() {
        var script = Script()
        for checkpoint in 1...20 as ClosedRange<UInt64> {
            script.run()
            _ = script(.ended(.signal(SIGKILL), checkpoint: checkpoint))
            #expect(script.life.rest == nil)
            _ = script(.timeIsUp, after: 60_000)
        }
    }

    @Test func endsThatAreFarApartAreNoCrashLoop() {
        var script = Script()
        for _ in 0..<20 {
            script.run()
            _ = script(.ended(.exit(70), checkpoint: nil), after: 299_000)
            #expect(script.life.rest == nil)
            _ = script(.timeIsUp, after: 60_000)
        }
    }

    @Test(arguments: [WorkerEnding.exit(1), .notStarted(ENOENT), .notStarted(EACCES)])
    func whatARestartWouldMeetAgainIsTheEnd(_ ending: WorkerEnding) {
        var script = Script()
        _ = script(.free)
        let actions =
            if case .notStarted(let code) = ending { script(.notStarted(code: code)) } else {
                script(.started) + script(.ended(ending, checkpoint: nil))
            }
        #expect(actions == [.tellRest(.failed(.final(ending)))])
    }

    @Test(arguments: [EAGAIN, ENOMEM, EMFILE])
    func aStartThatMaySucceedLaterIsTriedAgain(_ code: Int32) {
        var script = Script()
        _ = script(.free)
        #expect(script(.notStarted(code: code)) == [.tellRestart(inMilliseconds: 200)])
    }

    @Test func aConflictIsWithTheOneWhoHoldsTheLock() {
        let failure = WorkerLife.Rest.failed(.final(.exit(4)))
        var script = Script()
        script.run()
        #expect(script(.ended(.exit(4), checkpoint: nil)) == [.look])
        #expect(script(.heldBySomebody) == [])
        #expect(script.life.state == .running(since: 1_000_000))
        #expect(script(.ended(.exit(4), checkpoint: nil)) == [.look])
        #expect(script(.free) == [.tellRest(failure)])
    }

    @Test func finishedIsAnEnd() {
        var script = Script()
        script.run()
        #expect(script(.ended(.exit(0), checkpoint: 3)) == [.tellRest(.finished)])
        #expect(script(.startWanted) == [.look])
    }

    @Test func stopping() {
        var script = Script()
        script.run()
        #expect(script(.stopWanted(withinMilliseconds: 500)) == [.terminate])
        #expect(script.life.deadline == 1_000_500)
        // A second one may be in more of a hurry, never in less.
        #expect(script(.stopWanted(withinMilliseconds: 100)) == [])
        #expect(script(.stopWanted(withinMilliseconds: 9000)) == [])
        #expect(script.life.deadline == 1_000_100)
        #expect(script(.timeIsUp, after: 99) == [])
        #expect(script(.timeIsUp, after: 1) == [.kill])
        #expect(script(.ended(.signal(SIGKILL), checkpoint: nil)) == [.tellRest(.stopped)])
        #expect(script(.stopWanted(withinMilliseconds: .max)) == [])
    }

    @Test(arguments: [WorkerEnding.exit(0), .exit(1), .exit(4), .signal(SIGSEGV), .unseen])
    func howeverAStoppedOneEndsItIsStopped(_ ending: WorkerEnding) {
        var script = Script()
        script.run()
        _ = script(.stopWanted(withinMilliseconds: .max))
        #expect(script(.ended(ending, checkpoint: nil)) == [.tellRest(.stopped)])
    }

    @Test func stoppedAndWantedAgain() {
        var script = Script()
        script.run()
        _ = script(.stopWanted(withinMilliseconds: 10))
        #expect(script(.startWanted) == [])
        #expect(script.life.deadline == 1_000_010)
        #expect(script(.ended(.exit(0), checkpoint: nil)) == [.look])
        #expect(script(.free) == [.start])
    }

    @Test func killing() {
        var script = Script()
        script.run()
        #expect(script(.killWanted) == [.kill])
        #expect(script(.killWanted) == [])
        #expect(script(.ended(.signal(SIGKILL), checkpoint: nil)) == [.tellRest(.stopped)])
        // At rest it is made certain that nobody else runs.
        #expect(script(.killWanted) == [.look])
        #expect(script(.heldBySomebody) == [.kill])
        #expect(script(.ended(.unseen, checkpoint: nil)) == [.tellRest(.stopped)])
    }

    @Test func aWaitingOneIsStoppedAtOnce() {
        var script = Script()
        script.run()
        _ = script(.ended(.exit(3), checkpoint: nil))
        #expect(script(.stopWanted(withinMilliseconds: 10)) == [.tellRest(.stopped)])
        script = Script()
        script.run()
        _ = script(.ended(.exit(3), checkpoint: nil))
        #expect(script(.killWanted) == [.look])
        #expect(script(.free) == [.tellRest(.stopped)])
    }

    @Test func withoutAnAnswerNobodyIsStarted() {
        var script = Script()
        #expect(script(.cannotLook) == [.tellRestart(inMilliseconds: 200)])
        #expect(script(.timeIsUp, after: 200) == [.look])
    }
}
