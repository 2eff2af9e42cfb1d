import Columnar
import Synchronization

/// What the links of a subtask give beside their rows, as one kind of batch: it goes to the vertices that read the subtask's
/// vertex with `VertexInput.isSideOutput`. Called by the subtask's own thread.
///
/// - Invariant: what is given before a barrier is sent before it.
package final class SideOutput: Sendable {
    private let pending = Mutex<[Batch]>([])

    package init() {}

    package func give(_ batch: Batch) { pending.withLock { $0.append(batch) } }

    package func takeAll() -> [Batch] {
        pending.withLock { pending in
            if pending.isEmpty { return [] }
            defer { pending = [] }
            return pending
        }
    }
}
