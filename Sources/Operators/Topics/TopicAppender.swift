import Columnar
import CommitLog
import Dataflow

/// Collects rows for a topic, and appends them in frames: for one thread of several that share a `TopicWriter`.
struct TopicAppender {
    /// A frame's worth: what waits for more rows.
    private static let pendingBytes = 1 << 20
    /// What a publish has of rows without a key goes to several partitions where each gets as many.
    private static let rowsOfPartition = 256
    /// Publishes of a few rows stay in a partition for so long: who comes to one in which others have written reads it first.
    private static let stayNanoseconds: Int64 = 10_000_000

    private struct Pending {
        var batches: [Batch] = []
        var rows = 0
        var bytes = 0
    }

    private let writer: TopicWriter
    private let columns: [TopicColumn]
    /// Of the rows' columns; empty: partitions take turns.
    private let keyIndexes: [Int]
    private var pending: [Pending]
    /// Partitions that were appended to since they were synced.
    private var dirty: Set<Int> = []
    /// Of rows without a key.
    private(set) var nextPartition: Int
    private let turn: Int?
    /// The partition of the last publish, where it was one, and since when it is.
    private var stay: (partition: Int, since: Int64)?

    /// - Parameters:
    ///   - columns: of the topic, those that the rows have, in their order.
    ///   - turn: rows without a key go to every so manieth partition; nil: to the next one that is free.
    init(_ writer: TopicWriter, _ columns: [TopicColumn], firstPartition: Int = 0, turn: Int? = 1) {
        self.writer = writer
        self.columns = columns
        self.turn = turn
        keyIndexes = writer.topic.schema.key.compactMap { name in columns.firstIndex { $0.path == [name] } }
        precondition(keyIndexes.count == writer.topic.schema.key.count, "rows have their key")
        nextPartition = firstPartition % writer.partitionCount
        pending = Array(repeating: Pending(), count: keyIndexes.isEmpty ? 1 : writer.partitionCount)
    }

    mutating func append(_ batch: Batch) throws(JobFailure) {
        let batch = batch.compacted().withoutOrigin
        guard !keyIndexes.isEmpty else { return try add(batch, to: 0) }
        for (partition, rows) in TopicRouting.split(batch, keys: keyIndexes, partitions: writer.partitionCount) {
            try add(rows, to: partition)
        }
    }

    private mutating func add(_ batch: Batch, to slot: Int) throws(JobFailure) {
        guard batch.rowCount > 0 else { return }
        let size = batch.sizeBytes
        let isFull = pending[slot].rows + batch.rowCount > TopicFrame.mostRows
        if isFull || pending[slot].bytes + size > Self.pendingBytes { try flush(slot) }
        pending[slot].batches.append(batch)
        pending[slot].rows += batch.rowCount
        pending[slot].bytes += size
    }

    private mutating func flush(_ slot: Int, spreads: Bool = false) throws(JobFailure) {
        let batches = pending[slot].batches
        guard !batches.isEmpty else { return }
        pending[slot] = Pending()
        for batch in Batch.joined(batches).map({ [$0] }) ?? batches {
            for piece in TopicFrame.pieces(of: batch).flatMap({ spreads ? spread($0) : [$0] }) {
                let partition = keyIndexes.isEmpty ? try takeNext() : slot
                let frame = TopicFrame.encode(piece, columns, schemaID: writer.topic.schemaID)
                try writer.append(frame, to: partition)
                dirty.insert(partition)
            }
        }
    }

    /// Rows of short publishes reach all partitions too: else one of them would hold the watermark back.
    private func spread(_ piece: Batch) -> [Batch] {
        let share = max(Self.rowsOfPartition, (piece.rowCount + writer.partitionCount - 1) / writer.partitionCount)
        return stride(from: 0, to: piece.rowCount, by: share).map { start in
            piece.rows(start..<min(piece.rowCount, start + share))
        }
    }

    private mutating func takeNext() throws(JobFailure) -> Int {
        let partition = turn == nil ? try writer.takeNext(from: nextPartition) : nextPartition
        nextPartition = (partition + (turn ?? 1)) % writer.partitionCount
        return partition
    }

    /// Appends what waits, and makes it all durable.
    /// - Returns: the epoch's rows, of the partitions that this has written to.
    mutating func sync(epoch: UInt64) throws(JobFailure) -> [OffsetRange] {
        let isShort = dirty.isEmpty && keyIndexes.isEmpty && turn == nil
        for slot in pending.indices { try flush(slot, spreads: isShort) }
        var ranges: [OffsetRange] = []
        for partition in dirty.sorted() { ranges.append(try writer.sync(partition, epoch: epoch)) }
        if isShort, dirty.count == 1, let partition = dirty.first { stayAwhile(in: partition) }
        dirty = []
        return ranges
    }

    private mutating func stayAwhile(in partition: Int) {
        let now = writer.time.monotonicNanoseconds()
        if let stay, stay.partition == partition {
            if now - stay.since < Self.stayNanoseconds { nextPartition = partition }
        } else {
            stay = (partition, now)
            nextPartition = partition
        }
    }
}

extension Batch {
    /// A topic keeps neither where rows came from nor how late they were.
    fileprivate var withoutOrigin: Batch { Batch(columns: columns, rowCount: rowCount, rowKinds: rowKinds) }
}
