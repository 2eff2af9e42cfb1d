import CommitLog
import HostSystem

/// What the journal says of the deployed job whose version this process runs. Used by the thread that runs it.
package final class VersionRole {
    let version: VersionName
    private let log: CommitLogAccess
    private let reader: JournalReader
    private(set) var deployment: DeploymentState
    /// Time passes for it as the journal says.
    let keepsClock: Bool
    private static let entriesAtOnce = 4096

    /// - Errors: `conflict` where there is no such version, or it is retired.
    package init(_ version: VersionName, in log: CommitLogAccess) throws(JobFailure) {
        let state = try log.settled()
        guard let deployment = state.deployments[version.job], let known = deployment.versions[version.number] else {
            throw JobFailure(.conflict, "version \(version) is not deployed in this data directory")
        }
        guard !known.isRetired else {
            throw JobFailure(.conflict, "version \(version) is retired", hint: "deploy its text again as a new version")
        }
        self.version = version
        self.log = log
        self.deployment = deployment
        reader = try log.openReader(from: JournalPlace(sequence: state.end))
        keepsClock = known.inputs.contains(.clock)
        try look()
    }

    /// Reads the journal to its end.
    package func look() throws(JobFailure) {
        do throws(JournalError) {
            while try !reader.next(limit: Self.entriesAtOnce).isEmpty {}
        } catch {
            throw .journal(error)
        }
        deployment = reader.state.deployments[version.job] ?? deployment
    }

    var news: (any SharedSignal)? { reader.news }

    /// Time in the journal, as far as it is read.
    var milliseconds: Int64 { reader.state.lastMilliseconds }

    /// Says in the journal that time has passed.
    func tick() throws(JobFailure) {
        try log.append(.tick)
        try look()
    }

    var isLive: Bool { deployment.live == version.number }

    /// How far the version may read; nil: as far as there is something.
    var limit: InputPosition? { isLive ? nil : deployment.limit(of: version.number) }

    /// Where a version begins that is to read nothing of what there is: where the live version stands; the first one behind
    /// all that is published.
    var now: InputPosition {
        guard isLive else { return deployment.limit(of: version.number) }
        var position = InputPosition()
        for id in deployment.versions[version.number]?.inputs ?? [] {
            for (number, partition) in (reader.state.topics[id]?.partitions ?? []).enumerated() {
                let name = TopicPartition(topic: id, partition: UInt32(truncatingIfNeeded: number))
                position.ends[name] = partition.publishedEnd
            }
        }
        return position
    }

    /// The open attempt for which the version is to stand still now.
    var attempt: DeploymentState.Attempt? {
        guard let attempt = deployment.openAttempt else { return nil }
        if attempt.from == version.number { return attempt }
        guard attempt.to == version.number else { return nil }
        let fromStands = deployment.versions[attempt.from]?.holds == attempt.number
        return attempt.withoutFrom || fromStands ? attempt : nil
    }

    /// An attempt is open that is to change what the version is.
    var isConcerned: Bool {
        deployment.openAttempt.map { $0.from == version.number || $0.to == version.number } ?? false
    }

    /// A version in the shadow gives way to all others, unless it is to be made live: then the live one stands and waits for it.
    var weight: ThreadWeight { isLive || isConcerned ? .full : .little }

    /// The version stands still already, by what the journal says: also after a restart.
    var standsStill: Bool { deployment.attemptHolding(version.number) != nil }

    /// Gives an attempt up for which others take too long.
    func release(_ attempt: UInt64) throws(JobFailure) {
        do throws(JournalError) {
            _ = try log.journal.append(.released(job: version.job, attempt: attempt))
        } catch {
            // Decided meanwhile: how, is seen at the next look.
            if case .refused(.deployment(.attemptIsDecided)) = error { return }
            throw .journal(error)
        }
    }
}
