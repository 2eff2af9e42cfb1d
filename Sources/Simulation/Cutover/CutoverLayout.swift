import CommitLog
import HostSystem

/// The topics of the explored job: what both versions read, what one of them reads beside it, one published name, and each
/// version's topic behind it.
struct CutoverLayout {
    let ownInput: CutoverSetting.OwnInput

    static let shared = TopicID(high: 1, low: 1)
    static let own = TopicID(high: 1, low: 2)
    static let name = TopicID(high: 2, low: 0)

    static func output(_ version: UInt32) -> TopicID { TopicID(high: 2, low: UInt64(version)) }

    private func readsOwn(_ version: UInt32) -> Bool {
        switch ownInput {
        case .none: false
        case .ofTheFirst: version == 1
        case .ofTheSecond: version != 1
        }
    }

    private func inputs(_ version: UInt32) -> [TopicID] { readsOwn(version) ? [Self.shared, Self.own] : [Self.shared] }

    private static func only(_ topic: TopicID) -> TopicPartition { TopicPartition(topic: topic, partition: 0) }

    // MARK: Entries

    func topics() -> [JournalEntry.Body] {
        [(Self.shared, "input"), (Self.own, "more")].map { id, name in
            .topicCreated(TopicDescription(id: id, name: name, partitions: 1, schema: [], options: []))
        }
    }

    func deployed(_ version: UInt32) -> JournalEntry.Body {
        .deployed(
            VersionRegistration(
                version: VersionName(CutoverWorld.job, version), inputs: inputs(version),
                outputs: [
                    .init(
                        name: "sums", nameID: Self.name,
                        topic: TopicDescription(
                            id: Self.output(version), name: "sums@\(version)", partitions: 1, schema: [], options: []))
                ]))
    }

    func published(_ topic: TopicID, _ journal: JournalState) -> JournalEntry.Body {
        let end = rows(of: topic, journal)
        return .published([OffsetRange(partition: Self.only(topic), start: end, end: end + 1)])
    }

    func checkpoint(
        _ version: UInt32, _ reads: CutoverPosition, generation: UInt64, holds: UInt64?, _ journal: JournalState
    ) -> JournalEntry.Body {
        let job = VersionName(CutoverWorld.job, version).description
        let last = journal.jobs[job]?.last.number
        let start = rows(of: Self.output(version), journal)
        var ends = [Self.only(Self.shared): reads.shared]
        if readsOwn(version) { ends[Self.only(Self.own)] = reads.own }
        let written = OffsetRange(partition: Self.only(Self.output(version)), start: start, end: max(start, reads.rows))
        return .checkpoint(
            job: job, run: RunID(high: 3, low: UInt64(version)),
            CommittedCheckpoint(number: last.map { $0 + 1 } ?? 0, recordChecksum: 0),
            published: written.start < written.end ? [written] : [],
            deployed: DeployedEpoch(generation: generation, reads: InputPosition(ends), holds: holds))
    }

    // MARK: What the journal says

    private func rows(of topic: TopicID, _ journal: JournalState) -> UInt64 {
        journal.topics[topic]?.partitions[0].publishedEnd ?? 0
    }

    /// How far the published name goes.
    func end(_ journal: JournalState) -> UInt64 { rows(of: Self.name, journal) }

    func written(_ version: UInt32, _ journal: JournalState) -> UInt64 { rows(of: Self.output(version), journal) }

    func published(_ journal: JournalState) -> CutoverPosition {
        CutoverPosition(shared: rows(of: Self.shared, journal), own: rows(of: Self.own, journal))
    }

    func position(_ position: InputPosition) -> CutoverPosition {
        CutoverPosition(
            shared: position[Self.only(Self.shared)] ?? 0, own: position[Self.only(Self.own)] ?? 0)
    }

    func position(_ version: DeploymentState.Version) -> CutoverPosition {
        version.position.map { position($0) } ?? CutoverPosition()
    }

    /// How far a version may read.
    func limit(_ version: UInt32, _ world: CutoverWorld, _ safeguards: Safeguards) -> CutoverPosition {
        let deployment = world.deployment
        let isFree = deployment.live == version || !safeguards.contains(.shadowReads)
        var limit = isFree ? published(world.journal) : position(deployment.limit(of: version))
        if !readsOwn(version) { limit.own = 0 }
        return limit
    }
}
