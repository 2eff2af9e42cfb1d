import CommitLog
import HostSystem
import Operators

// What `topic list` and `topic describe` say of the topics of deployed jobs.

extension DeployedTopic {
    /// In a list.
    var text: String {
        switch self {
        case .name(let job, let live, _): "\(job), live \(live)"
        case .version(let version, let role): "\(version)" + (role.map { ", \($0)" } ?? ", standing by")
        case .difference(let name, let job): "\(job), a difference of \(name)"
        }
    }

    var sentence: String {
        switch self {
        case .name(let job, let live, _): "published by the deployed job \"\(job)\", whose live version is \(live)"
        case .version(let version, let role):
            "written by version \(version), which " + (role.map { "is \($0)" } ?? "stands by")
        case .difference(let name, let job):
            "rows of topic \"\(name)\" of the deployed job \"\(job)\", from a switch of versions"
        }
    }

    /// Of a published name: where its rows are; nil: they are its own.
    var spanTable: String? {
        guard case .name(_, _, let spans) = self else { return nil }
        let rows = spans.map { span in
            [
                span.topic, span.version.map { "version \($0)" } ?? "difference",
                span.starts.map { "\($0.offset)" }.joined(separator: ", "),
                span.starts.map { "\($0.inTopic)" }.joined(separator: ", "),
            ]
        }
        return TopicListCommand.table(["rows of", "", "from offset", "which there is"], rows)
    }

    var json: [(String, JSONValue)] {
        var json: [(String, JSONValue)] = [("job", .string(job))]
        switch self {
        case .name(_, let live, let spans):
            json += [
                ("kind", .string("published")), ("liveVersion", .integer(Int(live.number))),
                ("spans", .array(spans.map { DeployedTopic.json($0) })),
            ]
        case .version(let version, let role):
            json += [
                ("kind", .string("version")), ("version", .integer(Int(version.number))),
                ("role", role.map { .string($0) } ?? .string("standby")),
            ]
        case .difference(let name, _):
            json += [("kind", .string("difference")), ("of", .string(name))]
        }
        return json
    }

    private static func json(_ span: Span) -> JSONValue {
        let starts = span.starts.map { start in
            JSONValue.object([
                ("offset", .integer(Int(clamping: start.offset))), ("inTopic", .integer(Int(clamping: start.inTopic))),
            ])
        }
        return .object([
            ("topic", .string(span.topic)), ("version", span.version.map { .integer(Int($0)) } ?? .null),
            ("isDifference", .boolean(span.version == nil)), ("starts", .array(starts)),
        ])
    }
}
