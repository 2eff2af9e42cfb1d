// The conditions of the entries, judged with the journal read to its end: no append is unconditional, so that two
// processes can never both go on from the same place.

import HostSystem

extension JournalState {
    /// Whether an entry may be the next one.
    func check(_ body: JournalEntry.Body, _ safeguards: Safeguards = .all) throws(JournalRefusal) {
        switch body {
        case .checkpoint(let job, let run, let checkpoint, let ranges, let epoch):
            try check(job, run, checkpoint)
            try check(job, checkpoint.number, epoch, safeguards)
            if epoch != nil { try checkOutputs(ranges, of: job) }
            try checkPublishing(ranges, by: job)
        case .abandoned(let job, let run):
            let live = jobs[job]
            guard live?.run == run else { throw .runIsNotLive(job: job, run: run, live: live?.run) }
            if let version = VersionName(job), deployments[version.job]?.versions[version.number] != nil {
                throw .deployment(.isDeployed(job: version.job))
            }
        case .published(let ranges, let producer):
            guard !ranges.isEmpty || producer != nil else { throw .nothingPublished }
            try checkPublishing(ranges, by: nil)
            if let producer { try check(producer, ranges) }
        case .topicCreated(let description):
            try check(description)
            try checkReserved(description.name)
        case .schemaAdded(let id, let schemaID, _):
            guard let topic = topics[id] else { throw .noTopic(id) }
            if let owner = topic.owner { throw .deployment(.owned(topic: topic.name, by: owner)) }
            guard Int(schemaID) == topic.schemas.count else {
                throw .schemaOutOfOrder(topic: topic.name, next: topic.schemas.count, schemaID: schemaID)
            }
        case .topicDeleted(let id):
            guard topics[id] != nil else { throw .noTopic(id) }
            try checkDeletion(of: id)
        case .optionsChanged(let id, _):
            guard topics[id] != nil else { throw .noTopic(id) }
        case .retentionMoved(let ranges):
            guard !ranges.isEmpty else { throw .nothingPublished }
            try checkRetention(ranges)
        case .deployed(let registration): try check(registration)
        case .attempt(let job, let from, let to, _, let withoutFrom):
            try check(job, from: from, to: to, withoutFrom: withoutFrom, safeguards)
        case .spliced(let job, let attempt, let splices): try checkSplice(attempt, of: job, splices, safeguards)
        case .released(let job, let attempt): try checkRelease(attempt, of: job, safeguards)
        case .retired(let version): try checkRetirement(version)
        case .tick: break
        }
    }

    private func check(
        _ job: String, _ run: RunID, _ checkpoint: CommittedCheckpoint
    ) throws(JournalRefusal) {
        guard job.utf8.count <= JournalEntry.largestJobNameBytes else {
            throw .jobNameTooLong(bytes: job.utf8.count)
        }
        let live = jobs[job]
        if checkpoint.number == 0 {
            if let live { throw .runIsLive(job: job, run: live.run) }
            if knows(run) { throw .runIsNotNew(job: job, run: run) }
            return
        }
        guard let live, live.run == run else { throw .runIsNotLive(job: job, run: run, live: live?.run) }
        guard checkpoint.number - 1 == live.last.number else {
            throw .outOfOrder(job: job, last: live.last.number, number: checkpoint.number)
        }
    }

    /// - Parameter job: nil: a producer publishes.
    private func checkPublishing(_ ranges: [OffsetRange], by job: String?) throws(JournalRefusal) {
        try checkShape(ranges)
        for range in ranges {
            try checkOwner(of: range.partition.topic, job: job)
            let end = try bounds(range.partition).publishedEnd
            guard range.start == end else {
                throw .notAtPublishedEnd(topic: topicName(range), range: range, publishedEnd: end)
            }
        }
    }

    private func checkRetention(_ ranges: [OffsetRange]) throws(JournalRefusal) {
        try checkShape(ranges)
        for range in ranges {
            let bounds = try bounds(range.partition)
            // The rows of a name are those of the topics behind it.
            if let name = topics[range.partition.topic], !name.spans.isEmpty {
                throw .deployment(.owned(topic: name.name, by: name.owner ?? name.name))
            }
            guard range.start == bounds.firstKept, range.end <= bounds.publishedEnd else {
                throw .notKept(
                    topic: topicName(range), range: range, kept: bounds.firstKept, publishedEnd: bounds.publishedEnd)
            }
        }
    }

    /// Rows to speak of, and no partition twice.
    private func checkShape(_ ranges: [OffsetRange]) throws(JournalRefusal) {
        for range in ranges where range.start >= range.end || range.end > UInt64(Int64.max) {
            throw .impossibleRange(range)
        }
        guard ranges.count > 1 else { return }
        var seen: Set<TopicPartition> = []
        for range in ranges where !seen.insert(range.partition).inserted { throw .partitionTwice(range.partition) }
    }

    private func bounds(_ partition: TopicPartition) throws(JournalRefusal) -> TopicState.Partition {
        guard let topic = topics[partition.topic] else { throw .noTopic(partition.topic) }
        guard Int(partition.partition) < topic.partitions.count else {
            throw .noPartition(topic: topic.name, partition: partition.partition, partitions: topic.partitions.count)
        }
        return topic.partitions[Int(partition.partition)]
    }

    private func topicName(_ range: OffsetRange) -> String {
        topics[range.partition.topic]?.name ?? range.partition.topic.description
    }

    private func check(_ producer: ProducerMark, _ ranges: [OffsetRange]) throws(JournalRefusal) {
        guard !producer.id.isEmpty, producer.id.utf8.count <= ProducerMark.largestIDBytes else {
            throw .producerName(bytes: producer.id.utf8.count)
        }
        guard let topic = topics[producer.topic] else { throw .noTopic(producer.topic) }
        for range in ranges where range.partition.topic != producer.topic {
            throw .anotherTopic(producer: producer.id, topic: topic.name, range: range)
        }
        let last = lastRecord(of: producer.id, in: topic.id)
        if last != producer.after || producer.last <= last ?? 0, last != nil || producer.after != nil {
            throw .producerBehind(producer: producer.id, topic: topic.name, last: last, after: producer.after)
        }
    }

    func check(_ description: TopicDescription) throws(JournalRefusal) {
        if let problem = TopicDescription.problem(withName: description.name) {
            throw .topicName(description.name, problem: problem)
        }
        guard description.partitions > 0, description.partitions <= TopicDescription.largestPartitions else {
            throw .partitionCount(description.partitions)
        }
        if let id = topicIDs[description.name] { throw .topicExists(description.name, id) }
        if let taken = topics[description.id] { throw .topicIsNotNew(description.id, name: taken.name) }
    }
}
