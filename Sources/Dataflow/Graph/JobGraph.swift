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
    /// Of the parallel subtasks of the operator: 0 ..< parallelism.
    package var subtask: UInt32
    package var parallelism: Int
    /// Whose keys this subtask has.
    package var keyGroups: Range<Int>
    package var settings: JobSettings
    /// The topics of the data directory that the job runs in; nil where it has none.
    package var log: CommitLogAccess?
    /// For work that nobody waits for.
    package var background: any BackgroundRunner = ThreadRunner()
    /// Of this subtask's vertex; nil: nobody reads one.
    package var sideOutput: SideOutput?
    /// Where keyed state is looked up that is not in memory.
    package var store: StateStore
    /// What one keyed operator of this subtask may hold in memory: tables, old values and dirty entries together.
    package var stateLimitBytes: Int
    /// Rings this subtask's doorbell; any thread.
    package var wake: @Sendable () -> Void
    package var notice: @Sendable (String) -> Void

    package init(
        files: any FileSystem, time: any TimeSource, metrics: JobMetrics, run: RunIdentity, subtask: UInt32,
        parallelism: Int, keyGroups: Range<Int>, settings: JobSettings, store: StateStore, stateLimitBytes: Int,
        wake: @escaping @Sendable () -> Void, notice: @escaping @Sendable (String) -> Void
    ) {
        self.files = files
        self.time = time
        self.metrics = metrics
        self.run = run
        self.subtask = subtask
        self.parallelism = parallelism
        self.keyGroups = keyGroups
        self.settings = settings
        self.store = store
        self.stateLimitBytes = stateLimitBytes
        self.wake = wake
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

/// The version of the same job whose state another one begins with, by way of a savepoint.
package struct VersionOrigin: Equatable, Sendable {
    package var version: VersionName
    /// Of the journal, behind the checkpoint that the savepoint was made of.
    package var position: UInt64

    package init(_ version: VersionName, position: UInt64) {
        self.version = version
        self.position = position
    }
}

package struct JobSettings: Sendable {
    /// A bad record, or a row on which an expression fails, is left out and counted instead of stopping the job.
    package var skipsBadRecords = false
    /// Where the subtask has a side output, what is left out goes there. Only beside `skipsBadRecords`.
    package var quarantinesBadRecords = false
    /// `--available-now`: what is there is read and nothing is ended.
    package var readsWhatIsThere = false
    /// The last run ended with all that was there: bounded sources look again what is there now.
    package var listsInputsAnew = false
    package var memoryBytes = 1 << 30
    package var parallelism = 1
    /// Key groups; fixed by the first start of a run.
    package var maximumParallelism = KeyGroup.defaultMaximumParallelism
    /// `table.exec.source.idle-timeout`; nil: a quiet input holds the watermark back for ever.
    package var idleTimeoutMilliseconds: Int64?
    /// nil: adaptive.
    package var checkpointIntervalNanoseconds: Int64?
    package var minimumPauseNanoseconds: Int64 = 0
    /// Of faults of the world; mistakes in the data or the job are not tried again.
    package var restartStrategy = RestartStrategy.none
    /// Checkpoints kept as folders of their own, the newest among them; 1: none but the last one, in the state itself.
    package var retainedCheckpoints = 1
    /// Where they are kept, in a folder named after the job; nil: `checkpoints/` of the job's own directory.
    package var retainedDirectory: String?
    /// Where savepoints go that nobody names a place for; nil: `savepoints/` of the job's own directory.
    package var savepointDirectory: String?
    /// What tables of keyed state may hold in memory; nil: their share of `memoryBytes`.
    package var stateMemoryBytes: Int?
    /// Of a deployed job: its sinks write to topics of the version's own.
    package var version: VersionName?
    /// Time passes as the journal says, and not as the clock does: what comes of processing time is the same whenever the
    /// inputs are read.
    package var runsOnJournalTime = false
    /// Sources of topics begin here, and not where their options say; nil: they do as their options say.
    package var startPosition: InputPosition?
    /// Whose tables the version begins with; nil: its outputs are empty at first.
    package var origin: VersionOrigin?
    /// Rules that a simulation leaves out to see whether it notices.
    package var safeguards = Safeguards.all

    package init() {}
}

/// Makes one link of a subtask's chain.
package protocol LinkDescription: Sendable {
    func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink
    /// The links of all parallel subtasks, in their order: for a description whose links share something.
    func makeLinks(_ contexts: [LinkContext]) throws(JobFailure) -> [ChainLink]
}

extension LinkDescription {
    package func makeLinks(_ contexts: [LinkContext]) throws(JobFailure) -> [ChainLink] {
        try contexts.map { (context) throws(JobFailure) in try makeLink(context) }
    }
}

/// A link that ends a chain.
package protocol SinkDescription: LinkDescription {
    var table: String { get }
    /// What it gets are changes of a table.
    var isKeyed: Bool { get }
}

extension SinkDescription {
    package var isKeyed: Bool { false }
}

/// An input that has more than a finished run has read.
package enum UnreadInput: Equatable, Sendable {
    case file(path: String, bytes: Int)
    case topic(name: String, rows: Int)
}

extension UnreadInput: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path, let bytes): "\(bytes) byte\(bytes == 1 ? "" : "s") of '\(path)'"
        case .topic(let name, let rows): "\(rows) row\(rows == 1 ? "" : "s") of topic \"\(name)\""
        }
    }

    var isOne: Bool {
        switch self {
        case .file(_, let amount), .topic(_, let amount): amount == 1
        }
    }
}

/// The first link of a chain, whose parallel subtasks share one input.
package protocol SourceDescription: Sendable {
    var operatorID: UInt32 { get }
    var table: String { get }
    /// Ends by itself.
    var isBounded: Bool { get }
    /// - Parameter context: of subtask 0; what is made belongs to all.
    func makeInput(_ context: LinkContext) throws(JobFailure) -> any SourceInput
    /// Of a bounded source: what has come since a finished run stood at `position`.
    /// - Parameter log: where topics are.
    /// - Errors: what was read is not as it was.
    func unread(
        since position: [UInt8], files: any FileSystem, log: CommitLogAccess?
    ) throws(JobFailure) -> [UnreadInput]
    /// Errors: inputs that cannot be read.
    func checkInputs(files: any FileSystem) throws(JobFailure)
}

/// How rows get from the subtasks of one vertex to those of the next.
package enum Exchange: Equatable, Sendable {
    /// Subtask i feeds subtask i; both vertices have the same parallelism.
    case forward
    /// By key group of these columns (none: all rows to one subtask).
    case keyed([Int])
}

package struct VertexInput: Equatable, Sendable {
    /// A lower-numbered one.
    package var vertex: Int
    package var exchange: Exchange
    /// What the links of the vertex give beside their rows, and not the rows.
    package var isSideOutput = false

    package init(_ vertex: Int, _ exchange: Exchange) {
        self.vertex = vertex
        self.exchange = exchange
    }

    package init(sideOutputOf vertex: Int) {
        self.init(vertex, .forward)
        isSideOutput = true
    }
}

package struct Vertex: Sendable {
    package var name: String
    /// Where rows are read; a vertex without one has inputs.
    package var source: (any SourceDescription)?
    package var links: [any LinkDescription]
    package var inputs: [VertexInput]

    package init(
        name: String, source: (any SourceDescription)? = nil, links: [any LinkDescription], inputs: [VertexInput]
    ) {
        self.name = name
        self.source = source
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
    package var sources: [any SourceDescription] { vertices.compactMap(\.source) }
}
