import ArgumentParser
import CKernels
import Glibc
import HostSystem
import StreamSQL

struct SQLCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sql", abstract: "Ask: queries over what is there now, each with one result.",
        discussion: """
            Statements come from -e, else from standard input; on a terminal there is a prompt. Every topic of the data directory
            is a table. A query reads to the end of its inputs, keeps nothing, and may have ORDER BY, LIMIT and OFFSET. Ctrl-C cancels it.
            With --at it reads topics as they were; with --follow it goes on, and shows every change of the result.

            Example: sluice sql -f job.sql -e "SELECT page, COUNT(*) FROM clicks GROUP BY page ORDER BY 2 DESC LIMIT 10"
            """)

    @Option(
        name: .customShort("e"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Statements to perform; may be given again.", valueName: "statements"))
    var statements: [String] = []

    @Option(
        name: .customShort("f"),
        help: ArgumentHelp(
            "A job file whose tables, views and settings are there; its INSERTs are not run. May be given again.",
            valueName: "file"), completion: .file(extensions: ["sql"]))
    var files: [String] = []

    @OptionGroup var settings: SettingOptions

    @OptionGroup var directory: DataDirectoryOption

    @Option(help: "text, csv or json (a line for each row)")
    var output = ResultFormat.text

    @Option(help: "Memory for the whole process, the result included.")
    var memory = ByteSize(bytes: 1 << 30)

    @Option(help: "Parallel subtasks per operator.")
    var parallelism: Int?

    @Option(
        help: ArgumentHelp(
            "Read topics as of a position of the journal ('topic describe' shows it), or a time in UTC: '2026-01-01 00:00:00'.",
            valueName: "position"))
    var at: PastPosition?

    @Flag(help: "Show the changes of the result as they come, until Ctrl-C.")
    var follow = false

    @Option(
        name: .customShort("n"), help: ArgumentHelp("With --follow: stop after so many changes.", valueName: "count"))
    var count: Int?

    func validate() throws {
        if at != nil, follow { throw ValidationError("name either --at or --follow") }
        if count != nil, !follow { throw ValidationError("-n goes with --follow; in a query it is LIMIT") }
        if let count, count < 0 { throw ValidationError("-n is not negative") }
    }

    func run() throws {
        do throws(ToolFailure) {
            try perform()
        } catch {
            // Standard output is for rows.
            throw error.exit(.text)
        }
    }

    private func perform() throws(ToolFailure) {
        try RunSettings.checkMemory(memory.bytes)
        if let parallelism { _ = try RunSettings.checkedParallelism(parallelism) }
        sluice_bound_kept_memory(Int64(memory.bytes))
        // What a query puts on disk for its time is nobody else's.
        umask(0o077)
        let signals = QuerySignals.watch()
        var shell = try SQLShell(self, signals)
        for file in files { try shell.load(file) }
        if !statements.isEmpty {
            for text in statements { try shell.perform(Array(text.utf8), called: "-e") }
        } else if isatty(STDIN_FILENO) == 1 {
            Prompt().run(&shell)
        } else {
            guard let text = StandardStreams.allInput() else {
                throw ToolFailure(message: "cannot read standard input: \(String(cString: strerror(errno)))")
            }
            try shell.perform(text, called: "stdin")
        }
    }
}
