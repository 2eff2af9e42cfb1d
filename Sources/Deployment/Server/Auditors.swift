import HostSystem

// Who makes an audit is a process of his own, and may end without a word: what he was to report is not waited for then.

/// Of an audit that has begun.
struct Auditors {
    /// When it began: who made an earlier one has nothing to do with it.
    var since: Int64
    var processes: [ProcessMark]
}

extension DeploymentServer {
    /// - Parameter process: that makes the audit of a version which has begun; nil: it is not known.
    package func noteAuditor(of id: VersionID, process: Int?) {
        guard let summary = ledger[id], summary.state == .auditing else { return }
        let mark = process.flatMap { Int32(exactly: $0) }.map { ProcessMark.of($0, files) }
        auditors.withLock { auditors in
            let known = auditors[id].flatMap { $0.since == summary.since ? $0.processes : nil } ?? []
            switch mark {
            // Nothing can be said of it, nor of those beside it.
            case nil: auditors[id] = nil
            // It has ended already.
            case .some(nil): auditors[id] = Auditors(since: summary.since, processes: known)
            case .some(let mark?): auditors[id] = Auditors(since: summary.since, processes: known + [mark])
            }
        }
    }

    /// Whether all who were making a version's audit are gone.
    func hasLostAuditors(_ summary: VersionSummary) -> Bool {
        guard let known = auditors.withLock({ $0[summary.id] }), known.since == summary.since else { return false }
        return !known.processes.contains { $0.isAlive(files) }
    }

    /// An auditor says that he will not report.
    package func abandonAudit(_ id: VersionID, process: Int?, _ reason: String) throws(OperationFailure) -> JSONValue {
        guard let summary = ledger[id] else { throw missing(id) }
        let others = auditors.withLock { auditors in
            guard auditors[id]?.since == summary.since else { return [ProcessMark]() }
            auditors[id]?.processes.removeAll { process == nil || Int($0.processID) == process }
            return auditors[id]?.processes ?? []
        }
        // Somebody else may still be at it.
        if !others.contains(where: { $0.isAlive(files) }) { try giveUpAudit(id, reason) }
        return .object([("state", .string(ledger[id]?.state.rawValue ?? ""))])
    }
}
