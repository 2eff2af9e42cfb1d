import Synchronization

/// Counters of one run, written by its subtasks and read by whoever shows them.
package final class JobMetrics: Sendable {
    package let rowsIn = Atomic<Int>(0)
    package let rowsOut = Atomic<Int>(0)
    package let bytesRead = Atomic<Int>(0)
    /// Bytes all sources will read, as far as they know.
    package let bytesTotal = Atomic<Int>(0)
    /// Rows that this run will read of topics, as far as their sources know.
    package let rowsTotal = Atomic<Int>(0)
    package let skippedRecords = Atomic<Int>(0)
    package let nulledFields = Atomic<Int>(0)
    /// Rows that went to a quarantine topic, bad ones and late ones.
    package let quarantinedRows = Atomic<Int>(0)
    /// Late rows are among them.
    package let keepsLateRows = Atomic<Bool>(false)
    private let late = Mutex<[LateRows: Int]>([:])
    private let held = Mutex<[UInt32: Int]>([:])
    private let commits = Mutex(CheckpointStatistics())

    package init() {}

    package func add(_ count: Int, to counter: borrowing Atomic<Int>) { counter.add(count, ordering: .relaxed) }

    /// What the keyed state of a subtask takes in memory now.
    package func holds(_ bytes: Int, subtask: UInt32) { held.withLock { $0[subtask] = bytes } }

    package var stateBytes: Int { held.withLock { $0.values.reduce(0, +) } }

    /// Rows that came behind the last window they belong to: how many a subtask of an operator has had since the run
    /// began, over all its starts.
    package func setLateRows(_ count: Int, of operatorName: String, operatorID: UInt32, subtask: UInt32) {
        let key = LateRows(operatorName: operatorName, operatorID: operatorID, subtask: subtask)
        late.withLock { $0[key] = count }
    }

    /// Of all operators that had some, by name.
    package var lateRowsByOperator: [(name: String, count: Int)] {
        var counts: [String: Int] = [:]
        for (key, count) in late.withLock({ $0 }) { counts[key.operatorName, default: 0] += count }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    package var lateRows: Int { late.withLock { $0.values.reduce(0, +) } }

    package func committed(durationNanoseconds: Int64, atNanoseconds: Int64) {
        commits.withLock { commits in
            commits.count += 1
            commits.lastDurationNanoseconds = durationNanoseconds
            commits.lastNanoseconds = atNanoseconds
        }
    }

    /// How long a subtask with keyed state stood still for a checkpoint, hand-over and wait together.
    package func stalled(nanoseconds: Int64) {
        commits.withLock { commits in
            if commits.stallNanoseconds.count < CheckpointStatistics.keptStalls {
                commits.stallNanoseconds.append(nanoseconds)
            } else {
                commits.stallNanoseconds[commits.stallCount % CheckpointStatistics.keptStalls] = nanoseconds
            }
            commits.stallCount += 1
        }
    }

    package var checkpoints: CheckpointStatistics { commits.withLock { $0 } }
}

private struct LateRows: Hashable {
    /// Two operators may have one name.
    var operatorName: String
    var operatorID: UInt32
    var subtask: UInt32
}

package struct CheckpointStatistics: Sendable {
    /// Stalls remembered; older ones are overwritten.
    package static let keptStalls = 1024

    package var count = 0
    package var lastDurationNanoseconds: Int64 = 0
    /// Of the monotonic clock.
    package var lastNanoseconds: Int64 = 0
    package var stallNanoseconds: [Int64] = []
    package var stallCount = 0

    /// The stall that a share of all remembered ones did not exceed; 0 where there was none.
    package func stall(percentile: Int) -> Int64 {
        guard !stallNanoseconds.isEmpty else { return 0 }
        let sorted = stallNanoseconds.sorted()
        return sorted[min(sorted.count - 1, sorted.count * percentile / 100)]
    }
}
