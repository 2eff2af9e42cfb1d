import NIOCore
import Synchronization

// The connections of a server: to be closed when it can wait for them no longer, and each to be told of when its client
// says that it wants no more, which is the only way to learn of it as long as nothing is written.

final class OpenConnections: Sendable {
    /// One connection, as its answers see it.
    final class Connection: Sendable {
        private struct State {
            var isLeft = false
            var action: (@Sendable () -> Void)?
        }

        fileprivate let channel: any Channel
        private let state = Mutex(State())

        fileprivate init(_ channel: any Channel) { self.channel = channel }

        /// The client has closed its side, or the server ends: no more is wanted of what has no end of its own.
        var isLeft: Bool { state.withLock { $0.isLeft } }

        /// Runs the action, in place of the one before it, when the client leaves; at once where it has.
        func whenLeft(_ action: @escaping @Sendable () -> Void) {
            let isLate = state.withLock { state in
                state.action = action
                return state.isLeft
            }
            if isLate { action() }
        }

        fileprivate func leave() {
            let action = state.withLock { state in
                state.isLeft = true
                return state.action
            }
            action?()
        }
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var isEnding = false
        var isClosed = false
    }

    private let state = Mutex(State())

    subscript(channel: any Channel) -> Connection {
        // A channel that is closed already is nobody's any more.
        state.withLock { $0.connections[ObjectIdentifier(channel)] } ?? Self.left(channel)
    }

    /// As if all clients had left: streams end, and so will those to come.
    func endStreams() {
        let connections = state.withLock { state in
            state.isEnding = true
            return Array(state.connections.values)
        }
        for connection in connections { connection.leave() }
    }

    func closeAll() {
        let connections = state.withLock { state in
            state.isClosed = true
            return Array(state.connections.values)
        }
        for connection in connections { connection.channel.close(promise: nil) }
    }

    private static func left(_ channel: any Channel) -> Connection {
        let connection = Connection(channel)
        connection.leave()
        return connection
    }

    private func add(_ channel: any Channel) {
        let connection = Connection(channel)
        let isLate = state.withLock { state in
            if state.isEnding { connection.leave() }
            if !state.isClosed { state.connections[ObjectIdentifier(channel)] = connection }
            return state.isClosed
        }
        if isLate { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(channel)) }?.leave()
        }
    }

    /// Stands in each connection's pipeline, to know of it.
    final class Entry: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = NIOAny

        private let connections: OpenConnections

        init(_ connections: OpenConnections) { self.connections = connections }

        func handlerAdded(context: ChannelHandlerContext) { connections.add(context.channel) }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed? = event as? ChannelEvent { connections[context.channel].leave() }
            context.fireUserInboundEventTriggered(event)
        }
    }
}
