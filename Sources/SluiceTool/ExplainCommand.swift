import ArgumentParser
import Dataflow
import HostSystem
import Operators
import StreamSQL

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show what a job does, what it keeps and what bounds it, and what it checks.",
        discussion: "Example: sluice explain job.sql")

    @OptionGroup var job: JobFile
    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func run() throws {
        do throws(ToolFailure) {
            let definition = try job.analyzed()
            for warning in definition.warnings { StandardStreams.error("warning: \(warning)\n") }
            let partitions = try partitionsByTopic()
            let text = explainText(definition) { partitions[$0] }
            switch output {
            case .text: StandardStreams.output(text)
            case .json:
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                StandardStreams.output(
                    JSONValue.object([("plan", .array(lines.map { .string(String($0)) }))]).text + "\n")
            }
        } catch {
            throw error.exit(output)
        }
    }

    /// Of the topics that there are.
    private func partitionsByTopic() throws(ToolFailure) -> [String: Int] {
        do throws(JobFailure) {
            guard let log = try directory.openLogIfThere() else { return [:] }
            return Dictionary(
                uniqueKeysWithValues: try TopicAdmin.list(in: log).map { ($0.name, $0.partitions.count) })
        } catch {
            throw ToolFailure(error)
        }
    }
}
