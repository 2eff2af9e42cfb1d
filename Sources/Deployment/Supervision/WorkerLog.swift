import Glibc
import HostSystem

// What a worker says: `log`, and before it `log.1` to `log.4`, the newest first. The supervisor moves a long one away before
// it starts a worker; while one runs it moves its own away, for nobody else can change what its outputs are.

package struct WorkerLog: Sendable {
    package static let largestBytes = 16 << 20
    package static let kept = 4

    private let path: String
    private let files: any FileSystem
    private let largestBytes: Int

    package init(_ path: String, files: any FileSystem, largestBytes: Int = WorkerLog.largestBytes) {
        self.path = path
        self.files = files
        self.largestBytes = largestBytes
    }

    var sizeBytes: Int {
        get throws(FileError) { try files.status(path)?.sizeBytes ?? 0 }
    }

    /// - Returns: whether it was long.
    @discardableResult
    func rotateIfLong() throws(FileError) -> Bool {
        guard try sizeBytes > largestBytes else { return false }
        for number in (1..<Self.kept).reversed() where try files.exists("\(path).\(number)") {
            try files.rename("\(path).\(number)", to: "\(path).\(number + 1)")
        }
        try files.rename(path, to: path + ".1")
        return true
    }

    /// In the worker itself: goes on in a new file where the present one is long. Called now and then; does nothing in a
    /// process whose standard error is another file.
    package func rotateOwnOutput() throws(FileError) {
        var output = stat()
        var named = stat()
        guard fstat(STDERR_FILENO, &output) == 0, stat(path, &named) == 0, output.st_ino == named.st_ino,
            output.st_dev == named.st_dev
        else {
            return
        }
        guard try rotateIfLong() else { return }
        let next = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard next >= 0 else { throw FileError(.open, path, code: errno) }
        defer { close(next) }
        for number in [STDOUT_FILENO, STDERR_FILENO] where dup2(next, number) < 0 {
            throw FileError(.open, path, code: errno)
        }
    }

    // MARK: The last lines

    private static let tailBytes = 8 << 10
    package static let tailLines = 20

    /// The last lines, of at most 8 KiB in all.
    /// - Parameter start: what was there before this many bytes was said by somebody else.
    package func lastLines(
        _ count: Int = WorkerLog.tailLines, from start: Int = 0
    ) throws(FileError) -> [String] {
        guard try files.exists(path) else { return [] }
        let file = try files.open(path, .read)
        defer { file.close() }
        let end = try file.size()
        let first = max(end - Self.tailBytes, start <= end ? max(0, start) : 0)
        var bytes = [UInt8](repeating: 0, count: end - first)
        var failure: FileError?
        let filled = bytes.withUnsafeMutableBytes { buffer -> Int in
            do throws(FileError) {
                return try file.read(into: buffer, at: first)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        var lines = bytes[..<filled].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.suffix(max(0, count)).map { String(decoding: $0, as: UTF8.self) }
    }
}
