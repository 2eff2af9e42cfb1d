import NIOPosix

// Which action answers which request. A pattern is a path whose components stand for themselves or, with a colon before
// a name, for any text that is not empty:
//
//     Routes().on("GET", "/jobs/:id/plan") { request, parameters in … parameters["id"] … }
//
// Of several patterns that fit, the one that says more at the first component in which they differ is meant:
// `/jobs/overview` rather than `/jobs/:id`. HEAD is answered as GET, by the server without its content.

package struct Routes: RequestHandler {
    package typealias Action = @Sendable (APIRequest, PathParameters) async -> APIResponse

    private enum Component: Equatable {
        case text(String)
        case parameter(String)
    }

    private struct Route: Sendable {
        var method: String
        var pattern: [Component]
        var action: Action
    }

    /// Actions that block at once; others wait for their turn.
    package static let blockingThreadCount = 16
    private static let blockingThreads = {
        let threads = NIOThreadPool(numberOfThreads: blockingThreadCount)
        threads.start()
        return threads
    }()

    private var routes: [Route] = []

    package init() {}

    /// These routes, and one more.
    package func on(_ method: String, _ pattern: String, _ action: @escaping Action) -> Routes {
        precondition(pattern.hasPrefix("/"), "a pattern begins with '/'")
        let components = pattern.split(separator: "/").map { component -> Component in
            component.hasPrefix(":") ? .parameter(String(component.dropFirst())) : .text(String(component))
        }
        precondition(
            !routes.contains { $0.method == method && Self.shape($0.pattern) == Self.shape(components) },
            "one action for \(method) \(pattern)")
        var result = self
        result.routes.append(Route(method: method, pattern: components, action: action))
        return result
    }

    /// For what reads files, or waits for locks and processes: the action runs on a thread that may be kept waiting.
    package func onBlocking(
        _ method: String, _ pattern: String, _ action: @escaping @Sendable (APIRequest, PathParameters) -> APIResponse
    ) -> Routes {
        on(method, pattern) { request, parameters in
            do {
                return try await Self.blockingThreads.runIfActive { action(request, parameters) }
            } catch {
                return .error(503, "the server ends")
            }
        }
    }

    /// For what goes on after its request was answered: on a thread that may be kept waiting; not at all where the server ends.
    static func runBlocking(_ work: @escaping @Sendable () -> Void) {
        blockingThreads.submit { state in
            if case .active = state { work() }
        }
    }

    package func handle(_ request: APIRequest) async -> APIResponse {
        let fitting = routes.filter { Self.fits($0.pattern, request.path) }
        guard let best = fitting.map(\.pattern).min(by: { Self.isBefore($0, $1) }) else {
            return .error(404, "there is nothing at '\(RequestTarget(path: request.path).text)'")
        }
        let answering = fitting.filter { Self.shape($0.pattern) == Self.shape(best) }
        let method = request.method == "HEAD" ? "GET" : request.method
        guard let route = answering.first(where: { $0.method == method }) else {
            return Self.methodRefused(request, answering.map(\.method))
        }
        return await route.action(request, PathParameters(Self.parameters(route.pattern, request.path)))
    }

    private static func methodRefused(_ request: APIRequest, _ methods: [String]) -> APIResponse {
        let allowed = methods.contains("GET") ? methods + ["HEAD"] : methods
        var answer = APIResponse.error(
            405, "'\(RequestTarget(path: request.path).text)' takes \(methods.joined(separator: ", ")) only")
        answer.headers = [("allow", allowed.joined(separator: ", "))]
        return answer
    }

    private static func fits(_ pattern: [Component], _ path: [String]) -> Bool {
        guard pattern.count == path.count else { return false }
        return zip(pattern, path).allSatisfy { component, text in
            switch component {
            case .text(let expected): expected == text
            case .parameter: !text.isEmpty
            }
        }
    }

    private static func parameters(_ pattern: [Component], _ path: [String]) -> [(String, String)] {
        zip(pattern, path).compactMap { component, text in
            if case .parameter(let name) = component { (name, text) } else { nil }
        }
    }

    /// Patterns of one shape fit the same paths.
    private static func shape(_ pattern: [Component]) -> [String?] {
        pattern.map { if case .text(let text) = $0 { text } else { nil } }
    }

    /// Of two patterns that fit one path.
    private static func isBefore(_ left: [Component], _ right: [Component]) -> Bool {
        for (a, b) in zip(shape(left), shape(right)) where (a == nil) != (b == nil) { return a != nil }
        return false
    }
}

/// What stands in a request's path where the pattern has names.
package struct PathParameters: Sendable {
    private let values: [(name: String, value: String)]

    init(_ values: [(String, String)]) { self.values = values.map { (name: $0.0, value: $0.1) } }

    package subscript(name: String) -> String {
        guard let value = values.first(where: { $0.name == name })?.value else {
            preconditionFailure("the pattern has a parameter '\(name)'")
        }
        return value
    }
}
