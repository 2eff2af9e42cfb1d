import Columnar
import CommitLog
import Dataflow
import Glibc
import HostSystem

/// Topics of a data directory: made, changed, looked at.
package enum TopicAdmin {
    // MARK: Creating

    /// - Errors: `conflict` where the name is taken or cannot be one.
    @discardableResult
    package static func create(
        _ name: String, schema: TopicSchema, partitions: UInt32 = 1, options: TopicOptions = TopicOptions(),
        random: any RandomSource, in log: CommitLogAccess
    ) throws(JobFailure) -> Topic {
        try create(
            name, id: TopicID(drawnFrom: random), schema: schema, partitions: partitions, options: options, in: log)
    }

    @discardableResult
    static func create(
        _ name: String, id: TopicID, schema: TopicSchema, partitions: UInt32, options: TopicOptions,
        in log: CommitLogAccess
    ) throws(JobFailure) -> Topic {
        let description = TopicDescription(
            id: id, name: name, partitions: partitions, schema: schema.encoded(), options: options.encoded())
        try DeployedTopic.checkCreating(name, in: log.settled())
        try log.append(.topicCreated(description))
        return try describe(name, in: log)
    }

    // MARK: Looking

    /// In the order of their names.
    package static func list(in log: CommitLogAccess) throws(JobFailure) -> [Topic] {
        try list(in: log.settled())
    }

    package static func list(in state: JournalState) throws(JobFailure) -> [Topic] {
        try state.topics.values.sorted { $0.name < $1.name }.map { (found) throws(JobFailure) in
            try Topic(found)
        }
    }

    /// - Errors: `conflict` where there is none of this name.
    package static func describe(_ name: String, in log: CommitLogAccess) throws(JobFailure) -> Topic {
        try Topic.toRead(name, in: log.settled())
    }

    // MARK: Changing

    /// Adds nullable columns; running jobs keep the schema that they began with.
    @discardableResult
    package static func add(
        _ fields: [Field], to name: String, in log: CommitLogAccess
    ) throws(JobFailure) -> Topic {
        let topic = try describe(name, in: log)
        try DeployedTopic.checkColumns(topic, in: log.settled())
        let schema: TopicSchema
        do throws(TopicSchemaMistake) {
            schema = try topic.schema.adding(fields)
        } catch {
            throw JobFailure(
                .conflict, "topic \"\(name)\" cannot be altered: \(error)",
                hint: "only nullable columns are added; anything else is a new topic")
        }
        try log.append(.schemaAdded(topic.id, schemaID: topic.schemaID + 1, schema: schema.encoded()))
        return try describe(name, in: log)
    }

    /// Says anew how long rows are kept; whoever writes the topic goes by it from then on.
    @discardableResult
    package static func change(
        _ retention: RetentionChange, of name: String, in log: CommitLogAccess
    ) throws(JobFailure) -> Topic {
        let topic = try describe(name, in: log)
        let options = retention.applied(to: topic.options)
        if !retention.isEmpty { try DeployedTopic.checkRetention(topic, in: log.settled()) }
        if options != topic.options { try log.append(.optionsChanged(topic.id, options: options.encoded())) }
        return try describe(name, in: log)
    }

    /// The topic is gone with the journal's entry; then its folder gets another name, and is removed: what is created under
    /// the topic's name from then on has a folder of its own.
    /// - Errors: `conflict` where somebody writes it.
    package static func delete(_ name: String, in log: CommitLogAccess) throws(JobFailure) {
        let state = try log.settled()
        if let found = try Topic.named(name, in: state) { try DeployedTopic.checkDeletion(found, in: state) }
        // Nobody writes to it while it goes.
        let writer = try TopicWriter.keeping(name, in: log)
        try log.append(.topicDeleted(writer.topic.id))
        try withExtendedLifetime(writer) { () throws(JobFailure) in
            try JobFailure.onFiles("removing the files of topic \"\(name)\"") { () throws(FileError) in
                try log.files.rename(
                    log.directory.topic(name), to: log.directory.topic(deletedPrefix + "\(writer.topic.id)"))
            }
        }
        try JobFailure.onFiles("removing the files of topic \"\(name)\"") { () throws(FileError) in
            try removeDeleted(log)
        }
    }

    /// No topic has such a name.
    private static let deletedPrefix = ".deleted-"

    /// Also what somebody has left who died.
    private static func removeDeleted(_ log: CommitLogAccess) throws(FileError) {
        let topics = FilePath.parent(of: log.directory.topic("t"))
        for name in try log.files.list(topics) where name.hasPrefix(deletedPrefix) {
            do throws(FileError) {
                try log.files.removeTree(FilePath.join(topics, name))
            } catch {
                // Another is removing it.
                guard error.code == ENOENT else { throw error }
            }
        }
    }
}
