import Glibc

// Messages between two processes of one machine, over a socket that has a name in the file system. A message is its length
// (UInt32, least significant byte first), then its bytes.
//
// The name of a socket may have 107 bytes, and a data directory's path more: its folder is opened, and the name is given
// relative to that.

/// One end of a connection. Used by one thread at a time.
package final class LocalConnection: Sendable {
    package static let largestMessageBytes = 64 << 10

    private let descriptor: Int32

    fileprivate init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { Glibc.close(descriptor) }

    /// nil: nobody listens there.
    package static func connect(to path: String) throws(FileError) -> LocalConnection? {
        let descriptor = try LocalSocketAddress.makeSocket(path)
        let connection = LocalConnection(descriptor)
        let failure = try LocalSocketAddress.with(path) { Glibc.connect(descriptor, $0, $1) }
        guard let failure else { return connection }
        guard failure == ENOENT || failure == ECONNREFUSED || failure == ENOTDIR else {
            throw FileError(.open, path, code: failure)
        }
        return nil
    }

    /// After this long without a byte a `receive` fails; 0: never.
    package func limitWait(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// False where the other end is gone.
    package func send(_ message: [UInt8]) -> Bool {
        precondition(message.count <= Self.largestMessageBytes, "a message of a size that is taken")
        var writer = ByteWriter()
        writer.write(UInt32(message.count))
        writer.writeRaw(message)
        return write(writer.bytes)
    }

    /// Bytes as they are, for protocols that have no such messages. False where the other end is gone.
    package func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0 && errno == EINTR { continue }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    /// The next bytes, as many as have come and `count` at most; none at the end; nil where the connection broke.
    package func read(upTo count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        while true {
            let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress!, count, 0) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { return nil }
            bytes.removeLast(count - got)
            return bytes
        }
    }

    /// nil where the other end is gone, says nothing, or says what is no message.
    package func receive() -> [UInt8]? {
        guard let header = receive(4) else { return nil }
        let length = header.withUnsafeBytes { Int(UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))) }
        guard length <= Self.largestMessageBytes else { return nil }
        return receive(length)
    }

    private func receive(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + filled, count - filled, 0) }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }
}

/// Takes connections under a name.
package final class LocalListener: Sendable {
    private let descriptor: Int32

    /// Takes the name, also where a process that is gone has left it: the caller knows that nobody else listens.
    package init(at path: String) throws(FileError) {
        let descriptor = try LocalSocketAddress.makeSocket(path)
        if unlink(path) != 0 && errno != ENOENT {
            let code = errno
            Glibc.close(descriptor)
            throw FileError(.remove, path, code: code)
        }
        let failure = try LocalSocketAddress.with(path) { bind(descriptor, $0, $1) }
        if failure == nil, listen(descriptor, 8) == 0 {
            self.descriptor = descriptor
            return
        }
        let code = failure ?? errno
        Glibc.close(descriptor)
        throw FileError(.open, path, code: code)
    }

    /// Waits for the next one; nil where none can be had any more.
    package func accept() -> LocalConnection? {
        while true {
            let taken = Glibc.accept(descriptor, nil, nil)
            if taken >= 0 { return LocalConnection(taken) }
            guard errno == EINTR || errno == ECONNABORTED else { return nil }
        }
    }
}

/// A folder that is held open, so that names in it are short, however long its own path.
package final class LocalSocketFolder: Sendable {
    private let descriptor: Int32

    /// - Parameter path: of a socket in the folder.
    package init(of path: String) throws(FileError) {
        descriptor = open(FilePath.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(.open, path, code: errno) }
    }

    deinit { Glibc.close(descriptor) }

    /// Names the same socket for this process, and while this value lives.
    package func shortPath(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return "/proc/self/fd/\(descriptor)/\(name)"
    }
}

private enum LocalSocketAddress {
    static func makeSocket(_ path: String) throws(FileError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw FileError(.open, path, code: errno) }
        return descriptor
    }

    /// - Returns: the error code of what `call` does with the address; nil where it went well.
    static func with(
        _ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(FileError) -> Int32? {
        let folder: LocalSocketFolder
        do throws(FileError) {
            folder = try LocalSocketFolder(of: path)
        } catch {
            return error.code
        }
        defer { withExtendedLifetime(folder) {} }
        let short = Array(folder.shortPath(of: path).utf8)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard short.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw FileError(.open, path, code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: short) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? nil : errno
    }
}
