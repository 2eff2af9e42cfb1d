import Dataflow
import Glibc
import Synchronization

// SIGINT and SIGTERM during an ad-hoc query cancel it: nothing it has done is kept, so nothing is waited for. While no query
// runs, or where one that is cancelled has not ended yet, they end the process. They are blocked in every thread and waited
// for in one of their own.

final class QuerySignals: Sendable {
    private enum State {
        case idle
        case running(EventQueue)
        case cancelled
    }

    private let state = Mutex(State.idle)
    private let last = Mutex<(@Sendable () -> Void)?>(nil)

    /// Called before any other thread is started.
    static func watch() -> QuerySignals {
        let signals = QuerySignals()
        signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        let watched = set
        _ = WorkerThread(name: "signals") {
            var set = watched
            var number: Int32 = 0
            while true {
                sigwait(&set, &number)
                signals.came(number)
            }
        }
        return signals
    }

    /// From here on a signal ends the process at once, after this; what a query has put on disk the next one removes.
    func whenEnding(_ body: @escaping @Sendable () -> Void) { last.withLock { $0 = body } }

    private func came(_ number: Int32) {
        if let last = last.withLock({ $0 }) {
            // The next signal waits for nothing.
            var set = sigset_t()
            sigemptyset(&set)
            sigaddset(&set, SIGINT)
            sigaddset(&set, SIGTERM)
            pthread_sigmask(SIG_UNBLOCK, &set, nil)
            last()
            TerminalMode.restore()
            _exit(128 + number)
        }
        let isCancelled = state.withLock { state in
            guard case .running(let events) = state else { return false }
            state = .cancelled
            events.post(.failed(JobFailure(.conflict, "the query is cancelled")))
            return true
        }
        guard !isCancelled else { return }
        TerminalMode.restore()
        _exit(128 + number)
    }

    /// A query begins, which hears of a cancellation by these events.
    func begin(_ events: EventQueue) { state.withLock { $0 = .running(events) } }

    /// - Returns: whether the query was cancelled.
    func end() -> Bool {
        state.withLock { state in
            defer { state = .idle }
            if case .cancelled = state { return true }
            return false
        }
    }
}
