import Synchronization

/// What subtasks, and those who watch the run, tell the coordinator.
package enum SubtaskEvent: Sendable {
    /// The bounded source of this subtask has given all.
    case exhausted(subtask: UInt32)
    /// The first row since the last commit was read, or reached a sink.
    case progressed
    /// Much is dirty: end the epoch early.
    case epochWanted
    /// A subtask cannot go on before what is committed is in the state base.
    case materialisationWanted
    case handedOver(subtask: UInt32, checkpoint: UInt64, SubtaskSnapshot)
    /// All that follows the last commit is done.
    case finished(subtask: UInt32)
    case failed(JobFailure)
    /// A task slot has left its thread, to go on on one that weighs more.
    case threadWanted(slot: Int)
    /// A signal, or a caller, asks for a last checkpoint.
    case stopRequested
    /// Somebody asks for a savepoint.
    case savepointRequested(SavepointRequest)
    /// Somebody wants to know what was counted: `MetricsSnapshot`, as JSON.
    case metricsRequested(ControlSocket.Answer)
    /// Somebody wants a version that is not live to read nothing for now, or to go on.
    case paceRequested(isPaused: Bool, ControlSocket.Answer)
    case materialised
    /// There may be new input.
    case newsCame
}

extension SubtaskEvent {
    /// It says something of one try of the job, whoever asks for something speaks to the run.
    fileprivate var isOfOneTry: Bool {
        switch self {
        case .exhausted, .progressed, .epochWanted, .materialisationWanted, .handedOver, .finished, .failed,
            .threadWanted, .materialised:
            true
        case .stopRequested, .savepointRequested, .metricsRequested, .paceRequested, .newsCame: false
        }
    }

    fileprivate var isStop: Bool {
        if case .stopRequested = self { true } else { false }
    }
}

package final class EventQueue: Sendable {
    private struct State {
        var events: [SubtaskEvent] = []
        /// Also one that was taken.
        var stopIsRequested = false
    }

    private let state = Mutex(State())
    private let doorbell = Doorbell()

    package init() {}

    package func post(_ event: SubtaskEvent) {
        state.withLock { state in
            state.events.append(event)
            if event.isStop { state.stopIsRequested = true }
        }
        doorbell.ring()
    }

    /// For another try, after one that failed: what that has left to say is dropped, and a stop that it has heard of is asked
    /// for again.
    package func beginAnew() {
        state.withLock { state in
            state.events.removeAll { $0.isOfOneTry || $0.isStop }
            if state.stopIsRequested { state.events.append(.stopRequested) }
        }
        doorbell.ring()
    }

    /// All that has come, in order; waits for the first one, or `timeoutMilliseconds` (nil: as long as it takes).
    package func take(timeoutMilliseconds: Int64?) -> [SubtaskEvent] {
        let ready = takeAll()
        if !ready.isEmpty { return ready }
        if let timeoutMilliseconds, timeoutMilliseconds <= 0 { return ready }
        doorbell.wait(timeoutMilliseconds: timeoutMilliseconds)
        return takeAll()
    }

    private func takeAll() -> [SubtaskEvent] {
        state.withLock { state in
            defer { state.events.removeAll() }
            return state.events
        }
    }
}
