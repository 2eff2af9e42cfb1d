import CommitLog
import Dataflow
import HostSystem

// What `status`, `versions` and `history` are told, as JSON.

extension DeploymentServer {
    package func list() throws(OperationFailure) -> JSONValue {
        let snapshot = board.snapshot
        var jobs: [JSONValue] = []
        for job in ledger.jobs { jobs.append(try status(of: job, snapshot)) }
        return .object([("jobs", .array(jobs))])
    }

    package func status(_ job: String) throws(OperationFailure) -> JSONValue {
        guard !ledger.versions(of: job).isEmpty else { throw missing(job) }
        return try status(of: job, board.snapshot)
    }

    private func status(of job: String, _ snapshot: JournalSnapshot) throws(OperationFailure) -> JSONValue {
        let deployment = snapshot.state.deployments[job]
        let all = ledger.versions(of: job)
        var versions: [JSONValue] = []
        for summary in all where !summary.state.isEnd || summary.id == all.last?.id {
            versions.append(try status(summary, deployment, snapshot))
        }
        return .object([
            ("job", .string(job)), ("live", deployment.map { .integer($0.live) } ?? .null),
            ("candidate", candidate(of: job).map { .integer($0.number) } ?? .null),
            ("previous", deployment?.previous.map { .integer($0) } ?? .null), ("versions", .array(versions)),
        ])
    }

    func role(of id: VersionID, _ deployment: DeploymentState?) -> String {
        let number = UInt32(id.number)
        if deployment?.live == number { return "live" }
        if candidate(of: id.job) == id { return "candidate" }
        if deployment?.previous == number, ledger[id]?.state == .standby { return "standby" }
        return "none"
    }

    private func status(
        _ summary: VersionSummary, _ deployment: DeploymentState?, _ snapshot: JournalSnapshot
    ) throws(OperationFailure) -> JSONValue {
        let (id, number) = (summary.id, UInt32(summary.id.number))
        let watch = snapshot.jobs[id.job]
        let now = time.wallMilliseconds()
        let isLive = deployment?.live == number
        var fields: [(String, JSONValue)] = [
            ("version", .integer(number)), ("role", .string(role(of: id, deployment))),
            ("state", .string(summary.state.rawValue)), ("since", .integer(summary.since)),
            ("reason", .string(summary.reason)), ("wanted", .string(summary.wanted.rawValue)),
            ("worker", Self.json(supervisor.status(id))),
        ]
        fields += progress(number, deployment, watch, snapshot.state)
        let last = watch?.lastCheckpoint[number]
        fields += [
            ("checkpointAgeMilliseconds", last.map { .integer(max(0, now - $0.milliseconds)) } ?? .null),
            ("checkpoints", last.map { .integer($0.number) } ?? .null),
        ]
        let metrics = metrics(of: id)
        let names = ["stateBytes", "lateRows", "quarantinedRows", "watermark", "watermarkHeldBy"]
        fields += names.map { ($0, metrics?[$0] ?? .null) }
        let latency = isLive ? watch?.latency(now: now) : nil
        fields.append(
            (
                "latencyMilliseconds",
                latency.map { .object([("p50", .integer($0.p50)), ("p99", .integer($0.p99))]) } ?? .null
            ))
        fields.append(("paused", paces.withLock { $0[id] }.map { .string($0.reason) } ?? .null))
        let refusal = summary.state == .ready ? refusals.withLock { $0[id] } : nil
        fields.append(("refused", refusal?.reason.map { .string($0) } ?? .null))
        fields.append(("audit", try audit(summary)))
        fields.append(("guard", try guardJSON(summary, watch, now, counts(metrics, number, deployment))))
        return .object(fields)
    }

    private static func json(_ status: WorkerStatus?) -> JSONValue {
        guard let status else { return .null }
        let phase =
            switch status.phase {
            case .starting: "starting"
            case .running: "running"
            case .stopping: "stopping"
            case .waiting: "waiting"
            case .stopped: "stopped"
            case .finished: "finished"
            case .failed: "failed"
            }
        return .object([
            ("phase", .string(phase)), ("processID", status.processID.map { .integer($0) } ?? .null),
            ("restarts", .integer(status.restarts)),
            ("lastEnding", status.lastEnding.map { .string("\($0)") } ?? .null),
            ("lastLines", .array(status.lastLines.map { .string($0) })),
        ])
    }

    private func progress(
        _ number: UInt32, _ deployment: DeploymentState?, _ watch: JobWatch?, _ state: JournalState
    ) -> [(String, JSONValue)] {
        let version = deployment?.versions[number]
        var (done, total, lag) = (UInt64(0), UInt64(0), UInt64(0))
        var partitions: [JSONValue] = []
        for id in version?.inputs ?? [] {
            guard let topic = state.topics[id] else { continue }
            for (index, partition) in topic.partitions.enumerated() {
                let name = TopicPartition(topic: id, partition: UInt32(index))
                let first = version?.start?[name] ?? partition.firstKept
                let read = max(first, version?.position?[name] ?? first)
                let (here, all) = (read - first, max(partition.publishedEnd, read) - first)
                done += here
                total += all
                lag += all - here
                partitions.append(
                    .object([
                        ("topic", .string(topic.name)), ("partition", .integer(index)), ("done", .integer(here)),
                        ("total", .integer(all)),
                    ]))
            }
        }
        let (rate, arrival) = (watch?.rate(of: number) ?? 0, watch?.arrivalRate ?? 0)
        let closing = rate - arrival
        return [
            ("rowsDone", .integer(done)), ("rowsTotal", .integer(total)), ("rowsPerSecond", .number(rate)),
            ("arrivalRowsPerSecond", .number(arrival)), ("lagRows", .integer(lag)),
            ("etaSeconds", lag == 0 ? .number(0) : closing > 0 ? .number(Double(lag) / closing) : .null),
            ("partitions", .array(partitions)),
        ]
    }

    /// What the worker itself says; nil: nobody answers.
    private func metrics(of id: VersionID) -> JSONValue? {
        guard supervisor.status(id)?.phase == .running, let text = control.metrics(folder(of: id).path) else {
            return nil
        }
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            events.warning("metrics", [("version", .string("\(id)")), ("error", .string("\(error)"))])
            return nil
        }
    }

    private func audit(_ summary: VersionSummary) throws(OperationFailure) -> JSONValue {
        let audit = try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.catalog.audits(of: summary.id, newest: 1).first
        }
        guard let audit else { return .null }
        return .object([
            ("verdict", .string(audit.verdict.rawValue)), ("at", .integer(audit.at)),
            ("isStale", .boolean(!summary.state.isPublished && staleness(of: audit, summary) != nil)),
            (
                "deletions",
                .array(
                    audit.largeDeletions.map {
                        .object([
                            ("output", .string($0.output)), ("rows", .integer($0.rows)), ("of", .integer($0.total)),
                        ])
                    })
            ),
        ])
    }

    // MARK: The guard

    /// What does not go as it should since a version has become live.
    private func guardJSON(
        _ summary: VersionSummary, _ watch: JobWatch?, _ now: Int64, _ counts: RowGuard.Counts?
    ) throws(OperationFailure) -> JSONValue {
        guard summary.state == .guarded else { return .null }
        let options = try record(of: summary.id).options
        let watched = rowGuards.withLock { $0[summary.id] }
        let rows = counts.flatMap { watched?.problems($0) } ?? []
        return .object([
            ("until", .integer(summary.since + options.guardMilliseconds)),
            ("problems", .array((problems(summary, options, watch, now) + rows).map { .string($0) })),
        ])
    }

    private func problems(
        _ summary: VersionSummary, _ options: DeploymentOptions, _ watch: JobWatch?, _ now: Int64
    ) -> [String] {
        var problems: [String] = []
        let status = supervisor.status(summary.id)
        if let status, status.restarts > 0 {
            problems.append("its worker was restarted \(status.restarts) times since the server began")
        }
        switch status?.phase {
        case .running?: break
        case let phase?: problems.append("its worker is \(phase)")
        case nil: problems.append("it has no worker")
        }
        let limit = options.liveLatencyMilliseconds ?? max(1000, 10 * options.maxLagMilliseconds)
        if let latency = watch?.latency(ofLast: 10_000, now: now), latency > limit {
            problems.append("its p99 latency is \(latency) ms, over \(limit) ms")
        }
        if let waiting = watch?.oldestWaiting(now: now), waiting > 10 * options.maxLagMilliseconds {
            problems.append("rows have been waiting for \(waiting) ms")
        }
        return problems
    }

    /// nil: its worker does not answer.
    private func counts(
        _ metrics: JSONValue?, _ number: UInt32, _ deployment: DeploymentState?
    ) -> RowGuard.Counts? {
        guard let metrics, let version = deployment?.versions[number] else { return nil }
        let rows = (version.position?.ends ?? [:]).reduce(UInt64(0)) { sum, end in
            let first = version.start?[end.key] ?? 0
            return sum &+ (end.value - min(first, end.value))
        }
        func count(_ name: String) -> Int64 { metrics[name]?.integerValue ?? 0 }
        return RowGuard.Counts(
            rows: rows, late: count("lateRows"), rejected: count("skippedRecords") &+ count("quarantinedRows"))
    }

    /// Remembers what is usual just before a version takes over.
    /// - Returns: nil: the new version's worker does not answer.
    func rowGuard(from: VersionID, to: VersionID, _ deployment: DeploymentState) -> RowGuard? {
        guard let start = counts(metrics(of: to), UInt32(to.number), deployment) else { return nil }
        return RowGuard(
            start: start, previous: counts(metrics(of: from), UInt32(from.number), deployment), number: from.number)
    }

    // MARK: Pace

    /// A candidate waits while the disk is nearly full and, with `--live-slo`, while the live version is too slow.
    func pace(_ job: String, _ deployment: DeploymentState, _ watch: JobWatch) {
        guard let id = candidate(of: job), supervisor.status(id)?.phase == .running, !isBusy(job) else { return }
        let bound: Int64?
        do throws(OperationFailure) { bound = try record(of: id).options.liveLatencyMilliseconds } catch { return }
        let known = paces.withLock { $0[id] }
        let now = time.monotonicNanoseconds()
        let reason =
            diskShortage(isPaused: known != nil)
            ?? bound.flatMap { slowness(of: watch, bound: $0, isPaused: known != nil) }
        guard let reason else {
            guard known != nil else { return }
            paces.withLock { $0[id] = nil }
            control.pace(folder(of: id).path, false)
            return events.info("candidate goes on", [("version", .string("\(id)"))])
        }
        if let known, now - known.toldNanoseconds < Self.tellAgainNanoseconds { return }
        paces.withLock { $0[id] = Pause(reason: reason, toldNanoseconds: now) }
        control.pace(folder(of: id).path, true)
        if known == nil {
            events.info("candidate waits", [("version", .string("\(id)")), ("reason", .string(reason))])
        }
    }

    /// A worker that begins reads on.
    private static let tellAgainNanoseconds: Int64 = 1_000_000_000

    /// nil: the live version is quick enough.
    private func slowness(of watch: JobWatch, bound: Int64, isPaused: Bool) -> String? {
        let now = time.wallMilliseconds()
        let latency = max(
            watch.latency(ofLast: Self.paceWindowMilliseconds, now: now) ?? 0, watch.oldestWaiting(now: now) ?? 0)
        // Below the bound by a quarter before it goes on: what is near it would go to and fro.
        let isSlow = isPaused ? latency > bound - bound / 4 : latency > bound
        return isSlow ? "the live version's p99 latency is \(latency) ms, over \(bound) ms" : nil
    }

    private static let paceWindowMilliseconds: Int64 = 2000
}

extension DeploymentServer {
    /// For how many milliseconds nothing was published at the last switch; nil: this server saw none.
    package func lastPause(of job: String) -> Double? { pauses.withLock { $0[job] } }
}
