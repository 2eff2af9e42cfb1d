import ArgumentParser
import Glibc
import HostSystem

struct StatusCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What a deployed job's versions do just now.",
        discussion: """
            Without a name: all jobs. --watch goes on until Ctrl-C: on a terminal in place, elsewhere a line a second; with
            --output json an object a second.

            Example: sluice status revenue --watch
            """)

    @Argument(help: "The job's name.")
    var name: String?

    @Flag(help: "Go on until Ctrl-C.")
    var watch = false

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        if watch, name == nil { throw ValidationError("--watch shows one job: name it") }
    }

    func perform() throws(ToolFailure) {
        guard let name else { return try show(try server.jobs()) }
        var view = LiveView(.output)
        while true {
            let answer = try server.get(["v1", "deployments", name])
            if !watch { return try show([answer]) }
            switch output {
            case .json: StandardStreams.output(answer.text + "\n")
            case .text: view.show(try JobStatus.read(answer), time: SystemTime())
            }
            _ = poll(nil, 0, output == .text && view.isLive ? 500 : 1000)
        }
    }

    private func show(_ jobs: [JSONValue]) throws(ToolFailure) {
        if output == .json {
            let answer = name == nil ? JSONValue.object([("jobs", .array(jobs))]) : jobs[0]
            return StandardStreams.output(answer.text + "\n")
        }
        let width = StandardStreams.outputIsTerminal ? StandardStreams.terminalSize(STDOUT_FILENO).width : nil
        let text = StatusText(now: Int(SystemTime().wallMilliseconds()), width: width)
        for job in jobs { StandardStreams.output(text.lines(try JobStatus.read(job))) }
        if jobs.isEmpty { StandardStreams.error("no job is deployed in '\(directory.path)'\n") }
    }
}
