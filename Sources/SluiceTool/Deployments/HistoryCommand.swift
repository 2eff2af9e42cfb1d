import ArgumentParser
import HostSystem

struct HistoryCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "The log book of a deployed job: what its versions went through, when and why.",
        discussion: "Example: sluice history revenue@2")

    @Argument(help: ArgumentHelp("The job, or one version of it.", valueName: "name[@version]"))
    var name: DeployedName

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json: the server's answer, of all versions") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let answer = try server.get(["v1", "deployments", name.job, "history"])
        if output == .json { return StandardStreams.output(answer.text + "\n") }
        do throws(MalformedAnswer) {
            StandardStreams.output(try DeploymentHistory(answer).lines(name.job, version: name.version))
        } catch {
            throw ToolFailure(error)
        }
    }
}
