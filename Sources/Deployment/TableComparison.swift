import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

/// A keyed output as the old version has it and as the new one has it, followed side by side.
///
/// `@unchecked Sendable`: used by one thread at a time (`FollowedOutputs`).
package final class TableComparison: @unchecked Sendable {
    package let name: String
    package let nameID: TopicID
    private let old: FollowedTable
    private let new: FollowedTable
    private let oldID: TopicID
    private let newID: TopicID
    private let schema: TopicSchema
    private let partitions: Int
    private let memoryBytes: Int

    /// - Parameters:
    ///   - memoryBytes: for the rows of both tables together.
    ///   - former: what follows the same tables need not read them again; used no more by others.
    /// - Returns: nil: the output has no key, or the old version does not have it.
    /// - Errors: `conflict` where a topic is gone.
    package init?(
        _ nameID: TopicID, from old: UInt32, to new: UInt32, of job: String, in state: JournalState, memoryBytes: Int,
        goingOnFrom former: [TableComparison] = [], log: CommitLogAccess
    ) throws(JobFailure) {
        func output(_ version: UInt32) -> TopicState? {
            state.deployments[job]?.versions[version]?.outputs.first { $0.nameID == nameID }
                .flatMap { state.topics[$0.topic] }
        }
        guard let name = state.topics[nameID], let oldState = output(old), let newState = output(new) else {
            return nil
        }
        let (oldTopic, newTopic) = (try Topic(oldState), try Topic(newState))
        guard newTopic.schema.isKeyed else { return nil }
        self.name = name.name
        self.nameID = nameID
        oldID = oldTopic.id
        newID = newTopic.id
        // On a way back the version that goes may have columns that the other one lacks.
        let schema =
            newTopic.schema.columns.count >= oldTopic.schema.columns.count ? newTopic.schema : oldTopic.schema
        self.schema = schema
        partitions = newTopic.partitions.count
        self.memoryBytes = memoryBytes
        let tables = [oldTopic, newTopic].map { topic in
            former.lazy.compactMap { $0.table(of: topic.id, schema, memoryBytes) }.first
                ?? FollowedTable(topic, columns: schema.columns, key: schema.key, memoryBytes: memoryBytes / 2, in: log)
        }
        (self.old, self.new) = (tables[0], tables[1])
    }

    private init(
        _ name: String, _ nameID: TopicID, old: (FollowedTable, TopicID), new: (FollowedTable, TopicID),
        _ schema: TopicSchema, partitions: Int, memoryBytes: Int
    ) {
        self.name = name
        self.nameID = nameID
        (self.old, oldID) = old
        (self.new, newID) = new
        self.schema = schema
        self.partitions = partitions
        self.memoryBytes = memoryBytes
    }

    private func table(of topic: TopicID, _ schema: TopicSchema, _ memoryBytes: Int) -> FollowedTable? {
        guard schema.columns == self.schema.columns, schema.key == self.schema.key, memoryBytes == self.memoryBytes
        else { return nil }
        return topic == oldID ? old : topic == newID ? new : nil
    }

    /// The same two tables, for the way back.
    func reversed() -> TableComparison {
        TableComparison(
            name, nameID, old: (new, newID), new: (old, oldID), schema, partitions: partitions,
            memoryBytes: memoryBytes)
    }

    /// Reads both tables on to where they are published.
    package func advance(in state: JournalState) throws(JobFailure) {
        for (table, id) in [(old, oldID), (new, newID)] {
            guard let topic = state.topics[id] else {
                throw JobFailure(.conflict, "a version's topic of output \"\(name)\" is gone")
            }
            try table.advance(to: topic.partitions.map(\.publishedEnd))
        }
    }

    static func differencePrefix(of name: String) -> String { "\(name)@difference-" }

    /// A topic of its own for the difference, which nobody sees before a name leads there.
    func makeDifference(
        attempt: UInt64, random: any RandomSource, in log: CommitLogAccess
    ) throws(JobFailure) -> PublishedDifference {
        let topic = try TopicAdmin.create(
            Self.differencePrefix(of: name) + "\(attempt)", schema: schema,
            partitions: UInt32(truncatingIfNeeded: partitions), random: random, in: log)
        return PublishedDifference(topic: topic.id, producer: try TopicProducer(topic.name, in: log))
    }

    /// Writes what turns the old table into the new one.
    func publish(into difference: inout PublishedDifference) throws(JobFailure) {
        var rows = 0
        let producer = difference.producer
        try old.forEachChange(to: new) { (changes) throws(JobFailure) in
            rows += changes.rowCount
            try producer.append(changes)
        }
        difference.rowCount = rows
        if rows > 0 { try producer.publish() }
    }
}

/// What turns one version's table into another's, on its way into a topic.
struct PublishedDifference {
    let topic: TopicID
    let producer: TopicProducer
    var rowCount = 0

    init(topic: TopicID, producer: TopicProducer) {
        self.topic = topic
        self.producer = producer
    }
}
