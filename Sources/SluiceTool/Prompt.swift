import StreamSQL

/// The prompt of `sluice sql`: statements of several lines up to their semicolon, performed one after the other.
struct Prompt {
    private static let first = "sluice> "
    private static let further = "     -> "

    private static let help = """
        Statements end with ";" and may have several lines.
          SELECT … [ORDER BY …] [LIMIT n]   one result over what is there now
          CREATE TABLE, CREATE VIEW, SET    hold until the prompt is left
          SHOW TABLES, DESCRIBE t, EXPLAIN SELECT …
          \\q    leave (also: quit, Ctrl-D)
          \\?    this help
        Ctrl-C cancels a query, or drops what is typed.

        """

    /// Until it is left.
    func run(_ shell: inout SQLShell) {
        StandardStreams.error("sluice sql. \\? for help, \\q to leave.\n")
        var terminal = TerminalLines()
        var history = PromptHistory()
        var text = ""
        while true {
            switch terminal.read(text.isEmpty ? Self.first : Self.further, history: history.lines) {
            case .end: return
            case .dropped: text = ""
            case .text(let line):
                history.add(line)
                switch text.isEmpty ? Command(line) : nil {
                case .leave: return
                case .help: StandardStreams.error(Self.help)
                case .unknown: StandardStreams.error("error: there is no command \(line); \\? shows what there is\n")
                case nil:
                    text += line + "\n"
                    perform(&text, &shell)
                }
            }
        }
    }

    /// A line that is no statement.
    private enum Command {
        case leave
        case help
        case unknown

        init?(_ line: String) {
            let word = line.split(whereSeparator: { $0 == " " || $0 == ";" }).joined(separator: " ").lowercased()
            switch word {
            case "\\q", "quit", "exit": self = .leave
            case "\\?", "\\h", "help": self = .help
            case _ where word.hasPrefix("\\"): self = .unknown
            default: return nil
            }
        }
    }

    private func perform(_ text: inout String, _ shell: inout SQLShell) {
        guard endsStatement(text) else { return }
        defer { text = "" }
        do throws(ToolFailure) {
            try shell.perform(Array(text.utf8), called: "prompt")
        } catch {
            StandardStreams.error(error.text)
        }
    }
}
