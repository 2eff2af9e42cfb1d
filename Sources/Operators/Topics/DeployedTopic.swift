import CommitLog
import Dataflow

/// What a topic has to do with a deployed job, and who may change it.
package enum DeployedTopic: Equatable, Sendable {
    package struct Span: Equatable, Sendable {
        package var topic: String
        /// nil: the difference of a switch.
        package var version: UInt32?
        /// By partition.
        package var starts: [NameSpan.Start]
    }

    /// A published name. `live`: the version whose rows it goes on with.
    case name(job: String, live: VersionName, spans: [Span])
    /// What a version writes. `role`: as users know it; nil: it stands by.
    case version(VersionName, role: String?)
    /// Rows of a published name that come from no version.
    case difference(name: String, job: String)

    /// nil: it is a topic of its own.
    package init?(_ topic: Topic, in state: JournalState) {
        if topic.isName {
            let job = topic.owner ?? topic.name
            let spans = topic.spans.map { span in
                let version = state.topics[span.topic]?.owner.flatMap { VersionName($0) }
                return Span(topic: span.topicName, version: version?.number, starts: span.starts)
            }
            self = .name(job: job, live: VersionName(job, state.deployments[job]?.live ?? 0), spans: spans)
        } else if let version = topic.owner.flatMap({ VersionName($0) }) {
            self = .version(version, role: Self.role(of: version, in: state))
        } else if let name = state.topics.values.first(where: { name in
            name.spans.contains { $0.topic == topic.id }
        }) {
            self = .difference(name: name.name, job: name.owner ?? name.name)
        } else {
            return nil
        }
    }

    package var job: String {
        switch self {
        case .name(let job, _, _), .difference(_, let job): job
        case .version(let version, _): version.job
        }
    }

    /// nil: it stands by.
    package static func role(of version: VersionName, in state: JournalState) -> String? {
        guard let deployment = state.deployments[version.job] else { return nil }
        if deployment.versions[version.number]?.isRetired == true { return "retired" }
        return PublishedRole.allCases.first { $0.version(in: deployment) == version.number }?.rawValue
    }

    /// Of a version of the job that a published name belongs to.
    static func role(of version: UInt32, ofOwner name: String, in state: JournalState) -> String? {
        state.topic(named: name)?.owner.flatMap { role(of: VersionName($0, version), in: state) }
    }
}

// MARK: Who may change it

extension DeployedTopic {
    private func refusal(_ topic: Topic, hint: String) -> JobFailure {
        var detail = ""
        switch self {
        case .name(_, let live, let spans):
            detail = "its rows are those of the live version, \(live)"
            if spans.count > 1 { detail += ", since the last switch of versions" }
        case .version(let version, let role):
            detail = "version \(version) writes it" + (role.map { ", which is \($0)" } ?? "")
        case .difference(let name, _): detail = "it holds rows of topic \"\(name)\", from a switch of versions"
        }
        return JobFailure(
            .conflict, "topic \"\(topic.name)\" belongs to the deployed job \"\(job)\"", detail: detail, hint: hint)
    }

    /// - Parameter version: of a deployed job; nil: a producer, or a job that is not deployed.
    static func checkWriting(_ topic: Topic, by version: VersionName?, in state: JournalState) throws(JobFailure) {
        guard let deployed = DeployedTopic(topic, in: state) else { return }
        if let version, case .version(version, _) = deployed { return }
        throw deployed.refusal(
            topic, hint: "change the job and deploy it again; or write to a topic of another name")
    }

    static func checkColumns(_ topic: Topic, in state: JournalState) throws(JobFailure) {
        guard let deployed = DeployedTopic(topic, in: state) else { return }
        throw deployed.refusal(
            topic, hint: "its columns are those of the job's query: deploy a version that has more of them")
    }

    /// Of rows that are in other topics, there is nothing to keep or to give up.
    static func checkRetention(_ topic: Topic, in state: JournalState) throws(JobFailure) {
        guard topic.isName, let deployed = DeployedTopic(topic, in: state) else { return }
        var names: [String] = []
        for span in topic.spans where !names.contains(span.topicName) { names.append(span.topicName) }
        throw deployed.refusal(topic, hint: "its rows are in \(names.joined(separator: ", ")): say it of those")
    }

    static func checkDeletion(_ topic: Topic, in state: JournalState) throws(JobFailure) {
        guard let deployed = DeployedTopic(topic, in: state) else { return }
        if let name = state.topics.values.first(where: { name in name.spans.contains { $0.topic == topic.id } }) {
            throw deployed.refusal(
                topic,
                hint: "topic \"\(name.name)\" has rows in it; 'sluice topic trim \(topic.name)' gives them up")
        }
        switch deployed {
        case .version(let version, _) where state.deployments[version.job]?.versions[version.number]?.isRetired == true:
            return
        case .version: throw deployed.refusal(topic, hint: "a version's topics may be deleted when it is retired")
        case .name, .difference: throw deployed.refusal(topic, hint: "a published name stays as long as its job")
        }
    }

    /// Names that a new topic is not to have.
    static func checkCreating(_ name: String, in state: JournalState) throws(JobFailure) {
        if let known = try Topic.named(name, in: state), let deployed = DeployedTopic(known, in: state) {
            throw deployed.refusal(known, hint: "give the topic another name")
        }
        guard let version = VersionTopic(name) else { return }
        throw JobFailure(
            .conflict, "\"\(name)\" cannot be a topic's name",
            detail: "such names are those of versions of what a deployed job publishes as \"\(version.name)\"",
            hint: "give the topic another name")
    }
}
