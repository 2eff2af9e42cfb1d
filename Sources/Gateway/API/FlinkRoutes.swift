import Deployment
import HostSystem

// The paths under which Flink's clients look at jobs, as far as the thing exists here: a job is a version of a deployed job.
// The answers are made of those of `/v1/deployments`; Docs/HTTP.md says what is in them.

package struct FlinkRoutes: Sendable {
    /// What is asked of the server; JSON as `/v1/deployments` has it.
    package struct Source: Sendable {
        package typealias Answer = @Sendable () throws(OperationFailure) -> JSONValue
        package typealias AnswerOfJob = @Sendable (_ job: String) throws(OperationFailure) -> JSONValue
        package typealias Act =
            @Sendable (_ job: String, _ version: Int, _ folder: String?) throws(OperationFailure) -> JSONValue

        package var engineVersion: String
        package var list: Answer
        package var versions: AnswerOfJob
        package var history: AnswerOfJob
        package var savepoint: Act
        /// After a savepoint where a folder is given; an empty one: where savepoints are by default.
        package var stop: Act
        package var time: any TimeSource

        package init(
            engineVersion: String, list: @escaping Answer, versions: @escaping AnswerOfJob,
            history: @escaping AnswerOfJob, savepoint: @escaping Act, stop: @escaping Act,
            time: any TimeSource = SystemTime()
        ) {
            self.engineVersion = engineVersion
            self.list = list
            self.versions = versions
            self.history = history
            self.savepoint = savepoint
            self.stop = stop
            self.time = time
        }
    }

    private let source: Source
    private let triggers: FlinkTriggers

    package init(_ source: Source) {
        self.source = source
        triggers = FlinkTriggers()
    }

    init(_ server: DeploymentServer) {
        self.init(
            Source(
                engineVersion: server.engineVersion, list: { () throws(OperationFailure) in try server.list() },
                versions: { (job) throws(OperationFailure) in try server.versions(job) },
                history: { (job) throws(OperationFailure) in try server.history(job) },
                savepoint: { (job, version, folder) throws(OperationFailure) in
                    try server.savepoint(job, version: version, folder: folder)
                },
                stop: { (job, version, folder) throws(OperationFailure) in
                    let path = folder.flatMap { $0.isEmpty ? nil : $0 }
                    return try server.stop(
                        job, version: version, savepoint: folder != nil, folder: path, drain: false)
                }))
    }

    /// `routes`, and these.
    package func added(to routes: Routes) -> Routes {
        let (source, triggers) = (source, triggers)
        return
            routes
            .answering("GET", "/overview") { _, _, _ throws(OperationFailure) in Self.overview(try source.jobs()) }
            .answering("GET", "/config") { _, _, _ throws(OperationFailure) in Self.config(source.engineVersion) }
            .answering("GET", "/jobs") { _, _, _ throws(OperationFailure) in
                .object([("jobs", .array(try source.jobs().map(\.idAndStatus)))])
            }
            .answering("GET", "/jobs/overview") { _, _, _ throws(OperationFailure) in
                let now = source.time.wallMilliseconds()
                return .object([("jobs", .array(try source.jobs().map { $0.overview(now: now) }))])
            }
            .answering("GET", "/jobs/:id") { _, path, _ throws(OperationFailure) in
                try source.job(path["id"]).details(now: source.time.wallMilliseconds())
            }
            .answering("GET", "/jobs/:id/config") { _, path, _ throws(OperationFailure) in
                try source.job(path["id"]).configuration
            }
            .answering("GET", "/jobs/:id/exceptions") { _, path, _ throws(OperationFailure) in
                let job = try source.job(path["id"])
                return job.exceptions(try source.history(job.job))
            }
            .answering("GET", "/jobs/:id/checkpoints") { _, path, _ throws(OperationFailure) in
                try source.job(path["id"]).checkpoints(now: source.time.wallMilliseconds())
            }
            .answering("PATCH", "/jobs/:id", status: 202) { _, path, request throws(OperationFailure) in
                let mode = request.query("mode") ?? "cancel"
                guard mode == "cancel" else { throw OperationFailure(.usage, "the mode is cancel, not '\(mode)'") }
                let job = try source.job(path["id"])
                _ = try source.stop(job.job, job.version, nil)
                return .object([])
            }
            .answering("POST", "/jobs/:id/savepoints", status: 202) { body, path, _ throws(OperationFailure) in
                let job = try source.job(path["id"])
                let folder = try body.text("target-directory")
                let act = try body.flag("cancel-job") ? source.stop : source.savepoint
                return try Self.begin(triggers, act, job, body, folder: folder)
            }
            .answering("POST", "/jobs/:id/stop", status: 202) { body, path, _ throws(OperationFailure) in
                let job = try source.job(path["id"])
                guard try !body.flag("drain") else {
                    throw OperationFailure(
                        .usage, "a deployed job is not drained",
                        hint: "leave 'drain' out: it can go on where it stopped")
                }
                return try Self.begin(triggers, source.stop, job, body, folder: body.text("targetDirectory"))
            }
            .answering("GET", "/jobs/:id/savepoints/:trigger") { _, path, _ throws(OperationFailure) in
                guard let outcome = triggers.outcome(path["trigger"], of: path["id"]) else {
                    throw OperationFailure(.missing, "no savepoint was asked for with the id '\(path["trigger"])'")
                }
                return outcome.json
            }
    }

    private static func begin(
        _ triggers: FlinkTriggers, _ act: @escaping Source.Act, _ job: FlinkJob, _ body: JSONValue, folder: String?
    ) throws(OperationFailure) -> JSONValue {
        let id = try triggers.begin(body.text("triggerId"), of: job.id) { () throws(OperationFailure) in
            try act(job.job, job.version, folder ?? "")["savepoint"]?.stringValue
        }
        return .object([("request-id", .string(id))])
    }

    private static func overview(_ jobs: [FlinkJob]) -> JSONValue {
        func count(_ isCounted: (FlinkJob.State) -> Bool) -> JSONValue { .integer(jobs.count { isCounted($0.state) }) }
        return .object([
            ("jobs-running", count { !$0.isTerminal }), ("jobs-finished", count { $0 == .finished }),
            ("jobs-cancelled", count { $0 == .canceled }), ("jobs-failed", count { $0 == .failed }),
        ])
    }

    private static func config(_ engineVersion: String) -> JSONValue {
        .object([
            ("refresh-interval", .integer(3000)), ("timezone-name", .string("UTC")), ("timezone-offset", .integer(0)),
            ("sluice-version", .string(engineVersion)),
            ("features", .object([("web-submit", .boolean(false)), ("web-cancel", .boolean(false))])),
        ])
    }
}

extension FlinkRoutes.Source {
    /// The versions that `GET /v1/deployments` shows.
    fileprivate func jobs() throws(OperationFailure) -> [FlinkJob] {
        var jobs: [FlinkJob] = []
        for job in try list()["jobs"]?.arrayValue ?? [] {
            guard let name = job["job"]?.stringValue else { continue }
            let records = try versions(name)["versions"]?.arrayValue ?? []
            for status in job["versions"]?.arrayValue ?? [] {
                let record = records.first { $0["version"]?.integerValue == status["version"]?.integerValue }
                jobs.append(FlinkJob(name, status: status, record: record))
            }
        }
        return jobs
    }

    fileprivate func job(_ id: String) throws(OperationFailure) -> FlinkJob {
        guard let job = try jobs().first(where: { $0.id == id }) else {
            throw OperationFailure(
                .missing, "there is no job with the id '\(id)'", hint: "GET /jobs/overview names all that are deployed")
        }
        return job
    }
}
