import Deployment
import HostSystem

/// What a scraper reads: Flink's names where the thing exists, with the prefix `sluice_`.
struct DeploymentMetrics: Sendable {
    private let server: DeploymentServer

    init(_ server: DeploymentServer) { self.server = server }

    var text: String {
        var metrics = MetricsText()
        let jobs: [JSONValue]
        do throws(OperationFailure) {
            jobs = try server.list()["jobs"]?.arrayValue ?? []
        } catch {
            metrics.add("sluice_up", .gauge, help: "1 where the catalog can be read.", value: 0)
            return metrics.text
        }
        metrics.add("sluice_up", .gauge, help: "1 where the catalog can be read.", value: 1)
        for job in jobs {
            let name = job["job"]?.stringValue ?? ""
            for version in job["versions"]?.arrayValue ?? [] { add(version, of: name, to: &metrics) }
            if let pause = server.lastPause(of: name) {
                metrics.add(
                    "sluice_cutover_pause_seconds", .gauge, help: "How long nothing was published at the last switch.",
                    labels: [("job", name)], value: pause / 1000)
            }
        }
        return metrics.text
    }

    private func add(_ version: JSONValue, of job: String, to metrics: inout MetricsText) {
        let labels = [
            (name: "job", value: job), (name: "version", value: "\(version["version"]?.integerValue ?? 0)"),
            (name: "role", value: version["role"]?.stringValue ?? ""),
        ]
        func add(
            _ name: String, _ kind: MetricsText.Kind = .gauge, _ help: String, _ value: JSONValue?, scale: Double = 1
        ) {
            guard let value = value?.doubleValue else { return }
            metrics.add("sluice_" + name, kind, help: help, labels: labels, value: value * scale)
        }
        add(
            "job_numRestarts", .counter, "Restarts of the worker since the server began.",
            version["worker"]?["restarts"])
        add("job_numberOfCompletedCheckpoints", .counter, "Number of the last checkpoint.", version["checkpoints"])
        add(
            "checkpoint_age_seconds", .gauge, "Since the last checkpoint.", version["checkpointAgeMilliseconds"],
            scale: 0.001)
        add("numRecordsIn", .counter, "Rows read, as of the last checkpoint.", version["rowsDone"])
        add("pendingRecords", .gauge, "Rows that are there and not read.", version["lagRows"])
        add("deployment_lag_records", .gauge, "Rows that are there and not read.", version["lagRows"])
        add("deployment_eta_seconds", .gauge, "Until all is read.", version["etaSeconds"])
        add("state_bytes", .gauge, "Keyed state in memory.", version["stateBytes"])
        add("numLateRecordsDropped", .counter, "Late rows.", version["lateRows"])
        add("quarantined_records", .counter, "Rows in quarantine.", version["quarantinedRows"])
        add("currentInputWatermark", .gauge, "Of the sources, in milliseconds.", version["watermark"])
        add(
            "job_latency_p99_milliseconds", .gauge, "From append to published output, over the last minute.",
            version["latencyMilliseconds"]?["p99"])
        let state = version["state"]?.stringValue ?? ""
        metrics.add(
            "sluice_deployment_state", .gauge, help: "1 for the state that the version is in.",
            labels: labels + [(name: "state", value: state)], value: 1)
    }
}
