import Glibc

/// Whole lines to standard output and standard error, past any buffer.
enum StandardStreams {
    static func output(_ text: String) { _ = write(Array(text.utf8), to: STDOUT_FILENO) }
    /// - Returns: false where nobody reads it any more.
    @discardableResult
    static func output(_ bytes: [UInt8]) -> Bool { write(bytes, to: STDOUT_FILENO) }
    static func error(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal behind standard error; 80 where it does not say.
    static var errorWidth: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    /// Files of ours must never get the number of a standard stream that the caller has closed.
    static func openMissing() {
        for descriptor in 0...2 where fcntl(Int32(descriptor), F_GETFD) == -1 { _ = Glibc.open("/dev/null", O_RDWR) }
    }

    /// Standard input, to its end; nil where it cannot be read.
    static func allInput() -> [UInt8]? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(STDIN_FILENO, &piece, piece.count)
            if count == 0 { return bytes }
            if count < 0, errno != EINTR { return nil }
            if count > 0 { bytes += piece.prefix(count) }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
            if written < 0 && errno == EINTR { continue }
            if written < 0 && errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
                continue
            }
            // Nobody reads any more: there is nobody to tell.
            if written <= 0 { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }
}
