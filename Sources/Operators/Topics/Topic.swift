import Columnar
import CommitLog
import Dataflow
import HostSystem

/// A topic as one journal position has it, its blobs decoded.
package struct Topic: Sendable {
    package var id: TopicID
    package var name: String
    /// By number; the last is the present one.
    package var schemas: [TopicSchema]
    package var options: TopicOptions
    /// By number.
    package var partitions: [TopicState.Partition]
    /// Of a published name: where its rows are, in the order of their offsets. Empty: in the topic's own folder.
    package var spans: [NameSpan]
    /// The version of a deployed job that alone writes it, or the job whose name it is.
    package var owner: String?

    /// It is no topic of its own: its rows are those of versions' topics.
    package var isName: Bool { !spans.isEmpty }

    package var schema: TopicSchema { schemas[schemas.count - 1] }
    package var schemaID: UInt32 { UInt32(truncatingIfNeeded: schemas.count - 1) }

    /// - Errors: blobs that nobody here has written.
    package init(_ state: TopicState) throws(JobFailure) {
        id = state.id
        name = state.name
        partitions = state.partitions
        spans = state.spans
        owner = state.owner
        do throws(CorruptBytes) {
            schemas = []
            for bytes in state.schemas { schemas.append(try TopicSchema(decoding: bytes)) }
            options = try TopicOptions(decoding: state.description.options)
        } catch {
            throw JobFailure(.damage, "the schema of topic \"\(state.name)\" cannot be read: \(error)")
        }
    }

    package func partition(_ number: Int) -> TopicPartition {
        TopicPartition(topic: id, partition: UInt32(truncatingIfNeeded: number))
    }

    /// What is wrong with a name; nil where nothing is.
    package static func problem(withName name: String) -> String? { TopicDescription.problem(withName: name) }

    /// nil: there is none of this name.
    package static func named(_ name: String, in state: JournalState) throws(JobFailure) -> Topic? {
        guard let found = state.topic(named: name) else { return nil }
        return try Topic(found)
    }

    /// - Errors: `conflict` where there is none of this name.
    package static func existing(_ name: String, in state: JournalState) throws(JobFailure) -> Topic {
        guard let topic = try named(name, in: state) else { throw missing(name, in: state) }
        return topic
    }

    static func missing(_ name: String, in state: JournalState) -> JobFailure {
        if let failure = VersionTopic.missing(name, in: state) { return failure }
        let known = state.topicIDs.keys.sorted()
        return JobFailure(
            .conflict, "topic \"\(name)\" does not exist",
            detail: known.isEmpty
                ? "there are no topics in this data directory"
                : "topics: \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : "")",
            hint: "create it with 'sluice topic create', or start the job that writes it first")
    }

    /// A reader of one of its partitions.
    func reader(of partition: Int, in log: CommitLogAccess, _ files: (any FileSystem)? = nil) -> NamedPartitionReader {
        NamedPartitionReader(
            topic: id, name: name, spans: spans, partition: partition, files: files ?? log.files,
            safeguards: log.safeguards
        ) { log.directory(of: $0, partition: partition) }
    }

    /// Reads rows of the topic. One that is deleted loses its files: then that is said, whatever was met in them.
    func read<Result>(
        in log: CommitLogAccess, _ body: () throws(LogError) -> Result
    ) throws(JobFailure) -> Result {
        do throws(LogError) {
            return try body()
        } catch {
            guard try log.settled().topics[id] == nil else { throw .log(error, topic: name) }
            throw deleted
        }
    }

    var deleted: JobFailure { JobFailure(.conflict, "topic \"\(name)\" was deleted while it was read") }

    // MARK: Fitting

    /// What the topic keeps of a table's columns, by name, in the table's order. Of a ROW the table may have some fields.
    ///
    /// - Errors: columns that are not there or have another type, another key; named with the table.
    func columns(for fields: [Field], key: [String], of table: String) throws(JobFailure) -> [TopicColumn] {
        try checkFit(fields, schema.fields, under: [], of: table)
        let found = ScanColumn.leaves(of: fields).map { leaf in
            guard let column = schema.column(leaf) else { preconditionFailure("columns that fit are there") }
            return column
        }
        guard schema.key == key else {
            let declare = "declare PRIMARY KEY (\(schema.key.joined(separator: ", "))) NOT ENFORCED"
            throw misfit(
                table,
                "the table's key is (\(key.joined(separator: ", "))), the topic's (\(schema.key.joined(separator: ", ")))",
                hint: schema.isKeyed ? declare : "the topic has rows without a key: declare no PRIMARY KEY")
        }
        return found
    }

    /// As `columns`, of a table whose rows are written.
    /// - Errors: also columns of the topic that are NOT NULL and get no value, or may get a NULL.
    func columns(written fields: [Field], key: [String], by table: String) throws(JobFailure) -> [TopicColumn] {
        let found = try columns(for: fields, key: key, of: table)
        for column in schema.fields where !column.isNullable {
            guard let field = fields.first(where: { $0.name == column.name }) else {
                throw misfit(
                    table, "column \"\(column.name)\" of the topic is NOT NULL, and the table does not have it",
                    hint: nil)
            }
            guard !field.isNullable else {
                throw misfit(
                    table, "column \"\(column.name)\" is NOT NULL in the topic and may be NULL in the table",
                    hint: "declare it NOT NULL")
            }
        }
        return found
    }

    private func checkFit(
        _ declared: [Field], _ kept: [Field], under parents: [String], of table: String
    ) throws(JobFailure) {
        for field in declared {
            let path = parents + [field.name]
            let name = path.joined(separator: ".")
            guard let found = kept.first(where: { $0.name == field.name }) else {
                let there = kept.map { (parents + [$0.name]).joined(separator: ".") }
                throw misfit(
                    table, "the topic has no column \"\(name)\"",
                    hint: "its columns are \(there.joined(separator: ", "))")
            }
            if case .row(let declared) = field.type, case .row(let kept) = found.type {
                try checkFit(declared, kept, under: path, of: table)
                continue
            }
            guard found.type == field.type else {
                throw misfit(
                    table, "column \"\(name)\" is \(field.type) in the table and \(found.type) in the topic",
                    hint: "declare it as the topic has it, and CAST it in the query")
            }
        }
    }

    private func misfit(_ table: String, _ detail: String, hint: String?) -> JobFailure {
        JobFailure(
            .conflict, "table \"\(table)\" does not fit its topic \"\(name)\"", detail: detail, hint: hint)
    }
}

extension JobFailure {
    /// - Parameter topic: whose partition it was met in.
    package static func log(_ error: LogError, topic: String) -> JobFailure {
        switch error {
        case .damaged(_, let partition, let offset, let detail):
            JobFailure(
                .damage, "topic \"\(topic)\", partition \(partition), offset \(offset): \(detail)",
                detail: "what was published there is not what the file holds",
                hint: "restore the partition's folder from a copy")
        case .unsupportedVersion, .notMerged: JobFailure(.damage, "topic \"\(topic)\": \(error)")
        case .locked:
            JobFailure(
                .conflict, "topic \"\(topic)\" is being written by another process", detail: "\(error)",
                hint: "one writer of a partition at a time: stop the other one first")
        case .dropped(_, let partition, let offset, let firstKept):
            JobFailure(
                .conflict, "topic \"\(topic)\", partition \(partition): rows from offset \(offset) on are gone",
                detail: "retention has dropped all before offset \(firstKept), the first one that is kept",
                hint:
                    "who begins anew finds what is kept: a job with --fresh, 'topic consume' with --from-beginning")
        case .frameTooLarge: JobFailure(.data, "topic \"\(topic)\": \(error)")
        case .file, .syncFailed, .writerIsOver:
            JobFailure(
                .world, "topic \"\(topic)\": \(error)",
                hint: "nothing committed is lost: the next start goes on when the cause is gone")
        }
    }

    /// Runs something on a partition of a topic.
    static func onTopic<Result>(_ topic: String, _ body: () throws(LogError) -> Result) throws(JobFailure) -> Result {
        do throws(LogError) {
            return try body()
        } catch {
            throw .log(error, topic: topic)
        }
    }
}
