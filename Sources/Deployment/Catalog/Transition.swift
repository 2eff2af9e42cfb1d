/// A line of a deployment's log book. Times are milliseconds since 1970-01-01 UTC.
package struct Transition: Equatable, Sendable {
    package enum Author: Hashable, Sendable {
        /// The command somebody gave, as `promote --force`.
        case user(command: String)
        case server
        /// What the journal says: the catalog was brought in line with it.
        case journal
    }

    package var version: VersionID
    package var at: Int64
    /// nil: the version is new.
    package var from: VersionState?
    package var to: VersionState
    package var reason: String
    package var by: Author
    /// Of the entry that made it so, where there is one.
    package var journalPosition: UInt64?

    package init(
        _ version: VersionID, at: Int64, from: VersionState?, to: VersionState, reason: String, by: Author,
        journalPosition: UInt64? = nil
    ) {
        self.version = version
        self.at = at
        self.from = from
        self.to = to
        self.reason = reason
        self.by = by
        self.journalPosition = journalPosition
    }
}

/// Whether there should be a worker for a version.
package enum WantedState: String, CaseIterable, Sendable {
    case running, stopped
    /// Never again: what the version left may be removed.
    case retired
}

/// A version as lists show it.
package struct VersionSummary: Equatable, Sendable {
    package var id: VersionID
    package var createdAt: Int64
    package var state: VersionState
    package var wanted: WantedState
    /// Of the last transition.
    package var since: Int64
    package var reason: String
}

/// What an audit found, kept with the version that it was made for.
package struct AuditRecord: Equatable, Sendable {
    package enum Verdict: String, CaseIterable, Sendable {
        case pass = "PASS"
        case warn = "WARN"
        case fail = "FAIL"
    }

    package var job: String
    package var oldVersion: Int
    package var newVersion: Int
    /// The journal positions of the two checkpoints that were compared.
    package var oldPosition: UInt64
    package var newPosition: UInt64
    package var verdict: Verdict
    package var text: String
    package var json: String
    package var at: Int64
    package var by: Transition.Author

    package init(
        job: String, oldVersion: Int, newVersion: Int, oldPosition: UInt64, newPosition: UInt64, verdict: Verdict,
        text: String, json: String, at: Int64, by: Transition.Author
    ) {
        self.job = job
        self.oldVersion = oldVersion
        self.newVersion = newVersion
        self.oldPosition = oldPosition
        self.newPosition = newPosition
        self.verdict = verdict
        self.text = text
        self.json = json
        self.at = at
        self.by = by
    }
}

/// How a version's worker ended once, when nobody had asked it to.
package struct WorkerExit: Equatable, Sendable {
    package var version: VersionID
    package var at: Int64
    package var ending: WorkerEnding
    /// The last ones of its log.
    package var lastLines: [String]

    package init(_ version: VersionID, at: Int64, ending: WorkerEnding, lastLines: [String]) {
        self.version = version
        self.at = at
        self.ending = ending
        self.lastLines = lastLines
    }
}
