import Columnar
import Dataflow
import Glibc
import HostSystem
import Operators
import StreamSQL

// A query is a job with one epoch, in a data directory of its own that is gone when it ends: state that does not fit in
// memory has a place, and nothing stays. It has no restarts and, but for the last one, no checkpoints by time.

struct QueryRunner {
    let signals: QuerySignals
    let memoryBytes: Int
    /// nil: as `parallelism.default` says.
    let parallelism: Int?
    /// nil: there is no data directory.
    let topics: CommitLogAccess?

    /// The rows of the result in their order, of the columns that are shown.
    func rows(of query: ResultQuery, _ settings: Settings) throws(ToolFailure) -> [Batch] {
        if query.limit == 0 { return [] }
        var rows = try collected(query.plan, enough: query.enough, settings)
        if rows.isEmpty, let total = query.total {
            var isOverNoRows = true
            if let aggregation = total.aggregation {
                isOverNoRows = try collected(aggregation, enough: nil, settings).isEmpty
            }
            if isOverNoRows { rows = try collected(total.query, enough: nil, settings) }
        }
        do throws(JobFailure) {
            let ordered = try RowOrder(query.order, offset: query.offset, limit: query.limit).apply(rows)
            return ordered.map {
                Batch(columns: Array($0.columns.prefix(query.fields.count)), rowCount: $0.rowCount)
            }
        } catch {
            throw ToolFailure(error)
        }
    }

    private func collected(
        _ plan: LogicalPlan, enough: Int?, _ settings: Settings
    ) throws(ToolFailure) -> [Batch] {
        let events = EventQueue()
        let types = plan.columns.map(\.type)
        let rows = CollectedRows(types: types, enough: enough, limitBytes: memoryBytes / 2) {
            events.post(.failed(JobFailure(.conflict, "the query has enough rows")))
        }
        let directory = temporaryDirectory
        defer { remove(directory) }
        var request = RunRequest(
            job: "query", dataDirectory: directory, graph: JobPlanner.plan(plan, into: rows),
            settings: try jobSettings(settings), isFresh: false, setAsideOutput: { (_, _) throws(JobFailure) in [] })
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
            let isCancelled = signals.end()
            if isCancelled {
                throw ToolFailure(message: "the query is cancelled", exitCode: StopSignals.interruptedTwice)
            }
            guard rows.isFull else { throw ToolFailure(error) }
            return try taken(rows)
        }
        _ = signals.end()
        display.closeLine()
        tellOfRowsLeftOut(display)
        return try taken(rows)
    }

    private func taken(_ rows: CollectedRows) throws(ToolFailure) -> [Batch] {
        do throws(JobFailure) {
            return try rows.take()
        } catch {
            throw ToolFailure(error)
        }
    }

    private static let aCentury: Int64 = 100 * 365 * 86_400_000_000_000 / 2

    private func jobSettings(_ settings: Settings) throws(ToolFailure) -> JobSettings {
        var job = JobSettings()
        job.parallelism = try RunSettings.checkedParallelism(parallelism ?? settings.parallelism ?? 1)
        job.memoryBytes = memoryBytes / 2
        guard settings.badRecords != .quarantine else {
            throw ToolFailure(
                message: "'sluice.bad-records' = 'quarantine' is for jobs: a query writes no topic",
                hint: "-D sluice.bad-records=skip leaves bad records out and counts them")
        }
        job.skipsBadRecords = settings.badRecords == .skip
        job.idleTimeoutMilliseconds = settings.idleTimeoutMilliseconds
        job.stateMemoryBytes = settings.stateMemoryBytes
        job.checkpointIntervalNanoseconds = Self.aCentury
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

    // MARK: The place for state

    private var temporaryDirectory: String {
        let folder = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        let name = "sluice-sql-" + String(SystemRandom().next(), radix: 16)
        return FilePath.join(folder.isEmpty ? "/tmp" : folder, name)
    }

    private func remove(_ directory: String) {
        do throws(FileError) {
            try PosixFileSystem().removeTree(directory)
        } catch {
            StandardStreams.error("warning: '\(directory)' stays behind: \(error)\n")
        }
    }
}
