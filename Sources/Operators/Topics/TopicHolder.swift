import CommitLog
import Dataflow
import HostSystem
import KeyedState

/// Whoever may read rows of a topic again: a job's run from its last checkpoint, a savepoint, a retained checkpoint.
package struct TopicHolder: Equatable, Sendable {
    /// As a user would name it.
    package var name: String
    /// By partition, the first offset that is needed; nil: it is not known.
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
            var found: [TopicHolder] = []
            for job in state.jobs.keys.sorted() {
                guard let run = state.jobs[job]?.run else { continue }
                let reads = try log.directory.reads(of: job, run: run)
                found += holders("job \"\(job)\"", reads.map(\.positions), topic)
            }
            for job in try log.directory.jobs() {
                for copy in try log.directory.copies(of: job) {
                    let isRetained = FilePath.lastName(of: copy.path).hasPrefix("chk-")
                    let kind = isRetained ? "retained checkpoint" : "savepoint"
                    found += holders("\(kind) '\(copy.path)' of job \"\(job)\"", copy.record.parts.map(\.bytes), topic)
                }
            }
            return found
        }
    }

    /// None, or one. Of several sources that read the topic, the one furthest behind counts.
    private static func holders(_ name: String, _ positions: [[UInt8]]?, _ topic: Topic) -> [TopicHolder] {
        guard let positions else { return [TopicHolder(name: name, offsets: nil)] }
        var offsets: [UInt64]?
        for bytes in positions where TopicPosition.isOne(bytes) {
            do throws(CorruptBytes) {
                let position = try TopicPosition(decoding: bytes)
                guard position.topic == topic.id, position.partitions.count == topic.partitions.count else { continue }
                let needed = position.partitions.map(\.next)
                offsets = offsets.map { zip($0, needed).map { min($0, $1) } } ?? needed
            } catch {
                return [TopicHolder(name: name, offsets: nil)]
            }
        }
        return offsets.map { [TopicHolder(name: name, offsets: $0)] } ?? []
    }
}
