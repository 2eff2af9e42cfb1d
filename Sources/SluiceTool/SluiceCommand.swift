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
              sluice sql                    ask: a prompt, or -e QUERY
              sluice explain job.sql        what the job does, keeps and checks
              sluice topic create NAME …    make a topic; topic produce, topic consume, topic list, topic describe
              sluice deploy NAME job.sql    deploy a version of a job beside the live one; plan shows what comes
              sluice status NAME --watch    how far it is; list, wait, logs, versions, history
              sluice audit NAME             compare it with the live one; diff lists what differs
              sluice promote NAME           make it live; rollback, abort; stop, restart, savepoint

            Exit codes: 0 ok, 1 failure, 2 audit failed, 3 stalled or not in time, 4 conflict, 64 wrong usage,
            130 interrupted twice.
            """,
        version: "0.1.0",
        subcommands: [
            RunCommand.self, SQLCommand.self, ExplainCommand.self, TopicCommand.self, ServerCommand.self,
            WorkerCommand.self, PlanCommand.self, DeployCommand.self, WaitCommand.self, StatusCommand.self,
            ListCommand.self, AuditCommand.self, DiffCommand.self, PromoteCommand.self, RollbackCommand.self,
            AbortCommand.self, StopCommand.self, RestartCommand.self, SavepointCommand.self, LogsCommand.self,
            VersionsCommand.self, HistoryCommand.self,
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
