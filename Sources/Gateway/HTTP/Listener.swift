import HostSystem
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization

// One address that is listened at. Hummingbird's server ends when accepting a connection fails (too many open files, say):
// another one takes its place then, until the listener is stopped.

final class Listener: Sendable {
    private typealias HTTPServer = HummingbirdCore.Server<HTTP1Channel>

    private enum State {
        case initial
        case running(HTTPServer)
        case stopped
    }

    private let responder: Responder
    private let connections: OpenConnections
    private let log: EventLog
    private let state = Mutex(State.initial)

    init(responder: Responder, connections: OpenConnections, log: EventLog) {
        self.responder = responder
        self.connections = connections
        self.log = log
    }

    /// Once.
    /// - Returns: the port, where it listens on TCP; connections are taken from then on.
    func start(_ address: ListenAddress) async throws(GatewayError) -> Int? {
        let (beginnings, beginning) = AsyncStream<Result<Int?, GatewayError>>.makeStream()
        Task {
            await serve(address, beginning)
            // Nothing is heard of this where the server began before.
            beginning.finish()
        }
        for await first in beginnings { return try first.get() }
        throw .cannotListen(at: address.name, reason: "it was stopped before it began", code: 0)
    }

    func stop() async {
        let server = state.withLock { state -> HTTPServer? in
            defer { state = .stopped }
            if case .running(let server) = state { return server } else { return nil }
        }
        do {
            try await server?.shutdownGracefully()
        } catch {
            log.warning("listener did not end cleanly", [("error", .string("\(error)"))])
        }
    }

    private func serve(
        _ first: ListenAddress, _ beginning: AsyncStream<Result<Int?, GatewayError>>.Continuation
    ) async {
        let began = Mutex<ListenAddress?>(nil)
        while true {
            let address = began.withLock { $0 } ?? first
            let server = makeServer(address) { channel in
                let port = channel.localAddress?.port
                began.withLock { $0 = first.withPort(port) }
                beginning.yield(.success(port))
            }
            guard enter(.running(server)) else { return }
            var reason = "accepting connections failed"
            do {
                try await server.run()
            } catch {
                reason = "\(error)"
                if began.withLock({ $0 }) == nil {
                    let code = (error as? IOError)?.errnoCode ?? 0
                    beginning.yield(.failure(.cannotListen(at: address.name, reason: reason, code: code)))
                    return
                }
            }
            guard !isStopped else { return }
            log.error("listener ended", [("address", .string(address.name)), ("error", .string(reason))])
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }

    private var isStopped: Bool {
        state.withLock { if case .stopped = $0 { true } else { false } }
    }

    /// False where it was stopped in between.
    private func enter(_ next: State) -> Bool {
        state.withLock { state in
            if case .stopped = state { return false }
            state = next
            return true
        }
    }

    private func makeServer(_ address: ListenAddress, began: @escaping @Sendable (any Channel) -> Void) -> HTTPServer {
        let (responder, connections) = (responder, connections)
        let channel = HTTP1Channel(
            responder: { request, writer, channel in
                try await responder.respond(to: request, on: connections[channel], writer)
            },
            configuration: .init(
                additionalChannelHandlers: [MalformedRequests(), OpenConnections.Entry(connections)],
                idleTimeout: Server.idleTimeout))
        var logger = Logger(label: "http") { _ in EventLogHandler(log: self.log) }
        logger.logLevel = .warning
        return HTTPServer(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: address.bindAddress, serverName: nil,
                availableConnectionsDelegate: .maximum(Server.largestConnectionCount, logger: logger)),
            onServerRunning: { began($0) }, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }
}

enum ListenAddress: Sendable {
    /// - Parameter name: for people; the system is told the short path.
    case socket(shortPath: String, name: String)
    /// On 127.0.0.1.
    case port(Int)

    var name: String {
        switch self {
        case .socket(_, let name): name
        case .port(let port): "127.0.0.1:\(port)"
        }
    }

    fileprivate var bindAddress: BindAddress {
        switch self {
        case .socket(let path, _): .unixDomainSocket(path: path)
        case .port(let port): .hostname("127.0.0.1", port: port)
        }
    }

    fileprivate func withPort(_ chosen: Int?) -> ListenAddress {
        if case .port = self, let chosen { .port(chosen) } else { self }
    }
}
