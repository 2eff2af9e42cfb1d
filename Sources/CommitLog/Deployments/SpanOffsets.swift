// Offsets through a published name, and what they are in the topics that its rows lie in. Of each partition:
//
//     name       0 ────────── 80 ─── 95 ─────────────── …
//     revenue@1  0 ────────── 80
//     difference               0 ─── 15
//     revenue@2                      60 ─────────────── …      what it wrote before was never the name's
//
// Spans may be empty, and a topic may have several: after a rollback its rows follow again, from where it had come to.

extension [NameSpan] {
    /// The span that a row belongs to.
    package func index(of offset: UInt64, partition: Int) -> Int {
        lastIndex { $0.starts[partition].offset <= offset } ?? 0
    }

    /// The offset through the name behind a span's last row; nil: the last span grows.
    package func end(of span: Int, partition: Int) -> UInt64? {
        span + 1 < count ? self[span + 1].starts[partition].offset : nil
    }

    /// Up to where rows that are published take the name; nil: they are not the name's.
    package func end(publishing rows: OffsetRange) -> UInt64? {
        let number = Int(rows.partition.partition)
        for index in indices.reversed() where self[index].topic == rows.partition.topic {
            let start = self[index].starts[number]
            guard rows.end > start.inTopic else { continue }
            let found = start.offset + (rows.end - start.inTopic)
            guard let end = end(of: index, partition: number) else { return found }
            if found <= end { return found }
        }
        return nil
    }

    /// The first offset of a partition from which on everything is kept, where one of its topics has lost the rows before
    /// `inTopic`; nil: none of the name's.
    package func firstKept(_ partition: TopicPartition, inTopic: UInt64) -> UInt64? {
        let number = Int(partition.partition)
        var kept: UInt64?
        for index in indices where self[index].topic == partition.topic {
            let start = self[index].starts[number]
            guard inTopic > start.inTopic else { continue }
            let found = start.offset + (inTopic - start.inTopic)
            let end = end(of: index, partition: number) ?? found
            if end > start.offset { kept = Swift.min(found, end) }
        }
        return kept
    }

    /// The first row of a topic that belongs to the name at `offset` or later; nil: there is none, and none will come.
    package func firstNeeded(of topic: TopicID, partition: Int, from offset: UInt64) -> UInt64? {
        for index in indices where self[index].topic == topic {
            let start = self[index].starts[partition]
            if let end = end(of: index, partition: partition), end <= Swift.max(offset, start.offset) { continue }
            return start.inTopic + (Swift.max(offset, start.offset) - start.offset)
        }
        return nil
    }
}

extension JournalState {
    /// The names that have rows where a topic has lost some begin behind those.
    mutating func keepNames(behind lost: OffsetRange) {
        let number = Int(lost.partition.partition)
        let kept = topics.values.compactMap { name in
            name.spans.firstKept(lost.partition, inTopic: lost.end).map { (id: name.id, offset: $0) }
        }
        for (id, offset) in kept {
            let before = topics[id]?.partitions[number].firstKept ?? 0
            topics[id]?.partitions[number].firstKept = max(before, offset)
        }
    }
}
