import Gateway
import HostSystem

/// The server of a data directory, as commands ask it: over its socket, for JSON.
struct DeploymentClient {
    private let data: String

    init(data: String) { self.data = data }

    func get(_ path: [String], query: [(name: String, value: String)] = []) throws(ToolFailure) -> JSONValue {
        try checked(Result { () throws(GatewayError) in try client.request("GET", path, query: query) })
    }

    /// Says with what is asked which command asks, for the history.
    func post(
        _ path: [String], _ body: [(String, JSONValue)], command: String = CommandText.asTyped
    ) throws(ToolFailure) -> JSONValue {
        let body = JSONValue.object(body + [("command", .string(command))])
        return try checked(
            Result { () throws(GatewayError) in try client.request("POST", path, body: body.bytes) })
    }

    /// - Returns: nil where no server answers just now.
    func status(ifReached job: String) throws(ToolFailure) -> JobStatus? {
        let answer = Result { () throws(GatewayError) in try client.request("GET", ["v1", "deployments", job]) }
        if case .failure = answer { return nil }
        return try JobStatus.read(try checked(answer))
    }

    func status(of job: String) throws(ToolFailure) -> JobStatus {
        try JobStatus.read(try get(["v1", "deployments", job]))
    }

    /// All jobs, each as `JobStatus` reads it.
    func jobs() throws(ToolFailure) -> [JSONValue] {
        let answer = try get(["v1", "deployments"])
        do throws(MalformedAnswer) {
            return try answer.items("jobs")
        } catch {
            throw ToolFailure(error)
        }
    }

    private var client: Client { Client(socket: data + "/server.sock") }

    private func checked(_ answer: Result<(status: Int, content: [UInt8]), GatewayError>) throws(ToolFailure)
        -> JSONValue
    {
        let (status, content): (Int, [UInt8])
        do throws(GatewayError) {
            (status, content) = try answer.get()
        } catch .noServer {
            throw ToolFailure(
                message: "no server is running in '\(data)'",
                hint: "start one: sluice server --data \(CommandText.quoted(data))")
        } catch {
            throw ToolFailure(message: "\(error)")
        }
        guard 200..<300 ~= status else { throw ToolFailure(status: status, answer: content) }
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: content)
        } catch {
            throw ToolFailure(MalformedAnswer(expected: "JSON: \(error)"))
        }
    }
}

extension ToolFailure {
    static let auditFailed: Int32 = 2
    /// Stalled, or not there in time.
    static let late: Int32 = 3
    static let usage: Int32 = 64

    /// Of an answer that says no.
    package init(status: Int, answer: [UInt8]) {
        let error: JSONValue?
        do throws(JSONSyntaxError) {
            error = try JSONValue(parsing: answer)["error"]
        } catch {
            self.init(message: "the server answered with status \(status)")
            return
        }
        self.init(
            message: error?["message"]?.stringValue ?? "the server answered with status \(status)",
            rendered: error?["rendered"]?.stringValue, detail: error?["detail"]?.stringValue,
            hint: error?["hint"]?.stringValue)
        if let place = error?["place"], let line = place["line"]?.integerValue,
            let column = place["column"]?.integerValue
        {
            // A mistake in a text of SQL ends every command alike.
            self.place = (place["file"]?.stringValue ?? "", Int(line), Int(column))
        } else if rendered == nil {
            exitCode = Self.exitCode(kind: error?["kind"]?.stringValue, status: status)
        }
    }

    private static func exitCode(kind: String?, status: Int) -> Int32 {
        switch kind {
        case "usage": usage
        case "conflict", "missing": conflict
        case "failure": 1
        default: status == 400 ? usage : status == 404 || status == 409 ? conflict : 1
        }
    }

    init(_ error: MalformedAnswer) {
        self.init(
            message: "the server's answer cannot be understood: \(error.expected) is expected",
            hint: "the server may be of another version than this command")
    }
}
