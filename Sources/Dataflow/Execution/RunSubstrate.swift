import CommitLog
import HostSystem
import KeyedState

// What a run stands on besides files and clocks. A simulation puts its own in place of threads and of RocksDB.

/// Runs an execution to its end.
package protocol ExecutionRunner: AnyObject {
    /// - Parameter resumed: the record of the last checkpoint; nil for a new run.
    func run(_ execution: JobExecution, from resumed: CheckpointRecord?) throws(JobFailure) -> BarrierKind
}

package struct RunSubstrate {
    /// nil: threads of task slots.
    package var runner: (any ExecutionRunner)?
    package var background: any BackgroundRunner = ThreadRunner()
    package var materialisationBytes = StateStore.defaultMaterialisationBytes
    package var segmentRollBytes = SegmentOptions.defaultRollBytes
    package var journalRollBytes = Journal.defaultRollBytes
    /// nil: RocksDB.
    package var makeStateBase: ((_ path: String) -> any StateBase)?

    package init() {}
}
