import ArgumentParser
import Dataflow
import HostSystem

struct SavepointCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "savepoint", abstract: "Have a running job make a savepoint: a folder with all of its state.",
        discussion: """
            Of a job that runs under 'sluice run', or of a deployed one: there of its live version, or of the one that is named.
            The folder stands on its own and may be copied to another machine; the runtime never deletes it. A job is started
            from it with: sluice run job.sql -s FOLDER, or sluice deploy NAME job.sql --savepoint FOLDER

            Example: sluice savepoint clicks --data ./sluice-data
            """)

    @Argument(help: ArgumentHelp("The running job, or a version of a deployed one.", valueName: "name[@version]"))
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
        if let deployed = DeployedName(argument: name), try isDeployed(deployed.job) {
            return try make(of: deployed)
        }
        let job = directory.path + "/jobs/" + (try RunSettings.checkedName(name))
        let answer: Result<String, JobFailure>?
        // The job may have been started in another working directory.
        let path = if let folder { try WorkingDirectory.absolute(folder) } else { "" }
        do throws(FileError) {
            answer = try ControlSocket.requestSavepoint(in: job, path: path)
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

    private func make(of deployed: DeployedName) throws(ToolFailure) -> String {
        var body = deployed.versionBody
        if let folder { body.append(("folder", .string(try WorkingDirectory.absolute(folder)))) }
        let server = DeploymentClient(data: directory.path)
        let answer = try server.post(["v1", "deployments", deployed.job, "savepoint"], body)
        do throws(MalformedAnswer) {
            return try answer.text("savepoint")
        } catch {
            throw ToolFailure(error)
        }
    }

    /// A folder of one of its versions is there.
    private func isDeployed(_ job: String) throws(ToolFailure) -> Bool {
        let folder = directory.path + "/jobs/" + (try RunSettings.checkedName(job))
        let files = PosixFileSystem()
        do throws(FileError) {
            guard try files.exists(folder) else { return false }
            for name in try files.list(folder) where UInt32(name) != nil {
                if try files.exists("\(folder)/\(name)/definition.sql") { return true }
            }
            return false
        } catch {
            throw ToolFailure(message: "looking at job \"\(job)\": \(error)")
        }
    }
}
