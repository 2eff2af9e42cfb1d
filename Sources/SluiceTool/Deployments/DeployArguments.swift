import ArgumentParser
import Glibc
import HostSystem

/// What is deployed, and how: what `plan` and `deploy` take.
struct DeployArguments: ParsableArguments {
    enum Start: String, ExpressibleByArgument, CaseIterable {
        case beginning, now, resume, savepoint
    }

    enum Promotion: String, ExpressibleByArgument, CaseIterable {
        case manual, auto
    }

    @Argument(help: "The job's name.")
    var name: String

    @Argument(help: "The job: a file of SQL statements.", completion: .file(extensions: ["sql"]))
    var file: String

    @OptionGroup var settings: SettingOptions

    @Option(
        help: ArgumentHelp(
            "Where it begins to read: beginning, now, resume (with the live version's state, where the plans fit) or savepoint."
        ))
    var from: Start?

    @Option(help: ArgumentHelp("Begin with the state of this savepoint.", valueName: "folder"), completion: .directory)
    var savepoint: String?

    @Option(help: "Parallel subtasks per operator.")
    var parallelism: Int?

    @Option(help: ArgumentHelp("Memory of its worker process.", valueName: "size"))
    var memory: ByteSize?

    @Option(help: ArgumentHelp("The distance to the live version at which it is in sync; 1s.", valueName: "time"))
    var maxLag: SpanOption?

    @Option(help: ArgumentHelp("How long it is watched once it is live; 15min.", valueName: "time"))
    var `guard`: SpanOption?

    @Option(help: ArgumentHelp("How long the version before it stands by; 24h.", valueName: "time"))
    var keep: SpanOption?

    @Option(help: ArgumentHelp("How long publication may pause at the switch; 10s.", valueName: "time"))
    var cutoverTimeout: SpanOption?

    @Option(help: ArgumentHelp("It pauses while the live version's p99 latency is above this.", valueName: "time"))
    var liveSlo: SpanOption?

    @Option(help: "manual, or auto: it becomes live by itself when its audit has passed.")
    var promote: Promotion?

    @Option(help: ArgumentHelp("A folder of SQL files: rows that they select are violations.", valueName: "folder"))
    var audit: String?

    func validate() throws {
        if from == .savepoint, savepoint == nil { throw ValidationError("--from savepoint needs --savepoint FOLDER") }
        if let from, from != .savepoint, savepoint != nil {
            throw ValidationError("--savepoint and --from \(from.rawValue) say different things")
        }
    }

    /// Without the command.
    func body() throws(ToolFailure) -> [(String, JSONValue)] {
        let bytes = try JobFile.text(of: file)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ToolFailure(message: "'\(file)' is not text in UTF-8")
        }
        var settings = settings.overrides
        if let parallelism {
            settings.append(("parallelism.default", "\(try RunSettings.checkedParallelism(parallelism))"))
        }
        if let memory { try RunSettings.checkMemory(memory.bytes) }
        var body: [(String, JSONValue)] = [
            ("job", .string(try RunSettings.checkedName(name))), ("sql", .string(text)), ("file", .string(file)),
            ("settings", .array(settings.map { .array([.string($0.key), .string($0.value)]) })),
            ("from", .string((savepoint == nil ? from ?? .beginning : .savepoint).rawValue)),
        ]
        if let promote { body.append(("promotion", .string(promote.rawValue))) }
        if let savepoint { body.append(("savepoint", .string(try WorkingDirectory.absolute(savepoint)))) }
        if let audit { body.append(("auditFolder", .string(try WorkingDirectory.absolute(audit)))) }
        if let memory { body.append(("memoryBytes", .integer(memory.bytes))) }
        let spans: [(String, SpanOption?)] = [
            ("maxLagMilliseconds", maxLag), ("guardMilliseconds", `guard`), ("keepMilliseconds", keep),
            ("cutoverTimeoutMilliseconds", cutoverTimeout), ("liveSLOMilliseconds", liveSlo),
        ]
        for case (let name, let span?) in spans { body.append((name, .integer(span.milliseconds))) }
        return body
    }
}

enum WorkingDirectory {
    /// For processes that were started elsewhere.
    static func absolute(_ path: String) throws(ToolFailure) -> String {
        if path.hasPrefix("/") { return path }
        guard let directory = getcwd(nil, 0) else {
            throw ToolFailure(message: "\(FileError(.open, ".", code: errno))")
        }
        defer { free(directory) }
        return FilePath.join(String(cString: directory), path)
    }
}
