import CommitLog
import HostSystem
import KeyedState

// The description of a job: which subtasks there are, what stands in each, who feeds whom. Immutable, and free of threads.
// Vertices are numbered so that every input has a lower number: one pass builds the channels.

/// What a description needs to make a subtask's links.
package struct LinkContext: Sendable {
    package var files: any FileSystem
    package var time: any TimeSource
    package var metrics: JobMetrics
    package var run: RunIdentity
    package var subtask: UInt32
    package var settings: JobSettings
    package var notice: @Sendable (String) -> Void

    package init(
        files: any FileSystem, time: any TimeSource, metrics: JobMetrics, run: RunIdentity, subtask: UInt32,
        settings: JobSettings, notice: @escaping @Sendable (String) -> Void
    ) {
        self.files = files
        self.time = time
        self.metrics = metrics
        self.run = run
        self.subtask = subtask
        self.settings = settings
        self.notice = notice
    }
}

/// What a run is called and where it keeps its own files.
package struct RunIdentity: Sendable {
    package var id: RunID
    /// `jobs/<name>/run`
    package var directory: String

    package init(id: RunID, directory: String) {
        self.id = id
        self.directory = directory
    }
}

package struct JobSettings: Sendable {
    /// A bad record, or a row on which an expression fails, is left out and counted instead of stopping the job.
    package var skipsBadRecords = false
    /// `--available-now`: what is there is read and nothing is ended.
    package var readsWhatIsThere = false
    /// The last run ended with all that was there: bounded sources look again what is there now.
    package var listsInputsAnew = false
    package var memoryBytes = 1 << 30
    /// nil: adaptive.
    package var checkpointIntervalNanoseconds: Int64?
    package var minimumPauseNanoseconds: Int64 = 0

    package init() {}
}

/// Makes one link of a subtask's chain.
package protocol LinkDescription: Sendable {
    func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink
}

/// An input that has more than a finished run has read.
package struct UnreadInput: Equatable, Sendable {
    package var path: String
    package var bytes: Int

    package init(path: String, bytes: Int) {
        self.path = path
        self.bytes = bytes
    }
}

/// A source that ends, and can say what has come since.
package protocol BoundedSourceDescription: LinkDescription {
    var operatorID: UInt32 { get }
    /// Errors: what was read is not as it was.
    func unread(since position: [UInt8], files: any FileSystem) throws(JobFailure) -> [UnreadInput]
    /// Errors: inputs that cannot be read.
    func checkInputs(files: any FileSystem) throws(JobFailure)
}

package struct Vertex: Sendable {
    package var name: String
    package var links: [any LinkDescription]
    /// Lower-numbered vertices whose rows come in here.
    package var inputs: [Int]

    package init(name: String, links: [any LinkDescription], inputs: [Int]) {
        self.name = name
        self.links = links
        self.inputs = inputs
    }
}

package struct JobGraph: Sendable {
    package var vertices: [Vertex]
    /// One line per operator, bottom up: what must be equal for state to fit.
    package var fingerprint: [String]

    package init(vertices: [Vertex], fingerprint: [String]) {
        self.vertices = vertices
        self.fingerprint = fingerprint
    }
}

extension JobGraph {
    var boundedSources: [any BoundedSourceDescription] {
        vertices.flatMap(\.links).compactMap { $0 as? any BoundedSourceDescription }
    }
}
