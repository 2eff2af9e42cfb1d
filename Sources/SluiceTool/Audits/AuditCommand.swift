import ArgumentParser
import CKernels
import Dataflow
import Deployment
import Glibc
import HostSystem
import Operators
import StreamSQL

// The server names a cut and keeps the report; the comparison is made here, over the log of the data directory, so that what
// it reads and holds is not the server's. Whatever comes of it is told to the server, which else would wait for it.

struct AuditCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Compare a new version with the live one, where both have read the same.",
        discussion: """
            Says which rows and columns differ, runs the checks of a folder, and keeps the report with the version: PASS, WARN or
            FAIL. A folder has queries whose rows are violations (name.sql; warn_name.sql only warns), and in expect.sql what is
            expected to differ. Exit code 2 where the audit fails.

            Example: sluice audit orders --audit checks --expect "ONLY IN COLUMNS (tax) WHERE country = 'DE'"
            """)

    @Argument(help: "The job; NAME@VERSION names the new version.")
    var name: DeployedName

    @Option(
        name: .customLong("audit"),
        help: ArgumentHelp("A folder of checks and expectations; else the one of the deploy.", valueName: "folder"),
        completion: .directory)
    var folder: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "What may differ: 'ONLY IN COLUMNS (a, b) WHERE …', 'ONLY WHERE …', 'NO DIFF'; all else fails the audit. May be given again.",
            valueName: "difference"))
    var expect: [String] = []

    @Option(help: ArgumentHelp("The TIMESTAMP column to count rows by; else window_start.", valueName: "column"))
    var window: String?

    @Option(help: "What rows are counted by: minute, hour or day.")
    var per = AuditOptions.Period.hour

    @Option(help: "By how much these numbers may differ without a warning.")
    var volumeTolerance = Share(0.1)

    @Option(help: "Rows that are shown of each kind of difference.")
    var samples = 10

    @OptionGroup var versions: ComparedVersions

    @Flag(help: .hidden)
    var byServer = false

    @Option(
        help: ArgumentHelp("Also write the report here; as JSON where the name ends with .json.", valueName: "file"))
    var report: String?

    @Flag(help: "Show the report that is kept.")
    var show = false

    @Option(help: "Memory for the rows of both versions.")
    var memory = ByteSize(bytes: 1 << 30)

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func validate() throws {
        if samples < 0 { throw ValidationError("--samples is not negative") }
        if name.version != nil, versions.new != nil { throw ValidationError("name the new version once") }
    }

    func run() throws {
        do throws(ToolFailure) {
            try perform()
        } catch {
            // The report is all that programs are told.
            if error.exitCode == ToolFailure.auditFailed, output == .json { throw ExitCode(error.exitCode) }
            throw error.exit(output)
        }
    }

    func perform() throws(ToolFailure) {
        if show { return try showKept() }
        try RunSettings.checkMemory(memory.bytes)
        sluice_bound_kept_memory(Int64(memory.bytes))
        // What a check puts on disk for its time is nobody else's.
        umask(0o077)
        if byServer {
            // Nobody waits for it, and the live version has the same processors.
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(ThreadWeight.little.nice))
            var session = SessionWeight()
            session.set(nice: ThreadWeight.little.nice)
        }
        let signals = QuerySignals.watch()
        // Mistakes in what is named here are found before anything begins.
        let named = try AuditFolder(folder, expecting: expect)
        // Should this process end without a report, the server sees it.
        let process = ("process", JSONValue.integer(getpid()))
        let answer = try server.post(
            ["v1", "deployments", name.job, "audits", "begin"], versions.body(new: name.version) + [process],
            command: command)
        let found = try cut(answer)
        signals.whenEnding { [server, job = name.job] in
            do throws(ToolFailure) {
                _ = try server.post(
                    ["v1", "deployments", job, "audits", "abandon"],
                    [
                        ("version", .integer(found.new.number)), process,
                        ("reason", .string("somebody has interrupted it")),
                    ])
            } catch {
                StandardStreams.error(error.text)
            }
        }
        let report: AuditReport
        do throws(ToolFailure) {
            let kept = folder == nil ? answer["auditFolder"]?.stringValue : nil
            report = try audit(found, kept == nil ? named : try AuditFolder(kept, expecting: expect), signals)
        } catch {
            try keep(found, .fail, text: "The audit could not be made.\n" + error.text, json: error.json)
            throw error
        }
        try keep(found, report.verdict, text: report.text, json: report.json)
        try write(report)
        switch output {
        case .text: StandardStreams.output(report.text)
        case .json: StandardStreams.output(report.json.text + "\n")
        }
        try fail(on: report.verdict.rawValue)
    }

    private var command: String { byServer ? "audit (by the server)" : CommandText.asTyped }

    private func cut(_ answer: JSONValue) throws(ToolFailure) -> AuditCut {
        do throws(JobFailure) { return try AuditCut(answer) } catch { throw ToolFailure(error) }
    }

    private func audit(
        _ cut: AuditCut, _ folder: AuditFolder, _ signals: QuerySignals
    ) throws(ToolFailure) -> AuditReport {
        var options = AuditOptions(memoryBytes: memory.bytes)
        options.samples = samples
        options.window = window
        options.period = per
        options.volumeTolerance = volumeTolerance.value
        do throws(AuditError) {
            let log = try AuditError.failing { () throws(JobFailure) in try directory.openLog(isMade: false) }
            let audit = try AuditError.failing { () throws(JobFailure) in
                try Audit(cut, options, expecting: folder.expected, in: log)
            }
            var report = try audit.report()
            let position = try AuditError.failing { () throws(JobFailure) in try log.settled().end }
            let runner = QueryRunner(
                signals: signals, memoryBytes: memory.bytes, parallelism: nil, topics: log, asOf: position)
            let tables = AuditTables(cut: cut, log: log, position: position)
            report.checks = AuditChecks(tables: tables, runner: runner).run(folder)
            report.facts = facts(cut)
            return report
        } catch {
            switch error {
            case .failed(let failure): throw ToolFailure(failure)
            case .mistake(let mistake, let expectation): throw folder.failure(mistake, in: expectation)
            }
        }
    }

    /// nil where the server does not say.
    private func facts(_ cut: AuditCut) -> (old: RunFacts, new: RunFacts)? {
        let status: JSONValue
        do throws(ToolFailure) {
            status = try server.get(["v1", "deployments", name.job])
        } catch {
            // They are shown, and decide nothing.
            return nil
        }
        func facts(_ number: UInt32) -> RunFacts? {
            status["versions"]?.arrayValue?.first { $0["version"]?.integerValue == Int64(number) }
                .map { RunFacts(status: $0) }
        }
        guard let old = facts(cut.old.number), let new = facts(cut.new.number) else { return nil }
        return (old, new)
    }

    // MARK: The report

    private func keep(
        _ cut: AuditCut, _ verdict: AuditReport.Verdict, text: String, json: JSONValue
    ) throws(ToolFailure) {
        _ = try server.post(
            ["v1", "deployments", name.job, "audits"],
            [
                ("oldVersion", .integer(cut.old.number)), ("newVersion", .integer(cut.new.number)),
                ("oldPosition", .integer(cut.old.position)), ("newPosition", .integer(cut.new.position)),
                ("verdict", .string(verdict.rawValue)), ("text", .string(text)), ("json", .string(json.text)),
            ], command: command)
    }

    private func write(_ report: AuditReport) throws(ToolFailure) {
        guard let file = self.report else { return }
        let text = file.hasSuffix(".json") ? report.json.text + "\n" : report.text
        do throws(FileError) {
            let handle = try PosixFileSystem().open(file, .createIfMissing)
            defer { handle.close() }
            try handle.truncate(to: 0)
            try handle.write(Array(text.utf8), at: 0)
        } catch {
            throw ToolFailure(message: "cannot write the report to '\(file)': \(error)")
        }
    }

    private func showKept() throws(ToolFailure) {
        var version = name.version ?? versions.new
        if version == nil {
            let status = try server.get(["v1", "deployments", name.job])
            version = (status["candidate"]?.integerValue ?? status["live"]?.integerValue).map { Int($0) }
        }
        let kept = try server.get(["v1", "deployments", name.job, "audits", "\(version ?? 1)"])
        switch output {
        case .text: StandardStreams.output(kept["text"]?.stringValue ?? "")
        case .json: StandardStreams.output((kept["json"]?.stringValue ?? "null") + "\n")
        }
        try fail(on: kept["verdict"]?.stringValue ?? "")
    }

    /// What is there to say has been said.
    private func fail(on verdict: String) throws(ToolFailure) {
        guard verdict == AuditReport.Verdict.fail.rawValue else { return }
        throw ToolFailure(
            message: "the audit of job \"\(name.job)\" has failed",
            hint: "'sluice diff \(name.job)' lists what differs", exitCode: ToolFailure.auditFailed)
    }
}

/// Which two versions of a job are compared.
struct ComparedVersions: ParsableArguments {
    @Option(help: ArgumentHelp("The version that is compared with; else the live one.", valueName: "version"))
    var old: Int?

    @Option(help: ArgumentHelp("The version that is compared; else the candidate.", valueName: "version"))
    var new: Int?

    /// - Parameter named: with the job.
    func body(new named: Int?) -> [(String, JSONValue)] {
        var body: [(String, JSONValue)] = []
        if let old { body.append(("old", .integer(old))) }
        if let new = named ?? new { body.append(("new", .integer(new))) }
        return body
    }
}

/// `10%` or `0.1`.
struct Share: ExpressibleByArgument {
    var value: Double

    init(_ value: Double) { self.value = value }

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? String(argument.dropLast()) : argument), number >= 0, number.isFinite
        else {
            return nil
        }
        value = isPercent ? number / 100 : number
    }

    var defaultValueDescription: String { "\(value * 100)%" }
}

extension AuditOptions.Period: ExpressibleByArgument {}

extension AuditError {
    /// What fails for reasons of the log's.
    static func failing<Result>(_ body: () throws(JobFailure) -> Result) throws(AuditError) -> Result {
        do throws(JobFailure) { return try body() } catch { throw .failed(error) }
    }
}
