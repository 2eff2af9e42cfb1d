import Glibc
import Synchronization

// Named places where a test may have the process killed. `SLUICE_FAULT=after-delta-sync:3` sends SIGKILL at the third
// time that place is reached, `SLUICE_FAULT=after-delta-sync:3:stop` SIGSTOP: the process goes on there when it is sent
// SIGCONT. Without the variable a place costs one comparison.

package enum FaultPoint: String, CaseIterable, Sendable {
    case afterPartSync = "after-part-sync"
    case afterDeltaSync = "after-delta-sync"
    /// Rows are durable, and not published.
    case afterSegmentSync = "after-segment-sync"
    /// Under the journal's lock: the entry is written.
    case afterJournalAppend = "after-journal-append"
    /// The entry is written, and the lock is free.
    case beforeJournalSync = "before-journal-sync"
    /// The page says that the journal is being synced, which it is.
    case afterJournalSync = "after-journal-sync"
    case afterCommit = "after-commit"
    case afterRename = "after-rename"
    case beforeFolderSync = "before-folder-sync"
    case afterIngest = "after-ingest"
    /// After an ingest that deletes ranges.
    case afterRangeIngest = "after-range-ingest"
    case afterMaterialise = "after-materialise"
    /// Between the deltas and the base.
    case insideSavepoint = "inside-savepoint"
    case beforeSavepointRename = "before-savepoint-rename"

    /// Of the environment. Who starts processes that outlive it takes it from them.
    package static let variable = "SLUICE_FAULT"

    /// Here the process dies, or stops, if the environment says so.
    package func reached() {
        guard let armed = ArmedFault.current, armed.point == self else { return }
        if armed.hits.add(1, ordering: .relaxed).newValue == armed.count { kill(getpid(), armed.signal) }
    }
}

/// What the environment asks for, read once.
private final class ArmedFault: Sendable {
    let point: FaultPoint
    let count: Int
    let signal: Int32
    let hits = Atomic<Int>(0)

    init(point: FaultPoint, count: Int, signal: Int32) {
        self.point = point
        self.count = count
        self.signal = signal
    }

    static let current: ArmedFault? = {
        guard let text = getenv(FaultPoint.variable) else { return nil }
        let parts = String(cString: text).split(separator: ":")
        let stops = parts.last == "stop"
        guard parts.count == (stops ? 3 : 2), let point = FaultPoint(rawValue: String(parts[0])),
            let count = Int(parts[1])
        else {
            return nil
        }
        return ArmedFault(point: point, count: count, signal: stops ? SIGSTOP : SIGKILL)
    }()
}
