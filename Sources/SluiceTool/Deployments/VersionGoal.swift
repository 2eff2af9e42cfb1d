import Deployment

// What `wait` waits for. A pure function of what the server says.

package enum VersionGoal: String, CaseIterable, Sendable {
    case inSync = "in-sync"
    case audited, ready, live, gone
    /// Ready or live: what comes next is a decision of somebody's.
    case settled = "ready-or-live"

    package enum Outcome: Equatable, Sendable {
        case notYet
        case reached(String)
        case missed(message: String, hint: String?, exitCode: Int32)
    }

    /// - Parameter version: nil: the server does not know it any more.
    package func outcome(_ job: String, _ number: Int, _ version: VersionStatus?) -> Outcome {
        let name = "\(job)@\(number)"
        guard let version else {
            return self == .gone
                ? .reached("\(name) is gone") : .missed(message: "\(name) is gone", hint: nil, exitCode: 1)
        }
        if isReached(version) { return .reached("\(name) is \(version.state.rawValue)") }
        switch version.state {
        case .failed:
            let hint = "sluice logs \(name); sluice restart \(name) once the cause is gone"
            return missed(name, version, version.reason, hint)
        case .stalled:
            let hint = "give it more --parallelism or --memory in another version; sluice abort \(name)"
            return missed(name, version, version.stallText, hint, exitCode: ToolFailure.late)
        case .aborted, .rolledBack, .retired, .standby: return missed(name, version, version.reason, nil)
        case .inSync where version.audit?.verdict == "FAIL" && self != .gone:
            return .missed(
                message: "the audit of \(name) has failed",
                hint: "sluice audit \(job) shows it; promote --force goes over it", exitCode: ToolFailure.auditFailed)
        default: break
        }
        guard version.wanted == .running else {
            return .missed(
                message: "\(name) is stopped, as \(version.state.rawValue)",
                hint: "start it again: sluice restart \(name)",
                exitCode: ToolFailure.conflict)
        }
        return .notYet
    }

    private func missed(
        _ name: String, _ version: VersionStatus, _ reason: String, _ hint: String?, exitCode: Int32 = 1
    ) -> Outcome {
        if self == .gone, !version.state.isEnd { return .notYet }
        let because = reason.isEmpty ? "" : ": \(reason)"
        return .missed(message: "\(name) is \(version.state.rawValue)\(because)", hint: hint, exitCode: exitCode)
    }

    private func isReached(_ version: VersionStatus) -> Bool {
        let state = version.state
        switch self {
        case .gone: return state.isEnd
        case .live: return state.isPublished
        case .settled, .ready: return state.isPublished || state == .ready
        case .audited:
            let hasPassed = version.audit.map { $0.verdict != "FAIL" && !$0.isStale } ?? false
            return state.isPublished || state == .ready || (hasPassed && state == .inSync)
        case .inSync:
            return state.isPublished || [.inSync, .auditing, .ready, .cuttingOver].contains(state)
        }
    }
}
