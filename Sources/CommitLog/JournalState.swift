// What the journal says, as of one position: a fold over its entries. `JournalConditions.swift` judges the next one.

import HostSystem

package struct JournalState: Equatable, Sendable {
    package struct LiveRun: Hashable, Sendable {
        package var run: RunID
        package var last: CommittedCheckpoint

        package init(run: RunID, last: CommittedCheckpoint) {
            self.run = run
            self.last = last
        }
    }

    /// The jobs with a run that may be resumed.
    package private(set) var jobs: [String: LiveRun] = [:]
    /// The run given up last, of the jobs that have none now.
    private var abandoned: [String: RunID] = [:]
    /// The topics that exist.
    package internal(set) var topics: [TopicID: TopicState] = [:]
    /// By name.
    package private(set) var topicIDs: [String: TopicID] = [:]
    /// The deployed jobs.
    package internal(set) var deployments: [String: DeploymentState] = [:]
    /// The published name that a topic's rows belong to now.
    var namesByTopic: [TopicID: TopicID] = [:]
    /// The sequence number of the next entry.
    package private(set) var end: UInt64 = 0
    /// The last entry's time; never goes back.
    package private(set) var lastMilliseconds: Int64 = 0

    package init() {}

    /// The last entry's position; nil before the first.
    package var last: JournalPosition? {
        end == 0 ? nil : JournalPosition(sequence: end - 1, milliseconds: lastMilliseconds)
    }

    package func topic(named name: String) -> TopicState? { topicIDs[name].flatMap { topics[$0] } }

    /// nil: there is no such topic, or no such partition of it.
    package func partition(_ partition: TopicPartition) -> TopicState.Partition? {
        guard let topic = topics[partition.topic], Int(partition.partition) < topic.partitions.count else { return nil }
        return topic.partitions[Int(partition.partition)]
    }

    /// The number of a producer's last record in a topic; nil: it has published nothing there for long.
    package func lastRecord(of producer: String, in topic: TopicID) -> UInt64? {
        topics[topic]?.lastRecord(of: producer, at: lastMilliseconds)
    }

    func knows(_ run: RunID) -> Bool {
        jobs.values.contains { $0.run == run } || abandoned.values.contains(run)
    }

    /// **Errors:** an entry that could never have been appended here.
    package mutating func apply(_ entry: JournalEntry) throws(JournalRefusal) {
        precondition(entry.sequence == end, "entries are applied in the order of their sequence numbers")
        try check(entry.body)
        fold(entry)
    }

    /// What the journal would say with one more entry.
    package func appending(
        _ body: JournalEntry.Body, milliseconds: Int64, safeguards: Safeguards = .all
    ) throws(JournalRefusal) -> JournalState {
        try check(body, safeguards)
        var next = self
        next.fold(
            JournalEntry(sequence: end, milliseconds: milliseconds, predecessor: 0, durableEnd: end, body: body))
        return next
    }

    private mutating func fold(_ entry: JournalEntry) {
        switch entry.body {
        case .checkpoint(let job, let run, let checkpoint, let ranges, let epoch):
            jobs[job] = LiveRun(run: run, last: checkpoint)
            abandoned[job] = nil
            publish(ranges)
            if let epoch, let version = VersionName(job) { move(version, epoch, checkpoint.number) }
        case .abandoned(let job, let run):
            jobs[job] = nil
            abandoned[job] = run
        case .published(let ranges, let producer):
            publish(ranges)
            if let producer {
                topics[producer.topic]?.producers[producer.id] = TopicState.Producer(
                    last: producer.last, milliseconds: entry.milliseconds)
            }
        case .topicCreated(let description):
            add(TopicState(description, created: entry.position))
        case .schemaAdded(let topic, _, let schema):
            topics[topic]?.schemas.append(schema)
        case .topicDeleted(let topic):
            if let deleted = topics.removeValue(forKey: topic) { topicIDs[deleted.name] = nil }
        case .optionsChanged(let topic, let options):
            topics[topic]?.description.options = options
        case .retentionMoved(let ranges):
            drop(ranges)
        case .deployed(let registration): register(registration, entry.position)
        case .attempt(let job, let from, let to, let timeout, let withoutFrom):
            begin(
                .init(
                    number: entry.sequence, from: from, to: to, timeoutMilliseconds: timeout, withoutFrom: withoutFrom),
                of: job)
        case .spliced(let job, _, let splices): splice(job, splices, entry.position)
        case .released(let job, _): release(job)
        case .retired(let version): retire(version)
        case .tick: break
        }
        end += 1
        lastMilliseconds = max(lastMilliseconds, entry.milliseconds)
    }

    private mutating func publish(_ ranges: [OffsetRange]) {
        for range in ranges {
            let number = Int(range.partition.partition)
            topics[range.partition.topic]?.partitions[number].publishedEnd = range.end
            guard let name = namesByTopic[range.partition.topic] else { continue }
            topics[name]?.partitions[number].publishedEnd += range.end - range.start
        }
    }

    private mutating func drop(_ ranges: [OffsetRange]) {
        for range in ranges {
            topics[range.partition.topic]?.partitions[Int(range.partition.partition)].firstKept = range.end
            keepNames(behind: range)
        }
    }

    mutating func add(_ topic: TopicState) {
        topics[topic.id] = topic
        topicIDs[topic.name] = topic.id
    }

    mutating func forget(run job: String) { abandoned[job] = jobs.removeValue(forKey: job)?.run }
}

extension JournalState {
    func encode(to writer: inout ByteWriter) {
        writer.write(end)
        writer.write(lastMilliseconds)
        writer.writeVarint(UInt64(jobs.count))
        for (job, live) in jobs.sorted(by: { $0.key < $1.key }) {
            writer.writeString(job)
            live.run.encode(to: &writer)
            live.last.encode(to: &writer)
        }
        writer.writeVarint(UInt64(abandoned.count))
        for (job, run) in abandoned.sorted(by: { $0.key < $1.key }) {
            writer.writeString(job)
            run.encode(to: &writer)
        }
        writer.writeVarint(UInt64(topics.count))
        for topic in topics.values.sorted(by: { $0.id < $1.id }) { topic.encode(to: &writer, at: lastMilliseconds) }
        writer.writeVarint(UInt64(deployments.count))
        for (job, deployment) in deployments.sorted(by: { $0.key < $1.key }) {
            writer.writeString(job)
            deployment.encode(to: &writer)
        }
    }

    init(from reader: inout ByteReader) throws(CorruptBytes) {
        end = try reader.read(UInt64.self, "first sequence")
        lastMilliseconds = try reader.read(Int64.self, "time")
        var left = try reader.readVarint("number of jobs")
        while left > 0 {
            let job = try reader.readString("job")
            jobs[job] = LiveRun(run: try RunID(from: &reader), last: try CommittedCheckpoint(from: &reader))
            left -= 1
        }
        left = try reader.readVarint("number of abandoned runs")
        while left > 0 {
            let job = try reader.readString("job")
            abandoned[job] = try RunID(from: &reader)
            left -= 1
        }
        left = try reader.readVarint("number of topics")
        while left > 0 {
            add(try TopicState(from: &reader))
            left -= 1
        }
        left = try reader.readVarint("number of deployed jobs")
        while left > 0 {
            let job = try reader.readString("job")
            let deployment = try DeploymentState(from: &reader)
            deployments[job] = deployment
            for output in deployment.versions[deployment.live]?.outputs ?? [] {
                namesByTopic[output.topic] = output.nameID
            }
            left -= 1
        }
    }
}
