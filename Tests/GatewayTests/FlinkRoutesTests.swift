import Deployment
import Gateway
import HostSystem
import Synchronization
import Testing

/// Flink's paths over a server that says what it is told to.
@Suite struct FlinkRoutesTests {
    private static let list = """
        {"jobs":[{"job":"orders","live":1,"candidate":2,"previous":null,"versions":[
          {"version":1,"state":"LIVE","since":2000,"wanted":"running","worker":{"phase":"running"},
           "checkpoints":7,"checkpointAgeMilliseconds":500},
          {"version":2,"state":"FAILED","since":8000,"wanted":"running","worker":{"phase":"failed"},
           "checkpoints":null,"checkpointAgeMilliseconds":null}]}]}
        """
    private static let versions = """
        {"versions":[{"version":1,"createdAt":1000,"settings":[["parallelism.default","2"],["odd"]]},
                     {"version":2,"createdAt":7000,"settings":[]}]}
        """
    private static let history = """
        {"exits":[{"version":2,"at":7500,"ending":"signal 9 (Killed)","lastLines":["one","two"]},
                  {"version":1,"at":7600,"ending":"exit status 1","lastLines":[]},
                  {"version":2,"at":7900,"ending":"exit status 1","lastLines":["error: no"]}]}
        """

    private struct ManualTime: TimeSource {
        func wallMilliseconds() -> Int64 { 10_000 }
        func monotonicNanoseconds() -> Int64 { 0 }
    }

    /// What was asked of the server.
    private final class Asked: Sendable {
        let texts = Mutex<[String]>([])

        func note(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private static func parsed(_ text: String) -> JSONValue {
        do { return try JSONValue(parsing: Array(text.utf8)) } catch { return .string("\(error)") }
    }

    private func routes(_ asked: Asked = Asked()) -> Routes {
        FlinkRoutes(
            FlinkRoutes.Source(
                engineVersion: "0.1", list: { () throws(OperationFailure) in Self.parsed(Self.list) },
                versions: { (_) throws(OperationFailure) in Self.parsed(Self.versions) },
                history: { (_) throws(OperationFailure) in Self.parsed(Self.history) },
                savepoint: { (job, version, folder) throws(OperationFailure) in
                    asked.note("savepoint \(job)@\(version) \(folder ?? "-")")
                    guard version == 1 else { throw OperationFailure(.conflict, "it does not run", hint: "restart it") }
                    return .object([("savepoint", .string("/s/1"))])
                },
                stop: { (job, version, folder) throws(OperationFailure) in
                    asked.note("stop \(job)@\(version) \(folder ?? "-")")
                    return .object([("savepoint", folder == nil ? .null : .string("/s/2"))])
                }, time: ManualTime())
        ).added(to: Routes())
    }

    private func answer(
        _ method: String, _ target: String, _ body: String = "", of routes: Routes
    ) async throws -> (status: Int, json: JSONValue) {
        let target = try #require(RequestTarget(parsing: target))
        let request = APIRequest(method: method, path: target.path, query: target.query, body: Array(body.utf8))
        let answer = await routes.handle(request)
        guard case .json(let bytes) = answer.content else { return (answer.status, .null) }
        return (answer.status, try JSONValue(parsing: bytes))
    }

    private let live = FlinkJob.id(of: "orders@1")
    private let failed = FlinkJob.id(of: "orders@2")

    @Test func idsAre32HexDigitsAndStay() {
        // FNV-1a of 128 bits: of nothing its offset, and the published value of "foobar".
        #expect(FlinkJob.id(of: "") == "6c62272e07bb014262b821756295c58d")
        #expect(FlinkJob.id(of: "foobar") == "343e1662793c64bf6f0d3597ba446f18")
        #expect(live != failed && live.count == 32)
    }

    @Test func jobsAreTheVersionsThatAreShown() async throws {
        let routes = routes()
        let jobs = try await answer("GET", "/jobs", of: routes)
        #expect(jobs.status == 200)
        #expect(
            jobs.json.text
                == #"{"jobs":[{"id":"\#(live)","status":"RUNNING"},{"id":"\#(failed)","status":"FAILED"}]}"#)
        #expect(
            try await answer("GET", "/overview", of: routes).json.text
                == #"{"jobs-running":1,"jobs-finished":0,"jobs-cancelled":0,"jobs-failed":1}"#)
        let overview = try await answer("GET", "/jobs/overview", of: routes).json["jobs"]?.arrayValue ?? []
        #expect(
            overview.map(\.text) == [
                #"{"jid":"\#(live)","name":"orders@1","state":"RUNNING","start-time":1000,"end-time":-1,"duration":9000,"last-modification":2000}"#,
                #"{"jid":"\#(failed)","name":"orders@2","state":"FAILED","start-time":7000,"end-time":8000,"duration":1000,"last-modification":8000}"#,
            ])
        #expect(try await answer("GET", "/config", of: routes).json["sluice-version"]?.stringValue == "0.1")
    }

    @Test func aJobTellsOfItself() async throws {
        let routes = routes()
        let details = try await answer("GET", "/jobs/\(live)", of: routes).json
        #expect(details["isStoppable"]?.booleanValue == true && details["now"]?.integerValue == 10_000)
        #expect(
            try await answer("GET", "/jobs/\(live)/config", of: routes).json["execution-config"]?.text
                == #"{"user-config":{"parallelism.default":"2"}}"#)
        let checkpoints = try await answer("GET", "/jobs/\(live)/checkpoints", of: routes).json
        #expect(checkpoints["counts"]?["completed"]?.integerValue == 7)
        #expect(checkpoints["latest"]?["completed"]?["latest_ack_timestamp"]?.integerValue == 9500)
        let none = try await answer("GET", "/jobs/\(failed)/checkpoints", of: routes).json
        #expect(none["latest"]?["completed"] == JSONValue.null)
        let exceptions = try await answer("GET", "/jobs/\(failed)/exceptions", of: routes).json
        #expect(exceptions["root-exception"]?.stringValue == "exit status 1\nerror: no")
        let entries = exceptions["exceptionHistory"]?["entries"]?.arrayValue ?? []
        #expect(entries.map { $0["timestamp"]?.integerValue } == [7900, 7500])
    }

    @Test func othersAreNotThere() async throws {
        for path in ["/jobs/x", "/jobs/\(live)x/exceptions", "/jobs/\(live)/savepoints/1"] {
            let answer = try await answer("GET", path, of: routes())
            #expect(answer.status == 404 && answer.json["errors"]?.arrayValue?.count == 1, "\(path)")
        }
        #expect(try await answer("GET", "/jobs/\(live)/plan", of: routes()).status == 404)
    }

    @Test func aJobIsCancelled() async throws {
        let asked = Asked()
        #expect(try await answer("PATCH", "/jobs/\(live)?mode=cancel", of: routes(asked)).status == 202)
        #expect(try await answer("PATCH", "/jobs/\(live)?mode=stop", of: routes(asked)).status == 400)
        #expect(asked.texts.withLock { $0 } == ["stop orders@1 -"])
    }

    @Test(arguments: [
        (1, "savepoints", #"{"target-directory":"/f"}"#, "savepoint orders@1 /f", #"{"location":"/s/1"}"#),
        (1, "savepoints", #"{"cancel-job":true}"#, "stop orders@1 ", #"{"location":"/s/2"}"#),
        (1, "stop", #"{"targetDirectory":"/f","drain":false}"#, "stop orders@1 /f", #"{"location":"/s/2"}"#),
        (
            2, "savepoints", "", "savepoint orders@2 ",
            #"{"failure-cause":{"class":"conflict","stack-trace":"it does not run\nrestart it"}}"#
        ),
    ])
    func savepointsAreAskedAfter(version: Int, path: String, body: String, asks: String, operation: String) async throws
    {
        let asked = Asked()
        let routes = routes(asked)
        let job = "/jobs/" + FlinkJob.id(of: "orders@\(version)")
        let begun = try await answer("POST", job + "/" + path, body, of: routes)
        #expect(begun.status == 202)
        let trigger = try #require(begun.json["request-id"]?.stringValue)
        #expect(trigger.count == 32)
        var answered = try await answer("GET", job + "/savepoints/" + trigger, of: routes)
        var looks = 0
        while answered.json["status"]?["id"]?.stringValue == "IN_PROGRESS", looks < 100_000 {
            looks += 1
            await Task.yield()
            answered = try await answer("GET", job + "/savepoints/" + trigger, of: routes)
        }
        #expect(answered.json.text == #"{"status":{"id":"COMPLETED"},"operation":\#(operation)}"#)
        #expect(asked.texts.withLock { $0 } == [asks])
    }

    @Test func aTriggerWithANameIsBegunOnce() async throws {
        let asked = Asked()
        let routes = routes(asked)
        for _ in 0..<3 {
            let begun = try await answer("POST", "/jobs/\(live)/savepoints", #"{"triggerId":"mine"}"#, of: routes)
            #expect(begun.json["request-id"]?.stringValue == "mine")
        }
        var looks = 0
        while try await answer("GET", "/jobs/\(live)/savepoints/mine", of: routes).json["operation"] == nil,
            looks < 100_000
        {
            looks += 1
            await Task.yield()
        }
        #expect(asked.texts.withLock { $0.count } == 1)
        #expect(try await answer("POST", "/jobs/\(live)/stop", #"{"drain":true}"#, of: routes).status == 400)
    }

    @Test(arguments: [
        (#"{"state":"REPLAYING","wanted":"running","worker":null}"#, FlinkJob.State.created),
        (#"{"state":"LIVE","wanted":"running","worker":{"phase":"starting"}}"#, .initializing),
        (#"{"state":"LIVE","wanted":"running","worker":{"phase":"waiting"}}"#, .restarting),
        (#"{"state":"LIVE","wanted":"stopped","worker":{"phase":"stopping"}}"#, .cancelling),
        (#"{"state":"LIVE","wanted":"stopped","worker":{"phase":"stopped"}}"#, .suspended),
        (#"{"state":"LIVE","wanted":"stopped"}"#, .suspended),
        (#"{"state":"STALLED","wanted":"running","worker":{"phase":"running"}}"#, .running),
        (#"{"state":"ABORTED","wanted":"retired"}"#, .canceled),
        (#"{"state":"RETIRED","wanted":"retired"}"#, .canceled), ("{}", .suspended), ("3", .suspended),
    ])
    func statesAreFlinksWords(status: String, state: FlinkJob.State) {
        #expect(FlinkJob("orders", status: Self.parsed(status), record: nil).state == state)
    }
}
