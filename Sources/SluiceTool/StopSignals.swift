import Dataflow
import Glibc

// SIGINT and SIGTERM: the first asks for a last checkpoint, the second ends the process at once (exit 130; nothing is lost:
// that is what checkpoints are for). They are blocked in every thread and waited for in one of their own.

enum StopSignals {
    static let interruptedTwice: Int32 = 130

    /// Called before any other thread is started.
    static func watch(_ events: EventQueue) {
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
            sigwait(&set, &number)
            events.post(.stopRequested)
            sigwait(&set, &number)
            _exit(interruptedTwice)
        }
    }
}
