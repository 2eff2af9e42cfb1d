import ArgumentParser
import CKernels
import CommitLog
import Dataflow
import Deployment
import Glibc
import HostSystem
import Operators
import StreamSQL

/// What the server starts for each version that is to run. SIGTERM has it make a last checkpoint.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run a version of a deployed job, for the server.", shouldDisplay: false)

    @Argument(help: "The version: NAME@NUMBER.")
    var version: String

    @OptionGroup var settings: SettingOptions
    @OptionGroup var directory: DataDirectoryOption

    @Option(help: "Memory for the whole process.")
    var memory = ByteSize(bytes: 1 << 30)

    @Option(
        name: [.customShort("s"), .long],
        help: "Begin with this savepoint of another version; of no matter once the version has begun.")
    var savepoint: String?

    @Flag(help: "Begin where the live version stands; of no matter once the version has begun.")
    var startNow = false

    func run() throws {
        do throws(ToolFailure) {
            try perform()
        } catch {
            throw error.exit(.text)
        }
        // A version never ends by itself: somebody has asked it to, and who was not asked starts it again.
        StandardStreams.error("notice: stopped after a checkpoint\n")
        throw ExitCode(WorkerExitStatus.stopped)
    }

    private func perform() throws(ToolFailure) {
        guard let name = VersionName(version) else {
            throw ToolFailure(message: "'\(version)' is no version of a job", hint: "name one as orders@2")
        }
        sluice_bound_kept_memory(Int64(memory.bytes))
        let events = EventQueue()
        StopSignals.watch(events)
        let folder = VersionFolder(name, in: directory.path)
        let text = try JobFile.text(of: folder.definitionPath)
        let definition: JobDefinition
        do throws(SQLError) {
            definition = try analyze(text, file: "\(name)", overrides: settings.overrides)
        } catch {
            throw ToolFailure(error, in: text, called: "\(name)")
        }
        let settings = try RunSettings(definition.settings, parallelism: nil, memoryBytes: memory.bytes)
        var request = RunRequest(
            job: name.description, dataDirectory: directory.path,
            graph: try RunCommand.graph(of: definition, job: name.job), settings: settings.job, isFresh: false,
            setAsideOutput: { (_, _) throws(JobFailure) in [] })
        request.settings.version = name
        request.savepoint = savepoint
        request.startsNow = startNow
        let log = WorkerLog(folder.logPath, files: PosixFileSystem())
        let display = WorkerDisplay(log)
        request.onLocked = { ControlSocket.serve(in: $0, events) { display.notice($0) } }
        do throws(JobFailure) {
            var run = try JobRun(
                request, files: PosixFileSystem(), time: SystemTime(), random: SystemRandom(), events: events,
                observer: display)
            _ = try run.perform()
        } catch {
            throw ToolFailure(worker: error)
        }
    }
}

/// What the supervisor reads: 1 and 4 are final (`WorkerEnding`), these are not.
private enum WorkerExitStatus {
    /// The world's fault, or too little memory: a later start may go on.
    static let later: Int32 = 75
    static let stopped: Int32 = 76
}

extension ToolFailure {
    fileprivate init(worker failure: JobFailure) {
        self.init(failure)
        switch failure.kind {
        case .world, .memory, .rolesChanged, .aheadOfLive: exitCode = WorkerExitStatus.later
        case .data, .damage, .conflict: break
        }
    }
}

/// What a worker says into its log, which it keeps short itself.
private final class WorkerDisplay: RunObserver, Sendable {
    private let log: WorkerLog

    init(_ log: WorkerLog) { self.log = log }

    func notice(_ text: String) { StandardStreams.error("notice: \(text)\n") }

    func started(_: JobMetrics) { rotate() }

    var wantsTicks: Bool { false }

    func tick(_: JobMetrics) {}

    func committed(_ checkpoint: UInt64, _: JobMetrics) {
        if checkpoint.isMultiple(of: 256) { rotate() }
    }

    private func rotate() {
        do throws(FileError) {
            try log.rotateOwnOutput()
        } catch {
            notice("its log stays long: \(error)")
        }
    }
}
