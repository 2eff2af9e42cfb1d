import CommitLog
import Dataflow
import HostSystem
import Operators
import StreamSQL

/// What a deploy would change, and cost.
package struct PlanReport: Sendable {
    package let json: JSONValue
    /// nil: it cannot be told.
    let disk: DiskEstimate?

    /// - Parameter previous: the lines of the live version's plan; nil: there is none.
    init(
        _ plan: VersionPlan, _ text: JobText, _ state: JournalState, _ watch: JobWatch?, _ previous: [String]?,
        _ disk: DiskEstimate?, _ log: CommitLogAccess
    ) throws(JobFailure) {
        self.disk = disk
        let deployment = state.deployments[plan.version.job]
        var rows: UInt64 = 0
        var inputs: [JSONValue] = []
        for id in plan.registration.inputs {
            guard let topic = state.topics[id] else { continue }
            let count = topic.partitions.reduce(0) { $0 + ($1.publishedEnd - $1.firstKept) }
            rows += count
            inputs.append(
                .object([
                    ("topic", .string(topic.name)), ("partitions", .integer(topic.partitions.count)),
                    ("rows", .integer(count)), ("bytes", .integer(try Self.bytes(of: topic, log))),
                ]))
        }
        var warnings = text.definition.warnings + Self.doubts(text.definition)
        var isAdditive = false
        let outputs = plan.registration.outputs.map { output -> JSONValue in
            let sink = text.deployable.sinks.first { $0.topic == output.name }
            let isKeyed = sink?.key.isEmpty == false
            var fields: [(String, JSONValue)] = [
                ("name", .string(output.name)), ("topic", .string(output.topic.name)),
                ("kind", .string(isKeyed ? "keyed" : "append")),
                ("onSwitch", .string(isKeyed ? "diff" : "continue")),
            ]
            switch plan.changes[output.name] ?? .new {
            case .new: fields.append(("change", .string("new")))
            case .same: fields.append(("change", .string("same")))
            case .added(let columns):
                isAdditive = true
                fields += [("change", .string("added")), ("addedColumns", .array(columns.map { .string($0) }))]
            }
            if !isKeyed, deployment != nil {
                warnings.append(
                    "output \"\(output.name)\" has no key: readers of its name keep what version "
                        + "\(deployment?.live ?? 0) has written, and go on with the new version's rows")
            }
            return .object(fields)
        }
        for id in plan.registration.inputs {
            guard let topic = state.topics[id], topic.partitions.contains(where: { $0.firstKept > 0 }) else { continue }
            warnings.append(
                "the beginning of topic \"\(topic.name)\" is gone by its retention: the new version's history is shorter"
            )
        }
        json = .object([
            ("job", .string(plan.version.job)), ("version", .integer(plan.version.number)),
            ("live", deployment.map { .integer($0.live) } ?? .null),
            ("comparison", .string(deployment == nil ? "first" : isAdditive ? "additive" : "identical")),
            ("planChanges", .array(Self.changes(from: previous, to: text.graph.fingerprint).map { .string($0) })),
            ("inputs", .array(inputs)), ("outputs", .array(outputs)), ("rowsToReplay", .integer(rows)),
            ("etaSeconds", watch?.replayRate.map { .number(Double(rows) / $0) } ?? .null),
            ("disk", disk?.json ?? .null),
            ("warnings", .array(warnings.map { .string($0) })),
        ])
    }

    /// Of all its columns, on the disk; of a published name those of all topics that its rows are in.
    private static func bytes(of topic: TopicState, _ log: CommitLogAccess) throws(JobFailure) -> Int {
        let names = topic.spans.isEmpty ? [topic.name] : Array(Set(topic.spans.map(\.topicName)))
        return try JobFailure.onFiles("looking at the size of topic \"\(topic.name)\"") { () throws(FileError) in
            var bytes = 0
            for name in names {
                for number in topic.partitions.indices {
                    let folder = log.directory(of: name, partition: number)
                    guard try log.files.exists(folder) else { continue }
                    for file in try log.files.list(folder) {
                        bytes += try log.files.status(FilePath.join(folder, file))?.sizeBytes ?? 0
                    }
                }
            }
            return bytes
        }
    }

    /// What a replay may not come to in the same way, as EXPLAIN has it.
    private static func doubts(_ definition: JobDefinition) -> [String] {
        let mark = "not deterministic: "
        var doubts: [String] = []
        for line in explainText(definition).split(separator: "\n") where !line.hasSuffix(PlanText.clockNote) {
            // A version's time is the journal's: a replay has the same.
            guard let place = line.firstRange(of: mark) else { continue }
            let doubt = "a replay may differ: " + line[place.upperBound...]
            if !doubts.contains(doubt) { doubts.append(doubt) }
        }
        if definition.settings.idleTimeoutMilliseconds != nil {
            doubts.append(
                "a replay may differ: with 'table.exec.source.idle-timeout' which rows are late depends on when they are read"
            )
        }
        return doubts
    }

    /// Operators that go, and those that come.
    private static func changes(from old: [String]?, to new: [String]) -> [String] {
        guard let old else { return [] }
        let gone = old.filter { !new.contains($0) }.map { "- \($0)" }
        return gone + new.filter { !old.contains($0) }.map { "+ \($0)" }
    }
}
