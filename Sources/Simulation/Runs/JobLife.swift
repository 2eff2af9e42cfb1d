import CommitLog
import Dataflow
import HostSystem
import KeyedState
import Operators
import StreamSQL

// One process that runs the job, from its start to its death or its end.

struct JobLife {
    /// What a process is started with.
    struct Conditions {
        var settings = JobSettings()
        var faults = FaultPlan.none
        var schedule: SimulatedSchedule
        var turnsBeforeStop: Int?
        var turnsBetweenPauses: Int?
        var materialisationBytes: Int
        /// Of what a reader takes at once, and of what it gives at once.
        var pieceBytes: Int
        var rowsPerBatch: Int
        var segmentRollBytes = SegmentOptions.defaultRollBytes
        var journalRollBytes = Journal.defaultRollBytes

        init(_ random: inout SplitMix64, _ features: JobFeatures, stops: Bool) {
            settings.parallelism = features.contains(.parallelism) ? 1 + random.below(4) : 1
            settings.maximumParallelism = [4, 5, 32, 128][random.below(4)]
            settings.memoryBytes = [40_000, 400_000, 4_000_000, 1 << 30][random.below(4)]
            settings.checkpointIntervalNanoseconds = random.oneIn(2) ? nil : Int64(random.below(2000)) * 1_000_000
            if random.oneIn(3) { settings.restartStrategy = .fixedDelay(attempts: 2, delayMilliseconds: 0) }
            materialisationBytes = [0, 200, 2000, 1 << 20][random.below(4)]
            pieceBytes = [20, 150, 1000, 1 << 20][random.below(4)]
            rowsPerBatch = [1, 3, 20, 4096][random.below(4)]
            schedule = SimulatedSchedule(&random)
            turnsBeforeStop = stops && random.oneIn(2) ? random.below(300) : nil
        }
    }

    private let job: String
    private let process: SimulatedFileSystem
    private let time: SimulatedTime
    private let storage: OrderedMapStorage
    private let conditions: Conditions
    private let seed: UInt64
    let commits: CommitObserver
    private(set) var hasRescaled = false
    private(set) var hasGoneOn = false

    init(
        _ process: SimulatedFileSystem, _ time: SimulatedTime, _ storage: OrderedMapStorage, _ conditions: Conditions,
        seed: UInt64, job: String = "job"
    ) {
        self.job = job
        self.process = process
        commits = CommitObserver(process)
        self.time = time
        self.storage = storage
        self.conditions = conditions
        self.seed = seed
    }

    var wasAskedToStop: Bool { conditions.turnsBeforeStop != nil }

    private func cut(_ graph: JobGraph) -> JobGraph {
        var graph = graph
        for index in graph.vertices.indices {
            if var source = graph.vertices[index].source as? FileSourceDescription {
                source.pieceBytes = conditions.pieceBytes
                source.rowsPerBatch = conditions.rowsPerBatch
                graph.vertices[index].source = source
            } else if var source = graph.vertices[index].source as? TopicSourceDescription {
                source.rowsPerSplit = Int64(conditions.rowsPerBatch)
                graph.vertices[index].source = source
            }
        }
        return graph
    }

    static func plan(_ sql: String) throws(EpochFailure) -> JobGraph {
        do throws(SQLError) {
            return JobPlanner.plan(try analyze(Array(sql.utf8), file: "job.sql").sinks)
        } catch {
            throw .violation("the job is refused: \(error.message) (\(error.place.map { "\($0)" } ?? "no place"))")
        }
    }

    /// How the run ended; nil where it died, or met a planned fault.
    mutating func run(_ graph: JobGraph) throws(EpochFailure) -> RunResult? {
        let events = EventQueue()
        let background = SimulatedBackground()
        let runner = SimulatedRunner(
            files: process, time: time, background: background, events: events, schedule: conditions.schedule,
            parallelism: conditions.settings.parallelism,
            turnsBeforeStop: conditions.turnsBeforeStop, turnsBetweenPauses: conditions.turnsBetweenPauses)
        process.beforeChange { [weak background] in background?.pause() }
        let (storage, process) = (storage, process)
        var substrate = RunSubstrate()
        substrate.runner = runner
        substrate.background = background
        substrate.materialisationBytes = conditions.materialisationBytes
        substrate.segmentRollBytes = conditions.segmentRollBytes
        substrate.journalRollBytes = conditions.journalRollBytes
        substrate.makeStateBase = { _ in OrderedMapStateBase(storage, process: process) }
        let request = RunRequest(
            job: job, dataDirectory: "data", graph: cut(graph), settings: conditions.settings, isFresh: false,
            setAsideOutput: { (part, files) throws(JobFailure) in try SinkOutput.setAside(part, files) })
        defer { (hasRescaled, hasGoneOn) = (runner.hasRescaled, runner.hasGoneOn) }
        do throws(JobFailure) {
            var run = try JobRun(
                request, files: process, time: time, random: SimulatedRandom(seed: seed), events: events,
                observer: commits, substrate: substrate)
            return try run.perform()
        } catch {
            if let violation = runner.violation { throw .violation(violation) }
            if process.isDead || (error.kind == .world && process.metFaults) { return nil }
            throw .violation("the run fails: \(error)")
        }
    }
}
