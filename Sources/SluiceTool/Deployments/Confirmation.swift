import ArgumentParser
import Glibc

/// `--yes`, and what is asked without it.
struct Confirmation: ParsableArguments {
    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    static var isPossible: Bool { isatty(STDIN_FILENO) == 1 && StandardStreams.errorIsTerminal }

    /// Ends the command where the answer is no.
    /// - Errors: nobody is there to be asked.
    func ask(_ question: @autoclosure () -> String, command: String) throws(ToolFailure) {
        if yes { return }
        guard Self.isPossible else {
            throw ToolFailure(
                message: "'\(command)' asks before it acts, and there is no terminal to ask at",
                hint: "add --yes; --dry-run shows what it would do", exitCode: ToolFailure.usage)
        }
        guard Self.agrees(to: question()) else {
            throw ToolFailure(message: "nothing was done", exitCode: 1)
        }
    }

    static func agrees(to question: String) -> Bool {
        StandardStreams.error("\(question) [y/N] ")
        let answer = readLine()?.lowercased() ?? ""
        return ["y", "yes"].contains(answer.split(separator: " ").joined())
    }
}
