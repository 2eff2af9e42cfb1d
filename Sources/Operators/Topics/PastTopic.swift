import CommitLog
import Dataflow

// Topics as they were at an earlier position of the journal.

extension Topic {
    /// The topic that had the name then, with the schema and the rows that it then had; and what the journal said.
    ///
    /// - Errors: `conflict` where there was none, or where some of its rows are gone by now.
    static func toRead(
        _ name: String, asOf position: UInt64, in log: CommitLogAccess
    ) throws(JobFailure) -> (Topic, JournalState) {
        let then = try log.state(at: position)
        let topic: Topic
        do throws(JobFailure) {
            topic = try toRead(name, in: then)
        } catch {
            var failure = error
            failure.message += " at position \(position)"
            failure.hint = "ask for a later position, or leave --at out"
            throw failure
        }
        guard let now = try log.settled().topics[topic.id] else {
            throw JobFailure(
                .conflict, "topic \"\(name)\" as of position \(position) is gone",
                detail: "it was deleted since")
        }
        for (number, partition) in topic.partitions.enumerated() {
            let firstKept = now.partitions[number].firstKept
            guard partition.firstKept < min(firstKept, partition.publishedEnd) else { continue }
            throw JobFailure(
                .conflict, "topic \"\(name)\" as of position \(position) is no longer whole",
                detail: "of partition \(number), retention has dropped the rows from offset \(partition.firstKept) "
                    + "to \(min(firstKept, partition.publishedEnd) - 1)", hint: "ask for a later position")
        }
        return (topic, then)
    }
}

extension TopicAdmin {
    /// What a name for reading means: `Topic.toRead`; nil: nothing.
    /// - Parameter position: what it meant then; nil: what it means now.
    /// - Errors: `conflict` where it names a version or a role that a published name does not have.
    package static func find(
        _ name: String, asOf position: UInt64?, in log: CommitLogAccess
    ) throws(JobFailure) -> Topic? {
        let state: JournalState
        if let position { state = try log.state(at: position) } else { state = try log.settled() }
        if let exact = try Topic.named(name, in: state) { return exact }
        return VersionTopic.isPublished(name, in: state) ? try Topic.toRead(name, in: state) : nil
    }

    /// What a table's name means where every topic is a table: as `find`, and versions also in Flink's way, `revenue$v7`.
    package static func table(
        _ name: String, asOf position: UInt64?, in log: CommitLogAccess
    ) throws(JobFailure) -> Topic? {
        if let found = try find(name, asOf: position, in: log) { return found }
        guard let version = VersionTopic(dollar: name) else { return nil }
        return try find(version.description, asOf: position, in: log)
    }

    /// The topics that there were, in the order of their names.
    package static func list(asOf position: UInt64, in log: CommitLogAccess) throws(JobFailure) -> [Topic] {
        try list(in: log.state(at: position))
    }
}
