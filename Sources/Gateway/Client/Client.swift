import HostSystem

/// Asks the server of a data directory, over its socket: for the command line, one request a connection, waiting for the
/// answer. Used by one thread at a time.
package struct Client: Sendable {
    package let socket: String

    /// - Parameter socket: the path that the server was started with.
    package init(socket: String) { self.socket = socket }

    /// - Parameter path: not encoded, as the server's handler gets it.
    /// - Returns: the status, whatever it is, and the whole content.
    package func request(
        _ method: String, _ path: [String], query: [(name: String, value: String)] = [], body: [UInt8] = []
    ) throws(GatewayError) -> (status: Int, content: [UInt8]) {
        var content: [UInt8] = []
        let status = try exchange(method, RequestTarget(path: path, query: query), body) { _, piece in
            content += piece
            return true
        }
        return (status, content)
    }

    /// Hands the content on as it comes, until it ends or `take` says false.
    /// - Parameter take: gets the status with each piece, which may end inside a character.
    /// - Returns: the status.
    package func stream(
        _ method: String, _ path: [String], query: [(name: String, value: String)] = [], body: [UInt8] = [],
        take: (_ status: Int, _ piece: [UInt8]) -> Bool
    ) throws(GatewayError) -> Int {
        try exchange(method, RequestTarget(path: path, query: query), body, take)
    }

    private func exchange(
        _ method: String, _ target: RequestTarget, _ body: [UInt8], _ take: (Int, [UInt8]) -> Bool
    ) throws(GatewayError) -> Int {
        let connection = try connect()
        // A server that refuses a body answers before it has read all of it: its answer is read although sending failed.
        _ = connection.write(Self.head(method, target, body.count) + body)
        var (decoder, status) = (AnswerDecoder(), 0)
        while let bytes = connection.read(upTo: 1 << 16) {
            if bytes.isEmpty {
                guard decoder.close() else { break }
                return status
            }
            decoder.append(bytes)
            while let event = try decoder.next() {
                switch event {
                case .head(let its): status = its
                case .content(let piece): if !take(status, piece) { return status }
                case .end: return status
                }
            }
        }
        throw .endedEarly(socket: socket)
    }

    private func connect() throws(GatewayError) -> LocalConnection {
        do throws(FileError) {
            if let connection = try LocalConnection.connect(to: socket) { return connection }
        } catch {
            throw .unreachable(error)
        }
        throw .noServer(socket: socket)
    }

    private static func head(_ method: String, _ target: RequestTarget, _ length: Int) -> [UInt8] {
        let lines = [
            "\(method) \(target.text) HTTP/1.1", "host: localhost", "connection: close", "content-length: \(length)",
        ]
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
