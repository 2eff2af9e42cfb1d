import ArgumentParser
import HostSystem

extension VersionGoal: ExpressibleByArgument {}

struct WaitCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Wait until a deployed version is where it is wanted.",
        discussion: """
            Of the candidate, or of the version that is named. Without --until: until it is ready or live; where there is no
            candidate there is nothing to wait for.

            Exit codes: 0 it is there, 1 it has failed or is gone, 2 its audit has failed, 3 it can never catch up or the time is
            over, 4 it is stopped.

            Example: sluice wait revenue --until in-sync --timeout 1h
            """)

    @Argument(help: ArgumentHelp("The job, or one version of it.", valueName: "name[@version]"))
    var name: DeployedName

    @Option(help: "in-sync, audited, ready, live, gone or ready-or-live")
    var until = VersionGoal.settled

    @Option(help: ArgumentHelp("How long.", valueName: "time"))
    var timeout = SpanOption(milliseconds: 600_000)

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let status = try server.status(of: name.job)
        guard let number = name.version ?? status.candidate else {
            let text = "job \"\(name.job)\" has no candidate"
            return tell(text, .object([("job", .string(name.job)), ("version", .null), ("text", .string(text))]))
        }
        var watch = VersionWatch(server: server, job: name.job, goal: until, view: .error)
        watch.deadline = timeout.milliseconds
        let text = try watch.run(version: number)
        tell(text, .object([("job", .string(name.job)), ("version", .integer(number)), ("text", .string(text))]))
    }
}
