import Deployment
import HostSystem

/// A version as it was deployed, from `GET /v1/deployments/:job/versions`.
package struct DeployedVersion: Equatable, Sendable {
    package var number: Int
    package var state: String
    package var role: String
    package var wanted: String
    package var since: Int
    package var createdAt: Int
    package var file: String
    package var sql: String
    package var settings: [String]
    package var fingerprint: [String]
    package var engineVersion: String
    package var from: String

    package init(_ json: JSONValue) throws(MalformedAnswer) {
        number = try json.integer("version")
        state = try json.text("state")
        role = json.optionalText("role") ?? "none"
        wanted = json.optionalText("wanted") ?? ""
        since = json.optionalInteger("since") ?? 0
        createdAt = json.optionalInteger("createdAt") ?? 0
        file = json.optionalText("file") ?? ""
        sql = try json.text("sql")
        settings = (json["settings"]?.arrayValue ?? []).compactMap { pair in
            guard let items = pair.arrayValue, items.count == 2, let key = items[0].stringValue,
                let value = items[1].stringValue
            else { return nil }
            return "\(key)=\(value)"
        }
        fingerprint = json.texts("fingerprint")
        engineVersion = json.optionalText("engineVersion") ?? ""
        from = json.optionalText("from") ?? ""
    }

    package static func all(_ json: JSONValue) throws(MalformedAnswer) -> [DeployedVersion] {
        try json.map("versions") { (version) throws(MalformedAnswer) in try DeployedVersion(version) }
            .sorted { $0.number < $1.number }
    }

    private var isStopped: Bool { wanted == "stopped" && VersionState(rawValue: state)?.isEnd == false }

    static func table(_ versions: [DeployedVersion], of job: String) -> String {
        TopicListCommand.table(
            ["version", "state", "role", "since", "deployed", "begins with", "file"],
            versions.map { version in
                [
                    "\(job)@\(version.number)", version.state + (version.isStopped ? ", stopped" : ""),
                    version.role == "none" ? "" : version.role, SpanText.second(milliseconds: version.since),
                    SpanText.second(milliseconds: version.createdAt), version.from, version.file,
                ]
            })
    }

    /// All of it, except the text of its job.
    func lines(_ job: String) -> [StyledLine] {
        var lines = [StyledLine("\(job)@\(number)", .strong).adding("  \(state)")]
        lines.append(StyledLine("deployed \(SpanText.second(milliseconds: createdAt)) from '\(file)'"))
        lines.append(StyledLine("begins with: \(from)"))
        lines.append(StyledLine("made by sluice \(engineVersion)"))
        if !settings.isEmpty { lines.append(StyledLine("settings: \(settings.joined(separator: ", "))")) }
        lines.append(StyledLine("plan:"))
        lines += fingerprint.map { StyledLine("  \($0)") }
        return lines
    }
}
