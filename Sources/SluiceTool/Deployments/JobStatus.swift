import Deployment
import HostSystem

// What the server says of a deployed job, as `GET /v1/deployments/:job` has it. Times are milliseconds since 1970-01-01 UTC.

package struct JobStatus: Equatable, Sendable {
    package var job: String
    package var live: Int?
    package var candidate: Int?
    package var previous: Int?
    /// Those that are not at their end, and the newest.
    package var versions: [VersionStatus]

    package init(_ json: JSONValue) throws(MalformedAnswer) {
        job = try json.text("job")
        live = json.optionalInteger("live")
        candidate = json.optionalInteger("candidate")
        previous = json.optionalInteger("previous")
        versions = try json.map("versions") { (version) throws(MalformedAnswer) in try VersionStatus(version) }
    }

    static func read(_ json: JSONValue) throws(ToolFailure) -> JobStatus {
        do throws(MalformedAnswer) {
            return try JobStatus(json)
        } catch {
            throw ToolFailure(error)
        }
    }

    package func version(_ number: Int?) -> VersionStatus? { versions.first { $0.number == number } }
}

package struct VersionStatus: Equatable, Sendable {
    package struct Partition: Equatable, Sendable {
        package var topic: String
        package var partition: Int
        package var done: Int
        package var total: Int
    }

    package struct Worker: Equatable, Sendable {
        package var phase: String
        package var processID: Int?
        package var restarts: Int
        package var lastEnding: String?
        package var lastLines: [String]
    }

    package struct Audit: Equatable, Sendable {
        package var verdict: String
        package var at: Int
        package var isStale: Bool
        /// Of more than a tenth of a table: `promote` asks.
        package var deletions: [RowDeletion]
    }

    package struct Guard: Equatable, Sendable {
        package var until: Int
        package var problems: [String]
    }

    package struct Latency: Equatable, Sendable {
        package var median: Double
        package var p99: Double
    }

    package var number: Int
    package var role: String
    package var state: VersionState
    package var since: Int
    package var reason: String
    package var wanted: WantedState
    package var worker: Worker?
    package var rowsDone: Int
    package var rowsTotal: Int
    package var rowsPerSecond: Double?
    package var arrivalRowsPerSecond: Double?
    package var lagRows: Int
    package var etaSeconds: Double?
    package var partitions: [Partition]
    package var checkpointAgeMilliseconds: Int?
    package var checkpoints: Int?
    package var stateBytes: Int?
    package var lateRows: Int?
    package var quarantinedRows: Int?
    package var watermark: String?
    package var watermarkHeldBy: String?
    package var latencyMilliseconds: Latency?
    /// Why it reads nothing for the time being.
    package var paused: String?
    /// Why it has not become live by itself.
    package var refused: String?
    package var audit: Audit?
    package var guarded: Guard?

    package init(_ json: JSONValue) throws(MalformedAnswer) {
        number = try json.integer("version")
        role = json.optionalText("role") ?? "none"
        guard let state = VersionState(rawValue: try json.text("state")) else {
            throw MalformedAnswer(expected: "the name of a state instead of '\(try json.text("state"))'")
        }
        self.state = state
        since = json.optionalInteger("since") ?? 0
        reason = json.optionalText("reason") ?? ""
        wanted = json.optionalText("wanted").flatMap { WantedState(rawValue: $0) } ?? .running
        worker = try json.optionalObject("worker").map { (worker) throws(MalformedAnswer) in try Worker(worker) }
        partitions =
            try json["partitions"] == nil
            ? [] : json.map("partitions") { (partition) throws(MalformedAnswer) in try Partition(partition) }
        rowsDone = json.optionalInteger("rowsDone") ?? 0
        rowsTotal = json.optionalInteger("rowsTotal") ?? 0
        rowsPerSecond = json["rowsPerSecond"]?.doubleValue
        arrivalRowsPerSecond = json["arrivalRowsPerSecond"]?.doubleValue
        lagRows = json.optionalInteger("lagRows") ?? 0
        etaSeconds = json["etaSeconds"]?.doubleValue
        checkpointAgeMilliseconds = json.optionalInteger("checkpointAgeMilliseconds")
        checkpoints = json.optionalInteger("checkpoints")
        stateBytes = json.optionalInteger("stateBytes")
        lateRows = json.optionalInteger("lateRows")
        quarantinedRows = json.optionalInteger("quarantinedRows")
        watermark =
            json.optionalText("watermark") ?? json.optionalInteger("watermark").map { SpanText.time(milliseconds: $0) }
        watermarkHeldBy = json.optionalText("watermarkHeldBy")
        latencyMilliseconds = json.optionalObject("latencyMilliseconds").flatMap { Latency($0) }
        paused = json.optionalText("paused")
        refused = json.optionalText("refused")
        audit = try json.optionalObject("audit").map { (audit) throws(MalformedAnswer) in try Audit(audit) }
        guarded = try json.optionalObject("guard").map { (watch) throws(MalformedAnswer) in try Guard(watch) }
    }
}

extension VersionStatus.Partition {
    package init(_ json: JSONValue) throws(MalformedAnswer) {
        self.init(
            topic: try json.text("topic"), partition: try json.integer("partition"), done: try json.integer("done"),
            total: try json.integer("total"))
    }
}

extension VersionStatus.Worker {
    package init(_ json: JSONValue) throws(MalformedAnswer) {
        self.init(
            phase: try json.text("phase"), processID: json.optionalInteger("processID"),
            restarts: json.optionalInteger("restarts") ?? 0, lastEnding: json.optionalText("lastEnding"),
            lastLines: json.texts("lastLines"))
    }
}

extension VersionStatus.Audit {
    package init(_ json: JSONValue) throws(MalformedAnswer) {
        self.init(
            verdict: try json.text("verdict"), at: try json.integer("at"),
            isStale: json["isStale"]?.booleanValue ?? false,
            deletions: json["deletions"] == nil
                ? []
                : try json.map("deletions") { (deletion) throws(MalformedAnswer) in
                    RowDeletion(
                        output: try deletion.text("output"), rows: Int64(try deletion.integer("rows")),
                        of: Int64(try deletion.integer("of")))
                })
    }
}

extension VersionStatus.Guard {
    package init(_ json: JSONValue) throws(MalformedAnswer) {
        self.init(until: try json.integer("until"), problems: json.texts("problems"))
    }
}

extension VersionStatus.Latency {
    fileprivate init?(_ json: JSONValue) {
        guard let median = json["p50"]?.doubleValue, let p99 = json["p99"]?.doubleValue else { return nil }
        self.init(median: median, p99: p99)
    }
}
