import ArgumentParser
import CKernels

@main
struct SluiceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "Streaming SQL over an immutable log, exactly once, in one binary.",
        discussion: """
            Example:
              sluice run job.sql            run a job until its inputs end, or go on where it was stopped
              sluice savepoint NAME         have a running job make a savepoint
              sluice sql                    ask: a prompt, or -e QUERY
              sluice explain job.sql        what the job does, keeps and checks
              sluice topic create NAME …    make a topic; topic produce, topic consume, topic list, topic describe

            Exit codes: 0 ok, 1 failure, 4 conflict, 64 wrong usage, 130 interrupted twice.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, SQLCommand.self, ExplainCommand.self, SavepointCommand.self, ServerCommand.self,
            WorkerCommand.self,
            TopicCommand.self,
        ])

    static func main() {
        StandardStreams.openMissing()
        sluice_keep_freed_memory()
        main(nil)
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}
