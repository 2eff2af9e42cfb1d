import ArgumentParser
import Dataflow
import HostSystem

/// Why a command failed, ready to be shown, and with which exit code.
package struct ToolFailure: Error {
    package var message: String
    /// The whole text for people, where it is more than message, detail and hint.
    package var rendered: String?
    package var detail: String?
    package var hint: String?
    /// Of a mistake in a SQL file.
    package var place: (file: String, line: Int, column: Int)?
    package var exitCode: Int32 = 1

    package static let conflict: Int32 = 4

    init(
        message: String, rendered: String? = nil, detail: String? = nil, hint: String? = nil, exitCode: Int32 = 1
    ) {
        self.message = message
        self.rendered = rendered
        self.detail = detail
        self.hint = hint
        self.exitCode = exitCode
    }

    init(_ failure: JobFailure) {
        self.init(
            message: failure.message, detail: failure.detail, hint: failure.hint,
            exitCode: failure.kind == .conflict ? Self.conflict : 1)
    }

    var text: String {
        if let rendered { return rendered.hasSuffix("\n") ? rendered : rendered + "\n" }
        var text = "error: \(message)\n"
        if let detail { text += "detail: \(detail)\n" }
        if let hint { text += "hint: \(hint)\n" }
        return text
    }

    var json: JSONValue {
        .object([
            ("message", .string(message)), ("detail", detail.map { .string($0) } ?? .null),
            ("hint", hint.map { .string($0) } ?? .null),
            ("file", place.map { .string($0.file) } ?? .null), ("line", place.map { .integer($0.line) } ?? .null),
            ("column", place.map { .integer($0.column) } ?? .null),
        ])
    }

    /// Shows the failure and ends the command.
    func exit(_ output: OutputFormat) -> ExitCode {
        switch output {
        case .text: StandardStreams.error(text)
        case .json: StandardStreams.output(JSONValue.object([("error", json)]).text + "\n")
        }
        return ExitCode(exitCode)
    }
}
