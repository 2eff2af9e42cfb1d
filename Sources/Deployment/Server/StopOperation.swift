import CommitLog
import Dataflow
import HostSystem

extension DeploymentServer {
    /// Drops a candidate: nothing of it was ever visible under a published name.
    package func abort(_ job: String, version number: Int?, command: String) throws(OperationFailure) -> JSONValue {
        try alone(with: job, "abort") { () throws(OperationFailure) in
            guard !ledger.versions(of: job).isEmpty else { throw missing(job) }
            guard let id = number.map({ VersionID(job, $0) }) ?? candidate(of: job) else {
                throw OperationFailure(
                    .conflict, "job \"\(job)\" has no candidate",
                    hint: "'sluice rollback \(job)' goes back to the version before")
            }
            guard let summary = ledger[id] else { throw missing(id) }
            guard candidate(of: job) == id else {
                throw OperationFailure(
                    .conflict,
                    "version \(id.number) of job \"\(job)\" is no candidate: it is \(summary.state.rawValue)",
                    hint: "only what was never published can be aborted")
            }
            guard try ended(id, .aborted, "asked for", by: .user(command: command)) else {
                throw OperationFailure(
                    .conflict, "version \(id.number) of job \"\(job)\" cannot be aborted now", hint: "try again")
            }
            removeRemains(of: id)
            return .object([("aborted", .integer(id.number))])
        }
    }

    /// Has workers make a last checkpoint and end; they stay stopped until `restart`.
    package func stop(
        _ job: String, version number: Int?, savepoint: Bool, folder: String?, drain: Bool
    ) throws(OperationFailure) -> JSONValue {
        try alone(with: job, "stop") { () throws(OperationFailure) in
            if drain {
                throw OperationFailure(
                    .usage, "a deployed job is not drained",
                    detail: "its streams have no end that a version beside it could be compared at",
                    hint: "leave --drain out: 'sluice restart' goes on where it was stopped")
            }
            let ids = try chosen(job, number).filter { ledger[$0]?.wanted == .running }
            guard !ids.isEmpty else {
                throw OperationFailure(.conflict, "no version of job \"\(job)\" runs that could be stopped")
            }
            var path: String?
            if savepoint { path = try makeSavepoint(job, number, folder) }
            for id in ids {
                try OperationFailure.onCatalog { () throws(CatalogError) in try ledger.setWanted(.stopped, of: id) }
            }
            try stopWorkers(ids)
            return .object([
                ("stopped", .array(ids.map { .integer($0.number) })), ("savepoint", path.map { .string($0) } ?? .null),
            ])
        }
    }

    /// Starts workers that were stopped or have failed; those that run are stopped first.
    package func restart(_ job: String, version number: Int?) throws(OperationFailure) -> JSONValue {
        try alone(with: job, "restart") { () throws(OperationFailure) in
            let ids = try chosen(job, number)
            for id in ids {
                let record = try record(of: id)
                if supervisor.status(id)?.phase == .running { try stopWorkers([id]) }
                try OperationFailure.onCatalog { () throws(CatalogError) in try ledger.setWanted(.running, of: id) }
                supervisor.add(specification(record), wanted: true)
                supervisor.start(id)
            }
            return .object([("started", .array(ids.map { .integer($0.number) }))])
        }
    }

    private func stopWorkers(_ ids: [VersionID]) throws(OperationFailure) {
        for result in supervisor.stopAll(ids, withinMilliseconds: RestartPolicy().stopBound) {
            if case .failure(let error) = result { throw OperationFailure(error.failure) }
        }
    }

    package func savepoint(_ job: String, version number: Int?, folder: String?) throws(OperationFailure) -> JSONValue {
        .object([("savepoint", .string(try makeSavepoint(job, number, folder)))])
    }

    private func makeSavepoint(_ job: String, _ number: Int?, _ folder: String?) throws(OperationFailure) -> String {
        guard !ledger.versions(of: job).isEmpty else { throw missing(job) }
        let live = board.snapshot.state.deployments[job].map { Int($0.live) }
        let id = VersionID(job, number ?? live ?? 0)
        guard ledger[id] != nil else { throw missing(id) }
        switch control.savepoint(self.folder(of: id).path, folder ?? "") {
        case .success(let path): return path
        case .failure(let failure): throw OperationFailure(failure)
        case nil:
            throw OperationFailure(
                .conflict, "version \(id.number) of job \"\(job)\" does not run",
                hint: "savepoints are made by a running worker: 'sluice restart \(job)'")
        }
    }

    /// The versions that a command is about: the one named, or all that have not ended.
    private func chosen(_ job: String, _ number: Int?) throws(OperationFailure) -> [VersionID] {
        let all = ledger.versions(of: job)
        guard !all.isEmpty else { throw missing(job) }
        guard let number else { return all.filter { !$0.state.isEnd }.map(\.id) }
        guard let summary = ledger[VersionID(job, number)] else { throw missing(VersionID(job, number)) }
        guard !summary.state.isEnd else {
            throw OperationFailure(
                .conflict, "version \(number) of job \"\(job)\" is \(summary.state.rawValue), and never runs again",
                hint: "deploy its text again: 'sluice versions \(job)' shows it")
        }
        return [summary.id]
    }
}
