import CommitLog
import Dataflow
import HostSystem
import Synchronization

/// The keyed outputs of two versions of a job, followed as they grow, so that a switch from one to the other, or back, has
/// little left to read. Used by one thread at a time.
final class FollowedOutputs: Sendable {
    private struct Followed {
        var from: UInt32
        var to: UInt32
        var comparisons: [TableComparison]
        /// They could not be read on: they are not tried again before a switch wants them.
        var hasFailed = false
    }

    private let job: String
    private let memoryBytes: Int
    private let log: CommitLogAccess
    private let content = Mutex<Followed?>(nil)

    init(_ job: String, memoryBytes: Int, _ log: CommitLogAccess) {
        self.job = job
        self.memoryBytes = memoryBytes
        self.log = log
    }

    /// Does nothing where a switch uses them.
    func readAhead(from: UInt32, to: UInt32, in state: JournalState) throws(JobFailure) {
        let result = content.withLockIfAvailable { followed -> Result<Void, JobFailure> in
            do throws(JobFailure) {
                if followed?.from == from, followed?.to == to, followed?.hasFailed == true { return .success(()) }
                let current = try current(followed, from, to, state)
                followed = current
                for comparison in current.comparisons { try comparison.advance(in: state) }
                return .success(())
            } catch {
                followed = Followed(from: from, to: to, comparisons: [], hasFailed: true)
                return .failure(error)
            }
        }
        try result?.get()
    }

    func use<Value: Sendable>(
        from: UInt32, to: UInt32, in state: JournalState,
        _ body: ([TableComparison]) throws(JobFailure) -> Value
    ) throws(JobFailure) -> Value {
        try content.withLock { followed -> Result<Value, JobFailure> in
            do throws(JobFailure) {
                let current = try current(followed?.hasFailed == true ? nil : followed, from, to, state)
                followed = current
                return .success(try body(current.comparisons))
            } catch {
                followed = nil
                return .failure(error)
            }
        }.get()
    }

    private func current(
        _ followed: Followed?, _ from: UInt32, _ to: UInt32, _ state: JournalState
    ) throws(JobFailure) -> Followed {
        if let followed, followed.from == from, followed.to == to { return followed }
        if let followed, followed.from == to, followed.to == from {
            return Followed(from: from, to: to, comparisons: followed.comparisons.map { $0.reversed() })
        }
        var comparisons: [TableComparison] = []
        let outputs = state.deployments[job]?.versions[to]?.outputs ?? []
        for output in outputs {
            let comparison = try TableComparison(
                output.nameID, from: from, to: to, of: job, in: state, memoryBytes: memoryBytes / max(1, outputs.count),
                goingOnFrom: followed?.comparisons ?? [], log: log)
            if let comparison { comparisons.append(comparison) }
        }
        return Followed(from: from, to: to, comparisons: comparisons)
    }
}
