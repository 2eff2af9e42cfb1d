import CommitLog
import Dataflow

// Topics as they were at an earlier position of the journal.

extension Topic {
    /// The topic that had the name then, with the schema and the rows that it then had.
    ///
    /// - Errors: `conflict` where there was none, or where some of its rows are gone by now.
    static func named(
        _ name: String, asOf position: UInt64, in log: CommitLogAccess
    ) throws(JobFailure) -> Topic {
        let then = try log.state(at: position)
        guard let topic = try named(name, in: then) else {
            var failure = missing(name, in: then)
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
        return topic
    }
}

extension TopicAdmin {
    /// The topics that there were, in the order of their names.
    package static func list(asOf position: UInt64, in log: CommitLogAccess) throws(JobFailure) -> [Topic] {
        let state = try log.state(at: position)
        return try state.topics.values.sorted { $0.name < $1.name }.map { (found) throws(JobFailure) in
            try Topic(found)
        }
    }
}
