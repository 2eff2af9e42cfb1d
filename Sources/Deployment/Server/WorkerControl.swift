import Dataflow

/// How a running worker is spoken to, by the folder that it lives in. It may be gone at any time.
package struct WorkerControl: Sendable {
    /// Has it make a savepoint in a folder of that path; an empty one: where it likes. nil: nobody answers.
    package var savepoint: @Sendable (_ worker: String, _ folder: String) -> Result<String, JobFailure>?
    /// What it counts, as JSON; nil: nobody answers.
    package var metrics: @Sendable (_ worker: String) -> String?
    /// Has a version in the shadow read on, or not, until it hears otherwise. A worker that begins reads on.
    package var pace: @Sendable (_ worker: String, _ isPaused: Bool) -> Void

    package init(
        savepoint: @escaping @Sendable (_ worker: String, _ folder: String) -> Result<String, JobFailure>?,
        metrics: @escaping @Sendable (_ worker: String) -> String?,
        pace: @escaping @Sendable (_ worker: String, _ isPaused: Bool) -> Void
    ) {
        self.savepoint = savepoint
        self.metrics = metrics
        self.pace = pace
    }
}
