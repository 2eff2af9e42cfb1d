import Foundation
import Gateway
import Glibc
import HostSystem
import Synchronization
import TestSupport

/// A server under test, in a folder of its own.
struct ServedHandler: Sendable {
    let server: Server
    let socket: String

    var client: Client { Client(socket: socket) }

    func connectTCP() throws -> RawConnection { try RawConnection(port: server.port) }

    /// Starts it, and stops it in the end.
    static func with<Result: Sendable>(
        _ handler: any RequestHandler, socketName: String = "server.sock",
        _ body: @Sendable (ServedHandler) async throws -> Result
    ) async throws -> Result {
        let workspace = try Workspace()
        let socket = workspace.path + "/" + socketName
        try FileManager.default.createDirectory(
            atPath: FilePath.parent(of: socket), withIntermediateDirectories: true)
        let server = try await Server.start(socket: socket, port: 0, log: silence, handler: handler)
        do {
            let result = try await body(ServedHandler(server: server, socket: socket))
            await server.stop(within: .zero)
            return result
        } catch {
            await server.stop(within: .zero)
            throw error
        }
    }

    static let silence = EventLog(time: SystemTime()) { _ in true }
}

/// Runs what blocks on a thread of its own: Swift's shared ones serve the requests that it waits for.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}

/// What `handle` gives is said by a closure.
struct Answering: RequestHandler {
    let answer: @Sendable (APIRequest) async -> APIResponse

    init(_ answer: @escaping @Sendable (APIRequest) async -> APIResponse) { self.answer = answer }

    func handle(_ request: APIRequest) async -> APIResponse { await answer(request) }
}

/// Opens once, for all who wait at it and all who will.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func wait() async {
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }
}

/// Lets nobody go on before all are there.
actor Meeting {
    private let count: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(of count: Int) { self.count = count }

    func join() async {
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            guard waiting.count == count else { return }
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }
}

/// A TCP connection that says what it likes. Used by one thread at a time.
final class RawConnection: @unchecked Sendable {
    // Unchecked: a number that never changes, and a kernel that takes calls from any thread.
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    deinit { close(descriptor) }

    /// False where the other end takes no more.
    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// Says that nothing more comes.
    func endWriting() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Everything up to the end; what came before it broke, where it broke.
    func readAll() -> String {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = recv(descriptor, &piece, piece.count, 0)
            guard got > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += piece.prefix(got)
        }
    }

    /// Up to and with the first such text.
    func read(until text: String) -> String {
        var read = ""
        var byte = UInt8(0)
        while !read.hasSuffix(text), recv(descriptor, &byte, 1, 0) == 1 { read.unicodeScalars.append(.init(byte)) }
        return read
    }
}
