import CommitLog
import Dataflow
import HostSystem
import Operators

// What the server's thread does for each job at each look. All of it can be done again: transitions name the states that they
// lead out of.

extension DeploymentServer {
    func attendAll() {
        let snapshot = board.snapshot
        for job in ledger.jobs {
            do throws(OperationFailure) {
                try attend(job, snapshot)
            } catch {
                events.error("looking after a job", [("job", .string(job)), ("error", .string(error.message))])
            }
        }
        removeRemains()
    }

    private func attend(_ job: String, _ snapshot: JournalSnapshot) throws(OperationFailure) {
        guard let deployment = snapshot.state.deployments[job], let watch = snapshot.jobs[job],
            try follow(job, deployment)
        else { return }
        for summary in ledger.versions(of: job) where !summary.state.isEnd || summary.state == .rolledBack {
            guard let version = deployment.versions[UInt32(summary.id.number)] else { continue }
            try moveOn(summary, version, deployment, watch, snapshot.state)
        }
        pace(job, deployment, watch)
    }

    /// - Returns: false: it is older than what the catalog was brought in line with, by who made the last switch.
    func follow(_ job: String, _ deployment: DeploymentState) throws(OperationFailure) -> Bool {
        let isOld = generations.withLock { generations in
            if deployment.generation < generations[job] ?? 0 { return true }
            generations[job] = deployment.generation
            return false
        }
        if isOld { return false }
        try OperationFailure.onCatalog { () throws(CatalogError) in try followJournal(job, deployment) }
        return true
    }

    /// Brings the catalog in line with what the journal says of roles.
    private func followJournal(_ job: String, _ deployment: DeploymentState) throws(CatalogError) {
        for summary in ledger.versions(of: job) {
            let number = UInt32(summary.id.number)
            guard let version = deployment.versions[number] else { continue }
            if version.isRetired {
                guard !summary.state.isEnd, summary.state != .rolledBack else { continue }
                try ledger.move(summary.id, to: .retired, "the journal says so", by: .journal, wanted: .retired)
            } else if deployment.live == number {
                try becomeLive(summary, deployment)
            } else if summary.state.isPublished {
                try stepDown(summary, deployment)
            } else if summary.state == .cuttingOver, deployment.openAttempt == nil {
                try endSwitch(to: summary)
            }
        }
    }

    /// Another version is live.
    private func stepDown(_ summary: VersionSummary, _ deployment: DeploymentState) throws(CatalogError) {
        let isBack = deployment.live < UInt32(summary.id.number)
        try ledger.move(
            summary.id, to: isBack ? .rolledBack : .standby,
            isBack ? "version \(deployment.live) is live again" : "version \(deployment.live) took over",
            by: .journal, position: deployment.splicedAt, wanted: isBack ? .stopped : nil)
        if isBack { stopQuietly(summary.id) }
    }

    /// A version that is not live, and for which nobody opens a switch: its coordinator is no more. What this look knows of the
    /// journal may be older than a switch of just now.
    private func endSwitch(to summary: VersionSummary) throws(CatalogError) {
        guard !isBusy(summary.id.job) else { return }
        let now: DeploymentState?
        do throws(JobFailure) { now = try log.settled().deployments[summary.id.job] } catch {
            return events.error("journal", [("error", .string(error.message))])
        }
        let number = UInt32(summary.id.number)
        guard let now, now.live != number, now.openAttempt == nil else { return }
        // It had become live, and was rolled back, before anybody looked.
        if now.previous == number, now.live < number { return try stepDown(summary, now) }
        try ledger.move(
            summary.id, from: [.cuttingOver], to: now.previous == number ? .standby : .inSync,
            "the switch came to nothing: no splice is in the journal", by: .journal)
    }

    private func becomeLive(_ summary: VersionSummary, _ deployment: DeploymentState) throws(CatalogError) {
        guard !summary.state.isPublished, summary.state != .failed else { return }
        // The first one is live as soon as it exists.
        guard deployment.generation > 0 else {
            try ledger.move(summary.id, to: .live, "the first version is live from its beginning", by: .journal)
            return
        }
        guard let record = try ledger.record(of: summary.id) else { return }
        try ledger.move(
            summary.id, to: record.options.guardMilliseconds > 0 ? .guarded : .live,
            "took over from version \(deployment.previous ?? 0)", by: .journal, position: deployment.splicedAt)
    }

    private func stopQuietly(_ id: VersionID) {
        let (supervisor, events) = (supervisor, events)
        Task {
            do throws(SupervisionError) {
                _ = try await supervisor.stop(id, within: .seconds(30))
            } catch {
                events.warning("stopping a worker", [("version", .string("\(id)")), ("error", .string("\(error)"))])
            }
        }
    }

    // MARK: By itself

    private func moveOn(
        _ summary: VersionSummary, _ version: DeploymentState.Version, _ deployment: DeploymentState, _ watch: JobWatch,
        _ state: JournalState
    ) throws(OperationFailure) {
        let record = try record(of: summary.id)
        let number = UInt32(summary.id.number)
        let now = time.wallMilliseconds()
        let waited = now - summary.since
        switch summary.state {
        case .guarded where waited >= record.options.guardMilliseconds:
            return try move(summary, to: .live, "the guard's time is over")
        case .standby where deployment.previous != number && !isBusy(summary.id.job):
            return try retire(summary, "another version is the one to go back to")
        case .standby where waited >= record.options.keepMilliseconds && !isBusy(summary.id.job):
            return try retire(summary, "kept for \(record.options.keepMilliseconds / 1000) s")
        case .rolledBack where waited >= record.options.keepMilliseconds && !isBusy(summary.id.job):
            return try retire(summary, "rolled back, and kept for \(record.options.keepMilliseconds / 1000) s")
        case .auditing where hasLostAuditors(summary):
            return try giveUpAudit(summary.id, "the process that made it has ended")
        case .auditing where waited >= Self.longestAuditMilliseconds:
            return try move(summary, to: .inSync, "the audit has not reported within an hour")
        case .failed: return try comeBack(summary, deployment)
        default: break
        }
        let facts = facts(summary, version, deployment, watch, state, now: now)
        if let next = VersionCourse(options: record.options, facts: facts).next(after: summary.state) {
            try move(summary, to: next.state, next.reason)
            if next.state == .inSync { startAudit(record) }
        } else if record.options.promotion == .automatic, try isToBePromoted(summary) {
            promoteByItself(summary.id)
        }
    }

    /// Its audit found nothing, and says it of the version that is live; and it was not refused just now.
    private func isToBePromoted(_ summary: VersionSummary) throws(OperationFailure) -> Bool {
        guard summary.state == .ready, !isBusy(summary.id.job) else { return false }
        let audit = try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.catalog.audits(of: summary.id, newest: 1).first
        }
        guard let audit else { return false }
        guard audit.verdict == .pass, staleness(of: audit, summary) == nil else { return false }
        return refusals.withLock { $0[summary.id]?.nextNanoseconds ?? 0 } <= time.monotonicNanoseconds()
    }

    static let longestAuditMilliseconds: Int64 = 3_600_000

    private func move(_ summary: VersionSummary, to state: VersionState, _ reason: String) throws(OperationFailure) {
        try OperationFailure.onCatalog { () throws(CatalogError) in
            guard try ledger.move(summary.id, from: [summary.state], to: state, reason, by: .server) else { return }
            events.info(
                "state",
                [
                    ("job", .string(summary.id.job)), ("version", .integer(summary.id.number)),
                    ("from", .string(summary.state.rawValue)), ("to", .string(state.rawValue)),
                    ("reason", .string(reason)),
                ])
        }
    }

    /// A failed version whose worker runs again.
    private func comeBack(_ summary: VersionSummary, _ deployment: DeploymentState) throws(OperationFailure) {
        guard supervisor.status(summary.id)?.phase == .running, summary.wanted == .running else { return }
        let number = UInt32(summary.id.number)
        let state: VersionState =
            deployment.live == number ? .live : deployment.previous == number ? .standby : .replaying
        try move(summary, to: state, "its worker runs again")
    }

    private func facts(
        _ summary: VersionSummary, _ version: DeploymentState.Version, _ deployment: DeploymentState, _ watch: JobWatch,
        _ state: JournalState, now: Int64
    ) -> VersionCourse.Facts {
        let number = UInt32(summary.id.number)
        let status = supervisor.status(summary.id)
        var failure: String?
        if summary.wanted == .running {
            switch status?.phase {
            case .failed(let reason)?:
                let lines = status?.lastLines ?? []
                let line = lines.last { $0.hasPrefix("error: ") } ?? lines.last
                failure = "\(reason)" + (line.map { ": \($0)" } ?? "")
            case .finished?: failure = "its worker has ended"
            default: break
            }
        }
        let last = watch.lastCheckpoint[number]
        return VersionCourse.Facts(
            distanceRows: deployment.distance(of: number, in: state), arrivalPerSecond: watch.arrivalRate,
            consumptionPerSecond: watch.rate(of: number), observedMilliseconds: now - summary.since,
            stands: version.position != nil && deployment.stands(number),
            checkpoints: last.map { $0.milliseconds >= summary.since ? 1 : 0 } ?? 0,
            isPaused: paces.withLock { $0[summary.id] != nil }, workerFailure: failure,
            isRunning: status?.phase == .running)
    }

    // MARK: What is over

    /// - Returns: the worker's lock, when it is gone.
    func killWorker(_ id: VersionID) throws(OperationFailure) -> any FileLock {
        do throws(SupervisionError) { return try supervisor.killAndWait(id) } catch {
            throw OperationFailure(error.failure)
        }
    }

    /// Its worker ends, it never runs again, and what no name needs is removed.
    func retire(_ summary: VersionSummary, _ reason: String) throws(OperationFailure) {
        guard try ended(summary.id, .retired, reason, by: .server) else { return }
        removeRemains(of: summary.id)
    }

    /// - Returns: false: it is in another state meanwhile.
    func ended(
        _ id: VersionID, _ state: VersionState, _ reason: String, by author: Transition.Author
    ) throws(OperationFailure) -> Bool {
        try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.move(id, to: state, reason, by: author, wanted: .retired)
        }
    }

    /// May be done again.
    func remove(_ id: VersionID) throws(OperationFailure) {
        // Nobody has told the supervisor of a version that was over before this server began, and of one that never ran.
        if supervisor.status(id) == nil { supervisor.add(specification(try record(of: id)), wanted: false) }
        let lock = try killWorker(id)
        defer { lock.release() }
        supervisor.remove(id)
        let name = VersionName(id.job, UInt32(id.number))
        try OperationFailure.onJob { () throws(JobFailure) in
            let state = try log.settled()
            guard let version = state.deployments[id.job]?.versions[name.number] else { return }
            if !version.isRetired { try log.append(.retired(name)) }
            try removeTopics(of: version)
        }
        try OperationFailure.onJob { () throws(JobFailure) in
            let run = folder(of: id).path + "/run"
            try JobFailure.onFiles("removing the state of \(id)") { () throws(FileError) in
                if try files.exists(run) { try files.removeTree(run) }
            }
        }
    }

    /// What `remove` has not come to.
    func hasRemains(_ id: VersionID) throws(OperationFailure) -> Bool {
        try OperationFailure.onJob { () throws(JobFailure) in
            let state = try log.settled()
            guard let version = state.deployments[id.job]?.versions[UInt32(id.number)] else { return false }
            if !version.isRetired || !removable(version, state).isEmpty { return true }
            return try JobFailure.onFiles("looking for the state of \(id)") { () throws(FileError) in
                try files.exists(folder(of: id).path + "/run")
            }
        }
    }

    /// A version's topics that no published name leads to.
    private func removable(_ version: DeploymentState.Version, _ state: JournalState) -> [TopicState] {
        let reached = Set(state.topics.values.flatMap { $0.spans.map(\.topic) })
        return version.outputs.filter { !reached.contains($0.topic) }.compactMap { state.topics[$0.topic] }
    }

    private func removeTopics(of version: DeploymentState.Version) throws(JobFailure) {
        for topic in removable(version, try log.settled()) {
            do throws(JobFailure) {
                try TopicAdmin.delete(topic.name, in: log)
            } catch {
                // Somebody reads it; it is in nobody's way.
                events.debug("removing a topic", [("topic", .string(topic.name)), ("error", .string(error.message))])
            }
        }
    }
}

extension DeploymentState {
    /// Rows between a version and all that it may read.
    func distance(of version: UInt32, in state: JournalState) -> UInt64 {
        let position = versions[version]?.position
        return limit(of: version).ofTopics.ends.reduce(0) { sum, entry in
            let first = state.topics[entry.key.topic]?.partitions[Int(entry.key.partition)].firstKept ?? 0
            let read = max(position?[entry.key] ?? 0, min(first, entry.value))
            return sum + (entry.value - min(read, entry.value))
        }
    }
}
