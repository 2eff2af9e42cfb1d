import ArgumentParser
import HostSystem

struct AbortCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "Give up a candidate: nobody has seen anything of it.",
        discussion: "Example: sluice abort revenue --yes")

    @Argument(help: ArgumentHelp("The job, or the version to give up.", valueName: "name[@version]"))
    var name: DeployedName

    @Flag(help: "Only say what it would do.")
    var dryRun = false

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func perform() throws(ToolFailure) {
        let selection = try VersionSelection(.abort, name.version, of: server.status(of: name.job))
        let number = selection.version.number
        if dryRun {
            return tell(
                selection.preview.map(\.text).joined(separator: "\n"),
                .object([("job", .string(name.job)), ("version", .integer(number))]))
        }
        try confirmation.ask(selection.question, command: "abort")
        let answer = try server.post(["v1", "deployments", name.job, "abort"], [("version", .integer(number))])
        tell("\(name.job)@\(number) is given up", answer)
    }
}
