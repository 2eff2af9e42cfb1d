import HostSystem
import Synchronization

/// A thread that waits for a signal, and says so to whoever runs the job, who waits for other things too.
final class SignalWatch {
    private let signal: any SharedSignal
    private let isOver: Flag
    private let thread: WorkerThread

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    init(_ signal: any SharedSignal, _ events: EventQueue) {
        let flag = Flag()
        self.signal = signal
        isOver = flag
        thread = WorkerThread(name: "SignalWatch") {
            var seen = signal.value
            while !flag.isSet.load(ordering: .acquiring) {
                events.post(.newsCame)
                signal.wait(while: seen, timeoutMilliseconds: nil)
                seen = signal.value
            }
        }
    }

    func end() {
        isOver.isSet.store(true, ordering: .releasing)
        // All who wait are woken by this; they find nothing, and wait again.
        signal.raise()
        thread.join()
    }
}
