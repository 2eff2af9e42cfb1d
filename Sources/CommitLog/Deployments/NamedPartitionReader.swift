import HostSystem

/// Reads a partition of a topic, or of a published name span by span: offsets are the name's, and a step never goes beyond
/// the span that it begins in. Used by one thread at a time.
package final class NamedPartitionReader {
    private let partition: Int
    private let files: any FileSystem
    private let safeguards: Safeguards
    /// The partition's, by the topic's name.
    private let directory: (String) -> String
    private var spans: [NameSpan]
    /// The span that `reader` reads.
    private var span = 0
    private var reader: PartitionReader

    /// - Parameter spans: those known so far; none of a topic that is no name.
    package init(
        topic: TopicID, name: String, spans: [NameSpan], partition: Int, files: any FileSystem,
        safeguards: Safeguards = .all, directory: @escaping (String) -> String
    ) {
        self.partition = partition
        self.files = files
        self.safeguards = safeguards
        self.directory = directory
        self.spans = spans
        let first = spans.first
        reader = PartitionReader(
            directory: directory(first?.topicName ?? name),
            partition: TopicPartition(topic: first?.topic ?? topic, partition: UInt32(truncatingIfNeeded: partition)),
            files: files, safeguards: safeguards)
    }

    /// The name has these spans by now: the known ones, and more behind them.
    package func goOn(in spans: [NameSpan]) {
        if spans.count > self.spans.count { self.spans = spans }
    }

    /// As `PartitionReader.next`. `end` is published, and lies in a span that this was told of.
    package func next(
        columns: [UInt32]?, from offset: UInt64, below end: UInt64, keep: (FrameStatistics) -> Bool = { _ in true }
    ) throws(LogError) -> FrameSlice? {
        if spans.isEmpty { return try reader.next(columns: columns, from: offset, below: end, keep: keep) }
        guard offset < end else { return nil }
        move(to: spans.index(of: offset, partition: partition))
        let start = spans[span].starts[partition]
        let spanEnd = min(end, spans.end(of: span, partition: partition) ?? end)
        let rows = (start.inTopic + (offset - start.offset))..<(start.inTopic + (spanEnd - start.offset))
        do throws(LogError) {
            var slice = try reader.next(columns: columns, from: rows.lowerBound, below: rows.upperBound) { frame in
                let there = frame.offsets.clamped(to: start.inTopic..<rows.upperBound)
                return keep(frame.named(start.named(there.lowerBound)..<start.named(there.upperBound)))
            }
            if let there = slice?.offsets {
                slice?.offsets = start.named(there.lowerBound)..<start.named(there.upperBound)
            }
            return slice
        } catch {
            throw named(error, start, spanEnd)
        }
    }

    private func move(to index: Int) {
        guard index != span else { return }
        span = index
        reader = PartitionReader(
            directory: directory(spans[index].topicName),
            partition: TopicPartition(topic: spans[index].topic, partition: UInt32(truncatingIfNeeded: partition)),
            files: files, safeguards: safeguards)
    }

    private func named(_ error: LogError, _ start: NameSpan.Start, _ end: UInt64) -> LogError {
        switch error {
        case .damaged(let directory, let partition, let offset, let detail):
            return .damaged(
                directory: directory, partition: partition, offset: start.named(max(offset, start.inTopic)),
                detail: "\(detail) (there it is offset \(offset) of topic \"\(spans[span].topicName)\")")
        case .dropped(let directory, let partition, let offset, let firstKept):
            return .dropped(
                directory: directory, partition: partition, offset: start.named(offset),
                firstKept: min(start.named(max(firstKept, start.inTopic)), end))
        default: return error
        }
    }
}

extension NameSpan.Start {
    /// A row of the span through the name.
    fileprivate func named(_ inTopic: UInt64) -> UInt64 { offset + (inTopic - self.inTopic) }
}
