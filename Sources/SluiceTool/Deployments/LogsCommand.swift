import ArgumentParser
import CommitLog
import Dataflow
import Glibc
import HostSystem
import Operators

struct LogsCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "What a version's worker process has said.",
        discussion: """
            Without a version: the live one. Needs no server.

            Example: sluice logs revenue --candidate -f
            """)

    @Argument(help: ArgumentHelp("The job, or one version of it.", valueName: "name[@version]"))
    var name: DeployedName

    @Flag(help: "Of the candidate.")
    var candidate = false

    @Flag(help: "Of the version that was live before.")
    var previous = false

    @Flag(name: .shortAndLong, help: "Go on with what it says, until Ctrl-C.")
    var follow = false

    @Option(
        name: [.customShort("n"), .long], help: ArgumentHelp("So many lines of what there is.", valueName: "count"))
    var lines = 100

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json: how errors are shown") var output = OutputFormat.text

    func validate() throws {
        if lines < 0 { throw ValidationError("-n is not negative") }
        if [candidate, previous, name.version != nil].count(where: { $0 }) > 1 {
            throw ValidationError("name one version")
        }
    }

    func perform() throws(ToolFailure) {
        let version = try version()
        let folder = directory.path + "/jobs/\(try RunSettings.checkedName(name.job))/\(version)"
        do throws(FileError) {
            if try PosixFileSystem().exists(folder) { return try show(folder) }
        } catch {
            throw ToolFailure(message: "reading the log of \(name.job)@\(version): \(error)")
        }
        throw ToolFailure(
            message: "there is no version \(name.job)@\(version) in '\(directory.path)'",
            hint: "sluice versions \(CommandText.quoted(name.job)) lists them", exitCode: ToolFailure.conflict)
    }

    private func show(_ folder: String) throws(FileError) {
        var reader = LogReader(folder: folder, files: PosixFileSystem())
        let last = try reader.last(lines)
        guard StandardStreams.output(last) else { return }
        while follow {
            let bytes = try reader.next()
            if bytes.isEmpty {
                _ = poll(nil, 0, 200)
            } else if !StandardStreams.output(bytes) {
                return
            }
        }
    }

    private func version() throws(ToolFailure) -> Int {
        if let version = name.version { return version }
        let role = candidate ? PublishedRole.candidate : previous ? .previous : .live
        do throws(JobFailure) {
            guard let deployment = try directory.openLogIfThere()?.settled().deployments[name.job] else {
                throw JobFailure(
                    .conflict, "no job \"\(name.job)\" is deployed in '\(directory.path)'",
                    hint: "sluice list shows those that are; 'sluice run' writes to its own terminal")
            }
            guard let version = role.version(in: deployment) else {
                throw JobFailure(.conflict, "job \"\(name.job)\" has no \(role.rawValue) version")
            }
            return Int(version)
        } catch {
            throw ToolFailure(error)
        }
    }
}
