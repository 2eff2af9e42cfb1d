import ArgumentParser
import Dataflow
import Glibc
import HostSystem

struct SavepointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "savepoint", abstract: "Have a running job make a savepoint: a folder with all of its state.",
        discussion: """
            The folder stands on its own and may be copied to another machine; the runtime never deletes it. A job is started
            from it with: sluice run job.sql -s FOLDER

            Example: sluice savepoint clicks --data ./sluice-data
            """)

    @Argument(help: "The name of the running job.")
    var name: String

    @Argument(
        help: ArgumentHelp("The folder to make; by default one under the job's own directory.", valueName: "folder"),
        completion: .directory)
    var folder: String?

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func run() throws {
        do throws(ToolFailure) {
            let path = try make()
            switch output {
            case .text: StandardStreams.output(path + "\n")
            case .json: StandardStreams.output(JSONValue.object([("savepoint", .string(path))]).text + "\n")
            }
        } catch {
            throw error.exit(output)
        }
    }

    private func make() throws(ToolFailure) -> String {
        let job = directory.path + "/jobs/" + (try RunSettings.checkedName(name))
        let answer: Result<String, JobFailure>?
        do throws(FileError) {
            answer = try ControlSocket.requestSavepoint(in: job, path: try folder.map(absolute) ?? "")
        } catch {
            throw ToolFailure(message: "asking job \"\(name)\" for a savepoint: \(error)")
        }
        switch answer {
        case .success(let path): return path
        case .failure(let failure): throw ToolFailure(failure)
        case nil:
            throw ToolFailure(
                message: "no job \"\(name)\" is running in '\(directory.path)'",
                hint: "savepoints are made by a running job; a stopped one goes on from its last checkpoint by itself",
                exitCode: ToolFailure.conflict)
        }
    }

    /// The job may have been started in another working directory.
    private func absolute(_ path: String) throws(FileError) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else { throw FileError(.open, ".", code: errno) }
        defer { free(directory) }
        return FilePath.join(String(cString: directory), path)
    }
}
