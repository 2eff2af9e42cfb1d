import Dataflow
import Deployment
import HostSystem
import Operators
import StreamSQL

// The tables of an audit's checks. Outputs are named with their version, `revenue$candidate` and `revenue$live`, or by its
// number, `revenue$v7`; they and the job's inputs are read exactly up to the cut, other topics to where they are published.

struct AuditTables: Sendable {
    let cut: AuditCut
    let log: CommitLogAccess
    /// The journal's, for topics that the cut says nothing of.
    let position: UInt64

    var provider: TableProvider {
        TableProvider(
            names: { names() },
            table: { (name) throws(SQLError) in
                do throws(JobFailure) {
                    return try table(name)
                } catch {
                    throw SQLError(error.message, detail: error.detail, hint: error.hint, place: nil)
                }
            })
    }

    private func names() -> [String] {
        var names = cut.inputs.map(\.topic)
        for output in cut.outputs {
            if output.new != nil { names.append("\(output.name)$candidate") }
            if output.old != nil { names.append("\(output.name)$live") }
        }
        return names
    }

    /// nil: there is nothing of this name.
    private func table(_ name: String) throws(JobFailure) -> TableDefinition? {
        if let input = cut.inputs.first(where: { $0.topic == name }) {
            return try definition(name, input.topic, ends: input.ends)
        }
        if let output = cut.outputs.first(where: { $0.name == name }) {
            throw JobFailure(
                .conflict, "output \"\(name)\" has two versions here",
                hint: "name one: `\(output.name)$candidate` is the new one, `\(output.name)$live` the old one")
        }
        if let version = VersionTopic(dollar: name) ?? VersionTopic(name),
            let output = cut.outputs.first(where: { $0.name == version.name })
        {
            let topic = try topic(version, of: output)
            return try definition(name, topic.topic, ends: topic.ends)
        }
        return try definition(name, name, ends: nil)
    }

    private func topic(_ version: VersionTopic, of output: AuditCut.Output) throws(JobFailure) -> AuditCut.OutputTopic {
        let found: AuditCut.OutputTopic?? =
            switch version.kind {
            case .role(.candidate), .number(cut.new.number): .some(output.new)
            case .role(.live), .number(cut.old.number): .some(output.old)
            case .role(.previous), .number: .none
            }
        guard let found else {
            throw JobFailure(
                .conflict, "\"\(version.description)\" is no part of this audit",
                detail: "it compares version \(cut.new.number) with version \(cut.old.number) of job \"\(cut.job)\"",
                hint: "`\(output.name)$candidate` is the new one, `\(output.name)$live` the old one")
        }
        guard let topic = found else {
            throw JobFailure(.conflict, "\"\(version.description)\" is not there: that version does not write it")
        }
        return topic
    }

    private func definition(_ name: String, _ topic: String, ends: [UInt64]?) throws(JobFailure) -> TableDefinition? {
        guard let found = try TopicAdmin.table(topic, asOf: position, in: log) else { return nil }
        var connector = LogConnector(topic: found.name, isBounded: true)
        connector.ends = ends
        return TableDefinition(
            name: name, columns: found.schema.fields, primaryKey: found.schema.key, connector: .log(connector))
    }
}
