import Gateway
import HostSystem
import Synchronization
import TestSupport
import Testing

@Suite struct ServerTests {
    /// Says what it was asked.
    static let echo = Answering { request in
        .json(
            .object([
                ("method", .string(request.method)), ("path", .array(request.path.map { .string($0) })),
                ("query", .array(request.query.map { .array([.string($0.name), .string($0.value)]) })),
                ("body", .string(String(decoding: request.body, as: UTF8.self))),
            ]))
    }

    @Test func bothListenersReachTheHandler() async throws {
        try await ServedHandler.with(Self.echo) { served in
            let answer = try await blocking {
                try served.client.request(
                    "POST", ["jobs", "a b/c", "ä"], query: [("x", "1&2"), ("x", "")], body: Array("hello".utf8))
            }
            #expect(answer.status == 200)
            #expect(
                String(decoding: answer.content, as: UTF8.self)
                    == #"{"method":"POST","path":["jobs","a b/c","ä"],"query":[["x","1&2"],["x",""]],"body":"hello"}"#)
            let text = try await blocking {
                let connection = try served.connectTCP()
                connection.write("GET /a%2Fb HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n")
                return connection.readAll()
            }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.lowercased().contains("content-type: application/json"))
            #expect(text.hasSuffix("\r\n\r\n" + #"{"method":"GET","path":["a/b"],"query":[],"body":""}"#))
        }
    }

    @Test func aSocketsPathMayBeLong() async throws {
        let long = String(repeating: "folder-with-a-long-name/", count: 8) + "server.sock"
        try await ServedHandler.with(Self.echo, socketName: long) { served in
            #expect(served.socket.utf8.count > 200)
            let answer = try await blocking { try served.client.request("GET", []) }
            #expect(answer.status == 200)
        }
    }

    @Test func aConnectionTakesRequestsOneAfterTheOther() async throws {
        try await ServedHandler.with(Self.echo) { served in
            let text = try await blocking {
                let connection = try served.connectTCP()
                connection.write(
                    "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /2 HTTP/1.1\r\nHost: localhost\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
                let first = connection.read(until: "}")
                connection.write("GET /3 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return first + connection.readAll()
            }
            #expect(text.ranges(of: "HTTP/1.1 200 OK").count == 3)
            #expect(text.contains(#""path":["2"],"query":[],"body":"abcde""#))
            #expect(text.hasSuffix(#""path":["3"],"query":[],"body":""}"#))
        }
    }

    @Test func whatWaitsToBeToldToGoOnIsTold() async throws {
        try await ServedHandler.with(Self.echo) { served in
            let text = try await blocking {
                let connection = try served.connectTCP()
                connection.write(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
                        + "Connection: close\r\n\r\n")
                let head = connection.read(until: "\r\n\r\n")
                connection.write("ok")
                return head + connection.readAll()
            }
            #expect(text.hasPrefix("HTTP/1.1 100 Continue\r\n"))
            #expect(text.hasSuffix(#""body":"ok"}"#))
        }
    }

    @Test func headHasNoContent() async throws {
        try await ServedHandler.with(Self.echo) { served in
            let text = try await blocking {
                let connection = try served.connectTCP()
                connection.write("HEAD /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                return connection.readAll()
            }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.lowercased().contains("content-length: 51\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func manyAtOnce() async throws {
        let count = 200
        let meeting = Meeting(of: count)
        // No request ends before the last one has come.
        let handler = Answering { request in
            await meeting.join()
            return .text(request.path[0])
        }
        try await ServedHandler.with(handler) { served in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for i in 0..<count {
                    group.addTask {
                        try await blocking {
                            if i % 2 == 0 {
                                return try served.client.request("GET", ["\(i)"]).content == Array("\(i)".utf8)
                            }
                            let connection = try served.connectTCP()
                            connection.write("GET /\(i) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                            return connection.readAll().hasSuffix("\r\n\r\n\(i)")
                        }
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func aPortThatIsTakenIsSaid() async throws {
        try await ServedHandler.with(Self.echo) { served in
            let workspace = try Workspace()
            await #expect {
                _ = try await Server.start(
                    socket: workspace.path + "/a.sock", port: served.server.port, log: ServedHandler.silence,
                    handler: Self.echo)
            } throws: { error in
                guard case .cannotListen(let address, _, let code) = error as? GatewayError else { return false }
                return address == "127.0.0.1:\(served.server.port)" && code == 98
            }
            #expect(!workspace.exists("a.sock"))
        }
    }

    @Test func aFileInTheSocketsPlaceIsLeftAlone() async throws {
        let workspace = try Workspace()
        try workspace.write("mine", to: "server.sock")
        await #expect(throws: GatewayError.self) {
            _ = try await Server.start(
                socket: workspace.path + "/server.sock", port: 0, log: ServedHandler.silence, handler: Self.echo)
        }
        #expect(try workspace.text(of: "server.sock") == "mine")
    }

    // MARK: Streams

    @Test func aStreamComesAsItIsMade() async throws {
        let chunks = Mutex(["one ", "", "twö ", "three"][...])
        let asked = Gate()
        let handler = Answering { _ in
            APIResponse(
                .stream(contentType: APIResponse.plainText) {
                    let chunk = chunks.withLock { $0.popFirst() }
                    // The rest is made when the first chunk has been received.
                    if chunk == "twö " { await asked.wait() }
                    return chunk
                })
        }
        try await ServedHandler.with(handler) { served in
            let (pieces, piece) = AsyncStream<[UInt8]>.makeStream()
            let streaming = Task {
                try await blocking {
                    let status = try served.client.stream("GET", ["logs"]) { _, bytes in
                        piece.yield(bytes)
                        return true
                    }
                    piece.finish()
                    return status
                }
            }
            var received: [UInt8] = []
            for await piece in pieces {
                received += piece
                await asked.open()
            }
            let status = try await streaming.value
            #expect(status == 200)
            #expect(String(decoding: received, as: UTF8.self) == "one twö three")
        }
    }

    @Test func aStreamThatNobodyReadsAnyMoreIsCancelled() async throws {
        let cancelled = Gate()
        let first = Mutex(true)
        let handler = Answering { _ in
            APIResponse(
                .stream(contentType: APIResponse.plainText) {
                    if first.withLock({ value in
                        defer { value = false }; return value
                    }) {
                        return "first"
                    }
                    // Nothing more ever comes: as in a log that is followed.
                    await withTaskCancellationHandler {
                        await cancelled.wait()
                    } onCancel: {
                        Task { await cancelled.open() }
                    }
                    return nil
                })
        }
        try await ServedHandler.with(handler) { served in
            let status = try await blocking { try served.client.stream("GET", ["logs"]) { _, _ in false } }
            #expect(status == 200)
            await cancelled.wait()
        }
    }
}
