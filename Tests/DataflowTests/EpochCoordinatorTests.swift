import Dataflow
import Testing

// Tests read like scripts: events in, the action that must follow.

@Suite struct EpochCoordinatorTests {
    private func coordinator(
        interval: Int64? = nil, exhausted: BarrierKind = .end
    ) -> EpochCoordinator {
        EpochCoordinator(
            subtasks: [0, 1], sources: [0], nextCheckpoint: 1, fixedIntervalNanoseconds: interval,
            minimumPauseNanoseconds: 0, exhaustedKind: exhausted, nowNanoseconds: 0)
    }

    private func request(_ action: EpochCoordinator.Action) -> Barrier? {
        if case .request(let barrier) = action { barrier } else { nil }
    }

    private func wait(_ action: EpochCoordinator.Action) -> Int64? {
        if case .wait(let until) = action { until } else { nil }
    }

    private func isCommit(_ action: EpochCoordinator.Action) -> Bool {
        if case .commit = action { true } else { false }
    }

    @Test func anEpochIsCommittedWhenAllHaveHandedOver() {
        var c = coordinator()
        c.progressed()
        #expect(wait(c.next(nowNanoseconds: 0, wallMilliseconds: 0)) == 20_000_000)
        #expect(
            request(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 0))
                == Barrier(checkpoint: 1, kind: .periodic, milliseconds: 0))
        c.handedOver(0, checkpoint: 1, SubtaskSnapshot())
        #expect(!isCommit(c.next(nowNanoseconds: 21_000_000, wallMilliseconds: 0)))
        c.handedOver(1, checkpoint: 1, SubtaskSnapshot())
        #expect(isCommit(c.next(nowNanoseconds: 22_000_000, wallMilliseconds: 0)))
    }

    @Test func theNextEpochBeginsTwentyTimesTheCommitLater() {
        var c = coordinator()
        commit(&c, number: 1, at: 20_000_000, duration: 3_000_000)
        c.progressed()
        #expect(wait(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 0)) == 80_000_000)
        #expect(request(c.next(nowNanoseconds: 80_000_000, wallMilliseconds: 0))?.checkpoint == 2)
    }

    @Test func aShortCommitStillWaitsTwentyMilliseconds() {
        var c = coordinator()
        commit(&c, number: 1, at: 20_000_000, duration: 1000)
        c.progressed()
        #expect(wait(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 0)) == 40_000_000)
    }

    @Test func anIdleJobWritesNothing() {
        var c = coordinator()
        commit(&c, number: 1, at: 20_000_000, duration: 1000)
        for k in 1...50 {
            #expect(request(c.next(nowNanoseconds: 20_000_000 + Int64(k) * 50_000_000, wallMilliseconds: 0)) == nil)
        }
        c.progressed()
        #expect(request(c.next(nowNanoseconds: 10_000_000_000, wallMilliseconds: 0)) != nil)
    }

    @Test func aTimerEndsAnEpochOfItsOwn() {
        var c = coordinator()
        c.progressed()
        #expect(request(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 1_000))?.milliseconds == 1_000)
        var snapshot = SubtaskSnapshot()
        snapshot.nextTimerMilliseconds = 1_500
        c.handedOver(0, checkpoint: 1, snapshot)
        c.handedOver(1, checkpoint: 1, SubtaskSnapshot())
        #expect(isCommit(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 1_000)))
        c.committed(durationNanoseconds: 1, nowNanoseconds: 20_000_000)
        #expect(wait(c.next(nowNanoseconds: 120_000_000, wallMilliseconds: 1_100)) == 520_000_000)
        #expect(request(c.next(nowNanoseconds: 520_000_000, wallMilliseconds: 1_500))?.checkpoint == 2)
    }

    @Test func aTimerWaitsForTheJobsOwnTime() {
        var c = coordinator()
        c.begin(at: 700)
        c.progressed()
        let first = c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 9_000, journalMilliseconds: .min)
        #expect(request(first)?.milliseconds == 700)
        var snapshot = SubtaskSnapshot()
        snapshot.nextTimerMilliseconds = 1_500
        c.handedOver(0, checkpoint: 1, snapshot)
        c.handedOver(1, checkpoint: 1, SubtaskSnapshot())
        #expect(c.waitingTimerMilliseconds == nil)
        #expect(isCommit(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 9_000, journalMilliseconds: 800)))
        c.committed(durationNanoseconds: 1, nowNanoseconds: 20_000_000)
        #expect(c.waitingTimerMilliseconds == 1_500)
        // By the clock it is long over, and nobody is to look again and again.
        let overdue = c.next(nowNanoseconds: 120_000_000, wallMilliseconds: 9_000, journalMilliseconds: 800)
        guard case .wait(nil) = overdue else {
            Issue.record("\(overdue)")
            return
        }
        // By the clock it is yet to come: somebody may have to say then that time has passed.
        #expect(
            wait(c.next(nowNanoseconds: 120_000_000, wallMilliseconds: 1_100, journalMilliseconds: 800)) == 520_000_000)
        let due = c.next(nowNanoseconds: 130_000_000, wallMilliseconds: 1_100, journalMilliseconds: 1_600)
        #expect(request(due)?.milliseconds == 1_600)
    }

    @Test func journalTimeNeverGoesBack() {
        var c = coordinator()
        commit(&c, number: 1, at: 20_000_000, duration: 1, wall: 5_000)
        c.progressed()
        #expect(request(c.next(nowNanoseconds: 90_000_000, wallMilliseconds: 3_000))?.milliseconds == 5_000)
    }

    @Test func aFixedIntervalRunsFromBeginningToBeginning() {
        var c = coordinator(interval: 1_000_000_000)
        c.progressed()
        #expect(wait(c.next(nowNanoseconds: 0, wallMilliseconds: 0)) == 1_000_000_000)
        commit(&c, number: 1, at: 1_000_000_000, duration: 300_000_000)
        c.progressed()
        #expect(wait(c.next(nowNanoseconds: 1_300_000_000, wallMilliseconds: 0)) == 2_000_000_000)
    }

    @Test func theEndFollowsWhenTheSourcesAreExhausted() {
        var c = coordinator()
        c.exhausted(0)
        #expect(
            request(c.next(nowNanoseconds: 1, wallMilliseconds: 0))
                == Barrier(checkpoint: 1, kind: .end, milliseconds: 0))
        c.handedOver(0, checkpoint: 1, SubtaskSnapshot())
        c.handedOver(1, checkpoint: 1, SubtaskSnapshot())
        #expect(isCommit(c.next(nowNanoseconds: 2, wallMilliseconds: 0)))
        c.committed(durationNanoseconds: 1, nowNanoseconds: 3)
        guard case .wait = c.next(nowNanoseconds: 4, wallMilliseconds: 0) else {
            Issue.record("ended too early"); return
        }
        c.finished(0)
        c.finished(1)
        guard case .ended(.end) = c.next(nowNanoseconds: 5, wallMilliseconds: 0) else {
            Issue.record("not ended"); return
        }
    }

    @Test func aStopWaitsForTheEpochThatIsUnderWay() {
        var c = coordinator()
        c.progressed()
        #expect(request(c.next(nowNanoseconds: 20_000_000, wallMilliseconds: 0))?.kind == .periodic)
        c.stop()
        c.handedOver(0, checkpoint: 1, SubtaskSnapshot())
        c.handedOver(1, checkpoint: 1, SubtaskSnapshot())
        #expect(isCommit(c.next(nowNanoseconds: 21_000_000, wallMilliseconds: 0)))
        c.committed(durationNanoseconds: 1, nowNanoseconds: 22_000_000)
        #expect(
            request(c.next(nowNanoseconds: 22_000_001, wallMilliseconds: 0))
                == Barrier(checkpoint: 2, kind: .stop, milliseconds: 0))
    }

    @Test func whatIsThereIsReadAndNothingIsEnded() {
        var c = coordinator(exhausted: .stop)
        c.exhausted(0)
        #expect(request(c.next(nowNanoseconds: 1, wallMilliseconds: 0))?.kind == .stop)
        #expect(c.isAllRead)
    }

    @Test func muchDirtyStateEndsTheEpochEarly() {
        var c = coordinator(interval: 60_000_000_000)
        c.progressed()
        c.wantEpoch()
        #expect(request(c.next(nowNanoseconds: 5, wallMilliseconds: 0))?.checkpoint == 1)
    }

    private func commit(_ c: inout EpochCoordinator, number: UInt64, at now: Int64, duration: Int64, wall: Int64 = 0) {
        c.progressed()
        #expect(request(c.next(nowNanoseconds: now, wallMilliseconds: wall))?.checkpoint == number)
        c.handedOver(0, checkpoint: number, SubtaskSnapshot())
        c.handedOver(1, checkpoint: number, SubtaskSnapshot())
        #expect(isCommit(c.next(nowNanoseconds: now, wallMilliseconds: 0)))
        c.committed(durationNanoseconds: duration, nowNanoseconds: now)
    }
}
