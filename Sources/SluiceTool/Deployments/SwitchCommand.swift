import ArgumentParser
import HostSystem

/// What `promote` and `rollback` are alike in.
protocol SwitchCommand: DeploymentSubcommand {
    static var verb: VersionSelection.Verb { get }
    var name: DeployedName { get }
    var force: Bool { get }
    var dryRun: Bool { get }
    var confirmation: Confirmation { get }
}

extension SwitchCommand {
    func perform() throws(ToolFailure) {
        // What was asked for is done with the version that was shown, whatever is deployed meanwhile.
        var selection = try VersionSelection(
            Self.verb, name.version, of: server.status(of: name.job), isForced: force)
        if dryRun {
            selection.refusal = try refusal(of: selection.version.number)
            return tell(
                selection.preview.map(\.text).joined(separator: "\n"),
                .object([
                    ("job", .string(selection.job)), ("version", .integer(selection.version.number)),
                    ("state", .string(selection.version.state.rawValue)),
                    ("obstacle", (selection.obstacle ?? selection.refusal).map { .string($0) } ?? .null),
                ]))
        }
        try confirmation.ask(selection.question, command: Self.verb.rawValue)
        // --yes says that nobody is asked, not what he would have answered to how many rows are deleted.
        let mayDelete = !confirmation.yes && selection.deletions != nil
        let answer = try server.post(
            ["v1", "deployments", name.job, Self.verb.rawValue],
            [
                ("version", .integer(selection.version.number)), ("force", .boolean(force)),
                ("mayDelete", .boolean(mayDelete)),
            ])
        do throws(MalformedAnswer) {
            let answered = try SwitchAnswer(answer)
            tell(answered.text(Self.verb, name.job), answer)
        } catch {
            throw ToolFailure(error)
        }
    }

    /// What the server would say to it.
    private func refusal(of version: Int) throws(ToolFailure) -> String? {
        let answer = try server.post(
            ["v1", "deployments", name.job, Self.verb.rawValue, "check"],
            [("version", .integer(version)), ("force", .boolean(force))])
        guard let message = answer["error"]?["message"]?.stringValue else { return nil }
        return message + (answer["error"]?["detail"]?.stringValue.map { "; \($0)" } ?? "")
    }
}

struct PromoteCommand: SwitchCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Make the candidate live, at exactly one place of its inputs.",
        discussion: """
            Readers of what the job publishes go on without a gap or a repeat; of tables with a key they get the difference. The
            version before stands by. Refused while the candidate is not ready, and where its audit has failed or is stale, unless
            it is forced: the history keeps that. Where readers of a table would lose more than a tenth of its rows it asks,
            and with --yes it is refused: --force deletes them.

            Example: sluice promote revenue --yes
            """)

    static let verb = VersionSelection.Verb.promote

    @Argument(help: ArgumentHelp("The job, or the version to make live.", valueName: "name[@version]"))
    var name: DeployedName

    @Flag(help: "Also without an audit that has passed, and whatever it deletes.")
    var force = false

    @Flag(help: "Only say what it would do.")
    var dryRun = false

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text
}

struct RollbackCommand: SwitchCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Make the version before live again, as exactly as it was replaced.",
        discussion: """
            It has gone on in the shadow, so nothing is replayed. Readers of tables with a key get the difference back; rows that
            were only added are not taken back.

            Example: sluice rollback revenue --yes
            """)

    static let verb = VersionSelection.Verb.rollback

    @Argument(help: ArgumentHelp("The job, or the version to go back to.", valueName: "name[@version]"))
    var name: DeployedName

    @Flag(help: "Also where it would be refused for the sake of readers.")
    var force = false

    @Flag(help: "Only say what it would do.")
    var dryRun = false

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text
}
