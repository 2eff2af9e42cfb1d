import HostSystem

/// Why a server does not listen, or has not answered.
package enum GatewayError: Error, Equatable, Sendable {
    /// - Parameter code: `errno`; 0 where there is none.
    case cannotListen(at: String, reason: String, code: Int32)
    /// Nobody listens there.
    case noServer(socket: String)
    case unreachable(FileError)
    /// The connection ended before the answer did.
    case endedEarly(socket: String)
    case malformedAnswer(String)
}

extension GatewayError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotListen(let address, let reason, _): "cannot listen at \(address): \(reason)"
        case .noServer(let socket): "no server listens at '\(socket)'"
        case .unreachable(let error): "the server cannot be reached: \(error)"
        case .endedEarly(let socket): "the server at '\(socket)' ended before it had answered"
        case .malformedAnswer(let detail): "the server's answer cannot be read: \(detail)"
        }
    }
}
