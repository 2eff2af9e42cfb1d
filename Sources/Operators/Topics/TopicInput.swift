import CommitLog
import Dataflow
import HostSystem
import Synchronization

/// A topic for the readers of all subtasks of one source. Its partitions are the inputs of the ledger: offset `base` of a
/// partition is unit 0 of its input, and the input grows with what is published.
///
/// A partition of a changelog belongs to one reader, so that the changes of a key stay in their order.
final class TopicInput: SourceInput {
    /// How often it is looked whether there is more where the journal cannot tell.
    private static let lookNanoseconds: Int64 = 4_000_000
    /// And where it can: what its writer, who died, has left is seen to by those who look.
    private static let rareLookNanoseconds: Int64 = 100_000_000

    private struct State {
        var follower: TopicFollower
        var bases: [UInt64]
    }

    private let description: TopicSourceDescription
    private let context: LinkContext
    private let log: CommitLogAccess
    private let splits: SharedSplits
    /// nil before `restore`.
    private let state = Mutex<State?>(nil)

    init(_ description: TopicSourceDescription, _ context: LinkContext) throws(JobFailure) {
        self.description = description
        self.context = context
        log = try context.commitLog(for: description.table)
        let readsWhatIsThere = context.settings.readsWhatIsThere
        var policy = SplitLedger.Policy(
            pieceLength: description.rowsPerSplit, hasWatermark: description.watermark != nil)
        // A partition in which nothing more has come holds the watermark back, as in Flink, unless it is over for good.
        policy.countsReadInputs = readsWhatIsThere || !description.isBounded
        // The progress of a deployed job in a partition is one offset.
        if !description.key.isEmpty || context.settings.version != nil { policy.readerCount = context.parallelism }
        splits = SharedSplits(policy, isEndless: !description.isBounded && !readsWhatIsThere)
    }

    var readsTopics: Bool { true }

    private var isFollowed: Bool { !description.isBounded && !context.settings.readsWhatIsThere }

    // MARK: Restoring

    func restore(from position: [UInt8]?) throws(JobFailure) {
        let wanted = wantedTimes
        let place = try state.withLock { (state) throws(JobFailure) -> TopicPosition in
            let follower = try TopicFollower(
                description.topic, in: log, times: wanted, known: try self.topic(readAt: position),
                asOf: description.asOf)
            let place = try self.place(follower, from: position)
            state = State(follower: follower, bases: place.partitions.map(\.base))
            return place
        }
        splits.update { ledger in
            ledger.restore(watermark: place.watermark)
            for partition in place.partitions { ledger.add(partition.progress) }
        }
        let left = place.partitions.reduce(0) { $0 + $1.progress.length - Int64(clamping: $1.next &- $1.base) }
        context.metrics.add(Int(left), to: context.metrics.rowsTotal)
        splits.begin(atNanoseconds: context.time.monotonicNanoseconds())
    }

    private var wantedTimes: TopicFollower.WantedTimes {
        if description.metadata.contains(.timestamp) || givesTimes { return .all }
        if case .timestamp = description.start { return .all }
        return context.settings.runsOnJournalTime ? .fresh : .none
    }

    /// Rows have the time at which they were published.
    var givesTimes: Bool { description.isTimed && context.settings.runsOnJournalTime }

    private func topic(readAt position: [UInt8]?) throws(JobFailure) -> TopicID? {
        guard let position else { return nil }
        return try TopicPosition(position, table: description.table).topic
    }

    private func place(_ follower: TopicFollower, from position: [UInt8]?) throws(JobFailure) -> TopicPosition {
        let topic = follower.topic
        _ = try topic.columns(for: description.fields, key: description.key, of: description.table)
        var place: TopicPosition
        if let position {
            place = try TopicPosition(decoding: position, of: topic, table: description.table)
            try checkKept(place, topic)
        } else {
            place = TopicPosition(topic: topic.id, isOpenEnded: false, partitions: try begin(follower))
        }
        let settings = context.settings
        let goesOn = description.isBounded || (place.isOpenEnded && settings.readsWhatIsThere)
        if position == nil || settings.listsInputsAnew || !goesOn {
            for number in place.partitions.indices {
                place.partitions[number].grow(to: try limited(topic.partitions[number], number, of: topic))
            }
        }
        return place
    }

    /// The partition as it is to be read.
    private func limited(
        _ partition: TopicState.Partition, _ number: Int, of topic: Topic
    ) throws(JobFailure) -> TopicState.Partition {
        guard let ends = description.ends else { return partition }
        guard ends.indices.contains(number), ends[number] <= partition.publishedEnd, ends[number] >= partition.firstKept
        else {
            throw JobFailure(
                .conflict, "topic \"\(topic.name)\" cannot be read up to where it is asked for",
                detail:
                    "partition \(number) has the offsets \(partition.firstKept) to \(partition.publishedEnd), and is to "
                    + "end at \(ends.indices.contains(number) ? "\(ends[number])" : "none of them")")
        }
        var partition = partition
        partition.publishedEnd = ends[number]
        return partition
    }

    /// What is left to read is there.
    private func checkKept(_ place: TopicPosition, _ topic: Topic) throws(JobFailure) {
        for (number, partition) in place.partitions.enumerated() {
            let kept = topic.partitions[number].firstKept
            let end = partition.base + UInt64(max(0, partition.progress.length))
            guard partition.next >= (description.isBounded ? min(kept, end) : kept) else {
                throw .log(
                    .dropped(
                        directory: log.directory(of: topic.name, partition: number),
                        partition: UInt32(truncatingIfNeeded: number), offset: partition.next, firstKept: kept),
                    topic: topic.name)
            }
        }
    }

    private func begin(_ follower: TopicFollower) throws(JobFailure) -> [TopicPosition.Partition] {
        if let start = context.settings.startPosition { return begin(follower.topic, at: start) }
        var partitions: [TopicPosition.Partition] = []
        for (number, partition) in follower.topic.partitions.enumerated() {
            var base = partition.firstKept
            switch description.start {
            case .earliest: break
            case .latest: base = partition.publishedEnd
            case .timestamp(let time):
                base =
                    follower.times[number].firstOffset(from: time, firstKept: base) ?? partition.publishedEnd
            case .offsets(let offsets):
                if let offset = offsets[UInt32(truncatingIfNeeded: number)] { base = offset }
                guard base >= partition.firstKept, base <= partition.publishedEnd else {
                    throw JobFailure(
                        .conflict,
                        "table \"\(description.table)\" begins at offset \(base) of partition \(number) of topic \"\(follower.topic.name)\", which is not there",
                        detail: "it has offsets \(partition.firstKept) to \(partition.publishedEnd)")
                }
            }
            partitions.append(.init(base: base, progress: SplitProgress(length: 0)))
        }
        if case .offsets(let offsets) = description.start {
            for number in offsets.keys.sorted() where Int(number) >= partitions.count {
                throw JobFailure(
                    .conflict,
                    "table \"\(description.table)\" begins in partition \(number) of topic \"\(follower.topic.name)\", which has \(partitions.count)"
                )
            }
        }
        return partitions
    }

    /// Whatever the table's options say.
    private func begin(_ topic: Topic, at start: InputPosition) -> [TopicPosition.Partition] {
        topic.partitions.enumerated().map { number, partition in
            let base = start[topic.partition(number)] ?? partition.publishedEnd
            return .init(base: max(base, partition.firstKept), progress: SplitProgress(length: 0))
        }
    }

    func makeReader(_ context: LinkContext) throws(JobFailure) -> any Source {
        let made = state.withLock { state in state.map { (topic: $0.follower.topic, bases: $0.bases) } }
        guard let made else { preconditionFailure("an input is restored before it is read") }
        let content = try TopicContent(description, made.topic, bases: made.bases, self, log, context)
        return SplitReader(splits, content, context)
    }

    // MARK: What readers ask

    /// Up to where the partition is published, as far as it is to be read.
    func end(of partition: Int, base: UInt64) -> UInt64 { base + UInt64(splits.read { $0.inputs[partition].length }) }

    /// Of a published name: those that are known by now.
    var spans: [NameSpan] { state.withLock { $0?.follower.topic.spans ?? [] } }

    /// Of each row when it was published.
    func times(of offsets: Range<UInt64>, in partition: Int) -> [Int64] {
        state.withLock { $0?.follower.times[partition].times(of: offsets) ?? [] }
    }

    // MARK: Looking

    var lookIntervalNanoseconds: Int64? {
        guard isFollowed else { return nil }
        return news == nil ? Self.lookNanoseconds : Self.rareLookNanoseconds
    }

    var news: (any SharedSignal)? { isFollowed ? state.withLock { $0?.follower.news } : nil }

    func look() throws(JobFailure) {
        guard isFollowed else { return }
        let lengths = try state.withLock { (state) throws(JobFailure) -> [Int64]? in
            guard let made = state, try made.follower.advance() else { return nil }
            return zip(made.follower.topic.partitions, made.bases).map { partition, base in
                Int64(clamping: partition.publishedEnd &- base)
            }
        }
        if let lengths {
            splits.update { ledger in
                for (number, length) in lengths.enumerated() where length > ledger.inputs[number].length {
                    let more = Int(length - ledger.inputs[number].length)
                    context.metrics.add(more, to: context.metrics.rowsTotal)
                    ledger.extend(number, to: length)
                }
            }
        }
        if let timeout = context.settings.idleTimeoutMilliseconds, timeout > 0 {
            splits.noteIdleness(
                nowNanoseconds: context.time.monotonicNanoseconds(),
                timeoutNanoseconds: timeout.multipliedReportingOverflow(by: 1_000_000).partialValue)
        }
    }

    var eventTime: SourceEventTime? {
        splits.eventTime { "partition \($0) of topic \"\(self.description.topic)\"" }
    }

    // MARK: Limits

    private func ends(_ end: (SplitProgress) -> Int64) -> InputPosition {
        guard let made = state.withLock({ state in state.map { (id: $0.follower.topic.id, bases: $0.bases) } }) else {
            return InputPosition()
        }
        let ends = splits.read { ledger in ledger.inputs.map(end) }
        var position = InputPosition()
        for (number, (base, end)) in zip(made.bases, ends).enumerated() {
            let partition = TopicPartition(topic: made.id, partition: UInt32(truncatingIfNeeded: number))
            position.ends[partition] = base + UInt64(max(0, end))
        }
        return position
    }

    var readEnds: InputPosition { ends(\.givenEnd) }

    var takenEnds: InputPosition { ends(\.takenEnd) }

    func limit(to position: InputPosition?) {
        guard let made = state.withLock({ state in state.map { (id: $0.follower.topic.id, bases: $0.bases) } }) else {
            return
        }
        splits.update { ledger in
            for (number, base) in made.bases.enumerated() {
                let partition = TopicPartition(topic: made.id, partition: UInt32(truncatingIfNeeded: number))
                let ceiling = position.map { Int64(clamping: max($0[partition] ?? 0, base) - base) } ?? .max
                ledger.limit(number, to: ceiling)
            }
        }
    }

    var isQuiet: Bool { splits.read(\.isRead) }

    var unreadSince: Int64? {
        // First what is read: more may be by the time that the rest is looked at.
        let progress = splits.read { ledger in ledger.inputs.map { (given: $0.givenEnd, length: $0.length) } }
        return state.withLock { state in
            guard let state else { return nil }
            // What comes is published after all that the journal says now.
            var least = isFollowed ? state.follower.milliseconds : nil
            for (number, (given, length)) in progress.enumerated() where given < length {
                let time = state.follower.times[number].time(of: state.bases[number] + UInt64(max(0, given))) ?? .min
                least = min(least ?? time, time)
            }
            return least
        }
    }

    // MARK: Positions

    func position() throws(JobFailure) -> [UInt8] {
        let (progress, watermark) = splits.read { ($0.inputs, $0.watermark) }
        let made = state.withLock { state in
            // What is given is not read again before a restart.
            for (number, progress) in progress.enumerated() {
                guard let base = state?.bases[number] else { continue }
                state?.follower.forgetTimes(of: number, before: base + UInt64(max(0, progress.givenEnd)))
            }
            return state.map { (id: $0.follower.topic.id, bases: $0.bases) }
        }
        guard let made else { preconditionFailure("an input is restored before it has a position") }
        let partitions = zip(made.bases, progress).map { TopicPosition.Partition(base: $0, progress: $1) }
        return TopicPosition(
            topic: made.id, isOpenEnded: context.settings.readsWhatIsThere, watermark: watermark,
            partitions: partitions
        ).encoded()
    }
}

extension TopicPosition.Partition {
    /// What is published by now is to be read.
    fileprivate mutating func grow(to partition: TopicState.Partition) {
        let length = Int64(clamping: partition.publishedEnd &- min(base, partition.publishedEnd))
        if length > progress.length { progress.extend(to: length, floor: .min) }
    }
}
