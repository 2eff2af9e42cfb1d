import Columnar
import CommitLog
import Dataflow
import HostSystem
import Synchronization

/// The writers of all partitions of one topic, for the threads that write it. The topic's lock is held until this is let
/// go: it is taken before the journal is asked how far the partitions are published, since what lies beyond is cut.
///
/// What is appended in an epoch begins where the epoch before has ended: all of its writers have handed over, and it is
/// committed, before anybody appends again.
final class TopicWriter: Sendable {
    /// As the journal had it when the lock was taken.
    let topic: Topic
    /// What the journal said then.
    let state: JournalState
    private let partitions: [WrittenPartition]
    private let lock: any FileLock

    /// Cuts what lies beyond the published ends.
    /// - Errors: `conflict` where there is no such topic, or somebody else writes it.
    init(_ name: String, in log: CommitLogAccess) throws(JobFailure) {
        lock = try Self.lock(name, log)
        state = try log.settled()
        guard let topic = try Topic.named(name, in: state) else { throw Topic.missing(name, in: state) }
        self.topic = topic
        partitions = try JobFailure.onTopic(name) { () throws(LogError) in
            var opened: [WrittenPartition] = []
            for number in topic.partitions.indices { opened.append(try WrittenPartition(number, topic, log)) }
            return opened
        }
    }

    deinit { lock.release() }

    private static func lock(_ name: String, _ log: CommitLogAccess) throws(JobFailure) -> any FileLock {
        let path = log.directory.topicLock(name)
        let lock = try JobFailure.onFiles("locking topic \"\(name)\"") { () throws(FileError) -> (any FileLock)? in
            try log.files.makeDurableDirectories(FilePath.parent(of: path))
            return try log.files.lock(path, wait: false)
        }
        if let lock { return lock }
        throw .log(.locked(directory: log.directory.topic(name)), topic: name)
    }

    var partitionCount: Int { partitions.count }

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

    /// Merges the small frames of segments that are full and published, in all partitions.
    func mergeSealed() throws(JobFailure) {
        let schemas = topic.schemas
        try JobFailure.onTopic(topic.name) { () throws(LogError) in
            for partition in partitions { try partition.mergeSealed(schemas) }
        }
    }
}

private final class WrittenPartition: Sendable {
    private struct State {
        var writer: PartitionWriter
        /// The epoch that was handed over last, and its rows.
        var epoch: UInt64?
        var start: UInt64
        var end: UInt64
    }

    private let state: Mutex<State>

    init(_ number: Int, _ topic: Topic, _ log: CommitLogAccess) throws(LogError) {
        let ends = topic.partitions[number]
        let writer = try PartitionWriter.open(
            directory: log.directory(of: topic.name, partition: number), partition: topic.partition(number),
            publishedEnd: ends.publishedEnd, firstKept: ends.firstKept, files: log.files,
            options: SegmentOptions(compression: topic.options.compression.ofChunks))
        state = Mutex(State(writer: writer, start: ends.publishedEnd, end: ends.publishedEnd))
    }

    func append(_ frame: FrameContent) throws(LogError) {
        try state.withLock { (state) throws(LogError) in _ = try state.writer.append(frame) }
    }

    func sync(epoch: UInt64) throws(LogError) -> Range<UInt64> {
        try state.withLock { (state) throws(LogError) -> Range<UInt64> in
            if state.epoch != epoch {
                state.epoch = epoch
                state.start = state.end
            }
            try state.writer.sync()
            state.end = state.writer.end
            return state.start..<state.end
        }
    }

    /// What this epoch has handed over may not be published yet.
    func mergeSealed(_ schemas: [TopicSchema]) throws(LogError) {
        try state.withLock { (state) throws(LogError) in
            try state.writer.mergeSealed(below: state.start) { try TopicFrame.merge($0, schemas) }
        }
    }
}
