import Deployment

// Which version a command means, and what it would do with it: for questions and for --dry-run. The server decides for itself
// again when it is asked.

package struct VersionSelection: Equatable, Sendable {
    package enum Verb: String, Sendable {
        case promote, rollback, abort
    }

    package var verb: Verb
    package var job: String
    package var version: VersionStatus
    package var live: VersionStatus?
    package var isForced: Bool
    /// What the server says stands in the way; nil: nothing, or it was not asked.
    package var refusal: String?

    /// - Parameters:
    ///   - number: as named on the command line.
    ///   - isForced: without an audit, or against it.
    /// - Errors: there is no such version.
    package init(_ verb: Verb, _ number: Int?, of status: JobStatus, isForced: Bool = false) throws(ToolFailure) {
        let chosen = number ?? (verb == .rollback ? status.previous : status.candidate)
        guard let chosen else {
            throw ToolFailure(
                message: "job \"\(status.job)\" has no " + (verb == .rollback ? "version to go back to" : "candidate"),
                hint: verb == .rollback
                    ? "the version before the live one stands by for its --keep only"
                    : "sluice deploy \(CommandText.quoted(status.job)) FILE makes one",
                exitCode: ToolFailure.conflict)
        }
        guard let version = status.version(chosen) else {
            throw ToolFailure(
                message: "job \"\(status.job)\" has no version \(chosen) any more, or not yet",
                hint: "sluice versions \(CommandText.quoted(status.job)) lists them", exitCode: ToolFailure.conflict)
        }
        guard verb == .abort || chosen != status.live else {
            throw ToolFailure(
                message: "version \(status.job)@\(chosen) is live already", exitCode: ToolFailure.conflict)
        }
        self.verb = verb
        self.isForced = isForced
        self.job = status.job
        self.version = version
        live = status.version(status.live)
    }

    private var name: String { "\(job)@\(version.number)" }

    package var question: String {
        switch verb {
        case .promote:
            "make \(name) (\(stateText)) live\(inPlaceOfLive)\(deletions.map { ", and delete \($0)" } ?? "")?"
        case .rollback: "go back to \(name) (\(stateText))\(inPlaceOfLive)?"
        case .abort: "give up \(name) (\(stateText)) and its output?"
        }
    }

    /// What would happen, as far as can be told without doing it.
    package var preview: [StyledLine] {
        var lines: [StyledLine] = []
        switch verb {
        case .promote, .rollback:
            lines.append(StyledLine("\(name) (\(stateText)) would become live\(inPlaceOfLive)"))
            if let live {
                let fate = verb == .rollback ? "end, and be ROLLED_BACK" : "go on unpublished, standing by"
                lines.append(StyledLine("\(job)@\(live.number) would \(fate)"))
            }
            lines.append(StyledLine("readers of what the job publishes would get the difference of tables with a key"))
        case .abort:
            lines.append(StyledLine("\(name) (\(stateText)) would be stopped, and what it has written removed"))
        }
        if let obstacle = obstacle ?? refusal {
            lines.append(StyledLine("refused as things are: ", .caution).adding(obstacle))
        }
        return lines
    }

    /// Why it would be refused, as far as the status tells.
    package var obstacle: String? {
        switch verb {
        case .abort: return version.state.isPublished ? "\(name) is live" : nil
        case .rollback: return version.state == .standby ? nil : "\(name) is \(version.state.rawValue), not STANDBY"
        case .promote:
            guard version.state == .ready || version.state == .inSync else {
                return "\(name) is \(version.state.rawValue), not READY"
            }
            if isForced { return nil }
            guard let audit = version.audit else { return "it has not been audited; --force does without" }
            if audit.verdict == "FAIL" { return "its audit has failed; --force goes over it" }
            if audit.isStale { return "its audit is stale; --force does without" }
            return deletions.map { "it would delete \($0); --force does" }
        }
    }

    /// Of rows that readers have, where it is so many that somebody is to be asked; nil: it is not.
    package var deletions: String? {
        guard verb == .promote, let deletions = version.audit?.deletions, !deletions.isEmpty else { return nil }
        return deletions.map(\.text).joined(separator: ", ")
    }

    private var stateText: String {
        let audit = version.audit.map { ", audit \($0.verdict)\($0.isStale ? ", stale" : "")" } ?? ""
        return version.state.rawValue + (verb == .promote ? audit : "")
    }

    private var inPlaceOfLive: String { live.map { " in place of \(job)@\($0.number)" } ?? "" }
}
