import ArgumentParser
import HostSystem

struct ListCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The deployed jobs, a line each.", discussion: "Example: sluice list")

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let jobs = try server.jobs()
        if output == .json { return StandardStreams.output(JSONValue.object([("jobs", .array(jobs))]).text + "\n") }
        guard !jobs.isEmpty else { return StandardStreams.error("no job is deployed in '\(directory.path)'\n") }
        var statuses: [JobStatus] = []
        for job in jobs { statuses.append(try JobStatus.read(job)) }
        StandardStreams.output(JobTable(jobs: statuses).text)
    }
}

/// Jobs in a table: of the live version how it does, of the candidate how far it is.
package struct JobTable {
    package var jobs: [JobStatus]

    package init(jobs: [JobStatus]) { self.jobs = jobs }

    package var text: String {
        TopicListCommand.table(
            ["job", "live", "lag", "checkpoint", "restarts", "candidate", "lag", "checkpoint", "restarts"],
            jobs.map { [$0.job] + cells($0.version($0.live)) + cells($0.version($0.candidate)) })
    }

    private func cells(_ version: VersionStatus?) -> [String] {
        guard let version else { return ["-", "", "", ""] }
        let isStopped = version.wanted == .stopped
        return [
            "\(version.number) \(version.state.rawValue)" + (isStopped ? ", stopped" : ""),
            StatusText.rows(version.lagRows),
            version.checkpointAgeMilliseconds.map { SpanText.text(milliseconds: $0) + " ago" } ?? "none yet",
            version.worker.map { "\($0.restarts)" } ?? "",
        ]
    }
}
