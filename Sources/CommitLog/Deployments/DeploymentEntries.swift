import HostSystem

// What the entries of deployed jobs do to the state. They have been checked: `DeploymentConditions.swift`.

extension JournalState {
    mutating func register(_ registration: VersionRegistration, _ position: JournalPosition) {
        let version = registration.version
        let isFirst = deployments[version.job] == nil
        var deployment = deployments[version.job] ?? DeploymentState(live: version.number)
        for output in registration.outputs {
            var topic = TopicState(output.topic, created: position)
            topic.owner = version.description
            add(topic)
            guard isFirst else { continue }
            add(name: output.nameID, output.name, of: version.job, for: topic, created: position)
        }
        deployment.versions[version.number] = DeploymentState.Version(
            inputs: registration.inputs,
            outputs: registration.outputs.map { .init(name: $0.name, nameID: $0.nameID, topic: $0.topic.id) })
        // What is in the cut already stays: somebody may stand there for an attempt.
        for id in registration.inputs {
            for (number, partition) in (topics[id]?.partitions ?? []).enumerated() {
                let name = TopicPartition(topic: id, partition: UInt32(number))
                if deployment.cut[name] != nil { continue }
                deployment.cut.ends[name] = isFirst ? partition.firstKept : partition.publishedEnd
            }
        }
        // Where the live version keeps no clock, it stands still for all.
        if registration.inputs.contains(.clock), deployment.cut.clock == nil { deployment.cut.clock = 0 }
        deployments[version.job] = deployment
    }

    /// A name that begins with the first row of a topic.
    private mutating func add(
        name id: TopicID, _ name: String, of job: String, for topic: TopicState, created: JournalPosition
    ) {
        var description = topic.description
        description.id = id
        description.name = name
        var state = TopicState(description, created: created)
        state.schemas = topic.schemas
        state.owner = job
        state.spans = [
            NameSpan(
                topic: topic.id, topicName: topic.name,
                starts: topic.partitions.map { _ in .init(offset: 0, inTopic: 0) })
        ]
        state.partitions = topic.partitions
        add(state)
        namesByTopic[topic.id] = id
    }

    /// After a checkpoint of a version.
    mutating func move(_ version: VersionName, _ epoch: DeployedEpoch, _ checkpoint: UInt64) {
        guard var deployment = deployments[version.job], var moved = deployment.versions[version.number] else { return }
        // Changed in place, not copied.
        deployments[version.job] = nil
        if checkpoint == 0 { moved.start = epoch.reads }
        moved.position = epoch.reads
        // Who stands still does so until the attempt is decided, whatever else ends an epoch; and the cut with it.
        let stands = deployment.attemptHolding(version.number) != nil
        moved.holds = epoch.holds ?? (stands ? moved.holds : nil)
        deployment.versions[version.number] = moved
        if deployment.live == version.number, !stands {
            deployment.cut.ends.merge(epoch.reads.ends) { $1 }
            moveCut(&deployment, besides: moved.inputs)
        }
        deployments[version.job] = deployment
    }

    /// What only other versions read is to be read up to what is published now.
    private func moveCut(_ deployment: inout DeploymentState, besides inputs: [TopicID]) {
        for version in deployment.versions.values where !version.isRetired {
            for id in version.inputs where !inputs.contains(id) {
                guard let topic = topics[id] else { continue }
                for (number, partition) in topic.partitions.enumerated() {
                    deployment.cut.ends[TopicPartition(topic: id, partition: UInt32(number))] = partition.publishedEnd
                }
            }
        }
    }

    mutating func begin(_ attempt: DeploymentState.Attempt, of job: String) { deployments[job]?.attempt = attempt }

    mutating func release(_ job: String) { deployments[job]?.attempt?.outcome = .released }

    mutating func splice(_ job: String, _ splices: [NameSplice], _ position: JournalPosition) {
        guard let attempt = deployments[job]?.attempt, let new = deployments[job]?.versions[attempt.to] else { return }
        // A name that the new version does not write ends here, until one is live that does.
        for output in deployments[job]?.versions[attempt.from]?.outputs ?? [] { namesByTopic[output.topic] = nil }
        for output in new.outputs {
            guard let topic = topics[output.topic] else { continue }
            guard let splice = splices.first(where: { $0.name == output.nameID }) else {
                add(name: output.nameID, output.name, of: job, for: topic, created: position)
                continue
            }
            namesByTopic[topic.id] = splice.name
            topics[splice.name]?.goOn(splice.spans, schema: topic.schemas[topic.schemas.count - 1])
        }
        deployments[job]?.attempt?.outcome = .spliced
        deployments[job]?.previous = attempt.from
        deployments[job]?.live = attempt.to
        deployments[job]?.generation += 1
        deployments[job]?.splicedAt = position.sequence
        // What only the old version reads stays where it has stopped until the new one moves.
    }

    mutating func retire(_ version: VersionName) {
        deployments[version.job]?.versions[version.number]?.isRetired = true
        if deployments[version.job]?.previous == version.number { deployments[version.job]?.previous = nil }
        forget(run: version.description)
    }

    /// What an attempt that is open adds to the names of the job, as of now: first its differences, then the new version's rows.
    /// - Parameter differences: by name; each is published by now.
    package func splices(of job: String, differences: [TopicID: TopicID]) -> [NameSplice] {
        guard let deployment = deployments[job], let attempt = deployment.openAttempt,
            let new = deployment.versions[attempt.to]
        else { return [] }
        return new.outputs.compactMap { output in
            guard let name = topics[output.nameID], let topic = topics[output.topic] else { return nil }
            var spans: [NameSpan] = []
            var ends = name.partitions.map(\.publishedEnd)
            let difference = differences[output.nameID].flatMap { topics[$0] }
            if let difference, difference.partitions.count == ends.count {
                spans.append(
                    NameSpan(
                        topic: difference.id, topicName: difference.name,
                        starts: ends.map { .init(offset: $0, inTopic: 0) }))
                for number in ends.indices { ends[number] += difference.partitions[number].publishedEnd }
            }
            spans.append(
                NameSpan(
                    topic: topic.id, topicName: topic.name,
                    starts: zip(ends, topic.partitions).map { .init(offset: $0, inTopic: $1.publishedEnd) }))
            return NameSplice(name: output.nameID, difference: difference?.id, spans: spans)
        }
    }
}
