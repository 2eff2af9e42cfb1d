import ArgumentParser
import HostSystem

struct VersionsCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "The versions of a deployed job; one of them with its plan, or its SQL.",
        discussion: "Example: sluice versions revenue 2 --sql")

    @Argument(help: ArgumentHelp("The job, or one version of it.", valueName: "name[@version]"))
    var name: DeployedName

    @Argument(help: "The number of one version.")
    var number: Int?

    @Flag(name: .customLong("sql"), help: "Print the version's text as it was deployed.")
    var printsSQL = false

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        if let number, let version = name.version, number != version {
            throw ValidationError("\(name.job)@\(version) and \(number) are two versions")
        }
        if printsSQL, number == nil, name.version == nil { throw ValidationError("--sql: of which version?") }
    }

    func perform() throws(ToolFailure) {
        let answer = try server.get(["v1", "deployments", name.job, "versions"])
        let all: [DeployedVersion]
        do throws(MalformedAnswer) {
            all = try DeployedVersion.all(answer)
        } catch {
            throw ToolFailure(error)
        }
        guard let number = number ?? name.version else {
            return tell(String(DeployedVersion.table(all, of: name.job).dropLast()), answer)
        }
        guard let version = all.first(where: { $0.number == number }) else {
            throw ToolFailure(
                message: "job \"\(name.job)\" has no version \(number)",
                detail: "it has " + all.map { "\($0.number)" }.joined(separator: ", "), exitCode: ToolFailure.conflict)
        }
        if printsSQL, output == .text { return StandardStreams.output(version.sql) }
        switch output {
        case .text: StandardStreams.output(version.lines(name.job))
        case .json:
            let found = answer["versions"]?.arrayValue?.first { $0["version"]?.integerValue == Int64(number) }
            StandardStreams.output((found ?? .null).text + "\n")
        }
    }
}
