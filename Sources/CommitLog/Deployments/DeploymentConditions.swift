import HostSystem

/// Why an entry of a deployed job was not appended.
package enum DeploymentRefusal: Error, Equatable, Sendable {
    case noDeployment(job: String)
    case noVersion(VersionName)
    case versionOutOfOrder(VersionName, next: UInt32)
    case isRetired(VersionName)
    case isDeployed(job: String)
    /// A checkpoint of a version without what belongs to it, or of a job that is not deployed with it.
    case notAnEpochOfVersion(job: String)
    /// The roles have changed since the epoch began.
    case rolesChanged(VersionName, generation: UInt64, now: UInt64)
    /// It goes back, or names what is not there or not to be read.
    case impossiblePosition(VersionName, TopicPartition)
    /// A version in the shadow reads up to the live version's last checkpoint.
    case aheadOfLive(VersionName, TopicPartition, end: UInt64, cut: UInt64)
    /// It has said that it stands still.
    case standsStill(VersionName, attempt: UInt64)
    case notLive(VersionName, live: UInt32)
    case isLive(VersionName)
    case hasNotBegun(VersionName)
    case inputTwice(VersionName, TopicID)
    case attemptIsDecided(job: String, attempt: UInt64)
    case notAtTheCut(VersionName)
    case otherSpans(job: String)
    /// Its rows come by way of a deployed job's versions only.
    case owned(topic: String, by: String)
    case otherOutput(VersionName, name: String)
}

extension JournalState {
    func check(_ registration: VersionRegistration) throws(JournalRefusal) {
        let version = registration.version
        let deployment = deployments[version.job]
        let next = (deployment?.versions.keys.max() ?? 0) + 1
        guard version.job.utf8.count <= JournalEntry.largestJobNameBytes - 11 else {
            throw .jobNameTooLong(bytes: version.job.utf8.count)
        }
        guard version.number >= next else { throw .deployment(.versionOutOfOrder(version, next: next)) }
        for name in [version.job, version.description] {
            if let live = jobs[name] { throw .runIsLive(job: name, run: live.run) }
        }
        var seen: Set<TopicID> = []
        for input in registration.inputs {
            guard topics[input] != nil || input == .clock else { throw .noTopic(input) }
            guard seen.insert(input).inserted else { throw .deployment(.inputTwice(version, input)) }
        }
        seen = []
        var names: Set<String> = []
        for output in registration.outputs {
            try check(output, of: version)
            let isNew =
                seen.insert(output.topic.id).inserted && seen.insert(output.nameID).inserted
                && names.insert(output.topic.name).inserted && names.insert(output.name).inserted
            guard isNew else { throw .deployment(.otherOutput(version, name: output.name)) }
        }
    }

    private func check(_ output: VersionRegistration.Output, of version: VersionName) throws(JournalRefusal) {
        try check(output.topic)
        try checkReserved(output.topic.name)
        // A version that has never been live may have claimed the name, which then comes to be with one of them.
        for (job, deployment) in deployments {
            for other in deployment.versions.values where !other.isRetired {
                for claim in other.outputs where claim.name == output.name || claim.nameID == output.nameID {
                    guard job == version.job, claim.name == output.name, claim.nameID == output.nameID,
                        topics[claim.topic]?.partitions.count == Int(output.topic.partitions)
                    else { throw .deployment(.otherOutput(version, name: output.name)) }
                }
            }
        }
        guard let known = topics[output.nameID] else {
            var name = output.topic
            name.name = output.name
            name.id = output.nameID
            return try check(name)
        }
        guard known.owner == version.job, known.name == output.name, !known.spans.isEmpty,
            known.partitions.count == Int(output.topic.partitions)
        else { throw .deployment(.otherOutput(version, name: output.name)) }
    }

    /// Whether a topic may have a name that a version is to publish under, once it is live.
    func checkReserved(_ name: String) throws(JournalRefusal) {
        for (job, deployment) in deployments {
            for version in deployment.versions.values where !version.isRetired {
                for output in version.outputs where output.name == name {
                    throw .deployment(.owned(topic: name, by: job))
                }
            }
        }
    }

    /// A version writes to its own topics only, which no published name leads to before it is live.
    func checkOutputs(_ ranges: [OffsetRange], of job: String) throws(JournalRefusal) {
        guard let version = VersionName(job) else { return }
        for range in ranges {
            guard let topic = topics[range.partition.topic] else { throw .noTopic(range.partition.topic) }
            guard topic.owner == job else { throw .deployment(.otherOutput(version, name: topic.name)) }
        }
    }

    /// A checkpoint, as far as deployments have a say in it.
    func check(
        _ job: String, _ checkpoint: UInt64, _ epoch: DeployedEpoch?, _ safeguards: Safeguards
    ) throws(JournalRefusal) {
        if deployments[job] != nil { throw .deployment(.isDeployed(job: job)) }
        guard let version = VersionName(job), let deployment = deployments[version.job],
            let known = deployment.versions[version.number]
        else {
            if epoch != nil { throw .deployment(.notAnEpochOfVersion(job: job)) }
            return
        }
        guard let epoch else { throw .deployment(.notAnEpochOfVersion(job: job)) }
        guard !known.isRetired else { throw .deployment(.isRetired(version)) }
        guard epoch.generation == deployment.generation || !safeguards.contains(.generation) else {
            throw .deployment(.rolesChanged(version, generation: epoch.generation, now: deployment.generation))
        }
        try check(epoch.reads, version, known, deployment, safeguards)
        if safeguards.contains(.standsStill), let attempt = deployment.attemptHolding(version.number),
            epoch.reads != known.position
        {
            throw .deployment(.standsStill(version, attempt: attempt.number))
        }
        if let holds = epoch.holds {
            guard let attempt = deployment.openAttempt, attempt.number == holds,
                attempt.from == version.number || attempt.to == version.number
            else { throw .deployment(.attemptIsDecided(job: version.job, attempt: holds)) }
        }
    }

    private func check(
        _ reads: InputPosition, _ version: VersionName, _ known: DeploymentState.Version,
        _ deployment: DeploymentState, _ safeguards: Safeguards
    ) throws(JournalRefusal) {
        let isLive = deployment.live == version.number || !safeguards.contains(.shadow)
        var count = 0
        for id in known.inputs {
            for (number, publishedEnd) in try publishedEnds(of: id).enumerated() {
                let name = TopicPartition(topic: id, partition: UInt32(number))
                guard let end = reads[name], end <= publishedEnd, end >= known.position?[name] ?? 0 else {
                    throw .deployment(.impossiblePosition(version, name))
                }
                let cut = deployment.cut[name] ?? 0
                guard isLive || end <= cut else {
                    throw .deployment(.aheadOfLive(version, name, end: end, cut: cut))
                }
                count += 1
            }
        }
        guard let other = reads.ends.first(where: { !known.inputs.contains($0.key.topic) }) else {
            if reads.ends.count == count { return }
            throw .deployment(.notAnEpochOfVersion(job: version.description))
        }
        throw .deployment(.impossiblePosition(version, other.key))
    }

    /// By partition, how far an input may be read: of the clock up to the last entry's time.
    private func publishedEnds(of input: TopicID) throws(JournalRefusal) -> [UInt64] {
        if input == .clock { return [UInt64(max(0, lastMilliseconds))] }
        guard let topic = topics[input] else { throw .noTopic(input) }
        return topic.partitions.map(\.publishedEnd)
    }

    func check(
        _ job: String, from: UInt32, to: UInt32, withoutFrom: Bool, _ safeguards: Safeguards
    ) throws(JournalRefusal) {
        guard let deployment = deployments[job] else { throw .deployment(.noDeployment(job: job)) }
        guard deployment.live == from || !safeguards.contains(.attemptLive) else {
            throw .deployment(.notLive(VersionName(job, from), live: deployment.live))
        }
        guard from != to else { throw .deployment(.isLive(VersionName(job, to))) }
        guard let new = deployment.versions[to] else { throw .deployment(.noVersion(VersionName(job, to))) }
        if new.isRetired { throw .deployment(.isRetired(VersionName(job, to))) }
        if new.position == nil { throw .deployment(.hasNotBegun(VersionName(job, to))) }
        // One that has never begun may be left as one that has died.
        guard withoutFrom || deployment.versions[from]?.position != nil else {
            throw .deployment(.hasNotBegun(VersionName(job, from)))
        }
    }

    /// The attempt, if it is the newest and open.
    private func openAttempt(
        _ number: UInt64, of job: String, mustBeNewest: Bool, mustBeOpen: Bool
    ) throws(JournalRefusal) -> (DeploymentState, DeploymentState.Attempt) {
        guard let deployment = deployments[job] else { throw .deployment(.noDeployment(job: job)) }
        guard let attempt = deployment.attempt, attempt.number == number || !mustBeNewest,
            attempt.outcome == .open || !mustBeOpen
        else { throw .deployment(.attemptIsDecided(job: job, attempt: number)) }
        return (deployment, attempt)
    }

    func checkRelease(_ number: UInt64, of job: String, _ safeguards: Safeguards) throws(JournalRefusal) {
        let isKept = safeguards.contains(.releaseOpen)
        _ = try openAttempt(number, of: job, mustBeNewest: isKept, mustBeOpen: isKept)
    }

    func checkSplice(
        _ number: UInt64, of job: String, _ given: [NameSplice], _ safeguards: Safeguards
    ) throws(JournalRefusal) {
        let (deployment, attempt) = try openAttempt(
            number, of: job, mustBeNewest: safeguards.contains(.spliceNewest),
            mustBeOpen: safeguards.contains(.spliceOpen))
        if safeguards.contains(.atTheCut) {
            for version in [attempt.from, attempt.to] where !deployment.stands(version) {
                throw .deployment(.notAtTheCut(VersionName(job, version)))
            }
        }
        var differences: [TopicID: TopicID] = [:]
        for splice in given {
            guard let difference = splice.difference else { continue }
            guard let topic = topics[difference] else { throw .noTopic(difference) }
            guard topic.owner == nil, topic.spans.isEmpty, topic.partitions.allSatisfy({ $0.firstKept == 0 }),
                topic.partitions.count == topics[splice.name]?.partitions.count
            else {
                throw .deployment(.otherSpans(job: job))
            }
            differences[splice.name] = difference
        }
        let expected = splices(of: job, differences: differences)
        guard expected == given else {
            throw .deployment(.otherSpans(job: job))
        }
    }

    func checkRetirement(_ version: VersionName) throws(JournalRefusal) {
        guard let deployment = deployments[version.job] else { throw .deployment(.noDeployment(job: version.job)) }
        guard let known = deployment.versions[version.number] else { throw .deployment(.noVersion(version)) }
        if known.isRetired { throw .deployment(.isRetired(version)) }
        guard deployment.live != version.number else { throw .deployment(.isLive(version)) }
        if let attempt = deployment.openAttempt, attempt.to == version.number {
            throw .deployment(.standsStill(version, attempt: attempt.number))
        }
    }

    /// Whether somebody may publish rows of a topic, or delete it. `job`: nil: a producer.
    func checkOwner(of id: TopicID, job: String?) throws(JournalRefusal) {
        guard let topic = topics[id], let owner = topic.owner else { return }
        guard owner == job, topic.spans.isEmpty else { throw .deployment(.owned(topic: topic.name, by: owner)) }
    }

    func checkDeletion(of id: TopicID) throws(JournalRefusal) {
        if let owner = topics[id]?.owner, let topic = topics[id] {
            guard let version = VersionName(owner), topic.spans.isEmpty,
                deployments[version.job]?.versions[version.number]?.isRetired == true
            else { throw .deployment(.owned(topic: topic.name, by: owner)) }
        }
        for name in topics.values where name.spans.contains(where: { $0.topic == id }) {
            throw .deployment(.owned(topic: topics[id]?.name ?? "\(id)", by: name.owner ?? name.name))
        }
    }
}

extension DeploymentRefusal: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noDeployment(let job): "job \"\(job)\" is not deployed"
        case .noVersion(let version): "there is no version \(version)"
        case .versionOutOfOrder(let version, let next):
            "the next version of job \"\(version.job)\" is number \(next) or a later one"
        case .isRetired(let version): "version \(version) is retired"
        case .isDeployed(let job): "job \"\(job)\" is deployed, and its versions run under names of their own"
        case .notAnEpochOfVersion(let job): "a checkpoint of \"\(job)\" does not say what a version's says"
        case .rolesChanged(let version, let generation, let now):
            "version \(version) began its epoch under roles that have changed since (\(generation), now \(now))"
        case .impossiblePosition(let version, .clock): "the clock of version \(version) cannot stand there"
        case .impossiblePosition(let version, let partition):
            "version \(version) cannot stand there in partition \(partition)"
        case .aheadOfLive(let version, .clock, let end, let cut):
            "the clock of version \(version) stands at \(end), and the live version's at \(cut)"
        case .aheadOfLive(let version, let partition, let end, let cut):
            "version \(version) has read to offset \(end) of partition \(partition), and the live version to \(cut)"
        case .standsStill(let version, let attempt): "version \(version) stands still for attempt \(attempt)"
        case .notLive(let version, let live): "version \(version) is not live, version \(live) is"
        case .isLive(let version): "version \(version) is live"
        case .inputTwice(let version, let topic): "version \(version) names the topic \(topic) twice"
        case .hasNotBegun(let version): "version \(version) has no checkpoint yet"
        case .attemptIsDecided(let job, let attempt):
            "attempt \(attempt) of job \"\(job)\" is decided, or not the newest"
        case .notAtTheCut(let version): "version \(version) does not stand at the cut"
        case .otherSpans(let job): "the spans of a switch of job \"\(job)\" are not those that the journal has"
        case .owned(let topic, let owner):
            "topic \"\(topic)\" belongs to the deployed job \"\(VersionName(owner)?.job ?? owner)\""
        case .otherOutput(let version, let name): "version \(version) cannot have the output \"\(name)\""
        }
    }
}
