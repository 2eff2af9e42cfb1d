import ArgumentParser
import StreamSQL

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show what a job does, what it keeps and what bounds it, and what it checks.",
        discussion: "Example: sluice explain job.sql")

    @OptionGroup var job: JobFile
    @Option(help: "text or json") var output = OutputFormat.text

    func run() throws {
        do throws(ToolFailure) {
            let definition = try job.analyzed()
            for warning in definition.warnings { StandardStreams.error("warning: \(warning)\n") }
            switch output {
            case .text: StandardStreams.output(explainText(definition))
            case .json:
                let lines = explainText(definition).split(separator: "\n", omittingEmptySubsequences: false)
                StandardStreams.output(
                    JSONText.object([("plan", .array(lines.map { .string(String($0)) }))]).text + "\n")
            }
        } catch {
            throw error.exit(output)
        }
    }
}
