import Columnar
import Dataflow
import HostSystem
import Operators
import StreamSQL

// A query is a job in a data directory of its own that is gone when it ends: state that does not fit in memory has a place,
// and nothing stays. It has no restarts. In batch it has one epoch and, but for the last one, no checkpoints by time; one
// that is followed has many short ones, for an aggregation sends its changes when an epoch ends.

struct QueryRunner {
    let signals: QuerySignals
    let memoryBytes: Int
    /// nil: as `parallelism.default` says.
    let parallelism: Int?
    /// nil: there is no data directory.
    let topics: CommitLogAccess?
    /// The journal's position that topics are read up to; nil: its end when a query begins.
    let asOf: UInt64?

    private enum Ending {
        case whole
        /// As much as was wanted.
        case enough
        case cancelled
    }

    private static let aCentury: Int64 = 100 * 365 * 86_400_000_000_000 / 2
    private static let followedEpochNanoseconds: Int64 = 5_000_000

    /// The rows of the result in their order, of the columns that are shown.
    func rows(of query: ResultQuery, _ settings: Settings) throws(ToolFailure) -> [Batch] {
        if query.limit == 0 { return [] }
        let query = try cut(query)
        let events = EventQueue()
        // To put rows in order takes a second copy of them.
        let limitBytes = memoryBytes / (query.order.isEmpty ? 2 : 4)
        let rows = CollectedRows(types: query.plan.columns.map(\.type), enough: query.enough, limitBytes: limitBytes) {
            events.post(.failed(JobFailure(.conflict, "the query has enough rows")))
        }
        var job = try jobSettings(settings)
        job.memoryBytes = memoryBytes / 2
        job.checkpointIntervalNanoseconds = Self.aCentury
        let ending = try perform(JobPlanner.plan(query.plan, into: rows), job, events) { rows.isFull }
        guard ending != .cancelled else {
            throw ToolFailure(message: "the query is cancelled", exitCode: StopSignals.interruptedTwice)
        }
        let width = query.width
        do throws(JobFailure) {
            let ordered = try RowOrder(query.order, offset: query.offset, limit: query.limit).apply(try rows.take())
            return ordered.map {
                Batch(columns: Array($0.columns.prefix(width)), rowCount: $0.rowCount)
            }
        } catch {
            throw ToolFailure(error)
        }
    }

    /// Shows the changes of the result as they come, until it ends, or enough are shown, or somebody interrupts.
    func follow(_ query: ResultQuery, _ settings: Settings, _ output: ResultOutput, most: Int?) throws(ToolFailure) {
        let events = EventQueue()
        let changes = ChangeOutput(query.fields, output, most: most) {
            events.post(.failed(JobFailure(.conflict, "enough changes are shown")))
        }
        guard !changes.isOver else { return }
        var job = try jobSettings(settings)
        job.memoryBytes = memoryBytes
        job.checkpointIntervalNanoseconds = Self.followedEpochNanoseconds
        job.minimumPauseNanoseconds = Self.followedEpochNanoseconds
        let graph = JobPlanner.plan(query.plan) { operatorID in
            FollowSinkDescription(operatorID: operatorID) { changes.write($0) }
        }
        _ = try perform(graph, job, events) { changes.isOver }
    }

    /// All topics of a query are read up to one position.
    private func cut(_ query: ResultQuery) throws(ToolFailure) -> ResultQuery {
        guard let topics, query.readsTopics else { return query }
        do throws(JobFailure) {
            var query = query
            let end = try topics.settled().end
            query.read(asOf: asOf ?? end)
            return query
        } catch {
            throw ToolFailure(error)
        }
    }

    private func perform(
        _ graph: JobGraph, _ settings: JobSettings, _ events: EventQueue, hasEnough: () -> Bool
    ) throws(ToolFailure) -> Ending {
        let directory = try ScratchDirectory.make()
        defer { directory.remove() }
        var request = RunRequest(
            job: "query", dataDirectory: directory.path, graph: graph, settings: settings, isFresh: false,
            setAsideOutput: { (_, _) throws(JobFailure) in [] })
        request.topics = topics
        let display = RunDisplay(time: SystemTime(), plainIntervalNanoseconds: Self.aCentury)
        signals.begin(events)
        do throws(JobFailure) {
            var run = try JobRun(
                request, files: PosixFileSystem(), time: SystemTime(), random: SystemRandom(), events: events,
                observer: display)
            _ = try run.perform()
        } catch {
            display.closeLine()
            if signals.end() { return .cancelled }
            guard hasEnough() else { throw ToolFailure(error) }
            return .enough
        }
        _ = signals.end()
        display.closeLine()
        tellOfRowsLeftOut(display)
        return .whole
    }

    private func jobSettings(_ settings: Settings) throws(ToolFailure) -> JobSettings {
        var job = JobSettings()
        job.parallelism = try RunSettings.checkedParallelism(parallelism ?? settings.parallelism ?? 1)
        guard settings.badRecords != .quarantine else {
            throw ToolFailure(
                message: "'sluice.bad-records' = 'quarantine' is for jobs: a query writes no topic",
                hint: "-D sluice.bad-records=skip leaves bad records out and counts them")
        }
        job.skipsBadRecords = settings.badRecords == .skip
        job.idleTimeoutMilliseconds = settings.idleTimeoutMilliseconds
        job.stateMemoryBytes = settings.stateMemoryBytes
        return job
    }

    private func tellOfRowsLeftOut(_ display: RunDisplay) {
        guard let metrics = display.lastMetrics else { return }
        let skipped = metrics.skippedRecords.load(ordering: .relaxed)
        if skipped > 0 { StandardStreams.error("notice: \(RunDisplay.count(skipped)) bad records skipped\n") }
        let nulled = metrics.nulledFields.load(ordering: .relaxed)
        if nulled > 0 { StandardStreams.error("notice: \(RunDisplay.count(nulled)) bad fields read as NULL\n") }
        if metrics.lateRows > 0 {
            StandardStreams.error("notice: \(RunDisplay.count(metrics.lateRows)) late rows left out\n")
        }
    }
}
