import ArgumentParser
import HostSystem

/// What the commands over deployed jobs have in common.
protocol DeploymentSubcommand: ParsableCommand {
    var directory: DataDirectoryOption { get }
    var output: OutputFormat { get }
    func perform() throws(ToolFailure)
}

extension DeploymentSubcommand {
    func run() throws {
        do throws(ToolFailure) {
            try perform()
        } catch {
            throw error.exit(output)
        }
    }

    var server: DeploymentClient { DeploymentClient(data: directory.path) }

    /// What was done: for people a sentence, for programs the server's answer.
    func tell(_ text: @autoclosure () -> String, _ json: JSONValue) {
        switch output {
        case .text: StandardStreams.output(text() + "\n")
        case .json: StandardStreams.output(json.text + "\n")
        }
    }
}

extension StandardStreams {
    /// Lines for people, with colours on a terminal that takes them.
    static func output(_ lines: [StyledLine]) {
        let isColoured = outputIsTerminal && takesColours
        output(lines.map { (isColoured ? $0.colouredText : $0.text) + "\n" }.joined())
    }

    static func error(_ lines: [StyledLine]) {
        let isColoured = errorIsTerminal && takesColours
        error(lines.map { (isColoured ? $0.colouredText : $0.text) + "\n" }.joined())
    }
}
