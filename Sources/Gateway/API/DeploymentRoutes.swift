import Deployment
import HostSystem

// The paths under which a server's deployments are reached; the bodies are described in Docs/HTTP.md. What is done is
// `DeploymentServer`'s: here requests are read, and answers written.

package struct DeploymentRoutes: Sendable {
    private let server: DeploymentServer
    private let metrics: DeploymentMetrics

    package init(_ server: DeploymentServer) {
        self.server = server
        metrics = DeploymentMetrics(server)
    }

    package var routes: Routes {
        let (server, metrics) = (server, metrics)
        return FlinkRoutes(server).added(to: Routes())
            .on("GET", "/healthz") { _, _ in .text("ok\n") }
            .on("GET", "/readyz") { _, _ in .text("ok\n") }
            .onBlocking("GET", "/metrics") { _, _ in .text(metrics.text, contentType: MetricsText.contentType) }
            .answering("POST", "/v1/plan") { body, _, _ throws(OperationFailure) in
                try server.plan(DeployRequest(body)).json
            }
            .answering("POST", "/v1/deployments", status: 201) { body, _, _ throws(OperationFailure) in
                try server.deploy(DeployRequest(body)).json
            }
            .answering("GET", "/v1/deployments") { _, _, _ throws(OperationFailure) in try server.list() }
            .answering("GET", "/v1/deployments/:job") { _, path, _ throws(OperationFailure) in
                try server.status(path["job"])
            }
            .answering("GET", "/v1/deployments/:job/versions") { _, path, _ throws(OperationFailure) in
                try server.versions(path["job"])
            }
            .answering("GET", "/v1/deployments/:job/history") { _, path, _ throws(OperationFailure) in
                try server.history(path["job"])
            }
            .answering("POST", "/v1/deployments/:job/promote") { body, path, _ throws(OperationFailure) in
                try server.promote(
                    path["job"], version: body.number("version"), isForced: body.flag("force"),
                    mayDelete: body.flag("mayDelete"),
                    command: body.text("command") ?? "promote"
                ).json
            }
            .answering("POST", "/v1/deployments/:job/rollback") { body, path, _ throws(OperationFailure) in
                try server.rollback(
                    path["job"], version: body.number("version"), isForced: body.flag("force"),
                    command: body.text("command") ?? "rollback"
                ).json
            }
            .answering("POST", "/v1/deployments/:job/promote/check") { body, path, _ throws(OperationFailure) in
                try server.check(
                    .promote, path["job"], version: body.number("version"), isForced: body.flag("force"))
            }
            .answering("POST", "/v1/deployments/:job/rollback/check") { body, path, _ throws(OperationFailure) in
                try server.check(
                    .rollback, path["job"], version: body.number("version"), isForced: body.flag("force"))
            }
            .answering("POST", "/v1/deployments/:job/abort") { body, path, _ throws(OperationFailure) in
                try server.abort(
                    path["job"], version: body.number("version"), command: body.text("command") ?? "abort")
            }
            .answering("POST", "/v1/deployments/:job/stop") { body, path, _ throws(OperationFailure) in
                try server.stop(
                    path["job"], version: body.number("version"), savepoint: body.flag("savepoint"),
                    folder: body.text("folder"), drain: body.flag("drain"))
            }
            .answering("POST", "/v1/deployments/:job/restart") { body, path, _ throws(OperationFailure) in
                try server.restart(path["job"], version: body.number("version"))
            }
            .answering("POST", "/v1/deployments/:job/savepoint") { body, path, _ throws(OperationFailure) in
                try server.savepoint(path["job"], version: body.number("version"), folder: body.text("folder"))
            }
            .answering("GET", "/v1/deployments/:job/cut") { _, path, request throws(OperationFailure) in
                try server.cut(path["job"], old: request.number("old"), new: request.number("new"))
            }
            .answering("POST", "/v1/deployments/:job/audits/begin") { body, path, _ throws(OperationFailure) in
                let process = try body.number("process")
                let cut = try server.beginAudit(
                    path["job"], old: body.number("old"), new: body.number("new"),
                    command: body.text("command") ?? "audit")
                if let new = cut["new"]?["version"]?.integerValue {
                    server.noteAuditor(of: VersionID(path["job"], Int(new)), process: process)
                }
                return cut
            }
            .answering("POST", "/v1/deployments/:job/audits/abandon") { body, path, _ throws(OperationFailure) in
                guard let version = try body.number("version") else {
                    throw OperationFailure(.usage, "'version' is missing")
                }
                return try server.abandonAudit(
                    VersionID(path["job"], version), process: body.number("process"),
                    body.text("reason") ?? "it was given up")
            }
            .answering("POST", "/v1/deployments/:job/audits") { body, path, _ throws(OperationFailure) in
                try server.endAudit(AuditRecord(body, job: path["job"]))
            }
            .answering("GET", "/v1/deployments/:job/audits/:version") { _, path, _ throws(OperationFailure) in
                guard let number = Int(path["version"]) else {
                    throw OperationFailure(.usage, "'\(path["version"])' is no version's number")
                }
                return try server.lastAudit(VersionID(path["job"], number))
            }
    }
}

extension Routes {
    /// An action that reads and writes JSON, on a thread that may be kept waiting.
    func answering(
        _ method: String, _ pattern: String, status: Int = 200,
        _ action:
            @escaping @Sendable (JSONValue, PathParameters, APIRequest) throws(OperationFailure) -> JSONValue
    ) -> Routes {
        onBlocking(method, pattern) { request, path in
            do throws(OperationFailure) {
                let body = try request.jsonBody
                return .json(try action(body, path, request), status: status)
            } catch {
                return .json(error.json, status: error.kind.status)
            }
        }
    }
}

extension OperationFailure.Kind {
    fileprivate var status: Int {
        switch self {
        case .usage: 400
        case .missing: 404
        case .conflict: 409
        case .failure: 500
        }
    }
}

extension APIRequest {
    /// An empty body is an empty object.
    fileprivate var jsonBody: JSONValue {
        get throws(OperationFailure) {
            if body.isEmpty { return .object([]) }
            do throws(JSONSyntaxError) {
                return try json()
            } catch {
                throw OperationFailure(.usage, "the request's body is no JSON: \(error)")
            }
        }
    }

    fileprivate func number(_ name: String) throws(OperationFailure) -> Int? {
        guard let text = query(name) else { return nil }
        guard let number = Int(text) else { throw OperationFailure(.usage, "'\(text)' is no number, for '\(name)'") }
        return number
    }
}
