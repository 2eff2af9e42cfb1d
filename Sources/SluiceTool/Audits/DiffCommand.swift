import ArgumentParser
import CKernels
import Dataflow
import Deployment
import HostSystem
import Operators

/// What differs between two versions, row by row.
struct DiffCommand: DeploymentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List what differs between two versions' outputs, where both have read the same.",
        discussion: """
            As an audit compares them, without a verdict, and nothing is kept. Without versions: the candidate against the live
            one. JSON has a line for each row: -D of one that only the first has, +I of one that only the second has, -U and +U of
            one that has changed.

            Example: sluice diff orders 1 2 -n 20
            """)

    @Argument(help: "The job.")
    var name: String

    @Argument(help: "The first version; else the live one.")
    var first: Int?

    @Argument(help: "The second version; else the candidate.")
    var second: Int?

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Rows that are listed of each output; all: every one.", valueName: "count"))
    var limit = RowLimit(count: 100)

    @Flag(help: "Exit with 1 where they differ.")
    var exitCode = false

    @Option(help: "Memory for the rows of both versions.")
    var memory = ByteSize(bytes: 1 << 30)

    @OptionGroup var directory: DataDirectoryOption
    @Option(help: "text or json") var output = OutputFormat.text

    func run() throws {
        let differs: Bool
        do throws(ToolFailure) {
            differs = try compare()
        } catch {
            throw error.exit(output)
        }
        if exitCode, differs { throw ExitCode(1) }
    }

    func perform() throws(ToolFailure) { _ = try compare() }

    private func compare() throws(ToolFailure) -> Bool {
        try RunSettings.checkMemory(memory.bytes)
        sluice_bound_kept_memory(Int64(memory.bytes))
        let query = [("old", first), ("new", second)].compactMap { name, version in
            version.map { (name: name, value: "\($0)") }
        }
        let answer = try server.get(["v1", "deployments", name, "cut"], query: query)
        var differs = false
        do throws(JobFailure) {
            let log = try directory.openLog(isMade: false)
            let audit = try Audit(AuditCut(answer), AuditOptions(memoryBytes: memory.bytes), in: log)
            for output in audit.cut.outputs where try list(output, audit) { differs = true }
        } catch {
            throw ToolFailure(error)
        }
        return differs
    }

    /// - Returns: whether the output differs.
    private func list(_ output: AuditCut.Output, _ audit: Audit) throws(JobFailure) -> Bool {
        guard let rows = try audit.rows(of: output) else {
            let version = output.new == nil ? audit.cut.old.number : audit.cut.new.number
            if self.output == .text { StandardStreams.output("\(output.name): only version \(version) writes it\n") }
            return true
        }
        switch self.output {
        case .json:
            var left = limit.count ?? .max
            let lines = DifferenceLister(of: rows) { sample in
                guard left > 0 else { return false }
                left -= 1
                return StandardStreams.output(Self.lines(sample, of: output.name))
            }
            return try audit.compare(rows, lines).different > 0
        case .text:
            // The numbers stand above the rows: where all of those are wanted, they are found twice.
            var texts: [String] = []
            let most = limit.count ?? 0
            let kept = DifferenceLister(of: rows) { sample in
                guard texts.count < most else { return false }
                texts.append(sample.line)
                return true
            }
            let counts = try audit.compare(rows, kept)
            StandardStreams.output("\(output.name): \(counts.summary)\n")
            StandardStreams.output(texts.map { "  \($0)\n" }.joined())
            if limit.count == nil, counts.different > 0 {
                let all = DifferenceLister(of: rows) { StandardStreams.output(Array("  \($0.line)\n".utf8)) }
                _ = try audit.compare(rows, all)
            } else if counts.different > texts.count {
                StandardStreams.output("  … \(counts.different - texts.count) more: -n all\n")
            }
            return counts.different > 0
        }
    }

    private static func lines(_ sample: DifferenceSample, of output: String) -> [UInt8] {
        let isUpdate = sample.kind == .changed
        var lines: [UInt8] = []
        for (op, row) in [(isUpdate ? "-U" : "-D", sample.old), (isUpdate ? "+U" : "+I", sample.new)] {
            guard let row else { continue }
            var members: [(String, JSONValue)] = [
                ("output", .string(output)), ("op", .string(op)), ("row", row),
            ]
            if isUpdate { members.append(("columns", .array(sample.values.map { .string($0.column) }))) }
            JSONValue.object(members).write(to: &lines)
            lines.append(0x0A)
        }
        return lines
    }
}

/// A number of rows, or `all`.
struct RowLimit: ExpressibleByArgument {
    /// nil: all.
    var count: Int?

    init(count: Int?) { self.count = count }

    init?(argument: String) {
        if argument == "all" {
            count = nil
            return
        }
        guard let count = Int(argument), count >= 0 else { return nil }
        self.count = count
    }

    var defaultValueDescription: String { count.map { "\($0)" } ?? "all" }
}

extension DifferenceSample {
    /// `~` changed, `-` only in the first, `+` only in the second.
    fileprivate var line: String {
        switch kind {
        case .changed: "~ \(text)"
        case .onlyOld: "- \(text)"
        case .onlyNew: "+ \(text)"
        }
    }
}
