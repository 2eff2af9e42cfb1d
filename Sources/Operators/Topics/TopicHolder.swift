import CommitLog
import Dataflow
import HostSystem
import KeyedState

/// Whoever may read rows of a topic again, be it through a published name: a job's run from its last checkpoint, a savepoint,
/// a retained checkpoint.
package struct TopicHolder: Equatable, Sendable {
    /// As a user would name it.
    package var name: String
    /// By partition, the first offset that is needed, which may lie beyond the end; nil: it is not known.
    package var offsets: [UInt64]?

    package init(name: String, offsets: [UInt64]?) {
        self.name = name
        self.offsets = offsets
    }

    /// From where it needs a partition.
    func offset(_ partition: Int) -> UInt64 { offsets?[partition] ?? 0 }

    /// All of a topic's, in the order of the jobs' names.
    static func all(of topic: Topic, _ state: JournalState, in log: CommitLogAccess) throws(JobFailure) -> [TopicHolder]
    {
        try JobFailure.onFiles("looking who reads topic \"\(topic.name)\"") { () throws(FileError) in
            var found = versions(reading: topic, state)
            for job in state.jobs.keys.sorted() {
                guard let run = state.jobs[job]?.run, !isVersion(job, state) else { continue }
                let reads = try log.directory.reads(of: job, run: run)
                found += holders("job \"\(job)\"", reads.map(\.positions), topic, state)
            }
            for job in try log.directory.jobs() {
                for copy in try log.directory.copies(of: job) {
                    let isRetained = FilePath.lastName(of: copy.path).hasPrefix("chk-")
                    let kind = isRetained ? "retained checkpoint" : "savepoint"
                    found += holders(
                        "\(kind) '\(copy.path)' of job \"\(job)\"", copy.record.parts.map(\.bytes), topic, state)
                }
            }
            return found
        }
    }

    /// None, or one. Of several sources that read the topic, the one furthest behind counts.
    private static func holders(
        _ name: String, _ positions: [[UInt8]]?, _ topic: Topic, _ state: JournalState
    ) -> [TopicHolder] {
        guard let positions else { return [TopicHolder(name: name, offsets: nil)] }
        var offsets: [UInt64]?
        for bytes in positions where TopicPosition.isOne(bytes) {
            do throws(CorruptBytes) {
                let position = try TopicPosition(decoding: bytes)
                guard position.partitions.count == topic.partitions.count,
                    let needed = needed(of: topic, position.topic, position.partitions.map(\.next), state)
                else { continue }
                offsets = offsets.map { zip($0, needed).map { min($0, $1) } } ?? needed
            } catch {
                return [TopicHolder(name: name, offsets: nil)]
            }
        }
        return offsets.map { [TopicHolder(name: name, offsets: $0)] } ?? []
    }

    /// By partition, what is needed of a topic by who reads one, or a published name, from `offsets` on. nil: nothing.
    private static func needed(
        of topic: Topic, _ read: TopicID, _ offsets: [UInt64], _ state: JournalState
    ) -> [UInt64]? {
        if read == topic.id { return offsets }
        guard let spans = state.topics[read]?.spans, spans.contains(where: { $0.topic == topic.id }),
            offsets.count == topic.partitions.count
        else { return nil }
        let needed = offsets.enumerated().map { number, offset in
            spans.firstNeeded(of: topic.id, partition: number, from: offset)
        }
        return needed.contains { $0 != nil } ? needed.map { $0 ?? .max } : nil
    }

    // MARK: Versions of deployed jobs

    private static func isVersion(_ job: String, _ state: JournalState) -> Bool {
        guard let version = VersionName(job) else { return false }
        return state.deployments[version.job]?.versions[version.number] != nil
    }

    /// The journal says where each of them stands; one without a checkpoint begins with the first rows that are kept.
    private static func versions(reading topic: Topic, _ state: JournalState) -> [TopicHolder] {
        var found: [TopicHolder] = []
        for (job, deployment) in state.deployments.sorted(by: { $0.key < $1.key }) {
            for (number, version) in deployment.versions.sorted(by: { $0.key < $1.key }) where !version.isRetired {
                var offsets: [UInt64]?
                for input in version.inputs {
                    let ends = topic.partitions.indices.map { partition in
                        version.position?[TopicPartition(topic: input, partition: UInt32(partition))] ?? 0
                    }
                    guard let needed = needed(of: topic, input, ends, state) else { continue }
                    offsets = offsets.map { zip($0, needed).map { min($0, $1) } } ?? needed
                }
                guard let offsets else { continue }
                found.append(TopicHolder(name: "job \"\(VersionName(job, number))\"", offsets: offsets))
            }
        }
        return found
    }
}
