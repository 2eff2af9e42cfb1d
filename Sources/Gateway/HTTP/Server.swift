import HostSystem
import NIOCore

// One handler behind two listeners: a socket in the file system, for commands and whoever may open it, and 127.0.0.1, for
// browsers and scrapers. Never any other address: there is no authentication.

package final class Server: Sendable {
    /// Connections that are open at once, by listener; others wait to be accepted. Well below the usual 1024 files.
    static let largestConnectionCount = 256
    /// A connection without a request, or with half of one, is closed after this long.
    static let idleTimeout = TimeAmount.seconds(60)

    /// Of the listener on 127.0.0.1.
    package let port: Int
    private let listeners: [Listener]
    private let connections: OpenConnections
    /// The socket is known to the system by a path through this folder, and is removed by it in the end.
    private let folder: LocalSocketFolder

    private init(port: Int, listeners: [Listener], connections: OpenConnections, folder: LocalSocketFolder) {
        self.port = port
        self.listeners = listeners
        self.connections = connections
        self.folder = folder
    }

    /// Serves from when it returns until `stop`.
    /// - Parameters:
    ///   - socket: a path of any length, whose name has 60 bytes at most. A socket that is there is replaced: the caller
    ///     knows that nobody else listens.
    ///   - port: 0: any that is free.
    package static func start(
        socket: String, port: Int, log: EventLog, handler: any RequestHandler
    ) async throws(GatewayError) -> Server {
        let folder: LocalSocketFolder
        do throws(FileError) {
            folder = try LocalSocketFolder(of: socket)
        } catch {
            throw .unreachable(error)
        }
        let connections = OpenConnections()
        func listener(_ access: Responder.Access) -> Listener {
            Listener(responder: Responder(handler: handler, access: access), connections: connections, log: log)
        }
        let (local, loopback) = (listener(.local), listener(.loopback))
        _ = try await local.start(.socket(shortPath: folder.shortPath(of: socket), name: socket))
        do throws(GatewayError) {
            guard let chosen = try await loopback.start(.port(port)) else {
                preconditionFailure("a listener on TCP has a port")
            }
            return Server(port: chosen, listeners: [local, loopback], connections: connections, folder: folder)
        } catch {
            await local.stop()
            throw error
        }
    }

    /// Takes no more connections, ends streams, and waits for the other answers that are under way; what has not ended
    /// within the bound loses its connection. A handler that does not end all the same is left alone. The socket's name
    /// is removed.
    package func stop(within bound: Duration = .seconds(10)) async {
        connections.endStreams()
        let closing = Task { [connections] in
            do {
                if bound > .zero { try await Task.sleep(for: bound) }
                connections.closeAll()
            } catch {
                // All has ended before.
            }
        }
        await withDiscardingTaskGroup { group in
            for listener in listeners { group.addTask { await listener.stop() } }
        }
        closing.cancel()
        withExtendedLifetime(folder) {}
    }
}
