import CommitLog
import HostSystem
import KeyedState

// The commit, in the order that the protocol needs: what the sinks wrote is synced by now; the delta record is written and
// synced; the journal entry that names it is written and synced: that sync is the commit.

package final class EpochCommitter {
    package let job: String
    package let run: RunID
    private let journal: Journal
    private let store: StateStore
    private let fingerprint: [String]
    private let parallelism: Int
    private let maximumParallelism: Int
    private let time: any TimeSource

    package init(
        job: String, run: RunID, journal: Journal, store: StateStore, fingerprint: [String], parallelism: Int,
        maximumParallelism: Int, time: any TimeSource
    ) {
        self.parallelism = parallelism
        self.maximumParallelism = maximumParallelism
        self.job = job
        self.run = run
        self.journal = journal
        self.store = store
        self.fingerprint = fingerprint
        self.time = time
    }

    /// Commits checkpoint `number`. On any error nothing is known to be committed, and the worker must start again from
    /// what the journal says. `published`: the rows of topics that exist with it, synced by now; `deployed`: of a version
    /// of a deployed job.
    package func commit(
        number: UInt64, ending: RunEnding, journalMilliseconds: Int64, parts: [CheckpointRecord.OperatorPart],
        changes: [StateChanges], published: [OffsetRange] = [], deployed: DeployedEpoch? = nil
    ) throws(JobFailure) {
        let mark = CheckpointRecord.runPart(ending, parallelism: parallelism)
        let record = CheckpointRecord(
            number: number, run: run, fingerprint: PlanFingerprint.identity(fingerprint), planLines: fingerprint,
            isFinished: ending == .finished, maximumParallelism: maximumParallelism,
            journalMilliseconds: journalMilliseconds, wallMilliseconds: time.wallMilliseconds(), parts: [mark] + parts)
        let written: CommittedCheckpoint
        do throws(StateError) {
            written = try store.append(record, changes: changes)
        } catch {
            throw JobFailure.state(error)
        }
        FaultPoint.afterDeltaSync.reached()
        do throws(JournalError) {
            var rows = Self.merged(published)
            if !rows.isEmpty, !journal.safeguards.contains(.oneEntry) {
                _ = try journal.append(.published(rows))
                rows = []
            }
            try append(written, rows, deployed)
        } catch {
            throw JobFailure.journal(error)
        }
        FaultPoint.afterCommit.reached()
        store.committed(written)
    }

    private func append(
        _ written: CommittedCheckpoint, _ rows: [OffsetRange], _ deployed: DeployedEpoch?
    ) throws(JournalError) {
        do throws(JournalError) {
            _ = try journal.append(.checkpoint(job: job, run: run, written, published: rows, deployed: deployed))
        } catch {
            // What it was to stand still for is decided: the checkpoint is one as any other.
            guard case .refused(.deployment(.attemptIsDecided)) = error, var deployed else { throw error }
            deployed.holds = nil
            _ = try journal.append(.checkpoint(job: job, run: run, written, published: rows, deployed: deployed))
        }
    }

    /// One range for each partition, in their order: the writers of a partition hand over ranges that begin where it was
    /// published to, and end where each of them has written last.
    private static func merged(_ ranges: [OffsetRange]) -> [OffsetRange] {
        var merged: [TopicPartition: OffsetRange] = [:]
        for range in ranges {
            var known = merged[range.partition] ?? range
            precondition(known.start == range.start, "what an epoch writes to a partition begins at its published end")
            known.end = max(known.end, range.end)
            merged[range.partition] = known
        }
        return merged.values.filter { $0.start < $0.end }.sorted { $0.partition < $1.partition }
    }
}
