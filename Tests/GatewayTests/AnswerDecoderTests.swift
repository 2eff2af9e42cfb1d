import Gateway
import HostSystem
import TestSupport
import Testing

@Suite struct AnswerDecoderTests {
    /// What comes of the pieces; nil at the end: the connection ended before the answer.
    static func events(_ pieces: [[UInt8]]) throws(GatewayError) -> [AnswerDecoder.Event?] {
        var decoder = AnswerDecoder()
        var events: [AnswerDecoder.Event?] = []
        for piece in pieces {
            decoder.append(piece)
            while let event = try decoder.next() { events.append(event) }
        }
        if !decoder.close() { events.append(nil) }
        return events
    }

    static func events(_ text: String) throws(GatewayError) -> [AnswerDecoder.Event?] {
        try events([Array(text.utf8)])
    }

    static let whole: [(String, [AnswerDecoder.Event?])] = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            [.head(status: 200), .content(Array("abc".utf8)), .end]
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nCONTENT-LENGTH:0\r\n\r\n",
            [.head(status: 404), .end]
        ),
        (
            "HTTP/1.1 200\r\ntransfer-encoding:  chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\na: b\r\n\r\n",
            [.head(status: 200), .content(Array("abc".utf8)), .content(Array("0123456789".utf8)), .end]
        ),
        ("HTTP/1.0 200 OK\n\nabc", [.head(status: 200), .content(Array("abc".utf8))]),
        ("HTTP/1.1 204 No Content\r\n\r\n", [.head(status: 204), .end]),
        // Beyond the end nothing is looked at.
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nmore", [.head(status: 200), .end]),
    ]

    @Test func answersAreRead() throws {
        for (text, expected) in Self.whole { #expect(try Self.events(text) == expected, "\(text)") }
    }

    /// Wherever the pieces of an answer are cut.
    @Test func piecesMakeNoDifference() throws {
        for (text, expected) in Self.whole {
            let bytes = Array(text.utf8)
            #expect(try Self.joined(Self.events(bytes.map { [$0] })) == Self.joined(expected), "\(text)")
            for cut in 0...bytes.count {
                let events = try Self.events([Array(bytes[..<cut]), Array(bytes[cut...])])
                #expect(Self.joined(events) == Self.joined(expected), "\(text) at \(cut)")
            }
        }
    }

    /// Every beginning of an answer that is not its whole is told apart from it.
    @Test func anEarlyEndIsNoticed() throws {
        for (text, _) in Self.whole.dropLast() where !text.hasPrefix("HTTP/1.0") {
            let bytes = Array(text.utf8)
            for length in bytes.indices {
                #expect(try Self.events([Array(bytes[..<length])]).last == .some(nil), "\(text) cut at \(length)")
            }
        }
    }

    @Test(arguments: [
        "nonsense\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 +20 OK\r\n",
        "HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\nno header\r\n", "HTTP/1.1 200 OK\r\n: x\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length:\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ])
    func whatIsNoAnswerIsRefused(text: String) { #expect(throws: GatewayError.self) { try Self.events(text) } }

    @Test func aHeadHasALimit() {
        let long = String(repeating: "x", count: AnswerDecoder.largestHeadBytes)
        #expect(throws: GatewayError.self) { try Self.events("HTTP/1.1 200 " + long) }
        let many = String(repeating: "a: b\r\n", count: AnswerDecoder.largestHeadBytes / 6)
        #expect(throws: GatewayError.self) { try Self.events("HTTP/1.1 200 OK\r\n" + many) }
        #expect(throws: GatewayError.self) {
            try Self.events("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + many + "a: b\r\n")
        }
    }

    @Test func manyChunksAreNoHead() throws {
        let count = AnswerDecoder.largestHeadBytes
        let chunks = String(repeating: "1\r\nx\r\n", count: count)
        let events = try Self.events("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
        #expect(events.count == count + 2)
        #expect(events.last == .some(.end))
    }

    /// Without the borders between pieces of content.
    private static func joined(_ events: [AnswerDecoder.Event?]) -> [AnswerDecoder.Event?] {
        var joined: [AnswerDecoder.Event?] = []
        for event in events {
            if case .content(let more) = event, case .content(let before) = joined.last {
                joined[joined.count - 1] = .content(before + more)
            } else {
                joined.append(event)
            }
        }
        return joined
    }
}
