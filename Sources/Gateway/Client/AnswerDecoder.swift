// Answers of HTTP/1.1 (RFC 9112), as bytes come in: the head, pieces of the content, the end. A value without input or
// output: bytes are appended, and what they complete is taken. Three ways to know where the content ends: its length, in
// chunks, or with the connection.

package struct AnswerDecoder {
    package enum Event: Equatable, Sendable {
        case head(status: Int)
        case content([UInt8])
        case end
    }

    /// Longer lines and heads are malformed.
    package static let largestHeadBytes = 64 << 10

    private enum State: Equatable {
        case statusLine
        case fields(status: Int, Framing)
        case content(remaining: Int)
        case chunkSize
        case chunk(remaining: Int)
        case chunkEnd
        case trailers
        case untilClosed
        case ended
    }

    private enum Framing: Equatable {
        case untilClosed
        case length(Int)
        case chunked
    }

    private var state = State.statusLine
    private var bytes: [UInt8] = []
    private var start = 0
    private var headBytes = 0

    package init() {}

    package mutating func append(_ more: [UInt8]) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    /// What the bytes so far complete; nil: more are needed.
    package mutating func next() throws(GatewayError) -> Event? {
        while true {
            switch state {
            case .content(let remaining):
                if remaining == 0 { return end() }
                return content(remaining).map { piece in
                    state = .content(remaining: remaining - piece.count)
                    return .content(piece)
                }
            case .chunk(let remaining):
                if remaining == 0 {
                    state = .chunkEnd
                    continue
                }
                return content(remaining).map { piece in
                    state = .chunk(remaining: remaining - piece.count)
                    return .content(piece)
                }
            case .untilClosed: return content(Int.max).map { .content($0) }
            case .ended: return nil
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers:
                guard let line = try line() else { return nil }
                if let event = try take(line) { return event }
            }
        }
    }

    /// The connection has ended.
    /// - Returns: whether the answer had.
    package mutating func close() -> Bool {
        if state == .untilClosed { state = .ended }
        return state == .ended
    }

    // MARK: Lines

    private mutating func take(_ line: String) throws(GatewayError) -> Event? {
        switch state {
        case .statusLine: state = .fields(status: try Self.status(line), .untilClosed)
        case .fields(let status, let framing):
            if line.isEmpty { return endOfHead(status, framing) }
            state = .fields(status: status, try Self.framing(line, after: framing))
        case .chunkSize:
            let digits = line.prefix { $0 != ";" }
            guard digits.utf8.count <= 15, digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                let size = Int(digits, radix: 16)
            else { throw .malformedAnswer("'\(line)' is no length of a chunk") }
            state = size == 0 ? .trailers : .chunk(remaining: size)
        case .chunkEnd:
            guard line.isEmpty else { throw .malformedAnswer("a chunk is longer than its length") }
            state = .chunkSize
        case .trailers: if line.isEmpty { return end() }
        case .content, .chunk, .untilClosed, .ended: preconditionFailure("no line is read here")
        }
        return nil
    }

    private mutating func endOfHead(_ status: Int, _ framing: Framing) -> Event? {
        headBytes = 0
        if 100..<200 ~= status {
            // Another head follows.
            state = .statusLine
            return nil
        }
        switch framing {
        case _ where status == 204 || status == 304: state = .content(remaining: 0)
        case .length(let length): state = .content(remaining: length)
        case .chunked: state = .chunkSize
        case .untilClosed: state = .untilClosed
        }
        return .head(status: status)
    }

    private static func status(_ line: String) throws(GatewayError) -> Int {
        let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", words[1].utf8.count == 3,
            let status = Int(words[1]), 100...999 ~= status
        else { throw .malformedAnswer("'\(line)' is no status line") }
        return status
    }

    private static func framing(_ line: String, after framing: Framing) throws(GatewayError) -> Framing {
        let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, !sides[0].isEmpty else { throw .malformedAnswer("'\(line)' is no header") }
        let value = sides[1].drop { $0 == " " || $0 == "\t" }.lowercased()
        switch sides[0].lowercased() {
        case "transfer-encoding":
            guard value == "chunked" else { throw .malformedAnswer("the transfer encoding '\(value)'") }
            return .chunked
        case "content-length":
            guard value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let length = Int(value) else {
                throw .malformedAnswer("'\(value)' is no length")
            }
            return framing == .chunked ? .chunked : .length(length)
        default: return framing
        }
    }

    // MARK: Bytes

    private mutating func end() -> Event {
        state = .ended
        return .end
    }

    /// nil where none is there.
    private mutating func content(_ count: Int) -> [UInt8]? {
        let count = min(count, bytes.count - start)
        guard count > 0 else { return nil }
        defer { start += count }
        return Array(bytes[start..<start + count])
    }

    /// Up to the next line end, without it; nil where it has not come yet.
    private mutating func line() throws(GatewayError) -> String? {
        guard let newline = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else {
            guard headBytes + bytes.count - start <= Self.largestHeadBytes else {
                throw .malformedAnswer("a long head")
            }
            return nil
        }
        headBytes += newline + 1 - start
        guard headBytes <= Self.largestHeadBytes else { throw .malformedAnswer("a long head") }
        if case .fields = state {} else if state != .statusLine && state != .trailers { headBytes = 0 }
        var line = bytes[start..<newline]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        start = newline + 1
        return String(decoding: line, as: UTF8.self)
    }
}
