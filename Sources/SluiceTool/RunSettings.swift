import Dataflow
import KeyedState
import StreamSQL

/// What a run takes from `SET`, `-D` and the command line, checked.
struct RunSettings {
    var job = JobSettings()
    /// `pipeline.name`
    var name: String?
    var progressIntervalNanoseconds: Int64 = 1_000_000_000

    /// - Parameters:
    ///   - parallelism: nil: as the settings say.
    ///   - memoryBytes: of the whole process.
    init(
        _ settings: Settings, parallelism: Int?, memoryBytes: Int, readsWhatIsThere: Bool = false
    ) throws(ToolFailure) {
        let parallelism = try Self.checkedParallelism(parallelism ?? settings.parallelism ?? 1)
        job.parallelism = parallelism
        if let name = settings.pipelineName { self.name = try Self.checkedName(name) }
        job.skipsBadRecords = settings.badRecords != .fail
        job.quarantinesBadRecords = settings.badRecords == .quarantine
        job.readsWhatIsThere = readsWhatIsThere
        job.memoryBytes = memoryBytes
        job.checkpointIntervalNanoseconds = settings.checkpointIntervalMilliseconds.map(Self.nanoseconds)
        if let maximum = settings.maximumParallelism { job.maximumParallelism = maximum }
        guard parallelism <= job.maximumParallelism else {
            throw ToolFailure(
                message: "parallelism \(parallelism) is more than the \(job.maximumParallelism) key groups of the job",
                hint: "SET 'pipeline.max-parallelism' before the first start, or take a smaller parallelism")
        }
        job.idleTimeoutMilliseconds = settings.idleTimeoutMilliseconds
        job.restartStrategy = settings.restartStrategy
        job.retainedCheckpoints = settings.retainedCheckpoints
        job.retainedDirectory = settings.checkpointDirectory
        job.savepointDirectory = settings.savepointDirectory
        job.stateMemoryBytes = settings.stateMemoryBytes
        job.minimumPauseNanoseconds = Self.nanoseconds(settings.checkpointMinPauseMilliseconds ?? 0)
        progressIntervalNanoseconds = Self.nanoseconds(settings.progressIntervalMilliseconds)
        try Self.checkMemory(job.memoryBytes)
    }

    static func checkedParallelism(_ parallelism: Int) throws(ToolFailure) -> Int {
        guard 1...KeyGroup.defaultMaximumParallelism ~= parallelism else {
            throw ToolFailure(
                message: "parallelism \(parallelism) is not between 1 and \(KeyGroup.defaultMaximumParallelism)",
                hint: "the number of cores is a good choice")
        }
        return parallelism
    }

    static func checkMemory(_ bytes: Int) throws(ToolFailure) {
        guard bytes >= smallestMemoryBytes else {
            throw ToolFailure(
                message: "--memory \(byteText(bytes)) is too little to run",
                hint: "give it \(byteText(smallestMemoryBytes)) or more")
        }
    }

    private static let smallestMemoryBytes = 32 << 20

    /// Bounded by a century, so that sums of times do not overflow.
    private static func nanoseconds(_ milliseconds: Int64) -> Int64 {
        min(max(milliseconds, 0), 100 * 365 * 86_400_000) * 1_000_000
    }

    /// A job's name is a folder's name.
    static func checkedName(_ name: String) throws(ToolFailure) -> String {
        let isGood =
            !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix(".")
            && name.unicodeScalars.allSatisfy { $0 != "/" && $0.value >= 0x20 && $0.value != 0x7F }
        guard isGood else {
            throw ToolFailure(
                message: "'\(name)' cannot be the name of a job",
                hint: "SET 'pipeline.name' to a name without '/' that does not begin with a dot")
        }
        return name
    }
}
