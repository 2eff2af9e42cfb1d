import Dispatch
import Gateway
import HostSystem
import Synchronization
import TestSupport
import Testing

/// What is not let through, and what comes in pieces, wrong, or not at all.
@Suite struct ServerRefusalTests {
    static let ok = Answering { _ in .text("ok") }

    /// The whole answer to what a client says before it says no more.
    static func answer(
        to text: String, isWhole: Bool = false, _ served: ServedHandler
    ) async throws -> String {
        try await blocking {
            let connection = try served.connectTCP()
            connection.write(text)
            if !isWhole { connection.endWriting() }
            return connection.readAll()
        }
    }

    @Test(arguments: [
        ("Host: localhost", "200 OK"), ("Host: 127.0.0.1:8080", "200 OK"), ("Host: LocalHost:80", "200 OK"),
        ("Host: example.org", "403 Forbidden"), ("Host: 127.0.0.1.example.org", "403 Forbidden"),
        ("Host: localhost:80@example.org", "403 Forbidden"), ("Host: 127.0.0.1:", "403 Forbidden"),
        ("Host: ", "403 Forbidden"), ("X: y", "403 Forbidden"),
        ("Host: localhost\r\nOrigin: http://localhost:3000", "200 OK"),
        ("Host: localhost\r\nOrigin: https://127.0.0.1", "200 OK"),
        ("Host: localhost\r\nOrigin: https://example.org", "403 Forbidden"),
        ("Host: localhost\r\nOrigin: null", "403 Forbidden"),
        ("Host: localhost\r\nOrigin: http://localhost.example.org", "403 Forbidden"),
        ("Host: localhost\r\nOrigin: http://localhost/x", "403 Forbidden"),
    ])
    func pagesFromElsewhereAreRefused(headers: String, status: String) async throws {
        try await ServedHandler.with(Self.ok) { served in
            let text = try await Self.answer(to: "GET / HTTP/1.1\r\n\(headers)\r\nConnection: close\r\n\r\n", served)
            #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n"), "\(text)")
            if status.hasPrefix("403") { #expect(text.contains(#"{"errors":["#)) }
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /%FF HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ])
    func whatIsNoRequestIsAnsweredAsAnError(text: String) async throws {
        try await ServedHandler.with(Self.ok) { served in
            let answer = try await Self.answer(to: text, served)
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(text): \(answer)")
            #expect(answer.contains(#"{"errors":["#), "\(text): \(answer)")
            #expect(try await blocking { try served.client.request("GET", []).status } == 200)
        }
    }

    @Test func aBodyHasALimit() async throws {
        let length = Mutex(0)
        let handler = Answering { request in
            length.withLock { $0 = request.body.count }
            return .text("ok")
        }
        try await ServedHandler.with(handler) { served in
            let limit = 16 << 20
            let whole = [UInt8](repeating: 0x61, count: limit)
            #expect(try await blocking { try served.client.request("POST", [], body: whole).status } == 200)
            #expect(length.withLock { $0 } == limit)
            let answer = try await blocking { try served.client.request("POST", [], body: whole + [0x61]) }
            #expect(answer.status == 413)
            #expect(String(decoding: answer.content, as: UTF8.self).hasPrefix(#"{"errors":["#))
            let chunked = try await blocking {
                let connection = try served.connectTCP()
                connection.write(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
                _ = connection.write(Array("1000001\r\n".utf8) + whole + Array("b\r\n0\r\n\r\n".utf8))
                return connection.readAll()
            }
            #expect(chunked.hasPrefix("HTTP/1.1 413 "))
            // Who does not stop is cut off.
            try await blocking {
                let connection = try served.connectTCP()
                connection.write(
                    "POST /%zz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
                while connection.write(Array("1000000\r\n".utf8) + whole + Array("\r\n".utf8)) {}
            }
            #expect(length.withLock { $0 } == limit)
        }
    }

    @Test(arguments: [
        "", "GET / HT", "GET / HTTP/1.1\r\nHost: local",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ])
    func halfARequestIsNone(text: String) async throws {
        let count = Mutex(0)
        let handler = Answering { _ in
            count.withLock { $0 += 1 }
            return .text("ok")
        }
        try await ServedHandler.with(handler) { served in
            // One says no more, one is gone.
            let answer = try await Self.answer(to: text, served)
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
            try await blocking { _ = try served.connectTCP().write(text) }
            #expect(try await blocking { try served.client.request("GET", []).status } == 200)
            #expect(count.withLock { $0 } == 1)
        }
    }

    @Test func whoNeverReadsHoldsNobodyUp() async throws {
        let isFull = Gate()
        let handled = Mutex(0)
        let chunk = String(repeating: "x", count: 1 << 20)
        let handler = Routes()
            .on("GET", "/endless") { _, _ in
                APIResponse(
                    .stream(contentType: APIResponse.plainText) {
                        // More than the system's buffers hold: the reader must be the one who waits.
                        if handled.withLock({
                            $0 += 1; return $0
                        }) == 2 {
                            await isFull.open()
                        }
                        return chunk
                    })
            }
            .on("GET", "/") { _, _ in .text("ok") }
        try await ServedHandler.with(handler) { served in
            let connection = try await blocking { try served.connectTCP() }
            connection.write("GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await isFull.wait()
            for _ in 0..<10 { #expect(try await blocking { try served.client.request("GET", []).status } == 200) }
            // What is made ahead of the reader has a bound, too.
            #expect(handled.withLock { $0 } < 64)
            await served.server.stop(within: .zero)
            withExtendedLifetime(connection) {}
        }
    }

    // MARK: The end

    @Test func whatIsUnderWayIsAnsweredBeforeTheEnd() async throws {
        let (arrived, leave) = (Gate(), Gate())
        let handler = Routes()
            .on("POST", "/slow") { _, _ in
                await arrived.open()
                await leave.wait()
                return .text("done")
            }
            .on("GET", "/") { _, _ in .text("ok") }
        try await ServedHandler.with(handler) { served in
            async let slow = blocking { try served.client.request("POST", ["slow"]) }
            await arrived.wait()
            async let stopped: Void = served.server.stop(within: .seconds(3600))
            // Others are answered, or cut off, until none is let in any more.
            var isServing = true
            while isServing {
                do {
                    _ = try await blocking { try served.client.request("GET", []) }
                } catch GatewayError.noServer {
                    isServing = false
                } catch GatewayError.endedEarly {
                    continue
                }
            }
            await leave.open()
            #expect(try await slow.content == Array("done".utf8))
            await stopped
            #expect(throws: (any Error).self) { try served.connectTCP() }
        }
    }

    @Test func streamsEndWithTheServer() async throws {
        let (begun, cancelled) = (Gate(), Gate())
        let first = Mutex(true)
        let handler = Answering { _ in
            APIResponse(
                .stream(contentType: APIResponse.plainText) {
                    if first.withLock({ value in
                        defer { value = false }; return value
                    }) {
                        return "first"
                    }
                    await begun.open()
                    await withTaskCancellationHandler {
                        await cancelled.wait()
                    } onCancel: {
                        Task { await cancelled.open() }
                    }
                    return nil
                })
        }
        try await ServedHandler.with(handler) { served in
            let following = Task { try await blocking { try served.client.request("GET", ["logs"]) } }
            await begun.wait()
            await served.server.stop(within: .seconds(3600))
            let answer = try await following.value
            #expect(answer == (200, Array("first".utf8)))
        }
    }

    @Test func whatBlocksHoldsNobodyUp() async throws {
        let count = Routes.blockingThreadCount
        let waiting = Mutex(0)
        let isOpen = DispatchSemaphore(value: 0)
        let arrived = Meeting(of: 2)
        let handler = Routes()
            .onBlocking("GET", "/blocked") { _, _ in
                if waiting.withLock({
                    $0 += 1; return $0
                }) == count {
                    Task { await arrived.join() }
                }
                isOpen.wait()
                return .text("done")
            }
            .on("GET", "/") { _, _ in .text("ok") }
        try await ServedHandler.with(handler) { served in
            let blocked = (0..<count).map { _ in
                Task { try await blocking { try served.client.request("GET", ["blocked"]).content } }
            }
            await arrived.join()
            let answer = try await blocking { try served.client.request("GET", []) }
            #expect(answer.status == 200)
            for _ in blocked { isOpen.signal() }
            for request in blocked {
                let content = try await request.value
                #expect(content == Array("done".utf8))
            }
        }
    }

    @Test func whatDoesNotEndIsCutOff() async throws {
        let (arrived, never) = (Gate(), Gate())
        let handler = Answering { _ in
            await arrived.open()
            await never.wait()
            return .text("too late")
        }
        try await ServedHandler.with(handler) { served in
            let slow = Task { try await blocking { try served.client.request("POST", ["slow"]) } }
            await arrived.wait()
            await served.server.stop(within: .zero)
            await #expect(throws: GatewayError.endedEarly(socket: served.socket)) { try await slow.value }
            #expect(throws: GatewayError.noServer(socket: served.socket)) { try served.client.request("GET", []) }
            await never.open()
        }
    }

    @Test func whereNoServerIsIsSaid() throws {
        let workspace = try Workspace()
        let socket = workspace.path + "/server.sock"
        #expect(throws: GatewayError.noServer(socket: socket)) { try Client(socket: socket).request("GET", []) }
        try workspace.write("", to: "server.sock")
        #expect(throws: GatewayError.noServer(socket: socket)) { try Client(socket: socket).request("GET", []) }
    }
}
