import CKernels
import Glibc

/// What a thread gets of the processors against others.
package enum ThreadWeight: UInt8, Sendable {
    case full
    /// About a tenth.
    case little

    /// As of nice(2).
    package var nice: Int { self == .full ? 0 : 10 }
}

/// A thread of our own, for work that waits and computes. One that is let go unjoined goes on by itself to its end.
package final class WorkerThread {
    private final class Work {
        let body: () -> Void
        let name: String

        init(_ name: String, _ body: @escaping () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private var handle = pthread_t()
    private var isJoined = false

    /// - Parameter body: runs on the new thread; what it captures must be its own, or made for sharing.
    package init(name: String, _ body: sending @escaping () -> Void) {
        let work = Unmanaged.passRetained(Work(name, body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 16 << 20)
        let failure = pthread_create(
            &handle, &attributes,
            { raw in
                let work = Unmanaged<Work>.fromOpaque(raw!).takeRetainedValue()
                sluice_name_thread(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        pthread_attr_destroy(&attributes)
        precondition(failure == 0, "the system has no thread to give")
    }

    /// From here on the calling thread gives way to all others.
    static func lowerWeight() {
        // 0 is the calling thread. Where it is not allowed, it goes on as it is.
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(ThreadWeight.little.nice))
    }

    deinit {
        if !isJoined { pthread_detach(handle) }
    }

    package func join() {
        guard !isJoined else { return }
        isJoined = true
        pthread_join(handle, nil)
    }
}
