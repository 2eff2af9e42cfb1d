import HTTPTypes
import HummingbirdCore
import NIOCore

/// Takes a request from a connection, has it handled, and writes the answer.
struct Responder: Sendable {
    static let largestBodyBytes = 16 << 20
    /// Of a request that is refused; whoever sends more loses the connection.
    static let largestDiscardedBytes = 4 * largestBodyBytes

    enum Access: Sendable {
        /// By a socket in the file system: whoever may open it.
        case local
        /// By TCP on this machine, where a browser is, too.
        case loopback
    }

    let handler: any RequestHandler
    let access: Access

    /// - Throws: where the connection broke, or was no HTTP.
    func respond(
        to request: Request, on connection: OpenConnections.Connection, _ writer: consuming ResponseWriter
    ) async throws {
        // There is one iterator for the body: whoever goes on with it goes on where the other was.
        var rest = request.body.makeAsyncIterator()
        if access == .loopback,
            let refusal = LoopbackAccess.refusal(host: request.head.authority, origin: request.headers[.origin])
        {
            return try await refuse(.error(403, refusal), request, &rest, connection, writer)
        }
        guard let target = RequestTarget(parsing: request.head.path ?? "") else {
            return try await refuse(
                .error(400, "the request's target is malformed"), request, &rest, connection, writer)
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > Self.largestBodyBytes {
            return try await refuse(Self.tooLarge, request, &rest, connection, writer)
        }
        if request.headers[.expect]?.lowercased() == "100-continue" {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        guard let body = try await body(&rest) else {
            return try await refuse(Self.tooLarge, request, &rest, connection, writer)
        }
        if let length = request.headers[.contentLength], Int(length) != body.count { throw CutBody() }
        let answer = await handler.handle(
            APIRequest(method: request.method.rawValue, path: target.path, query: target.query, body: body))
        try await send(answer, to: request, connection, writer)
    }

    private static let tooLarge = APIResponse.error(413, "a body may have \(largestBodyBytes >> 20) MiB at most")

    /// nil: too large.
    private func body(_ rest: inout RequestBody.AsyncIterator) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while let part = try await rest.next() {
            guard bytes.count + part.readableBytes <= Self.largestBodyBytes else { return nil }
            bytes += part.readableBytesView
        }
        return bytes
    }

    // MARK: Answers

    /// Many clients read an answer only after they have sent their whole request: some of it is read for that.
    private func refuse(
        _ answer: APIResponse, _ request: Request, _ rest: inout RequestBody.AsyncIterator,
        _ connection: OpenConnections.Connection, _ writer: consuming ResponseWriter
    ) async throws {
        try await send(answer, to: request, connection, writer)
        var discarded = 0
        while let part = try await rest.next() {
            discarded += part.readableBytes
            guard discarded <= Self.largestDiscardedBytes else { throw EndlessBody() }
        }
    }

    private struct EndlessBody: Error {}
    private struct CutBody: Error {}

    private func send(
        _ answer: APIResponse, to request: Request, _ connection: OpenConnections.Connection,
        _ writer: consuming ResponseWriter
    ) async throws {
        switch answer.content {
        case .json(let bytes):
            try await send(bytes, "application/json; charset=utf-8", answer, to: request, writer)
        case .text(let text, let contentType):
            try await send(Array(text.utf8), contentType, answer, to: request, writer)
        case .stream(let contentType, let next):
            try await stream(next, contentType, answer, to: request, connection, writer)
        }
    }

    private func send(
        _ bytes: [UInt8], _ contentType: String, _ answer: APIResponse, to request: Request,
        _ writer: consuming ResponseWriter
    ) async throws {
        var head = head(answer, contentType)
        head.headerFields[.contentLength] = String(bytes.count)
        let isEmpty = request.method == .head || bytes.isEmpty
        try await writer.write(
            response: head, body: isEmpty ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private func stream(
        _ next: @escaping @Sendable () async -> String?, _ contentType: String, _ answer: APIResponse,
        to request: Request, _ connection: OpenConnections.Connection, _ writer: consuming ResponseWriter
    ) async throws {
        let head = head(answer, contentType)
        guard request.method != .head else { return try await writer.writeResponse(head) }
        var output = try await writer.writeHead(head)
        while true {
            let asking = Task { await next() }
            connection.whenLeft { asking.cancel() }
            guard let chunk = await asking.value, !connection.isLeft else { break }
            if !chunk.isEmpty { try await output.write(ByteBuffer(string: chunk)) }
        }
        try await output.finish(nil)
    }

    private func head(_ answer: APIResponse, _ contentType: String) -> HTTPResponse {
        var fields = HTTPFields()
        fields[.contentType] = contentType
        fields[.cacheControl] = "no-store"
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is the name of a header") }
            fields[name] = value
        }
        return HTTPResponse(status: .init(code: answer.status), headerFields: fields)
    }
}
