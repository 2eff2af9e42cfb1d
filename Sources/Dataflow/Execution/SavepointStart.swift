import CommitLog
import HostSystem
import KeyedState

// A savepoint as what a run begins with: whether it fits the plan, and for a version of a deployed job where the tables are
// that belong to it.
//
// A version's rows go to topics of its own, which are empty when it begins. What has no key goes on there behind what the
// savepoint has seen. A keyed output is a table, and has to be whole from the first commit on: it is copied from the topic
// of the version that the savepoint was made of, as of that checkpoint. So the plans are to be the same then, for a table
// that another plan would have made cannot be had from a state that is not read.

package struct SavepointStart {
    let manifest: SavepointManifest

    /// - Errors: `conflict` where there is none, or it cannot be read.
    package init(_ path: String, _ files: any FileSystem) throws(JobFailure) {
        let isThere = try JobFailure.onFiles("looking for the savepoint") { () throws(FileError) in
            try files.exists(path)
        }
        guard isThere else {
            throw JobFailure(
                .conflict, "there is no savepoint '\(path)'", hint: "name the folder that `sluice savepoint` printed")
        }
        do throws(StateError) {
            manifest = try SavepointManifest.load(path, files)
        } catch {
            throw Self.unusable(path, error)
        }
    }

    static func unusable(_ savepoint: String, _ error: StateError) -> JobFailure {
        JobFailure(.conflict, "'\(savepoint)' cannot be used as a savepoint", detail: "\(error)")
    }

    // MARK: Whether it fits

    /// - Errors: `conflict` where it was made by another plan.
    package func checkFit(_ graph: JobGraph, of version: VersionName?) throws(JobFailure) {
        let (old, new) = (manifest.record.planLines, graph.fingerprint)
        guard version != nil else {
            guard let difference = PlanFingerprint.stateDifference(from: old, to: new) else { return }
            throw doesNotFit(
                difference,
                hint: "use the file that the savepoint was made by, or start without -s and read all input again")
        }
        guard graph.hasKeyedOutput else {
            guard let difference = PlanFingerprint.sourceDifference(from: old, to: new) else { return }
            throw doesNotFit(difference, hint: Self.fromBeginning)
        }
        guard old == new else {
            throw doesNotFit(PlanFingerprint.difference(from: old, to: new), hint: Self.fromBeginning)
        }
    }

    private static let fromBeginning = "deploy the version from the beginning, and it reads all input again"

    private func doesNotFit(_ difference: String, hint: String) -> JobFailure {
        JobFailure(
            .conflict, "the savepoint '\(manifest.path)' of job \"\(manifest.job)\" does not fit this plan",
            detail: "an operator \(difference)", hint: hint)
    }

    // MARK: Whose tables

    /// nil: there are no tables to go on from.
    /// - Errors: `conflict` where there are, and the savepoint is not of the job, or older than the journal.
    func origin(of version: VersionName, _ graph: JobGraph, in log: CommitLogAccess) throws(JobFailure)
        -> VersionOrigin?
    {
        guard graph.hasKeyedOutput else { return nil }
        guard let old = VersionName(manifest.job), old.job == version.job else {
            throw JobFailure(
                .conflict,
                "the savepoint '\(manifest.path)' is of job \"\(manifest.job)\", and of no version of \"\(version.job)\"",
                detail: "a keyed output goes on from the table of the version that the savepoint was made of",
                hint: Self.fromBeginning)
        }
        // An hour earlier, should the clock have been set.
        let place = try log.place(before: manifest.record.wallMilliseconds &- 3_600_000)
        for place in [place, nil] {
            if let position = try position(in: log, from: place) { return VersionOrigin(old, position: position) }
        }
        throw JobFailure(
            .conflict, "the savepoint '\(manifest.path)' is older than what the journal reaches back to",
            detail: "checkpoint \(manifest.committed.number) of version \(old) is not in it any more",
            hint: Self.fromBeginning)
    }

    /// Behind the entry of the savepoint's checkpoint.
    private func position(in log: CommitLogAccess, from place: JournalPlace?) throws(JobFailure) -> UInt64? {
        let reader = try log.openReader(from: place)
        while true {
            let entries: [JournalEntry]
            do throws(JournalError) {
                entries = try reader.next(limit: 4096)
            } catch {
                throw .journal(error)
            }
            guard !entries.isEmpty else { return nil }
            for entry in entries {
                if case .checkpoint(manifest.job, manifest.run, manifest.committed, _, _) = entry.body {
                    return entry.sequence + 1
                }
            }
        }
    }
}

extension JobGraph {
    /// A table, whose rows change.
    fileprivate var hasKeyedOutput: Bool {
        vertices.flatMap(\.links).contains { ($0 as? any SinkDescription)?.isKeyed == true }
    }
}
