import Dataflow

/// Sees what a process commits.
final class CommitObserver: RunObserver {
    let wantsTicks = false
    private let files: SimulatedFileSystem
    /// All that the run has counted when its last checkpoint was made: nobody reads on between a barrier and its commit.
    private(set) var lateRows = 0

    init(_ files: SimulatedFileSystem) { self.files = files }

    func notice(_: String) {}
    func started(_: JobMetrics) {}
    func tick(_: JobMetrics) {}
    func committed(_: UInt64, _ metrics: JobMetrics) {
        lateRows = metrics.lateRows
        files.promised()
    }
}
