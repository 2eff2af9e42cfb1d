import Columnar
import CommitLog
import Dataflow
import HostSystem
import KeyedState

// The `log` connector as a sink: rows are appended as they come, durable at the barrier, and exist with the checkpoint's
// journal entry, which names their offsets. What a run that was killed has appended beyond is cut when the topic is opened.

package struct TopicSinkDescription: SinkDescription {
    package var operatorID: UInt32
    package var table: String
    package var topic: String
    package var fields: [Field]
    /// The table's PRIMARY KEY: rows are a changelog, and go to partitions by it.
    package var key: [String]
    /// `sink.partitions`; nil: one, or as many as the topic has.
    package var partitions: UInt32?
    /// nil: LZ4, or the topic's.
    package var compression: TopicOptions.Compression?
    /// It is fed by side outputs.
    package var isOfSideOutput = false
    /// The job itself reads its rows as they are written.
    package var isReadByJob = false
    package var retention: RetentionChange

    package init(
        operatorID: UInt32, table: String, topic: String, fields: [Field], key: [String] = [],
        partitions: UInt32? = nil, compression: TopicOptions.Compression? = nil,
        retention: RetentionChange = RetentionChange()
    ) {
        self.operatorID = operatorID
        self.table = table
        self.topic = topic
        self.fields = fields
        self.key = key
        self.partitions = partitions
        self.compression = compression
        self.retention = retention
    }

    package var isKeyed: Bool { !key.isEmpty }

    package func makeLink(_ context: LinkContext) throws(JobFailure) -> ChainLink {
        .sink(TopicSink(self, context, SharedTopicWriter(self)))
    }

    /// One writer of the topic for all subtasks.
    package func makeLinks(_ contexts: [LinkContext]) throws(JobFailure) -> [ChainLink] {
        let shared = SharedTopicWriter(self)
        return contexts.map { .sink(TopicSink(self, $0, shared)) }
    }
}

/// The writer of a sink's parallel subtasks, opened by the first of them. Subtasks are opened one after the other, by one
/// thread.
private final class SharedTopicWriter {
    private let description: TopicSinkDescription
    private var writer: TopicWriter?

    init(_ description: TopicSinkDescription) { self.description = description }

    /// - Parameter written: the topic that the last checkpoint names; nil in a new run.
    func open(_ context: LinkContext, written: TopicID?) throws(JobFailure) -> TopicWriter {
        if let writer { return writer }
        let log = try context.commitLog(for: description.table)
        // A quarantine that was dealt with may be deleted.
        if context.settings.version == nil, written == nil || description.isOfSideOutput {
            try description.createIfMissing(log, context, besides: written)
        }
        let name = description.written(context)
        let state = try log.settled()
        if let found = try Topic.named(name, in: state) {
            try DeployedTopic.checkWriting(found, by: context.settings.version, in: state)
        }
        let opened = try TopicWriter.keeping(name, in: log, background: context.background)
        guard written == nil || opened.topic.id == written || description.isOfSideOutput else {
            throw JobFailure(
                .conflict, "topic \"\(name)\" is not the one that the job has written to",
                detail: "it was deleted and created again since the last checkpoint",
                hint: "start over with the new one: --fresh")
        }
        try description.check(opened.topic)
        _ = try opened.topic.columns(written: description.fields, key: description.key, by: description.table)
        if written == nil { description.noticeRowsBefore(opened.topic, context) }
        writer = opened
        return opened
    }
}

extension TopicSinkDescription {
    /// The topic that rows go to: a version of a deployed job has its own, which exist with it.
    fileprivate func written(_ context: LinkContext) -> String {
        context.settings.version.map { VersionName(topic, $0.number).description } ?? topic
    }

    /// - Parameter written: one that was there before, and is another.
    fileprivate func createIfMissing(
        _ log: CommitLogAccess, _ context: LinkContext, besides written: TopicID?
    ) throws(JobFailure) {
        guard try Topic.named(topic, in: log.settled()) == nil else { return }
        let schema: TopicSchema
        do throws(TopicSchemaMistake) {
            schema = try TopicSchema(fields: fields, key: key)
        } catch {
            throw JobFailure(.conflict, "topic \"\(topic)\" cannot be created for table \"\(table)\": \(error)")
        }
        // Of this run and this sink: a start that is tried again draws the same.
        let run = context.run.id
        var id = TopicID(high: run.high ^ UInt64(operatorID), low: run.low ^ KeyHash.hash(Int64(operatorID)))
        if let written { id = TopicID(high: written.high &+ 1, low: written.low) }
        try TopicAdmin.create(
            topic, id: id, schema: schema, partitions: partitions ?? 1, options: newOptions, in: log)
    }

    /// Of a topic that is created for it.
    package var newOptions: TopicOptions { retention.applied(to: TopicOptions(compression: compression ?? .lz4)) }

    /// What a reader in a run of its own would read, too.
    fileprivate func noticeRowsBefore(_ found: Topic, _ context: LinkContext) {
        guard isReadByJob, found.partitions.contains(where: { $0.firstKept < $0.publishedEnd }) else { return }
        context.notice(
            "topic \"\(topic)\" holds rows already; the queries that read table \"\(table)\" in this job get only those "
                + "that it inserts")
    }

    fileprivate func check(_ found: Topic) throws(JobFailure) {
        if let partitions, Int(partitions) != found.partitions.count {
            throw JobFailure(
                .conflict,
                "table \"\(table)\" asks for \(partitions) partitions, and topic \"\(topic)\" has \(found.partitions.count)",
                hint: "leave out 'sink.partitions': it counts when the topic is created")
        }
        if let compression, compression != found.options.compression {
            throw JobFailure(
                .conflict,
                "table \"\(table)\" asks for compression '\(compression.rawValue)', and topic \"\(topic)\" has '\(found.options.compression.rawValue)'",
                hint: "leave out 'compression': it counts when the topic is created")
        }
        if retention.applied(to: found.options) != found.options {
            throw JobFailure(
                .conflict, "table \"\(table)\" asks for another retention than topic \"\(topic)\" has",
                detail: "the topic has \(found.options.retentionText)",
                hint: "leave it out of the table, and change the topic's: sluice topic alter \(topic) --retention …")
        }
    }
}

final class TopicSink: Sink {
    let operatorID: UInt32
    let wantsEpoch = false
    let nextTimerMilliseconds: Int64? = nil
    let isOfSideOutput: Bool
    private let description: TopicSinkDescription
    private let context: LinkContext
    private let shared: SharedTopicWriter
    private let notNull: NotNullCheck
    private var appender: TopicAppender?
    private var writer: TopicWriter?
    private(set) var published: [OffsetRange] = []

    fileprivate init(_ description: TopicSinkDescription, _ context: LinkContext, _ shared: SharedTopicWriter) {
        self.description = description
        self.context = context
        self.shared = shared
        operatorID = description.operatorID
        isOfSideOutput = description.isOfSideOutput
        notNull = NotNullCheck(table: description.table, fields: description.fields, context)
    }

    func open(from states: [CheckpointRecord.OperatorPart], parallelismChanged _: Bool) throws(JobFailure) {
        var known: TopicSinkState?
        for state in states {
            let decoded = try decode(state.bytes)
            if known == nil || state.isOf(context) { known = decoded }
        }
        let writer = try shared.open(context, written: known?.topic)
        let columns = try writer.topic.columns(
            written: description.fields, key: description.key, by: description.table)
        self.writer = writer
        appender = TopicAppender(
            writer, columns, firstPartition: known.map { Int($0.nextPartition) } ?? Int(context.subtask),
            turn: context.parallelism < writer.partitionCount ? context.parallelism : 1)
        if known == nil, context.subtask == 0, let origin = context.settings.origin, description.isKeyed {
            try appendTable(of: origin, writer.topic, columns)
        }
    }

    /// What the version's table is when it begins: another one's, as it was then. Nothing else is written before it.
    private func appendTable(
        of origin: VersionOrigin, _ topic: Topic, _ columns: [TopicColumn]
    ) throws(JobFailure) {
        let log = try context.commitLog(for: description.table)
        let then = try log.state(at: origin.position)
        guard
            let from = VersionTopic.all(of: description.topic, in: then).first(where: {
                $0.version == origin.version.number
            })
        else {
            throw JobFailure(
                .conflict,
                "version \(origin.version) has no output \"\(description.topic)\" that this version could go on from",
                hint: "deploy it from the beginning, and it makes its own")
        }
        guard let found = then.topics[from.topic] else { return }
        let old = try Topic(found)
        let table = FollowedTable(
            old, columns: columns, key: topic.schema.key, memoryBytes: context.settings.memoryBytes / 2, in: log)
        try table.advance(to: old.partitions.map(\.publishedEnd))
        for batch in table.rows() { try appender?.append(batch) }
    }

    private func decode(_ bytes: [UInt8]) throws(JobFailure) -> TopicSinkState {
        do throws(CorruptBytes) {
            if let state = try TopicSinkState(decoding: bytes) { return state }
            throw CorruptBytes(offset: 0, expected: "the state of a topic's sink")
        } catch {
            throw JobFailure(.damage, "the state of table \"\(description.table)\" cannot be read: \(error)")
        }
    }

    func write(_ batch: Batch) throws(JobFailure) { try appender?.append(try notNull.checked(batch)) }

    func prepare(_ barrier: Barrier) throws(JobFailure) -> [UInt8] {
        published = try appender?.sync(epoch: barrier.checkpoint) ?? []
        guard let writer, let appender else { preconditionFailure("a sink is opened before it is used") }
        let next = UInt32(truncatingIfNeeded: appender.nextPartition)
        return TopicSinkState(topic: writer.topic.id, name: description.topic, nextPartition: next).encoded()
    }

    /// Segments that have become full are made compact beside the job, for one of the subtasks.
    func committed(_: Barrier) {
        guard context.subtask == 0, let writer else { return }
        do throws(JobFailure) {
            try writer.goOnMerging()
        } catch {
            context.notice("a segment of topic \"\(description.topic)\" stays as it is: \(error.message)")
        }
        do throws(JobFailure) {
            try writer.keepRetention()
        } catch {
            context.notice("old rows of topic \"\(description.topic)\" stay: \(error.message)")
        }
    }

    /// What is said when a run is given up whose sink's state this is; nothing is moved: a topic keeps what was published.
    package static func noticesOnGivingUp(_ state: [UInt8]) throws(JobFailure) -> [String] {
        do throws(CorruptBytes) {
            guard let state = try TopicSinkState(decoding: state) else { return [] }
            return [
                "topic \"\(state.name)\" keeps what the old run has written, and the new run's rows follow it; "
                    + "'sluice topic delete' it first to begin with an empty one"
            ]
        } catch {
            throw JobFailure(.damage, "the state of a topic's sink cannot be read: \(error)")
        }
    }
}
