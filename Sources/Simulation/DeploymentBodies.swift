import CommitLog
import HostSystem

/// Draws entries of one deployed job, which all writers share: what each knows of it may be old.
struct DeploymentBodies {
    private static let job = "views"
    private static let versions: UInt32 = 3

    /// - Parameter number: no two entries have the same.
    /// - Returns: nil: there is nothing to say.
    func next(number: UInt64, _ state: JournalState, _ random: inout SplitMix64) -> JournalEntry.Body? {
        guard let deployment = state.deployments[Self.job] else { return deployed(1, nil, number, state, &random) }
        let numbers = deployment.versions.keys.sorted()
        let chosen = numbers[random.below(numbers.count)]
        let open = deployment.openAttempt
        switch random.below(10) {
        case 0:
            let next = UInt32(numbers.count) + 1
            guard next <= Self.versions else { return nil }
            return deployed(next, deployment.versions[1]?.outputs.first?.nameID, number, state, &random)
        case 1, 2:
            return .attempt(
                job: Self.job, from: deployment.live, to: chosen,
                timeoutMilliseconds: UInt32(truncatingIfNeeded: number), withoutFrom: random.oneIn(3))
        case 3, 4:
            return open.map {
                .spliced(job: Self.job, attempt: $0.number, state.splices(of: Self.job, differences: [:]))
            }
        case 5: return open.flatMap { random.oneIn(3) ? .released(job: Self.job, attempt: $0.number) : nil }
        case 6: return random.oneIn(8) ? .retired(VersionName(Self.job, chosen)) : nil
        default: return checkpoint(chosen, deployment, number, state, &random)
        }
    }

    /// Whether a writer may be refused so, since others write for the job too.
    func mayBeRefused(_ refusal: JournalRefusal) -> Bool {
        switch refusal {
        case .deployment: true
        case .runIsLive(let job, _), .runIsNotLive(let job, _, _), .outOfOrder(let job, _, _):
            VersionName(job)?.job == Self.job
        default: false
        }
    }

    private func deployed(
        _ version: UInt32, _ name: TopicID?, _ number: UInt64, _ state: JournalState, _ random: inout SplitMix64
    ) -> JournalEntry.Body? {
        guard let input = state.topic(named: "clicks") else { return nil }
        let topic = TopicDescription(
            id: TopicID(high: random.next(), low: number), name: "sums@\(version)", partitions: 2, schema: [2],
            options: [])
        return .deployed(
            VersionRegistration(
                version: VersionName(Self.job, version),
                // Some have been deployed without a clock.
                inputs: version % 4 == 3 ? [input.id] : [input.id, .clock],
                outputs: [
                    .init(name: "sums", nameID: name ?? TopicID(high: random.next(), low: number), topic: topic)
                ]))
    }

    private func checkpoint(
        _ version: UInt32, _ deployment: DeploymentState, _ number: UInt64, _ state: JournalState,
        _ random: inout SplitMix64
    ) -> JournalEntry.Body? {
        guard let known = deployment.versions[version], let output = known.outputs.first else { return nil }
        let job = VersionName(Self.job, version).description
        let isLive = deployment.live == version
        let attempt = deployment.openAttempt.flatMap { $0.from == version || $0.to == version ? $0 : nil }
        var reads = isLive ? published(known.inputs, state) : deployment.limit(of: version)
        if deployment.attemptHolding(version) != nil { reads = known.position ?? reads }
        let live = state.jobs[job]
        let ranges = (0..<2 as Range<UInt32>).compactMap { partition -> OffsetRange? in
            let place = TopicPartition(topic: output.topic, partition: partition)
            guard random.oneIn(2), let start = state.partition(place)?.publishedEnd else { return nil }
            return OffsetRange(partition: place, start: start, end: start + 1 + UInt64(random.below(5)))
        }
        return .checkpoint(
            job: job, run: live?.run ?? RunID(high: random.next(), low: number),
            CommittedCheckpoint(number: live.map { $0.last.number + 1 } ?? 0, recordChecksum: number),
            published: ranges,
            deployed: DeployedEpoch(
                generation: deployment.generation, reads: reads, holds: random.oneIn(2) ? attempt?.number : nil))
    }

    private func published(_ inputs: [TopicID], _ state: JournalState) -> InputPosition {
        var position = InputPosition()
        if inputs.contains(.clock) { position.clock = state.lastMilliseconds }
        for id in inputs {
            for (number, partition) in (state.topics[id]?.partitions ?? []).enumerated() {
                position.ends[TopicPartition(topic: id, partition: UInt32(number))] = partition.publishedEnd
            }
        }
        return position
    }
}
