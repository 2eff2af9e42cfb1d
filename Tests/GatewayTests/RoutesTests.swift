import Gateway
import HostSystem
import Testing

@Suite struct RoutesTests {
    static let routes = Routes()
        .on("GET", "/") { _, _ in .text("root") }
        .on("GET", "/jobs/:id") { _, parameters in .text("job \(parameters["id"])") }
        .on("GET", "/jobs/overview") { _, _ in .text("overview") }
        .on("PATCH", "/jobs/:job") { request, parameters in
            .text("\(request.query("mode") ?? "-") \(parameters["job"])")
        }
        .on("GET", "/jobs/:id/vertices/:vertex") { _, parameters in
            .text("\(parameters["id"]) \(parameters["vertex"])")
        }
        .on("GET", "/jobs/:id/vertices/all") { _, parameters in .text("all of \(parameters["id"])") }
        .on("GET", "/jobs/first/vertices/:vertex") { _, parameters in .text("of first \(parameters["vertex"])") }

    static func answer(_ method: String, _ target: String) async throws -> (status: Int, text: String) {
        let target = try #require(RequestTarget(parsing: target))
        let answer = await routes.handle(APIRequest(method: method, path: target.path, query: target.query))
        switch answer.content {
        case .text(let text, _): return (answer.status, text)
        case .json(let bytes): return (answer.status, String(decoding: bytes, as: UTF8.self))
        case .stream: return (answer.status, "stream")
        }
    }

    @Test(arguments: [
        ("GET", "/", "root"), ("GET", "/jobs/overview", "overview"), ("GET", "/jobs/a", "job a"),
        ("GET", "/jobs/a/", "job a"), ("HEAD", "/jobs/a", "job a"), ("GET", "/jobs/%2e%2e", "job .."),
        ("GET", "/jobs/a%2Fb", "job a/b"), ("GET", "/jobs/a+b", "job a+b"), ("GET", "/jobs/%C3%A4", "job ä"),
        ("GET", "/jobs/:id", "job :id"), ("PATCH", "/jobs/a?mode=cancel&mode=stop", "cancel a"),
        ("PATCH", "/jobs/a", "- a"), ("GET", "/jobs/a/vertices/b", "a b"), ("GET", "/jobs/a/vertices/all", "all of a"),
        ("GET", "/jobs/first/vertices/all", "of first all"), ("GET", "/jobs/overview#x", "overview"),
    ])
    func theBestPatternAnswers(method: String, target: String, text: String) async throws {
        let answer = try await Self.answer(method, target)
        #expect(answer == (200, text))
    }

    @Test(arguments: [
        "/job", "/jobs", "/jobs//", "//jobs/a", "/jobs/a/plan", "/jobs/%6Fverview/x", "/JOBS/a", "/jobs/a//",
    ])
    func otherPathsLeadNowhere(target: String) async throws {
        let answer = try await Self.answer("GET", target)
        #expect(answer.status == 404)
        #expect(answer.text.hasPrefix(#"{"errors":["there is nothing at '/"#))
    }

    @Test func anotherMethodIsNamed() async throws {
        let answer = try await Self.answer("DELETE", "/jobs/a")
        #expect(answer == (405, #"{"errors":["'/jobs/a' takes GET, PATCH only"]}"#))
        // What the better pattern does not take, the other one does not get.
        #expect(try await Self.answer("PATCH", "/jobs/overview").status == 405)
        let headers = await Self.routes.handle(APIRequest(method: "PUT", path: ["jobs", "a"])).headers
        #expect(headers.map(\.value) == ["GET, PATCH, HEAD"])
    }

    @Test(arguments: ["", "jobs", "*", "http://localhost/", "/%", "/%4", "/%g0", "/%ff", "/a?%", "/a?b=%C3"])
    func otherTargetsAreMalformed(target: String) { #expect(RequestTarget(parsing: target) == nil) }

    @Test func aTargetIsReadAsItIsWritten() throws {
        let path = ["a b", "ä/%?&=+#", "", "..", "\u{0}\n", "~-._"]
        let query = [(name: "k=&", value: "v+ %"), (name: "", value: ""), (name: "k=&", value: "ü")]
        let read = try #require(RequestTarget(parsing: RequestTarget(path: path, query: query).text))
        #expect(read.path == path)
        #expect(read.query.map(\.name) == query.map(\.name))
        #expect(read.query.map(\.value) == query.map(\.value))
        #expect(RequestTarget(path: []).text == "/")
        #expect(
            RequestTarget(parsing: "/?a+b=c+d&e&&f=")?.query.map { "\($0.name):\($0.value)" } == [
                "a b:c d", "e:", "f:",
            ])
    }
}
