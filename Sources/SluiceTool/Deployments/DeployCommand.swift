import ArgumentParser
import HostSystem

struct DeployCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Deploy a version of a job: the first one goes live, others beside the live one.",
        discussion: """
            A later version replays the inputs in the shadow of the live one and publishes nothing before it is promoted. On a
            terminal the plan is shown first, and --yes leaves out the question. A deployed job reads and writes topics; for
            others the jobs that copy from and to the outside are printed.

            Example: sluice deploy revenue revenue.sql --wait
            """)

    @OptionGroup var request: DeployArguments

    @Flag(help: "Show it until it is ready to be promoted, or live. Ctrl-C leaves it running.")
    var wait = false

    @Option(help: ArgumentHelp("How long --wait waits; without end if it is left out.", valueName: "time"))
    var timeout: SpanOption?

    @Flag(help: "Only show the plan.")
    var dryRun = false

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        if timeout != nil, !wait { throw ValidationError("--timeout is for --wait") }
    }

    func perform() throws(ToolFailure) {
        let body = try request.body()
        if dryRun { return try show(body) }
        let mayAsk = !confirmation.yes && Confirmation.isPossible && output == .text
        let isShown = mayAsk ? try agreed(body) : false
        let answer = try server.post(["v1", "deployments"], body)
        let plan = try DeploymentPlan.read(answer)
        if output == .text, !isShown { StandardStreams.error(plan.lines) }
        tell("deployed \(plan.job)@\(plan.version)", answer)
        guard wait else { return }
        var watch = VersionWatch(server: server, job: plan.job, goal: .settled, view: .error)
        watch.deadline = timeout?.milliseconds
        let reached = try watch.run(version: plan.version)
        if output == .text { StandardStreams.output(reached + "\n") }
    }

    /// Shows the plan of a version that is not the first, and asks.
    /// - Returns: whether the plan was shown.
    private func agreed(_ body: [(String, JSONValue)]) throws(ToolFailure) -> Bool {
        let plan = try DeploymentPlan.read(try server.post(["v1", "plan"], body))
        guard plan.live != nil else { return false }
        StandardStreams.error(plan.lines)
        try confirmation.ask("deploy \(plan.job)@\(plan.version)?", command: "deploy")
        return true
    }
}
