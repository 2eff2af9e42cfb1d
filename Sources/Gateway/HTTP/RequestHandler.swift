import HostSystem

// What is served, apart from how: a handler takes requests and gives answers, and knows no sockets.

package protocol RequestHandler: Sendable {
    /// Runs on Swift's shared threads, of which there are as many as cores: what blocks belongs elsewhere
    /// (`Routes.onBlocking`).
    /// It runs to its end although the client has gone; only the chunks of a stream are no longer asked for.
    func handle(_ request: APIRequest) async -> APIResponse
}

package struct APIRequest: Sendable {
    /// In upper case: `GET`.
    package var method: String
    /// The components between the slashes, decoded: a component may hold anything, `/` and `..` included.
    package var path: [String]
    /// In the request's order, decoded; a name may come more than once.
    package var query: [(name: String, value: String)]
    package var body: [UInt8]

    package init(method: String, path: [String], query: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
    }

    /// The first value of this name.
    package func query(_ name: String) -> String? { query.first { $0.name == name }?.value }

    package func json() throws(JSONSyntaxError) -> JSONValue { try JSONValue(parsing: body) }
}

package struct APIResponse: Sendable {
    package enum Content: Sendable {
        case json([UInt8])
        case text(String, contentType: String)
        /// Sent as it comes: the next chunk is asked for when the client has taken the last one; nil is the end. The
        /// task that asks is cancelled when the client goes away, closes its side, or the server ends.
        case stream(contentType: String, next: @Sendable () async -> String?)
    }

    package static let plainText = "text/plain; charset=utf-8"

    package var status: Int
    package var content: Content
    /// Besides those of the content.
    package var headers: [(name: String, value: String)]

    package init(status: Int = 200, _ content: Content, headers: [(name: String, value: String)] = []) {
        self.status = status
        self.content = content
        self.headers = headers
    }

    package static func json(_ value: JSONValue, status: Int = 200) -> APIResponse {
        APIResponse(status: status, .json(value.bytes))
    }

    package static func text(_ text: String, contentType: String = plainText) -> APIResponse {
        APIResponse(.text(text, contentType: contentType))
    }

    /// As Flink's REST API says it: `{"errors": ["…"]}`.
    package static func error(_ status: Int, _ messages: String...) -> APIResponse {
        json(.object([("errors", .array(messages.map { .string($0) }))]), status: status)
    }
}
