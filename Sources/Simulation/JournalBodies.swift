import CommitLog
import HostSystem

/// Draws what a writer appends next, no two the same. Of its own job only the writer itself knows; topics and a deployed job
/// are everybody's, so that what it knows of them may be old.
struct JournalBodies {
    private static let names = ["clicks", "orders"]

    private let hasTopics: Bool
    /// nil: there is no deployed job.
    private let deployments: DeploymentBodies?
    private var number: UInt64 = 0

    init(_ random: inout SplitMix64) {
        hasTopics = random.oneIn(2)
        deployments = hasTopics && random.oneIn(2) ? DeploymentBodies() : nil
    }

    mutating func next(
        _ writer: String, _ state: JournalState, _ random: inout SplitMix64
    ) -> JournalEntry.Body {
        number += 1
        if let deployments, random.oneIn(2), let body = deployments.next(number: number, state, &random) {
            return body
        }
        return hasTopics && random.oneIn(2) ? ofTopic(writer, state, &random) : ofJob(writer, state, &random)
    }

    /// Whether a writer may be refused so, since others write too.
    func mayBeRefused(_ refusal: JournalRefusal) -> Bool {
        switch refusal {
        case .noTopic, .notAtPublishedEnd, .notKept, .producerBehind, .topicExists, .schemaOutOfOrder: hasTopics
        default: deployments?.mayBeRefused(refusal) ?? false
        }
    }

    private func ofJob(
        _ job: String, _ state: JournalState, _ random: inout SplitMix64
    ) -> JournalEntry.Body {
        guard let live = state.jobs[job] else {
            let run = RunID(high: random.next(), low: random.next())
            return .checkpoint(job: job, run: run, CommittedCheckpoint(number: 0, recordChecksum: number))
        }
        if random.oneIn(8) { return .abandoned(job: job, run: live.run) }
        let checkpoint = CommittedCheckpoint(number: live.last.number + 1, recordChecksum: number)
        let rows = random.oneIn(2) ? rows(state, &random) : []
        return .checkpoint(job: job, run: live.run, checkpoint, published: rows)
    }

    private func ofTopic(
        _ writer: String, _ state: JournalState, _ random: inout SplitMix64
    ) -> JournalEntry.Body {
        let name = JournalBodies.names[random.below(JournalBodies.names.count)]
        guard let topic = state.topic(named: name) else {
            return .topicCreated(
                TopicDescription(
                    id: TopicID(high: random.next(), low: number), name: name, partitions: 2, schema: [1], options: []))
        }
        switch random.below(12) {
        case 0: return .topicDeleted(topic.id)
        case 1:
            return .schemaAdded(topic.id, schemaID: UInt32(topic.schemas.count), schema: [UInt8(number & 0xFF)])
        case 2:
            let partition = topic.partitions[0]
            guard partition.firstKept < partition.publishedEnd else { return .tick }
            let dropped = OffsetRange(
                partition: TopicPartition(topic: topic.id, partition: 0), start: partition.firstKept,
                end: partition.publishedEnd)
            return .retentionMoved([dropped])
        case 3: return .tick
        case 4, 5, 6:
            // Two writers share the producer, as a killed and repeated one does.
            let last = state.lastRecord(of: "producer", in: topic.id)
            return .published(
                random.oneIn(3) ? [] : rows(of: topic, &random),
                producer: ProducerMark(
                    id: "producer", topic: topic.id, after: last, last: (last ?? 0) + UInt64(1 + random.below(2))))
        default:
            return .published(rows(of: topic, &random))
        }
    }

    private func rows(_ state: JournalState, _ random: inout SplitMix64) -> [OffsetRange] {
        state.topics.values.filter { $0.owner == nil }.sorted { $0.id < $1.id }.flatMap { rows(of: $0, &random) }
    }

    private func rows(of topic: TopicState, _ random: inout SplitMix64) -> [OffsetRange] {
        let both = random.oneIn(2)
        return (both ? [0, 1] : [random.below(2)]).map { partition in
            let start = topic.partitions[partition].publishedEnd
            return OffsetRange(
                partition: TopicPartition(topic: topic.id, partition: UInt32(partition)), start: start,
                end: start + 1 + UInt64(random.below(9)))
        }
    }
}
