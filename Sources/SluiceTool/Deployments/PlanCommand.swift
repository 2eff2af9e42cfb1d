import ArgumentParser
import HostSystem

struct PlanCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what a deployment would come to: inputs, outputs, differences, how long.",
        discussion: """
            Nothing is changed. Takes what deploy takes.

            Example: sluice plan revenue revenue.sql
            """)

    @OptionGroup var request: DeployArguments
    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) { try show(try request.body()) }
}

extension DeploymentSubcommand {
    func show(_ body: [(String, JSONValue)]) throws(ToolFailure) {
        let answer = try server.post(["v1", "plan"], body)
        switch output {
        case .json: StandardStreams.output(answer.text + "\n")
        case .text: StandardStreams.output(try DeploymentPlan.read(answer).lines)
        }
    }
}
