import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

// What is published under the name, read from the spans that the journal has, apart from the engine's own readers of names;
// and what must be there.

extension DeploymentWorld {
    /// Of each partition the rows, and what they do.
    private typealias Rows = [[ShownRow]]

    /// All of a topic.
    private func rows(of topic: String, in log: CommitLogAccess) throws(JobFailure) -> Rows {
        let consumer = try TopicConsumer(topic, in: log)
        var rows = Rows(repeating: [], count: consumer.positions.count)
        while let shown = try consumer.next() {
            for row in 0..<shown.batch.rowCount {
                rows[shown.partition].append(
                    ShownRow(
                        values: shown.batch.columns.map { $0.modelValue(at: row) },
                        kind: shown.batch.rowKinds?[row] ?? .insert))
            }
        }
        return rows
    }

    /// The name at this moment against the model.
    func look(_ process: SimulatedProcess) {
        jobs.withLog(process) { log throws(JobFailure) in
            let state = try log.settled()
            guard let deployment = state.deployments[Self.job], let name = state.topic(named: versions.output.name),
                let live = deployment.versions[deployment.live]
            else { return }
            let found = try published(name, in: log)
            guard let expected = try expected(upTo: state.end, in: log) else { return }
            guard truth.lie == nil, found != expected else { return }
            truth.lie(
                "under the name, at position \(state.end) (version \(deployment.live) is live, at \(live.position.map { "\($0.ends.values.sorted())" } ?? "-")), is not what must be there:\n"
                    + found.difference(to: expected))
        }
    }

    private func published(_ name: TopicState, in log: CommitLogAccess) throws(JobFailure) -> ChangelogTable {
        var table = ChangelogTable()
        var topics: [String: Rows] = [:]
        let read = try rows(of: name.name, in: log)
        for (partition, ends) in name.partitions.enumerated() {
            var all: [ShownRow] = []
            defer { compare(read[partition], all, partition) }
            for (index, span) in name.spans.enumerated() {
                if topics[span.topicName] == nil { topics[span.topicName] = try rows(of: span.topicName, in: log) }
                let start = span.starts[partition]
                let end =
                    index + 1 < name.spans.count ? name.spans[index + 1].starts[partition].offset : ends.publishedEnd
                guard end >= start.offset, let rows = topics[span.topicName]?[partition] else {
                    truth.lie("span \(index) of partition \(partition) begins at \(start.offset) and ends at \(end)")
                    return table
                }
                let last = Int(start.inTopic + end - start.offset)
                guard last <= rows.count else {
                    truth.lie("span \(index) of partition \(partition) ends at row \(last) of \(rows.count)")
                    return table
                }
                all += rows[Int(start.inTopic)..<last]
                for row in rows[Int(start.inTopic)..<last] {
                    do throws(ChangelogTable.Mistake) {
                        try table.apply(row.values, adds: row.adds)
                    } catch {
                        truth.lie(
                            "under the name, partition \(partition), topic \(span.topicName): \(error.description)")
                        return table
                    }
                }
            }
        }
        return table
    }

    /// What a reader of the name gives begins with the rows of its spans; it may have looked later.
    private func compare(_ read: [ShownRow], _ spans: [ShownRow], _ partition: Int) {
        guard truth.lie == nil, Array(read.prefix(spans.count)) != spans else { return }
        let place = zip(read, spans).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? read.count
        truth.lie(
            "a reader of the name gives other rows of partition \(partition) than its spans, from offset \(place) on")
    }

    /// Of a keyed output the live version's table; of rows that are only added those of each version while it was live.
    /// nil: what stood in the journal's first files is not there any more.
    private func expected(upTo end: UInt64, in log: CommitLogAccess) throws(JobFailure) -> ChangelogTable? {
        let input = try rows(of: versions.input.name, in: log)
        let inputID = try log.settled().topic(named: versions.input.name)?.id
        var segments: [(live: UInt32, from: InputPosition, to: InputPosition)] = []
        var (live, from) = (UInt32(1), InputPosition())
        let reader = try log.openReader(from: nil)
        var position = InputPosition()
        var arrivals = input.map { _ in [Int64]() }
        reading: while reader.state.end < end {
            let entries: [JournalEntry]
            do throws(JournalError) {
                entries = try reader.next(limit: 1)
            } catch {
                throw .journal(error)
            }
            guard let entry = entries.first else { break reading }
            for range in entry.body.published where range.partition.topic == inputID {
                arrivals[Int(range.partition.partition)] += repeatElement(
                    entry.milliseconds, count: Int(range.end - range.start))
            }
            guard let deployment = reader.state.deployments[Self.job] else { continue }
            position = deployment.versions[deployment.live]?.position ?? InputPosition()
            if case .spliced = entry.body {
                segments.append((live, from, position))
                (live, from) = (deployment.live, position)
            }
        }
        truth.switches = max(truth.switches, segments.count)
        segments.append((live, from, position))
        let isKeyed = versions.output.keyCount > 0
        if isKeyed { segments = [(live, InputPosition(), position)] }
        var all: [[ModelValue]] = []
        for segment in segments {
            var rows: [[ModelValue]] = []
            var times: [Int64] = []
            for (partition, values) in input.enumerated() {
                let ends = segment.to.ofTopics.ends.first { Int($0.key.partition) == partition }?.value ?? 0
                let start = segment.from.ofTopics.ends.first { Int($0.key.partition) == partition }?.value ?? 0
                let range = Int(start)..<Int(max(start, ends))
                rows += values[range].map(\.values)
                times += arrivals[partition][range]
            }
            let model = RowModel(
                versions.versions[Int(segment.live) - 1],
                ModelInput(
                    [ModelFile(table: versions.input.number, rows: rows, arrivals: times)],
                    clock: segment.to.clock ?? 0))
            all += model.outputs[0].map(\.values)
        }
        return ChangelogTable(rows: all)
    }

    /// By the live version, and by the others.
    func lookWhetherAllIsRead(_ process: SimulatedProcess) {
        jobs.withLog(process) { log throws(JobFailure) in
            let state = try log.settled()
            guard let deployment = state.deployments[Self.job], let input = state.topic(named: versions.input.name)
            else {
                return truth.lie("nothing is deployed")
            }
            truth.isAllRead = input.partitions.enumerated().allSatisfy { number, partition in
                let name = TopicPartition(topic: input.id, partition: UInt32(number))
                return deployment.versions.values.allSatisfy { $0.position?[name] == partition.publishedEnd }
            }
        }
    }
}
