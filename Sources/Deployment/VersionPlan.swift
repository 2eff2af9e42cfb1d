import Columnar
import CommitLog
import Dataflow
import HostSystem
import Operators

/// What a new version of a job comes to, as of one journal position: its number, what it reads, and the topics it will write.
package struct VersionPlan {
    /// How an output compares with what is published under its name.
    package enum OutputChange: Equatable, Sendable {
        case new
        case same
        /// These nullable columns come to it.
        case added([String])
    }

    package let version: VersionName
    package let registration: VersionRegistration
    /// By published name.
    package let changes: [String: OutputChange]

    /// - Parameters:
    ///   - number: of the version; nil: the next one that the journal knows nothing of.
    ///   - random: draws the ids of topics.
    /// - Errors: `conflict` where inputs are missing, or an output cannot go on under its name.
    package init(
        _ job: String, _ deployable: DeployableJob, number: UInt32? = nil, in state: JournalState,
        random: any RandomSource
    ) throws(JobFailure) {
        let deployment = state.deployments[job]
        version = VersionName(job, number ?? (deployment?.versions.keys.max() ?? 0) + 1)
        var inputs: [TopicID] = []
        for source in deployable.sources {
            let topic = try Topic.toRead(source.topic, in: state)
            if state.topics[topic.id]?.owner == job {
                throw JobFailure(
                    .conflict, "job \"\(job)\" reads topic \"\(topic.name)\", which it writes itself",
                    hint: "let another job, with a name of its own, read it")
            }
            if !inputs.contains(topic.id) { inputs.append(topic.id) }
        }
        // Also where nothing of the version depends on time: a later one's may, and meets this one where its clock stands.
        inputs.append(.clock)
        var outputs: [VersionRegistration.Output] = []
        var changes: [String: OutputChange] = [:]
        for sink in deployable.sinks {
            let (output, change) = try Self.output(of: sink, version, in: state, random)
            outputs.append(output)
            changes[output.name] = change
        }
        if let deployment, let live = deployment.versions[deployment.live] {
            for old in live.outputs where !outputs.contains(where: { $0.name == old.name }) {
                throw JobFailure(
                    .conflict, "version \(version) does not write \"\(old.name)\", which is published",
                    hint:
                        "who reads it would wait for ever: deploy the job under another name, and let its readers change"
                )
            }
        }
        registration = VersionRegistration(version: version, inputs: inputs, outputs: outputs)
        self.changes = changes
    }

    private static func output(
        of sink: TopicSinkDescription, _ version: VersionName, in state: JournalState, _ random: any RandomSource
    ) throws(JobFailure) -> (VersionRegistration.Output, OutputChange) {
        let schema: TopicSchema
        do throws(TopicSchemaMistake) {
            schema = try TopicSchema(fields: sink.fields, key: sink.key)
        } catch {
            throw JobFailure(
                .conflict, "topic \"\(sink.topic)\" cannot be created for table \"\(sink.table)\": \(error)")
        }
        var description = TopicDescription(
            id: TopicID(drawnFrom: random), name: VersionName(sink.topic, version.number).description,
            partitions: sink.partitions ?? 1, schema: schema.encoded(), options: sink.newOptions.encoded())
        guard let known = try Topic.named(sink.topic, in: state) else {
            return (.init(name: sink.topic, nameID: TopicID(drawnFrom: random), topic: description), .new)
        }
        let owner = state.topics[known.id]?.owner
        guard owner == version.job else {
            throw JobFailure(
                .conflict, "topic \"\(sink.topic)\" exists, and is not an output of job \"\(version.job)\"",
                detail: owner.map { "it belongs to job \"\($0)\"" } ?? "it is a topic of its own",
                hint: "let the job write to another name")
        }
        let (goesOn, change) = try continuation(of: known, sink, schema)
        description.partitions = UInt32(truncatingIfNeeded: known.partitions.count)
        description.schema = goesOn.encoded()
        return (.init(name: sink.topic, nameID: known.id, topic: description), change)
    }

    /// The schema under which a name goes on.
    private static func continuation(
        of known: Topic, _ sink: TopicSinkDescription, _ wanted: TopicSchema
    ) throws(JobFailure) -> (TopicSchema, OutputChange) {
        func misfit(_ detail: String) -> JobFailure {
            JobFailure(
                .conflict, "output \"\(known.name)\" cannot go on as table \"\(sink.table)\" has it", detail: detail,
                hint:
                    "what is published keeps its columns and its key; nullable columns may come: write to another name")
        }
        if let partitions = sink.partitions, Int(partitions) != known.partitions.count {
            throw misfit("it has \(known.partitions.count) partitions, and the table asks for \(partitions)")
        }
        guard wanted.key == known.schema.key else {
            throw misfit(
                "its key is (\(known.schema.key.joined(separator: ", "))), the table's (\(wanted.key.joined(separator: ", ")))"
            )
        }
        for field in known.schema.fields {
            guard let found = wanted.field(field.name) else {
                throw misfit("the table has no column \"\(field.name)\"")
            }
            guard found.type == field.type, !found.isNullable || field.isNullable else {
                throw misfit(
                    "column \"\(field.name)\" is \(field.type)\(field.isNullable ? "" : " NOT NULL") there, and "
                        + "\(found.type)\(found.isNullable ? "" : " NOT NULL") in the table")
            }
        }
        let added = wanted.fields.filter { known.schema.field($0.name) == nil }
        guard !added.isEmpty else { return (known.schema, .same) }
        do throws(TopicSchemaMistake) {
            return (try known.schema.adding(added, beside: known.schemas), .added(added.map(\.name)))
        } catch {
            throw misfit("\(error)")
        }
    }
}
