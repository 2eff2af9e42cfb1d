import Glibc

// Linux shares the processors first between sessions, then between the threads of each, where autogroups are on (sched(7)):
// what a thread weighs then counts in its own session only. What the session weighs is in /proc/self/autogroup; whoever may
// write there may also take it back.

/// What this process weighs against other sessions, if it is one of its own and the kernel groups threads by them.
package struct SessionWeight {
    private static let path = "/proc/self/autogroup"

    private var nice: Int?
    private var isKnownToFail = false

    package init() {}

    /// Does nothing where there is nothing to be set. Tried again at the next call where the kernel wants it later: it takes
    /// a few changes a second.
    /// - Parameter wanted: as of nice(2), 0 to 19.
    package mutating func set(nice wanted: Int) {
        guard nice != wanted, !isKnownToFail else { return }
        // Others in the session are none of ours.
        let descriptor = getsid(0) == getpid() ? open(Self.path, O_WRONLY | O_CLOEXEC) : -1
        guard descriptor >= 0 else {
            isKnownToFail = true
            return
        }
        defer { close(descriptor) }
        let text = Array(String(wanted).utf8)
        if write(descriptor, text, text.count) == text.count {
            nice = wanted
        } else if errno != EAGAIN {
            isKnownToFail = true
        }
    }
}
