import HostSystem

// What is left of a version that is over, and that no name needs, is removed when that is recorded. Where it cannot be removed
// then, for a disk that is full or somebody who holds it, that is tried again while the server runs, ever less often, and once
// more by the next server.

struct Remains {
    /// Of the monotonic clock.
    var nextMilliseconds: Int64
    var delayMilliseconds: Int64
    /// Why they are still there.
    var trouble: String
}

extension DeploymentServer {
    private static let firstRetryMilliseconds: Int64 = 500
    private static let longestRetryMilliseconds: Int64 = 60_000

    /// Ends its worker too, and what cannot be removed now is tried again later.
    /// - Parameter ifAny: does nothing where nothing is left.
    func removeRemains(of id: VersionID, ifAny: Bool = false) {
        do throws(OperationFailure) {
            if ifAny, try !hasRemains(id) { return }
            try remove(id)
            // A topic that somebody holds stays without an error.
            guard try hasRemains(id) else { return remains.withLock { $0[id] = nil } }
            tryAgain(id, "somebody holds what it has written")
        } catch {
            tryAgain(id, error.message)
        }
    }

    /// At each look, of what it is time for.
    func removeRemains() {
        let now = time.monotonicNanoseconds() / 1_000_000
        let due = remains.withLock { $0.filter { $0.value.nextMilliseconds <= now }.map(\.key) }
        for id in due where !isBusy(id.job) { removeRemains(of: id) }
    }

    private func tryAgain(_ id: VersionID, _ trouble: String) {
        let now = time.monotonicNanoseconds() / 1_000_000
        let isNews = remains.withLock { remains in
            let known = remains[id]
            let delay = known.map { min(2 * $0.delayMilliseconds, Self.longestRetryMilliseconds) }
            remains[id] = Remains(
                nextMilliseconds: now + (delay ?? Self.firstRetryMilliseconds),
                delayMilliseconds: delay ?? Self.firstRetryMilliseconds, trouble: trouble)
            return known?.trouble != trouble
        }
        guard isNews else { return }
        events.warning("removing a version", [("version", .string("\(id)")), ("error", .string(trouble))])
    }
}
