import CommitLog
import Dataflow
import HostSystem

/// What somebody wants to deploy, or to have planned.
package struct DeployRequest: Sendable {
    package var job: String
    package var sql: String
    /// As it was given: for messages.
    package var file: String
    package var settings: [Setting]
    package var start: StartMode
    package var options: DeploymentOptions
    /// The command as it was typed.
    package var command: String

    package init(
        job: String, sql: String, file: String, settings: [Setting] = [], start: StartMode = .beginning,
        options: DeploymentOptions = DeploymentOptions(), command: String
    ) {
        self.job = job
        self.sql = sql
        self.file = file
        self.settings = settings
        self.start = start
        self.options = options
        self.command = command
    }
}

// A version comes to be in steps, each durable, of which each may be done again: the catalog has its text and says that it
// is PLANNED; its folder has the text for its worker; the journal knows it, and its topics; the catalog says what it is; its
// worker is started. A server that begins takes up what is PLANNED where it was left.

extension DeploymentServer {
    package func plan(_ request: DeployRequest) throws(OperationFailure) -> PlanReport {
        try JobText.checkName(request.job)
        let text = try JobText(request.job, sql: request.sql, file: request.file, settings: request.settings)
        return try plan(request, text).report
    }

    package func deploy(_ request: DeployRequest) throws(OperationFailure) -> PlanReport {
        try JobText.checkName(request.job)
        return try alone(with: request.job, "deploy") { () throws(OperationFailure) in
            let text = try JobText(request.job, sql: request.sql, file: request.file, settings: request.settings)
            let (plan, report) = try plan(request, text)
            try checkDisk(report.disk, for: request.job)
            try checkStart(request, text, plan)
            let id = VersionID(request.job, Int(plan.version.number))
            let record = VersionRecord(
                id: id, sql: request.sql, fileName: request.file, planFingerprint: text.graph.fingerprint,
                settings: request.settings, engineVersion: configuration.engineVersion,
                createdAt: time.wallMilliseconds(), start: request.start, options: request.options)
            try OperationFailure.onCatalog { () throws(CatalogError) in
                try ledger.add(
                    record, wanted: .running, reason: "'\(request.file)' was deployed",
                    by: .user(command: request.command))
            }
            try carryOut(record, plan)
            return report
        }
    }

    private func plan(
        _ request: DeployRequest, _ text: JobText
    ) throws(OperationFailure) -> (VersionPlan, report: PlanReport) {
        try OperationFailure.onJob { () throws(JobFailure) in
            let state = try log.settled()
            let newest = max(
                ledger.versions(of: request.job).last?.id.number ?? 0,
                Int(state.deployments[request.job]?.versions.keys.max() ?? 0))
            if let candidate = candidate(of: request.job) {
                throw JobFailure(
                    .conflict, "version \(candidate.number) of job \"\(request.job)\" is a candidate already",
                    hint: "'sluice promote \(request.job)' or 'sluice abort \(request.job)' first")
            }
            if let run = state.jobs[request.job] {
                throw JobFailure(
                    .conflict, "job \"\(request.job)\" has a run that is not deployed",
                    detail: "'sluice run' began it, as run \(run.run)",
                    hint: "deploy under another name; or end that run, and start it over with --fresh under another one"
                )
            }
            let plan = try VersionPlan(
                request.job, text.deployable, number: UInt32(newest + 1), in: state, random: random)
            return (
                plan,
                try PlanReport(
                    plan, text, state, board.snapshot.jobs[request.job], previous(request.job),
                    diskEstimate(request.job, in: state), log)
            )
        }
    }

    /// The lines of the live version's plan.
    private func previous(_ job: String) -> [String]? {
        guard let live = ledger.versions(of: job).last(where: { $0.state.isPublished })?.id else { return nil }
        do throws(CatalogError) {
            return try ledger.record(of: live)?.planFingerprint
        } catch {
            events.error("catalog", [("error", .string("\(error)"))])
            return nil
        }
    }

    /// For a version that goes on with another one's state: that state, which fits.
    private func checkStart(
        _ request: DeployRequest, _ text: JobText, _ plan: VersionPlan
    ) throws(OperationFailure) {
        switch request.start {
        case .beginning, .now: return
        case .savepoint(let path):
            try OperationFailure.onJob { () throws(JobFailure) in
                try SavepointStart(path, files).checkFit(text.graph, of: plan.version)
            }
        case .resume:
            guard let live = board.snapshot.state.deployments[request.job].map({ Int($0.live) }) else {
                throw OperationFailure(
                    .conflict, "job \"\(request.job)\" has no live version whose state a new one could go on with",
                    hint: "leave --from out: the first version reads all of its input")
            }
            let path = resumePath(plan.version)
            try OperationFailure.onJob { () throws(JobFailure) in
                try JobFailure.onFiles("removing what was left of another deploy") { () throws(FileError) in
                    if try files.exists(path) { try files.removeTree(path) }
                    try files.makeDurableDirectories(FilePath.parent(of: path))
                }
            }
            _ = try savepoint(request.job, version: live, folder: path)
            try OperationFailure.onJob { () throws(JobFailure) in
                try SavepointStart(path, files).checkFit(text.graph, of: plan.version)
            }
        }
    }

    private func resumePath(_ version: VersionName) -> String {
        VersionFolder(version, in: configuration.dataDirectory).path + "/resume"
    }

    /// What a worker is told of where its version begins.
    func startArguments(_ record: VersionRecord) -> [String] {
        switch record.start {
        case .beginning: []
        case .now: ["--start-now"]
        case .resume: ["-s", resumePath(VersionName(record.id.job, UInt32(record.id.number)))]
        case .savepoint(let path): ["-s", path]
        }
    }

    private func carryOut(_ record: VersionRecord, _ plan: VersionPlan) throws(OperationFailure) {
        do throws(JobFailure) {
            let folder = folder(of: record.id)
            try folder.write(record.sql, files)
            if try log.settled().deployments[record.id.job]?.versions[plan.version.number] == nil {
                try log.append(.deployed(plan.registration))
            }
        } catch {
            try OperationFailure.onCatalog { () throws(CatalogError) in
                try ledger.move(record.id, to: .failed, error.message, by: .server, wanted: .stopped)
            }
            throw OperationFailure(error)
        }
        try begin(record)
    }

    /// What the journal knows is said in the catalog, and its worker started.
    private func begin(_ record: VersionRecord) throws(OperationFailure) {
        let state = try OperationFailure.onJob { () throws(JobFailure) in try log.settled() }
        let isLive = state.deployments[record.id.job]?.live == UInt32(record.id.number)
        try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.move(
                record.id, from: [.planned], to: isLive ? .live : .replaying,
                isLive ? "the first version is live from its beginning" : record.start.reason,
                by: .server)
        }
        supervisor.add(specification(record), wanted: true)
    }

    /// Takes up what another server has left.
    func recover() throws(OperationFailure) {
        try OperationFailure.onJob { () throws(JobFailure) in try releaseAttempts() }
        for summary in ledger.all {
            let record = try record(of: summary.id)
            switch summary.state {
            case .planned: try recover(planned: record)
            case .aborted, .retired: removeRemains(of: summary.id, ifAny: true)
            case .auditing:
                try OperationFailure.onCatalog { () throws(CatalogError) in
                    try ledger.move(
                        summary.id, to: .inSync, "the server began anew before the audit had reported", by: .server)
                }
                supervisor.add(specification(record), wanted: summary.wanted == .running)
            default: supervisor.add(specification(record), wanted: summary.wanted == .running)
            }
        }
    }

    /// Whoever coordinated them is dead, and versions stand still for them: nothing has happened.
    private func releaseAttempts() throws(JobFailure) {
        for (job, deployment) in try log.settled().deployments {
            guard let attempt = deployment.openAttempt else { continue }
            do throws(JournalError) {
                _ = try log.journal.append(.released(job: job, attempt: attempt.number))
            } catch {
                // One of those that stand still was first.
                guard case .refused(.deployment(.attemptIsDecided)) = error else { throw .journal(error) }
            }
        }
    }

    private func recover(planned record: VersionRecord) throws(OperationFailure) {
        do throws(OperationFailure) {
            let text = try JobText(record.id.job, sql: record.sql, file: record.fileName, settings: record.settings)
            let plan = try OperationFailure.onJob { () throws(JobFailure) in
                try VersionPlan(
                    record.id.job, text.deployable, number: UInt32(record.id.number), in: log.settled(), random: random)
            }
            try carryOut(record, plan)
        } catch {
            events.error(
                "deploy", [("version", .string("\(record.id)")), ("error", .string(error.message))])
            try OperationFailure.onCatalog { () throws(CatalogError) in
                try ledger.move(record.id, from: [.planned], to: .failed, error.message, by: .server, wanted: .stopped)
            }
        }
    }

    /// The version that may become live.
    func candidate(of job: String) -> VersionID? {
        ledger.versions(of: job).last { summary in
            switch summary.state {
            case .planned, .replaying, .catchingUp, .inSync, .auditing, .ready, .stalled, .cuttingOver: true
            case .failed: mayStillBecomeLive(summary.id)
            case .live, .guarded, .standby, .retired, .aborted, .rolledBack: false
            }
        }?.id
    }

    private func mayStillBecomeLive(_ id: VersionID) -> Bool {
        guard let deployment = board.snapshot.state.deployments[id.job] else { return true }
        let number = UInt32(id.number)
        return number > deployment.live && number != deployment.previous
    }
}
