import CommitLog
import HostSystem

/// A journal's state with a deployed job in it, to try entries on: `orders` reads one or two topics and publishes `sums`.
struct DeployedJob {
    static let job = "orders"
    static let input = TopicID(high: 1, low: 1)
    static let more = TopicID(high: 1, low: 2)
    static let name = TopicID(high: 2, low: 0)

    private(set) var state = JournalState()
    private(set) var bodies: [JournalEntry.Body] = []

    /// Two topics with two partitions each.
    init() throws(JournalRefusal) {
        for (id, name) in [(Self.input, "input"), (Self.more, "more")] {
            try append(.topicCreated(Self.topic(id, name)))
        }
    }

    /// Two versions that have begun, with five rows in each partition of what both read.
    static func running() throws(JournalRefusal) -> DeployedJob {
        var job = try DeployedJob()
        try job.append(deployed(1))
        try job.append(deployed(2))
        for version in 1...2 as ClosedRange<UInt32> { try job.append(job.checkpoint(version, [0, 0])) }
        try job.append(.published([rows(input, 0, 0, 5), rows(input, 1, 0, 5)]))
        return job
    }

    mutating func append(_ body: JournalEntry.Body, at milliseconds: Int64 = 0) throws(JournalRefusal) {
        state = try state.appending(body, milliseconds: milliseconds)
        bodies.append(body)
    }

    func refusal(_ body: JournalEntry.Body) -> JournalRefusal? {
        do throws(JournalRefusal) {
            _ = try state.appending(body, milliseconds: 0)
            return nil
        } catch {
            return error
        }
    }

    func deploymentRefusal(_ body: JournalEntry.Body) -> DeploymentRefusal? {
        if case .deployment(let refusal)? = refusal(body) { refusal } else { nil }
    }

    // MARK: Entries

    static func topic(_ id: TopicID, _ name: String, partitions: UInt32 = 2) -> TopicDescription {
        TopicDescription(id: id, name: name, partitions: partitions, schema: [1], options: [])
    }

    static func output(_ version: UInt32) -> TopicID { TopicID(high: 2, low: UInt64(version)) }

    static func registration(_ version: UInt32, inputs: [TopicID] = [input]) -> VersionRegistration {
        VersionRegistration(
            version: VersionName(job, version), inputs: inputs,
            outputs: [.init(name: "sums", nameID: name, topic: topic(output(version), "sums@\(version)"))])
    }

    static func deployed(_ version: UInt32, inputs: [TopicID] = [input]) -> JournalEntry.Body {
        .deployed(registration(version, inputs: inputs))
    }

    static func rows(_ topic: TopicID, _ partition: UInt32, _ start: UInt64, _ end: UInt64) -> OffsetRange {
        OffsetRange(partition: TopicPartition(topic: topic, partition: partition), start: start, end: end)
    }

    static func position(_ ends: [UInt64], of topic: TopicID = input) -> InputPosition {
        var position = InputPosition()
        for (number, end) in ends.enumerated() {
            position.ends[TopicPartition(topic: topic, partition: UInt32(number))] = end
        }
        return position
    }

    func written(_ topic: TopicID) -> [UInt64] { state.topics[topic]?.partitions.map(\.publishedEnd) ?? [] }

    /// - Parameter rows: that it writes, by partition.
    func checkpoint(
        _ version: UInt32, _ reads: [UInt64], more: [UInt64] = [], rows: [UInt64] = [], holds: UInt64? = nil,
        generation: UInt64? = nil
    ) -> JournalEntry.Body {
        var position = Self.position(reads)
        position.ends.merge(Self.position(more, of: Self.more).ends) { $1 }
        return checkpoint(
            version, position, rows: rows, holds: holds,
            generation: generation ?? state.deployments[Self.job]?.generation ?? 0)
    }

    func checkpoint(
        _ version: UInt32, _ reads: InputPosition, rows: [UInt64] = [], holds: UInt64? = nil, generation: UInt64
    ) -> JournalEntry.Body {
        let name = VersionName(Self.job, version).description
        let output = Self.output(version)
        let ranges = zip(written(output), rows).enumerated().compactMap { number, ends -> OffsetRange? in
            ends.1 == 0 ? nil : Self.rows(output, UInt32(number), ends.0, ends.0 + ends.1)
        }
        return .checkpoint(
            job: name, run: RunID(high: 3, low: UInt64(version)),
            CommittedCheckpoint(number: state.jobs[name].map { $0.last.number + 1 } ?? 0, recordChecksum: 0),
            published: ranges, deployed: DeployedEpoch(generation: generation, reads: reads, holds: holds))
    }

    static func attempt(from: UInt32, to: UInt32, withoutFrom: Bool = false) -> JournalEntry.Body {
        .attempt(job: job, from: from, to: to, timeoutMilliseconds: 10_000, withoutFrom: withoutFrom)
    }

    static func released(_ attempt: UInt64) -> JournalEntry.Body { .released(job: job, attempt: attempt) }

    func spliced(_ attempt: UInt64, difference: TopicID? = nil) -> JournalEntry.Body {
        let differences = difference.map { [Self.name: $0] } ?? [:]
        return .spliced(
            job: Self.job, attempt: attempt, state.splices(of: Self.job, differences: differences))
    }

    /// A topic with so many rows in each partition.
    mutating func addDifference(_ id: TopicID, _ rows: [UInt64]) throws(JournalRefusal) {
        try append(.topicCreated(Self.topic(id, "difference-\(id.low)", partitions: UInt32(rows.count))))
        let ranges = rows.enumerated().compactMap { number, count in
            count == 0 ? nil : Self.rows(id, UInt32(number), 0, count)
        }
        if !ranges.isEmpty { try append(.published(ranges)) }
    }

    /// Both versions read to a place and stand still, and the roles are exchanged there.
    mutating func cutOver(
        from: UInt32, to: UInt32, at reads: [UInt64], rows: [UInt64], difference: TopicID? = nil
    ) throws(JournalRefusal) {
        let number = state.end
        try append(Self.attempt(from: from, to: to))
        for version in [from, to] { try append(checkpoint(version, reads, rows: rows, holds: number)) }
        try append(spliced(number, difference: difference))
    }
}
