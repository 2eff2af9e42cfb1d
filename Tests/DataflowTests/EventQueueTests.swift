import Dataflow
import Testing

@Suite struct EventQueueTests {
    private func names(_ events: [SubtaskEvent]) -> [String] {
        events.map { String("\($0)".prefix { $0 != "(" }) }
    }

    @Test func aTryThatFailedLeavesNothingToTheNext() {
        let events = EventQueue()
        events.post(.progressed)
        events.post(.newsCame)
        events.post(.exhausted(subtask: 1))
        events.post(.failed(JobFailure(.world, "of the last try")))
        events.post(.materialised)
        events.beginAnew()
        #expect(names(events.take(timeoutMilliseconds: 0)) == ["newsCame"])
    }

    /// The try that has heard of it may have failed over its last checkpoint.
    @Test(arguments: [false, true]) func aStopIsAskedForAgain(isTaken: Bool) {
        let events = EventQueue()
        events.post(.stopRequested)
        if isTaken { #expect(names(events.take(timeoutMilliseconds: 0)) == ["stopRequested"]) }
        events.post(.progressed)
        events.beginAnew()
        #expect(names(events.take(timeoutMilliseconds: 0)) == ["stopRequested"])
        events.beginAnew()
        #expect(names(events.take(timeoutMilliseconds: 0)) == ["stopRequested"])
    }

    @Test func whereNobodyAskedForAStopThereIsNone() {
        let events = EventQueue()
        events.beginAnew()
        #expect(events.take(timeoutMilliseconds: 0).isEmpty)
    }
}
