import CommitLog
import Dataflow
import HostSystem

/// What came of a promotion or a rollback.
package struct SwitchReport: Sendable {
    package let json: JSONValue
}

extension DeploymentServer {
    /// Makes the candidate live.
    /// - Parameters:
    ///   - number: nil: the candidate.
    ///   - isForced: without an audit, or against its verdict.
    ///   - mayDelete: somebody has seen how many rows its audit says that readers lose.
    package func promote(
        _ job: String, version number: Int?, isForced: Bool, mayDelete: Bool = false, command: String
    ) throws(OperationFailure) -> SwitchReport {
        try alone(with: job, "promote") { () throws(OperationFailure) in
            let summary = try promotable(job, number, isForced: isForced, mayDelete: mayDelete)
            return try change(job, to: summary, isForced: isForced, command: command)
        }
    }

    /// Makes the version before the live one live again.
    package func rollback(
        _ job: String, version number: Int?, isForced: Bool, command: String
    ) throws(OperationFailure) -> SwitchReport {
        try alone(with: job, "rollback") { () throws(OperationFailure) in
            let summary = try standby(job, number)
            return try change(job, to: summary, isForced: isForced, command: command)
        }
    }

    package enum SwitchVerb: String, CaseIterable, Sendable {
        case promote, rollback
    }

    /// Whether a switch would be refused as things are: with an error's `message`, `detail` and `hint`, or null.
    package func check(
        _ verb: SwitchVerb, _ job: String, version number: Int?, isForced: Bool
    ) throws(OperationFailure) -> JSONValue {
        do throws(OperationFailure) {
            let summary =
                switch verb {
                case .promote: try promotable(job, number, isForced: isForced, mayDelete: false)
                case .rollback: try standby(job, number)
                }
            _ = try checkChange(job, to: summary, isForced: isForced)
            return .object([("error", .null)])
        } catch {
            guard error.kind == .conflict else { throw error }
            return error.json
        }
    }

    private func promotable(
        _ job: String, _ number: Int?, isForced: Bool, mayDelete: Bool
    ) throws(OperationFailure) -> VersionSummary {
        guard !ledger.versions(of: job).isEmpty else { throw missing(job) }
        guard let id = number.map({ VersionID(job, $0) }) ?? candidate(of: job) else {
            throw OperationFailure(
                .conflict, "job \"\(job)\" has no candidate", hint: "'sluice deploy \(job) FILE' makes one")
        }
        guard let summary = ledger[id] else { throw missing(id) }
        try checkPromotable(summary, isForced: isForced, mayDelete: mayDelete)
        try checkRuns(summary)
        return summary
    }

    private func standby(_ job: String, _ number: Int?) throws(OperationFailure) -> VersionSummary {
        guard !ledger.versions(of: job).isEmpty else { throw missing(job) }
        let deployment = try OperationFailure.onJob { () throws(JobFailure) in try log.settled() }.deployments[job]
        guard let previous = deployment?.previous, number == nil || number == Int(previous),
            let summary = ledger[VersionID(job, Int(previous))], summary.state == .standby
        else {
            throw OperationFailure(
                .conflict,
                number.map { "version \($0) of job \"\(job)\" is not the one to go back to" }
                    ?? "job \"\(job)\" has no version to go back to",
                detail: "a version that was live goes on as standby for the time given with --keep",
                hint: "deploy its text again: 'sluice versions \(job)' shows it")
        }
        try checkRuns(summary)
        return summary
    }

    private func checkPromotable(
        _ summary: VersionSummary, isForced: Bool, mayDelete: Bool
    ) throws(OperationFailure) {
        let (job, number) = (summary.id.job, summary.id.number)
        switch summary.state {
        case .inSync, .ready: break
        // Who does without an audit does not wait for one.
        case .auditing where isForced: break
        case .live, .guarded:
            throw OperationFailure(.conflict, "version \(number) of job \"\(job)\" is live already")
        case .standby:
            throw OperationFailure(
                .conflict, "version \(number) of job \"\(job)\" is a standby",
                hint: "'sluice rollback \(job)' goes back to it")
        case .failed:
            throw OperationFailure(
                .conflict, "version \(number) of job \"\(job)\" has failed", detail: summary.reason,
                hint: "'sluice restart \(job)' tries again, 'sluice logs \(job)@\(number)' shows why")
        default:
            throw OperationFailure(
                .conflict, "version \(number) of job \"\(job)\" cannot take over: it is \(summary.state.rawValue)",
                detail: summary.reason, hint: "'sluice wait \(job)' waits until it may")
        }
        if isForced { return }
        let audit = try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.catalog.audits(of: summary.id, newest: 1).first
        }
        guard let audit else {
            throw OperationFailure(
                .conflict, "version \(number) of job \"\(job)\" has not been audited",
                hint: "'sluice audit \(job)' compares it with the live version; --force does without")
        }
        if let reason = staleness(of: audit, summary) {
            throw OperationFailure(
                .conflict, "the audit of version \(number) of job \"\(job)\" is stale", detail: reason,
                hint: "'sluice audit \(job)' again; --force does without")
        }
        guard audit.verdict != .fail else {
            throw OperationFailure(
                .conflict, "version \(number) of job \"\(job)\" has failed its audit",
                hint: "'sluice audit \(job) --show' says why; --force promotes it all the same")
        }
        if !mayDelete { try checkDeletions(audit) }
    }

    private func checkDeletions(_ audit: AuditRecord) throws(OperationFailure) {
        let deletions = audit.largeDeletions
        guard !deletions.isEmpty else { return }
        throw OperationFailure(
            .conflict,
            "version \(audit.newVersion) of job \"\(audit.job)\" would delete "
                + deletions.map(\.text).joined(separator: ", "),
            detail:
                "its audit has found them in version \(audit.oldVersion) only, and more than a tenth is asked about",
            hint: "'sluice diff \(audit.job)' lists them; --force deletes them")
    }

    /// The live version would stand still for it in vain.
    private func checkRuns(_ summary: VersionSummary) throws(OperationFailure) {
        let phase = supervisor.status(summary.id)?.phase
        guard phase != .running else { return }
        let isOnItsWay = phase == .starting || phase == .waiting
        throw OperationFailure(
            .conflict, "version \(summary.id.number) of job \"\(summary.id.job)\" does not run",
            detail: isOnItsWay ? "its worker is being started again" : nil,
            hint: isOnItsWay ? "try again" : "'sluice restart \(summary.id.job)' starts it")
    }

    static let longestAuditAge: Int64 = 24 * 3_600_000

    /// nil: what the audit found still says something.
    func staleness(of audit: AuditRecord, _ summary: VersionSummary) -> String? {
        let live = board.snapshot.state.deployments[summary.id.job]?.live ?? 0
        if audit.oldVersion != Int(live) {
            return "it compared with version \(audit.oldVersion), and version \(live) is live now"
        }
        let age = time.wallMilliseconds() - audit.at
        return age > Self.longestAuditAge ? "it is \(age / 3_600_000) hours old" : nil
    }

    // MARK: The switch

    private func change(
        _ job: String, to summary: VersionSummary, isForced: Bool, command: String
    ) throws(OperationFailure) -> SwitchReport {
        let (state, deployment) = try checkChange(job, to: summary, isForced: isForced)
        let from = VersionID(job, Int(deployment.live))
        let to = UInt32(summary.id.number)
        let options = try record(of: summary.id).options
        let lock = try deadLiveVersion(from)
        defer { if let lock { giveBack(lock, of: from, to: to) } }
        let isOurs = try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.move(
                summary.id, from: [summary.state], to: .cuttingOver, isForced ? "forced" : "asked for",
                by: .user(command: command))
        }
        guard isOurs else {
            let state = ledger[summary.id]?.state.rawValue ?? "gone"
            throw OperationFailure(
                .conflict, "version \(to) of job \"\(job)\" cannot take over: it is \(state) by now", hint: "try again")
        }
        // It must not stand where nobody looks for it.
        paces.withLock { $0[summary.id] = nil }
        control.pace(folder(of: summary.id).path, false)
        let watched = rowGuard(from: from, to: summary.id, deployment)
        let timeout = UInt32(clamping: max(1, options.cutoverTimeoutMilliseconds))
        let done: SwitchReport
        do throws(JobFailure) {
            done = try followed(job).use(from: deployment.live, to: to, in: state) { (comparisons) throws(JobFailure) in
                let change = VersionSwitch(
                    job, from: deployment.live, to: to, timeoutMilliseconds: timeout, withoutFrom: lock != nil,
                    comparisons: comparisons, random: random, in: log)
                let pause = try perform(change, comparisons)
                return try report(change, job, from, summary, pause)
            }
        } catch {
            try back(summary, error.message)
            throw OperationFailure(error)
        }
        rowGuards.withLock { guards in
            guards[from] = nil
            guards[summary.id] = watched
        }
        // Who has the answer may ask at once what is live.
        let now = try OperationFailure.onJob { () throws(JobFailure) in try log.settled() }.deployments[job]
        if let now { _ = try follow(job, now) }
        return done
    }

    /// - Returns: what the journal says now.
    private func checkChange(
        _ job: String, to summary: VersionSummary, isForced: Bool
    ) throws(OperationFailure) -> (JournalState, DeploymentState) {
        let state = try OperationFailure.onJob { () throws(JobFailure) in try log.settled() }
        guard let deployment = state.deployments[job] else { throw missing(job) }
        let to = UInt32(summary.id.number)
        try checkStarts(job, deployment, to, isForced: isForced)
        if !isForced { try checkReaders(of: job, deployment, to, in: state) }
        return (state, deployment)
    }

    private func followed(_ job: String) -> FollowedOutputs {
        outputs.withLock { outputs in
            if let known = outputs[job] { return known }
            let new = FollowedOutputs(job, memoryBytes: configuration.switchMemoryBytes, log)
            outputs[job] = new
            return new
        }
    }

    /// Reads on what a switch that may come soon will compare, so that it has little left to read.
    func readAhead(_ job: String, _ deployment: DeploymentState, _ state: JournalState) {
        // A switch uses what is followed, and needs it again for the way back.
        if isBusy(job) { return }
        guard let other = nextLive(job, deployment) else { return outputs.withLock { $0[job] = nil } }
        // What this look knows of the journal is older than the last switch.
        if other == deployment.live { return }
        do throws(JobFailure) {
            try followed(job).readAhead(from: deployment.live, to: other, in: state)
        } catch {
            events.warning("reading ahead for a switch", [("job", .string(job)), ("error", .string(error.message))])
        }
    }

    /// The version that is ready to become live: a candidate before a standby.
    private func nextLive(_ job: String, _ deployment: DeploymentState) -> UInt32? {
        let versions = ledger.versions(of: job)
        let next =
            versions.last { [.inSync, .auditing, .ready].contains($0.state) } ?? versions.last { $0.state == .standby }
        return next.map { UInt32($0.id.number) }
    }

    private func checkStarts(
        _ job: String, _ deployment: DeploymentState, _ to: UInt32, isForced: Bool
    ) throws(OperationFailure) {
        // One that goes on with another's state has that one's history.
        let begins = try [deployment.live, to].map { (number) throws(OperationFailure) in
            try record(of: VersionID(job, Int(number))).start
        }
        guard begins.contains(.now), !isForced else { return }
        guard let old = deployment.versions[deployment.live], let new = deployment.versions[to] else {
            return
        }
        for (partition, start) in new.start?.ofTopics.ends ?? [:] {
            guard let other = old.start?[partition], other != start else { continue }
            throw OperationFailure(
                .conflict, "the two versions did not begin at the same place",
                detail:
                    "version \(deployment.live) began at offset \(other) of partition \(partition), version \(to) at \(start)",
                hint: "the difference of their tables is no correction; --force publishes it all the same")
        }
    }

    /// Where the live version's worker is gone, its lock, so that it does not come back meanwhile.
    private func deadLiveVersion(_ live: VersionID) throws(OperationFailure) -> (any FileLock)? {
        switch supervisor.status(live)?.phase {
        case .running?, .starting?, .stopping?: return nil
        case .waiting?, .stopped?, .finished?, .failed?, nil: break
        }
        return try killWorker(live)
    }

    /// It was kept from running while another version took over, or might have.
    private func giveBack(_ lock: any FileLock, of from: VersionID, to: UInt32) {
        lock.release()
        switch supervisor.status(from)?.phase {
        case .stopped?: break
        // It stays as it was: somebody has to say how to go on.
        default: return
        }
        let isRolledBack = board.snapshot.state.deployments[from.job]?.live == to && to < UInt32(from.number)
        if ledger[from]?.wanted == .running, !isRolledBack { supervisor.start(from) }
    }

    private static let quickReadNanoseconds: Int64 = 10_000_000
    private static let readsAhead = 20
    private static let longestWaitMilliseconds: Int64 = 20

    /// - Returns: for how many milliseconds nothing was published.
    private func perform(_ change: VersionSwitch, _ comparisons: [TableComparison]) throws(JobFailure) -> Double {
        // The names stand still for what is left to be read then.
        var last = Int64.max
        for _ in 0..<Self.readsAhead {
            let begin = time.monotonicNanoseconds()
            let state = try log.settled()
            for comparison in comparisons { try comparison.advance(in: state) }
            let took = time.monotonicNanoseconds() - begin
            // It is as quick as it will be: what is left comes with the load.
            if took < Self.quickReadNanoseconds || took > last / 2 { break }
            last = took
        }
        let news = try log.openReader(from: JournalPlace(sequence: log.settled().end)).news
        let begin = time.monotonicNanoseconds()
        while true {
            let seen = news?.value ?? 0
            if try change.step() {
                if case .over = change.phase { break }
                continue
            }
            if let news {
                news.wait(while: seen, timeoutMilliseconds: Self.longestWaitMilliseconds)
            } else {
                board.rest(nanoseconds: 1_000_000)
            }
        }
        return Double(time.monotonicNanoseconds() - begin) / 1e6
    }

    private func report(
        _ change: VersionSwitch, _ job: String, _ from: VersionID, _ summary: VersionSummary, _ pause: Double
    ) throws(JobFailure) -> SwitchReport {
        guard case .over(let outcome) = change.phase else {
            preconditionFailure("a switch that is over has an outcome")
        }
        switch outcome {
        case .released(let attempt, let reason):
            throw JobFailure(
                .conflict, "version \(summary.id.number) of job \"\(job)\" did not take over, and nothing has changed",
                detail: "attempt \(attempt): \(reason)",
                hint: "try again; --cutover-timeout of 'sluice deploy' gives it more time")
        case .spliced(let attempt):
            do throws(JobFailure) { try change.clean() } catch {
                // The next switch tries again.
                events.warning("removing what no name needs", [("error", .string(error.message))])
            }
            pauses.withLock { $0[job] = pause }
            let position = try log.settled().end
            events.info(
                "switch",
                [
                    ("job", .string(job)), ("from", .integer(from.number)), ("to", .integer(summary.id.number)),
                    ("attempt", .integer(attempt)), ("pauseMilliseconds", .number(pause)),
                    ("standingMilliseconds", .number(Double(change.standingNanoseconds) / 1e6)),
                    ("comparingMilliseconds", .number(Double(change.comparingNanoseconds) / 1e6)),
                ])
            let rows = change.changedRows.map { name, count in
                JSONValue.object([("name", .string(name)), ("rows", .integer(count))])
            }
            return SwitchReport(
                json: .object([
                    ("live", .integer(summary.id.number)), ("previous", .integer(from.number)),
                    ("attempt", .integer(attempt)), ("pauseMilliseconds", .number(pause)),
                    ("journalPosition", .integer(position)), ("changedRows", .array(rows)),
                ]))
        }
    }

    /// Nothing has happened, unless the journal says otherwise, which the server's thread sees.
    private func back(_ summary: VersionSummary, _ reason: String) throws(OperationFailure) {
        try OperationFailure.onCatalog { () throws(CatalogError) in
            let deployment = board.snapshot.state.deployments[summary.id.job]
            guard deployment?.live != UInt32(summary.id.number) else { return }
            try ledger.move(
                summary.id, from: [.cuttingOver], to: summary.state == .standby ? .standby : .inSync, reason,
                by: .server)
        }
    }

    private static let refusalNanoseconds: Int64 = 10_000_000_000

    func promoteByItself(_ id: VersionID) {
        // Nobody else begins meanwhile.
        note(nil, refusing: id)
        _ = WorkerThread(name: "promotion") { [self] in
            do throws(OperationFailure) {
                _ = try promote(id.job, version: id.number, isForced: false, command: "deploy --promote auto")
                refusals.withLock { $0[id] = nil }
            } catch {
                note(error.message, refusing: id)
                events.warning("promotion", [("version", .string("\(id)")), ("error", .string(error.message))])
            }
        }
    }

    private func note(_ reason: String?, refusing id: VersionID) {
        let next = time.monotonicNanoseconds() + Self.refusalNanoseconds
        refusals.withLock { $0[id] = Refusal(reason: reason, nextNanoseconds: next) }
    }
}
