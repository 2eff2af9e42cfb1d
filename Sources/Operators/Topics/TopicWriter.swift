import Columnar
import CommitLog
import Dataflow
import HostSystem
import Synchronization

/// The writers of all partitions of one topic, for the threads that write it. A job keeps all partitions until this is let
/// go; a producer holds them in turns. The journal is asked how far a partition is published once it is held, since what
/// lies beyond is cut.
///
/// What is appended in an epoch begins where the epoch before has ended: all of its writers have handed over, and it is
/// committed, before anybody appends again.
final class TopicWriter: Sendable {
    /// As the journal had it when this was made.
    let topic: Topic
    /// What the journal said then.
    let state: JournalState
    private let log: CommitLogAccess
    private let partitions: [WrittenPartition]
    private let merging: TopicMerging
    /// When it is looked next, by the monotonic clock, whether rows are to go.
    private let nextLook = Mutex<Int64>(.min)
    private static let lookNanoseconds: Int64 = 60_000_000_000

    /// Holds no partition yet.
    /// - Errors: `conflict` where there is no such topic.
    private init(
        takingTurnsAt name: String, in log: CommitLogAccess, _ background: any BackgroundRunner
    ) throws(JobFailure) {
        state = try log.settled()
        guard let topic = try Topic.named(name, in: state) else { throw Topic.missing(name, in: state) }
        self.topic = topic
        self.log = log
        partitions = topic.partitions.indices.map { WrittenPartition($0, topic, log) }
        merging = TopicMerging(topic, background)
    }

    deinit { merging.abandon() }

    /// Takes all partitions, and keeps them.
    /// - Errors: `conflict` where there is no such topic, or somebody else keeps it.
    static func keeping(
        _ name: String, in log: CommitLogAccess, background: any BackgroundRunner = ThreadRunner()
    ) throws(JobFailure) -> TopicWriter {
        let writer = try TopicWriter(takingTurnsAt: name, in: log, background)
        try writer.takeAll()
        writer.partitions.forEach { $0.keep() }
        return writer
    }

    /// Holds a partition from `take` to `giveBack`.
    static func inTurns(_ name: String, in log: CommitLogAccess) throws(JobFailure) -> TopicWriter {
        try TopicWriter(takingTurnsAt: name, in: log, log.background)
    }

    // MARK: Turns

    /// Takes a partition, and cuts what lies beyond its published end.
    /// - Parameter wait: for others' turns.
    /// - Returns: whether it was free.
    /// - Errors: `conflict` where a job keeps it, or the topic has been deleted.
    func take(_ partition: Int, wait: Bool) throws(JobFailure) -> Bool {
        guard try claim(partition, wait: wait) else { return false }
        let goesOn = try givingBackOnError { () throws(JobFailure) in
            try JobFailure.onTopic(topic.name) { () throws(LogError) in try partitions[partition].goOn() }
        }
        if !goesOn { try begin([partition]) }
        return true
    }

    /// The first partition from `start` on, around, that is held already or free; where there is none, waits for `start`.
    func takeNext(from start: Int) throws(JobFailure) -> Int {
        for step in partitions.indices {
            let partition = (start + step) % partitions.count
            if partitions[partition].isHeld { return partition }
            if try take(partition, wait: false) { return partition }
        }
        _ = try take(start, wait: true)
        return start
    }

    /// All partitions, as `take`, waiting for others' turns.
    func takeAll() throws(JobFailure) {
        for partition in partitions.indices { _ = try claim(partition, wait: true) }
        try begin(partitions.indices)
    }

    /// - Parameter isPublished: all that was appended.
    func giveBack(isPublished: Bool) { partitions.forEach { $0.giveBack(isPublished: isPublished) } }

    private func claim(_ partition: Int, wait: Bool) throws(JobFailure) -> Bool {
        try givingBackOnError { () throws(JobFailure) in
            do throws(LogError) {
                return try partitions[partition].claim(wait: wait)
            } catch {
                // A topic that is deleted loses its folders: then that is said, whatever was met there.
                if case .file = error, try log.settled().topics[topic.id] == nil { throw deleted }
                throw .log(error, topic: topic.name)
            }
        }
    }

    private var deleted: JobFailure {
        JobFailure(.conflict, "topic \"\(topic.name)\" was deleted while it was written")
    }

    private func givingBackOnError<Result>(
        _ body: () throws(JobFailure) -> Result
    ) throws(JobFailure) -> Result {
        do throws(JobFailure) {
            return try body()
        } catch {
            giveBack(isPublished: false)
            throw error
        }
    }

    private func begin(_ claimed: some Sequence<Int>) throws(JobFailure) {
        try givingBackOnError { () throws(JobFailure) in
            guard let now = try log.settled().topics[topic.id] else { throw deleted }
            for partition in claimed {
                try JobFailure.onTopic(topic.name) { () throws(LogError) in
                    try partitions[partition].begin(now.partitions[partition])
                }
            }
        }
    }

    // MARK: Writing

    var partitionCount: Int { partitions.count }

    var time: any TimeSource { log.time }

    func append(_ frame: FrameContent, to partition: Int) throws(JobFailure) {
        try JobFailure.onTopic(topic.name) { () throws(LogError) in try partitions[partition].append(frame) }
    }

    /// Makes what was appended to a partition durable.
    /// - Parameter epoch: ascending; the same for all who hand over the same epoch.
    /// - Returns: all rows of the epoch so far.
    func sync(_ partition: Int, epoch: UInt64) throws(JobFailure) -> OffsetRange {
        let rows = try JobFailure.onTopic(topic.name) { () throws(LogError) in
            try partitions[partition].sync(epoch: epoch)
        }
        return OffsetRange(partition: topic.partition(partition), start: rows.lowerBound, end: rows.upperBound)
    }

    // MARK: Retention

    /// Once a minute: gives up rows of partitions that are held, as the topic's options say, as far as nobody needs them;
    /// and removes the files of those that are gone.
    func keepRetention() throws(JobFailure) {
        let now = log.time.monotonicNanoseconds()
        let isDue = nextLook.withLock { next in
            guard now >= next else { return false }
            next = now + Self.lookNanoseconds
            return true
        }
        guard isDue, let retention = try TopicRetention(topic.id, in: log) else { return }
        let held = partitions.indices.filter { partitions[$0].isHeld }
        let move = try retention.keep(held, atMilliseconds: log.time.wallMilliseconds())
        try JobFailure.onTopic(topic.name) { () throws(LogError) in
            for number in held {
                let moved = move.dropped.first { Int($0.partition.partition) == number }?.end
                try partitions[number].drop(below: moved ?? retention.topic.partitions[number].firstKept)
            }
        }
    }

    // MARK: Merging

    /// Puts in place what has been merged beside us of partitions that are held, and begins what is due. Costs nothing where
    /// nothing has become full.
    func goOnMerging() throws(JobFailure) {
        try JobFailure.onTopic(topic.name) { () throws(LogError) in try merging.goOn(partitions) }
    }

    /// Waits for the merge that goes on, if one does, and puts it in place; no partition is held before or after. What a job
    /// keeps by now is let be.
    func finishMerging() throws(JobFailure) {
        guard let partition = merging.wait() else { return }
        defer { giveBack(isPublished: true) }
        do throws(JobFailure) {
            _ = try take(partition, wait: true)
        } catch {
            if error.kind == .conflict { return }
            throw error
        }
        try goOnMerging()
    }
}

final class WrittenPartition: Sendable {
    private struct State {
        /// nil: it was never held.
        var writer: PartitionWriter?
        /// Between `claim` and `begin`.
        var claim: PartitionClaim?
        /// All that the writer has appended.
        var isPublished = false
        /// The epoch that was handed over last, and its rows.
        var epoch: UInt64?
        var start: UInt64 = 0
        var end: UInt64 = 0
    }

    private let state = Mutex(State())
    private let directory: String
    private let partition: TopicPartition
    private let files: any FileSystem
    private let options: SegmentOptions

    init(_ number: Int, _ topic: Topic, _ log: CommitLogAccess) {
        directory = log.directory(of: topic.name, partition: number)
        partition = topic.partition(number)
        files = log.files
        options = SegmentOptions(
            compression: topic.options.compression.ofChunks, rollBytes: log.segmentRollBytes,
            safeguards: log.safeguards)
    }

    // MARK: Turns

    func claim(wait: Bool) throws(LogError) -> Bool {
        try state.withLock { (state) throws(LogError) in
            state.claim = try PartitionClaim.take(
                directory, files: files, wait: wait, safeguards: options.safeguards)
            return state.claim != nil
        }
    }

    /// Goes on where this has published last.
    /// - Returns: false: somebody else may have written since.
    func goOn() throws(LogError) -> Bool {
        try state.withLock { (state) throws(LogError) in
            guard let claim = state.claim, let writer = state.writer, state.isPublished,
                try writer.resumeIfUntouched(holding: claim)
            else { return false }
            state.claim = nil
            return true
        }
    }

    func begin(_ ends: TopicState.Partition) throws(LogError) {
        try state.withLock { (state) throws(LogError) in
            guard let claim = state.claim else { preconditionFailure("a partition is claimed before it is written") }
            state.claim = nil
            (state.start, state.end) = (ends.publishedEnd, ends.publishedEnd)
            if let writer = state.writer {
                return try writer.resume(
                    holding: claim, publishedEnd: ends.publishedEnd, firstKept: ends.firstKept)
            }
            state.writer = try PartitionWriter.open(
                holding: claim, directory: directory, partition: partition, publishedEnd: ends.publishedEnd,
                firstKept: ends.firstKept, files: files, options: options)
        }
    }

    func keep() { state.withLock { $0.writer?.keep() } }

    func giveBack(isPublished: Bool) {
        state.withLock { state in
            state.claim = nil
            state.isPublished = isPublished
            state.writer?.pause()
        }
    }

    // MARK: Writing

    private func onWriter<Result: Sendable>(
        _ body: @Sendable (inout State, PartitionWriter) throws(LogError) -> Result
    ) throws(LogError) -> Result {
        try state.withLock { (state) throws(LogError) -> Result in
            guard let writer = state.writer else { throw .writerIsOver(directory: directory) }
            return try body(&state, writer)
        }
    }

    func append(_ frame: FrameContent) throws(LogError) {
        try onWriter { (_, writer) throws(LogError) in _ = try writer.append(frame) }
    }

    func sync(epoch: UInt64) throws(LogError) -> Range<UInt64> {
        try onWriter { (state, writer) throws(LogError) in
            if state.epoch != epoch {
                state.epoch = epoch
                state.start = state.end
            }
            try writer.sync()
            state.end = writer.end
            return state.start..<state.end
        }
    }

    // MARK: Old segments

    func drop(below offset: UInt64) throws(LogError) {
        try onWriter { (_, writer) throws(LogError) in try writer.drop(below: offset) }
    }

    var isHeld: Bool { state.withLock { $0.writer?.isHeld == true } }

    /// What this epoch has handed over may not be published yet.
    func dueMerge() -> SegmentMerge? { state.withLock { $0.writer?.dueMerge(below: $0.start) } }

    func take(_ merged: MergedSegment?) throws(LogError) {
        try onWriter { (_, writer) throws(LogError) in _ = try writer.take(merged) }
    }
}
