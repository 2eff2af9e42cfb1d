import Deployment
import Gateway
import HostSystem
import TestSupport
import Testing

/// What requests about deployments are refused for, by a server that has one version, which does not run.
@Suite struct DeploymentRoutesTests {
    private final class Served {
        let workspace: Workspace
        let server: DeploymentServer
        let routes: Routes

        init() throws {
            workspace = try Workspace()
            let directory = workspace.path + "/data"
            let log = ServedHandler.silence
            let control = WorkerControl(savepoint: { _, _ in nil }, metrics: { _ in nil }, pace: { _, _ in })
            let configuration = DeploymentServer.Configuration(
                dataDirectory: directory, workerCommand: ["/bin/false"], workerMemoryBytes: 1 << 28,
                engineVersion: "test")
            // The catalog comes to be with a server.
            try DeploymentServer(configuration, control: control, events: log).close(.stop)
            let catalog = try Catalog(dataDirectory: directory)
            let id = VersionID("orders", 1)
            try catalog.add(
                VersionRecord(id: id, sql: "", fileName: "", planFingerprint: [], engineVersion: "test", createdAt: 1),
                wanted: .stopped, reason: "", by: .user(command: "deploy"))
            try catalog.record([
                Transition(id, at: 2, from: .planned, to: .replaying, reason: "", by: .server),
                Transition(id, at: 2, from: .replaying, to: .catchingUp, reason: "", by: .server),
                Transition(id, at: 2, from: .catchingUp, to: .inSync, reason: "", by: .server),
            ])
            catalog.close()
            server = try DeploymentServer(configuration, control: control, events: log)
            routes = DeploymentRoutes(server).routes
        }

        func post(_ path: String..., body: String) async -> (status: Int, text: String) {
            let path = ["v1", "deployments"] + path
            let answer = await routes.handle(APIRequest(method: "POST", path: path, body: Array(body.utf8)))
            guard case .json(let bytes) = answer.content else { return (answer.status, "") }
            return (answer.status, String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func aSwitchIsTriedWithoutBeingMade() async throws {
        let served = try Served()
        for verb in ["promote", "rollback"] {
            let none = await served.post("none", verb, "check", body: "{}")
            #expect(none.status == 404 && none.text.contains("there is no deployed job"), "\(none)")
            #expect(await served.post("orders", verb, "check", body: #"{"force":1}"#).status == 400)
        }
        let promotion = await served.post("orders", "promote", "check", body: "{}")
        #expect(promotion.status == 200 && promotion.text.contains("has not been audited"), "\(promotion)")
        let forced = await served.post("orders", "promote", "check", body: #"{"force":true}"#)
        #expect(forced.status == 200 && forced.text.contains("does not run"), "\(forced)")
        let rollback = await served.post("orders", "rollback", "check", body: "{}")
        #expect(rollback.status == 200 && rollback.text.contains("has no version to go back to"), "\(rollback)")
        served.server.close(.stop)
    }

    @Test func whatMayBeDeletedIsTrueOrFalse() async throws {
        let served = try Served()
        let mistake = await served.post("orders", "promote", body: #"{"mayDelete":"yes"}"#)
        #expect(mistake.status == 400 && mistake.text.contains("'mayDelete' is not true or false"), "\(mistake)")
        let refused = await served.post("orders", "promote", body: #"{"mayDelete":true}"#)
        #expect(refused.status == 409 && refused.text.contains("has not been audited"), "\(refused)")
        served.server.close(.stop)
    }

    @Test func anAuditIsAbandonedByItsVersion() async throws {
        let served = try Served()
        #expect(await served.post("orders", "audits", "abandon", body: "{}").status == 400)
        #expect(await served.post("orders", "audits", "abandon", body: #"{"version":2}"#).status == 404)
        let known = await served.post("orders", "audits", "abandon", body: #"{"version":1,"process":1}"#)
        #expect(known.status == 200 && known.text == #"{"state":"IN_SYNC"}"#, "\(known)")
        #expect(await served.post("orders", "audits", "begin", body: #"{"process":"me"}"#).status == 400)
        served.server.close(.stop)
    }
}
