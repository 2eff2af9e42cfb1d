import CommitLog
import Dataflow
import Glibc
import HostSystem
import Operators

extension DeploymentServer {
    private static let cutWaitMilliseconds: Int64 = 10_000
    private static let lookNanoseconds: Int64 = 20_000_000

    /// Where both versions had read the same, and where their topics ended then.
    /// - Parameters:
    ///   - old: nil: the live version.
    ///   - new: nil: the candidate, or the version before the live one.
    package func cut(_ job: String, old: Int?, new: Int?) throws(OperationFailure) -> JSONValue {
        let (old, new) = try pair(job, old, new)
        return try cut(old, new).json
    }

    /// - Returns: where to compare, and the folder of checks and expectations that the new version was deployed with.
    package func beginAudit(
        _ job: String, old: Int?, new: Int?, command: String
    ) throws(OperationFailure) -> JSONValue {
        let (old, new) = try pair(job, old, new)
        let cut = try cut(old, new)
        try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.move(
                new, from: [.inSync, .ready], to: .auditing, "compared with version \(old.number)",
                by: .user(command: command))
        }
        let folder = try record(of: new).options.auditFolder
        return .object(cut.members + [("auditFolder", folder.map { .string($0) } ?? .null)])
    }

    /// - Returns: the state that the new version comes to.
    package func endAudit(_ audit: AuditRecord) throws(OperationFailure) -> JSONValue {
        let id = VersionID(audit.job, audit.newVersion)
        guard ledger[id] != nil else { throw missing(id) }
        guard ledger[VersionID(audit.job, audit.oldVersion)] != nil else {
            throw missing(VersionID(audit.job, audit.oldVersion))
        }
        try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.catalog.add(audit)
            let isGood = audit.verdict != .fail
            try ledger.move(
                id, from: isGood ? [.auditing, .inSync] : [.auditing, .ready], to: isGood ? .ready : .inSync,
                "the audit says \(audit.verdict.rawValue)",
                by: audit.by)
        }
        return .object([("state", .string(ledger[id]?.state.rawValue ?? ""))])
    }

    /// An audit that could not be made: its version is what it was before.
    package func giveUpAudit(_ id: VersionID, _ reason: String) throws(OperationFailure) {
        try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.move(id, from: [.auditing], to: .inSync, "the audit was not made: \(reason)", by: .server)
        }
    }

    package func lastAudit(_ id: VersionID) throws(OperationFailure) -> JSONValue {
        guard ledger[id] != nil else { throw missing(id) }
        let audit = try OperationFailure.onCatalog { () throws(CatalogError) in
            try ledger.catalog.audits(of: id, newest: 1).first
        }
        guard let audit else {
            throw OperationFailure(
                .missing, "version \(id.number) of job \"\(id.job)\" has not been audited",
                hint: "'sluice audit \(id.job)' does")
        }
        return .object([
            ("oldVersion", .integer(audit.oldVersion)), ("newVersion", .integer(audit.newVersion)),
            ("verdict", .string(audit.verdict.rawValue)), ("at", .integer(audit.at)), ("text", .string(audit.text)),
            ("json", .string(audit.json)),
        ])
    }

    private func pair(_ job: String, _ old: Int?, _ new: Int?) throws(OperationFailure) -> (VersionID, VersionID) {
        guard !ledger.versions(of: job).isEmpty else { throw missing(job) }
        let deployment = board.snapshot.state.deployments[job]
        let live = deployment.map { Int($0.live) } ?? 0
        let other = new ?? candidate(of: job)?.number ?? deployment?.previous.map { Int($0) }
        guard let other else {
            throw OperationFailure(
                .conflict, "job \"\(job)\" has one version only", hint: "'sluice deploy \(job) FILE' makes another one")
        }
        let (old, new) = (VersionID(job, old ?? live), VersionID(job, other))
        for id in [old, new] where ledger[id] == nil { throw missing(id) }
        guard old != new else {
            throw OperationFailure(.usage, "version \(old.number) of job \"\(job)\" is compared with itself")
        }
        return (old, new)
    }

    private func cut(_ old: VersionID, _ new: VersionID) throws(OperationFailure) -> AuditCut {
        let deadline = time.monotonicNanoseconds() + Self.cutWaitMilliseconds * 1_000_000
        while true {
            let snapshot = board.snapshot
            let (a, b) = (UInt32(old.number), UInt32(new.number))
            if let (one, other) = snapshot.jobs[old.job]?.commonCut(a, b) {
                return try Self.cut(old, one, new, other, snapshot.state)
            }
            guard time.monotonicNanoseconds() < deadline else {
                throw OperationFailure(
                    .conflict,
                    "versions \(old.number) and \(new.number) of job \"\(old.job)\" have not stood at the same cut yet",
                    detail: "version \(new.number) is \(ledger[new]?.state.rawValue ?? "not there")",
                    hint: "'sluice wait \(old.job)' waits until the candidate follows the live version")
            }
            poll(nil, 0, Int32(Self.lookNanoseconds / 1_000_000))
        }
    }

    private static func cut(
        _ old: VersionID, _ one: JobWatch.Stand, _ new: VersionID, _ other: JobWatch.Stand, _ state: JournalState
    ) throws(OperationFailure) -> AuditCut {
        let deployment = state.deployments[old.job]
        func topic(_ version: VersionID, _ nameID: TopicID, _ stand: JobWatch.Stand) -> AuditCut.OutputTopic? {
            let output = deployment?.versions[UInt32(version.number)]?.outputs.first { $0.nameID == nameID }
            guard let output, let topic = state.topics[output.topic], let ends = stand.ends[output.topic] else {
                return nil
            }
            return AuditCut.OutputTopic(topic.name, ends: ends)
        }
        var inputs: [TopicID: [UInt64]] = [:]
        for (partition, end) in one.reads.ends.merging(other.reads.ends, uniquingKeysWith: { a, _ in a }) {
            let count = state.topics[partition.topic]?.partitions.count ?? 0
            guard Int(partition.partition) < count else { continue }
            inputs[partition.topic, default: [UInt64](repeating: 0, count: count)][Int(partition.partition)] = end
        }
        var seen: Set<TopicID> = []
        let outputs = [old, new].flatMap { deployment?.versions[UInt32($0.number)]?.outputs ?? [] }
            .filter { seen.insert($0.nameID).inserted }
        return AuditCut(
            job: old.job, old: .init(UInt32(old.number), position: one.sequence),
            new: .init(UInt32(new.number), position: other.sequence),
            inputs: inputs.sorted { $0.key < $1.key }.compactMap { id, ends in
                state.topics[id].map { .init(topic: $0.name, id: "\(id)", ends: ends) }
            },
            outputs: try outputs.map { (output) throws(OperationFailure) in
                let key = try state.topics[output.topic].map { (found) throws(OperationFailure) in
                    try OperationFailure.onJob { () throws(JobFailure) in try Topic(found).schema.key }
                }
                return .init(
                    output.name, old: topic(old, output.nameID, one), new: topic(new, output.nameID, other),
                    key: key ?? [])
            })
    }

    // MARK: By itself

    /// In a process of its own, so that what it reads and holds is not the server's.
    func startAudit(_ record: VersionRecord) {
        guard !configuration.auditCommand.isEmpty else { return }
        guard audits.withLock({ $0.insert(record.id).inserted }) else { return }
        var command =
            configuration.auditCommand + [
                record.id.job, "--new", "\(record.id.number)", "--by-server", "--data", configuration.dataDirectory,
            ]
        if let folder = record.options.auditFolder { command += ["--audit", folder] }
        let folder = folder(of: record.id)
        let process = WorkerSpecification(
            id: record.id, command: command, workingDirectory: configuration.dataDirectory, lockPath: folder.lockPath,
            logPath: folder.path + "/audit.log")
        _ = WorkerThread(name: "audit") { [self] in
            let ending = process.run()
            events.info("audit", [("version", .string("\(record.id)")), ("ending", .string("\(ending)"))])
            audits.withLock { _ = $0.remove(record.id) }
            // 2: it failed, and has said so.
            guard ending != .exit(0), ending != .exit(2) else { return }
            do throws(OperationFailure) {
                try giveUpAudit(record.id, "\(ending)")
            } catch {
                events.error("audit", [("error", .string(error.message))])
            }
        }
    }
}
