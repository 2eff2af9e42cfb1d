import Dataflow
import HostSystem

extension DeploymentServer {
    package func versions(_ job: String) throws(OperationFailure) -> JSONValue {
        let summaries = ledger.versions(of: job)
        guard !summaries.isEmpty else { throw missing(job) }
        let deployment = board.snapshot.state.deployments[job]
        let records = try OperationFailure.onCatalog { () throws(CatalogError) in try ledger.catalog.versions(of: job) }
        let list = records.compactMap { record -> JSONValue? in
            guard let summary = ledger[record.id] else { return nil }
            return .object([
                ("version", .integer(record.id.number)), ("state", .string(summary.state.rawValue)),
                ("wanted", .string(summary.wanted.rawValue)), ("role", .string(role(of: record.id, deployment))),
                ("since", .integer(summary.since)), ("reason", .string(summary.reason)),
                ("createdAt", .integer(record.createdAt)), ("file", .string(record.fileName)),
                ("sql", .string(record.sql)),
                (
                    "settings",
                    .array(record.settings.map { .array([.string($0.key), .string($0.value)]) })
                ),
                ("fingerprint", .array(record.planFingerprint.map { .string($0) })),
                ("engineVersion", .string(record.engineVersion)), ("from", .string(record.start.text)),
            ])
        }
        return .object([("versions", .array(list))])
    }

    package func history(_ job: String) throws(OperationFailure) -> JSONValue {
        let summaries = ledger.versions(of: job)
        guard !summaries.isEmpty else { throw missing(job) }
        return try OperationFailure.onCatalog { () throws(CatalogError) in
            let transitions = try ledger.catalog.history(of: job).map { transition -> JSONValue in
                let (author, command) = transition.by.named
                return .object([
                    ("version", .integer(transition.version.number)), ("at", .integer(transition.at)),
                    ("from", transition.from.map { .string($0.rawValue) } ?? .null),
                    ("to", .string(transition.to.rawValue)), ("reason", .string(transition.reason)),
                    ("by", .string(author)), ("command", command.map { .string($0) } ?? .null),
                    ("journalPosition", transition.journalPosition.map { .integer($0) } ?? .null),
                ])
            }
            var (exits, audits): ([JSONValue], [JSONValue]) = ([], [])
            for summary in summaries {
                exits += try ledger.catalog.exits(of: summary.id).map { exit in
                    .object([
                        ("version", .integer(exit.version.number)), ("at", .integer(exit.at)),
                        ("ending", .string("\(exit.ending)")),
                        ("lastLines", .array(exit.lastLines.map { .string($0) })),
                    ])
                }
                audits += try ledger.catalog.audits(of: summary.id).map { audit in
                    .object([
                        ("oldVersion", .integer(audit.oldVersion)), ("newVersion", .integer(audit.newVersion)),
                        ("verdict", .string(audit.verdict.rawValue)), ("at", .integer(audit.at)),
                        ("oldPosition", .integer(audit.oldPosition)), ("newPosition", .integer(audit.newPosition)),
                    ])
                }
            }
            return .object([
                ("transitions", .array(transitions)), ("exits", .array(exits)), ("audits", .array(audits)),
            ])
        }
    }
}

extension StartMode {
    /// As on the command line.
    var text: String {
        switch self {
        case .beginning: "beginning"
        case .now: "now"
        case .resume: "resume"
        case .savepoint(let path): "savepoint \(path)"
        }
    }

    /// Of a version that replays.
    var reason: String {
        switch self {
        case .beginning: "reads all of its input from the beginning"
        case .now: "reads what comes from now on"
        case .resume: "goes on with the live version's state"
        case .savepoint(let path): "goes on from the savepoint '\(path)'"
        }
    }
}

extension Transition.Author {
    var named: (author: String, command: String?) {
        switch self {
        case .user(let command): ("user", command)
        case .server: ("server", nil)
        case .journal: ("journal", nil)
        }
    }
}
