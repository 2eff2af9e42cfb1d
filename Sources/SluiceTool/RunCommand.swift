import ArgumentParser
import CKernels
import Dataflow
import Glibc
import HostSystem
import Operators
import StreamSQL

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a job in the foreground until its inputs end.",
        discussion: """
            Started again, an unfinished run goes on from its last checkpoint; one that has finished says so. Output appears
            when it is committed, exactly once, also after kill -9. The first SIGINT or SIGTERM makes a last checkpoint.

            Example: sluice run job.sql --data ./sluice-data -D execution.checkpointing.interval=1s
            """)

    @OptionGroup var job: JobFile

    @OptionGroup var directory: DataDirectoryOption

    @Option(help: "Memory for the whole process.")
    var memory = ByteSize(bytes: 1 << 30)

    @Option(help: "Parallel subtasks per operator.")
    var parallelism: Int?

    @Option(name: .customShort("s"), help: ArgumentHelp("Start from this savepoint.", valueName: "savepoint"))
    var savepoint: String?

    @Flag(help: "Start over: old state and output are set aside, never deleted.")
    var fresh = false

    @Flag(
        help: "Process what is there and stop without ending the streams; the next start goes on with what was added.")
    var availableNow = false

    @Option(help: "text or json")
    var output = OutputFormat.text

    func run() throws {
        do throws(ToolFailure) {
            try perform()
        } catch {
            throw error.exit(output)
        }
    }

    private func perform() throws(ToolFailure) {
        sluice_bound_kept_memory(Int64(memory.bytes))
        let events = EventQueue()
        StopSignals.watch(events)
        let definition = try job.analyzed()
        for warning in definition.warnings { StandardStreams.error("warning: \(warning)\n") }
        if definition.sinks.isEmpty { return try explainOnly(definition) }
        let settings = try RunSettings(
            definition.settings, parallelism: parallelism, memoryBytes: memory.bytes, readsWhatIsThere: availableNow)
        let name = if let name = settings.name { name } else { try checkedDefaultName() }
        var request = RunRequest(
            job: name, dataDirectory: directory.path,
            graph: try Self.graph(of: definition, job: name), settings: settings.job, isFresh: fresh,
            setAsideOutput: { (part, files) throws(JobFailure) in try SinkOutput.setAside(part, files) })
        request.savepoint = savepoint
        let display = RunDisplay(time: SystemTime(), plainIntervalNanoseconds: settings.progressIntervalNanoseconds)
        let notices = NoticeBoard()
        request.onLocked = { ControlSocket.serve(in: $0, events) { notices.post($0) } }
        do throws(JobFailure) {
            var run = try JobRun(
                request, files: PosixFileSystem(), time: SystemTime(), random: SystemRandom(), events: events,
                observer: display)
            let result = try run.perform()
            notices.takeAll().forEach(display.notice)
            display.closeLine()
            report(result, name, display)
        } catch {
            display.closeLine()
            throw ToolFailure(error)
        }
    }

    static func graph(of definition: JobDefinition, job: String) throws(ToolFailure) -> JobGraph {
        do throws(JobFailure) {
            return try definition.graph(job: job)
        } catch {
            throw ToolFailure(error)
        }
    }

    private func explainOnly(_ definition: JobDefinition) throws(ToolFailure) {
        guard !definition.explains.isEmpty else {
            throw ToolFailure(message: "'\(job.file)' has no INSERT: there is nothing to run")
        }
        StandardStreams.output(explainText(definition))
    }

    private func checkedDefaultName() throws(ToolFailure) -> String {
        let directory = getcwd(nil, 0)
        defer { free(directory) }
        let name = job.defaultName(workingDirectory: directory.map { String(cString: $0) } ?? "")
        return try RunSettings.checkedName(name)
    }

    private func report(_ result: RunResult, _ name: String, _ display: RunDisplay) {
        switch output {
        case .json: StandardStreams.output(display.summaryJSON(result, job: name).text + "\n")
        case .text: StandardStreams.error(display.summaryText(result, job: name) + "\n")
        }
    }
}
