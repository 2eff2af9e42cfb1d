import ArgumentParser
import HostSystem

struct StopCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop a deployed job, or one version of it, after a last checkpoint.",
        discussion: """
            It stays deployed: restart goes on from there, and what it publishes stays readable. A job that runs under
            'sluice run' is stopped with SIGTERM.

            Example: sluice stop revenue --savepoint
            """)

    @Argument(help: ArgumentHelp("The job, or one version of it.", valueName: "name[@version]"))
    var name: DeployedName

    @Flag(help: "Make a savepoint.")
    var savepoint = false

    @Option(
        help: ArgumentHelp("Make a savepoint in this folder.", valueName: "folder"), completion: .directory)
    var savepointPath: String?

    @Flag(help: "Refused: a deployed job's streams have no end.")
    var drain = false

    @Flag(help: "Only say what it would do.")
    var dryRun = false

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        if dryRun { return try preview() }
        var body =
            name.versionBody + [
                ("savepoint", .boolean(savepoint || savepointPath != nil)), ("drain", .boolean(drain)),
            ]
        if let savepointPath { body.append(("folder", .string(try WorkingDirectory.absolute(savepointPath)))) }
        let answer = try server.post(["v1", "deployments", name.job, "stop"], body)
        var text = answer.versionNames("stopped", of: name.job).map { "\($0) is stopped" }
        if text.isEmpty { text = ["nothing of job \"\(name.job)\" was running"] }
        if let path = answer.optionalText("savepoint") { text.append("savepoint \(path)") }
        tell(text.joined(separator: "\n"), answer)
    }

    private func preview() throws(ToolFailure) {
        let status = try server.status(of: name.job)
        let running = status.versions.filter { version in
            version.wanted == .running && (name.version ?? version.number) == version.number && !version.state.isEnd
        }
        let lines = running.map { "\(name.job)@\($0.number) (\($0.state.rawValue)) would be stopped" }
        let text = lines.isEmpty ? "nothing of job \"\(name.job)\" would be stopped" : lines.joined(separator: "\n")
        tell(
            text,
            .object([("job", .string(name.job)), ("versions", .array(running.map { .integer($0.number) }))]))
    }
}

struct RestartCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Start what was stopped, or has failed, from its last checkpoint.",
        discussion: "Example: sluice restart revenue")

    @Argument(help: ArgumentHelp("The job, or one version of it.", valueName: "name[@version]"))
    var name: DeployedName

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let answer = try server.post(["v1", "deployments", name.job, "restart"], name.versionBody)
        let started = answer.versionNames("started", of: name.job).map { "\($0) is started" }
        tell(started.isEmpty ? "nothing had to be started" : started.joined(separator: "\n"), answer)
    }
}

extension JSONValue {
    /// A list of versions' numbers.
    fileprivate func versionNames(_ member: String, of job: String) -> [String] {
        (self[member]?.arrayValue ?? []).compactMap(\.integerValue).map { "\(job)@\($0)" }
    }
}
