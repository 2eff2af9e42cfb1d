// Names that readers may write for one version's topic of a published name: `revenue@2`, which is what the topic is called,
// and by role `revenue@live`, `revenue@candidate`, `revenue@previous`, which the journal says what they are when they are
// opened. Who goes on reading stays with the topic that it began with.

import CommitLog
import Dataflow

package enum PublishedRole: String, CaseIterable, Sendable {
    case live
    /// The newest version that is neither live, nor previous, nor retired.
    case candidate
    /// What was live before.
    case previous

    /// nil: no version has it.
    package func version(in deployment: DeploymentState) -> UInt32? {
        switch self {
        case .live: deployment.live
        case .previous: deployment.previous
        case .candidate:
            deployment.versions.filter { number, version in
                !version.isRetired && number != deployment.live && number != deployment.previous
            }.keys.max()
        }
    }
}

package struct VersionTopic: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case number(UInt32)
        case role(PublishedRole)
    }

    /// What stands in front of the `@`.
    package var name: String
    package var kind: Kind

    /// nil: the text is not of this form.
    package init?(_ text: String) {
        if let version = VersionName(text) {
            (name, kind) = (version.job, .number(version.number))
            return
        }
        guard let at = text.lastIndex(of: "@"), at > text.startIndex,
            let role = PublishedRole(rawValue: String(text[text.index(after: at)...]))
        else { return nil }
        (name, kind) = (String(text[..<at]), .role(role))
    }

    package var description: String {
        switch kind {
        case .number(let number): "\(name)@\(number)"
        case .role(let role): "\(name)@\(role.rawValue)"
        }
    }

    /// As Flink's users write names with a sign in them: `revenue$v7`, `revenue$live`. nil: the text is not of this form.
    package init?(dollar text: String) {
        guard let sign = text.lastIndex(of: "$"), sign > text.startIndex else { return nil }
        let tail = text[text.index(after: sign)...]
        let isNumber = tail.first == "v" && tail.dropFirst().first?.isNumber == true
        self.init("\(text[..<sign])@\(isNumber ? tail.dropFirst() : tail)")
    }

    /// The versions that write topics of a published name, in their order, and those topics.
    package static func all(of name: String, in state: JournalState) -> [(version: UInt32, topic: TopicID)] {
        guard let published = state.topic(named: name), !published.spans.isEmpty,
            let deployment = published.owner.flatMap({ state.deployments[$0] })
        else { return [] }
        return deployment.versions.sorted { $0.key < $1.key }.compactMap { number, version in
            guard let output = version.outputs.first(where: { $0.nameID == published.id }),
                state.topics[output.topic] != nil
            else { return nil }
            return (number, output.topic)
        }
    }

    /// nil: there is no such version or role.
    func topic(in state: JournalState) -> TopicID? {
        let owner = state.topic(named: name)?.owner
        guard let deployment = owner.flatMap({ state.deployments[$0] }) else { return nil }
        let wanted: UInt32? =
            switch kind {
            case .number(let number): number
            case .role(let role): role.version(in: deployment)
            }
        return VersionTopic.all(of: name, in: state).first { $0.version == wanted }?.topic
    }

    /// Whether the text names a version of a published name, be it there or not.
    static func isPublished(_ text: String, in state: JournalState) -> Bool {
        guard let wanted = VersionTopic(text) else { return false }
        return state.topic(named: wanted.name)?.spans.isEmpty == false
    }

    /// What is said of a version or a role that a published name does not have; nil: it is no such text.
    static func missing(_ text: String, in state: JournalState) -> JobFailure? {
        guard let wanted = VersionTopic(text), isPublished(text, in: state) else { return nil }
        let message =
            switch wanted.kind {
            case .number(let number): "topic \"\(wanted.name)\" has no version \(number)"
            case .role(let role): "topic \"\(wanted.name)\" has no \(role.rawValue) version"
            }
        let known = all(of: wanted.name, in: state).map { version in
            let kept = state.topics[version.topic]?.name ?? "\(wanted.name)@\(version.version)"
            let role = DeployedTopic.role(of: version.version, ofOwner: wanted.name, in: state)
            return role.map { "\(kept) (\($0))" } ?? kept
        }
        return JobFailure(
            .conflict, message, detail: "its versions are \(known.joined(separator: ", "))",
            hint: "'sluice topic describe \(wanted.name)' shows which of them it was made of")
    }
}

extension Topic {
    /// What a name means to who reads it: the topic of that name, a version's, or the one that has the role now.
    /// - Parameter known: what the name meant when this reader began; a role stays with it.
    /// - Errors: `conflict` where there is none.
    package static func toRead(
        _ name: String, in state: JournalState, known: TopicID? = nil
    ) throws(JobFailure) -> Topic {
        guard let found = found(name, in: state, known) else { throw missing(name, in: state) }
        return try Topic(found)
    }

    static func isThere(_ name: String, in state: JournalState, known: TopicID?) -> Bool {
        found(name, in: state, known) != nil
    }

    private static func found(_ name: String, in state: JournalState, _ known: TopicID?) -> TopicState? {
        if let exact = state.topic(named: name) { return exact }
        guard let wanted = VersionTopic(name) else { return nil }
        let all = VersionTopic.all(of: wanted.name, in: state)
        if case .role = wanted.kind, let known, all.contains(where: { $0.topic == known }) {
            return state.topics[known]
        }
        return wanted.topic(in: state).flatMap { state.topics[$0] }
    }
}
