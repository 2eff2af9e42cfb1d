import Glibc

/// How a process ended.
package enum WorkerEnding: Hashable, Sendable {
    case exit(Int32)
    case signal(Int32)
    /// It was started by a server that is gone, so nobody was told.
    case unseen
    /// `errno` of the attempt.
    case notStarted(Int32)

    /// The words that the catalog keeps.
    var named: (String, Int32) {
        switch self {
        case .exit(let code): ("exit", code)
        case .signal(let number): ("signal", number)
        case .unseen: ("unseen", 0)
        case .notStarted(let code): ("not started", code)
        }
    }

    init?(named name: String, code: Int32) {
        switch name {
        case "exit": self = .exit(code)
        case "signal": self = .signal(code)
        case "unseen": self = .unseen
        case "not started": self = .notStarted(code)
        default: return nil
        }
    }
}

extension WorkerEnding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exit(let code): "exit status \(code)"
        case .signal(let number): "signal \(number) (\(String(cString: strsignal(number))))"
        case .unseen: "an end that nobody saw"
        case .notStarted(let code): "no start: \(String(cString: strerror(code)))"
        }
    }
}
