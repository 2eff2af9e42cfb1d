import Synchronization

/// What the coordinator tells a subtask; the subtask looks between two steps.
package final class SubtaskControl: Sendable {
    private struct Orders {
        var barrier: Barrier?
        var committed: UInt64?
        var isCancelled = false
    }

    package let doorbell: Doorbell
    private let orders = Mutex(Orders())

    /// - Parameter slot: rings with the subtask's own doorbell.
    package init(slot: Doorbell) {
        doorbell = Doorbell(ringing: slot)
    }

    /// For sources: end the epoch with this barrier.
    package func request(_ barrier: Barrier) {
        orders.withLock { $0.barrier = barrier }
        doorbell.ring()
    }

    package func commit(_ checkpoint: UInt64) {
        orders.withLock { $0.committed = checkpoint }
        doorbell.ring()
    }

    package func cancel() {
        orders.withLock { $0.isCancelled = true }
        doorbell.ring()
    }

    package func takeBarrierRequest() -> Barrier? {
        orders.withLock { orders in
            defer { orders.barrier = nil }
            return orders.barrier
        }
    }

    package func isCommitted(_ checkpoint: UInt64) -> Bool { orders.withLock { $0.committed == checkpoint } }

    package var isCancelled: Bool { orders.withLock { $0.isCancelled } }
}
