import Glibc
import TestSupport

/// One run of the built `sluice`, to its end.
struct SluiceRun {
    var ending: ChildProcess.Ending
    var output: String
    var messages: String

    /// Runs `sluice` with these arguments in the workspace.
    @discardableResult
    init(_ arguments: String..., in workspace: Workspace, environment: [String: String] = [:]) throws {
        try self.init(Self.start(arguments, in: workspace, environment: environment))
    }

    /// Waits for its end.
    init(_ process: ChildProcess) throws {
        ending = try process.wait()
        output = process.outputText
        messages = process.messageText
    }

    static func start(
        _ arguments: [String], in workspace: Workspace, environment: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(
            try BuiltProducts.program("sluice"), arguments, in: workspace.path, environment: environment)
    }
}

extension ChildProcess {
    /// How many commits it has told of. With `sluice.progress-interval` 0, and standard error no terminal, it writes a line
    /// for each.
    var checkpointsTold: Int { messageLines.count { $0.contains("checkpoint ") && $0.contains(" took ") } }
}
