import Deployment
import HostSystem

// What a version's worker has said, out of its folder: `log`, and before it `log.1`, `log.2` and so on. A long log is renamed
// while its worker runs, so a reader that follows finishes the file that it has open before it turns to the new one.

package struct LogReader {
    private let path: String
    private let files: any FileSystem
    private var open: (file: any FileHandle, identity: UInt64, position: Int)?

    private static let pieceBytes = 64 << 10

    /// - Parameter folder: of the version.
    package init(folder: String, files: any FileSystem) {
        path = folder + "/log"
        self.files = files
    }

    // MARK: The last lines

    /// The last lines; what follows comes from `next`.
    package mutating func last(_ count: Int) throws(FileError) -> [UInt8] {
        guard try openNewest() != nil, let newest = open else { return [] }
        open?.position = try newest.file.size()
        if count == 0 { return [] }
        var (bytes, missing) = try Self.lastLines(count, of: newest.file)
        var number = 1
        while missing > 0, number <= WorkerLog.kept, try files.exists("\(path).\(number)") {
            let file = try files.open("\(path).\(number)", .read)
            defer { file.close() }
            let (more, stillMissing) = try Self.lastLines(missing, of: file)
            (bytes, missing, number) = (more + bytes, stillMissing, number + 1)
        }
        return bytes
    }

    /// - Returns: the lines, and how many there are too few.
    private static func lastLines(
        _ count: Int, of file: any FileHandle
    ) throws(FileError) -> (bytes: [UInt8], missing: Int) {
        var start = try file.size()
        var bytes: [UInt8] = []
        var newlines = 0
        while start > 0 {
            let piece = try read(file, from: max(0, start - pieceBytes), to: start)
            guard !piece.isEmpty else { break }
            for index in piece.indices.reversed() where piece[index] == UInt8(ascii: "\n") {
                // The end of the last line is none of a line before.
                let isLast = bytes.isEmpty && index == piece.count - 1
                if !isLast { newlines += 1 }
                if newlines == count { return (Array(piece[(index + 1)...]) + bytes, 0) }
            }
            bytes = piece + bytes
            start -= piece.count
        }
        let lines = bytes.isEmpty ? 0 : newlines + 1
        return (bytes, max(0, count - lines))
    }

    // MARK: What follows

    /// What has been said since; nothing where there is nothing yet.
    package mutating func next() throws(FileError) -> [UInt8] {
        guard let newest = try openNewest(), let current = open else { return [] }
        let bytes = try Self.read(current.file, from: current.position, to: current.position + (1 << 20))
        open?.position += bytes.count
        guard bytes.isEmpty, newest != current.identity else { return bytes }
        current.file.close()
        open = nil
        return try next()
    }

    /// - Returns: the identity of the newest file; nil: there is none.
    private mutating func openNewest() throws(FileError) -> UInt64? {
        guard let status = try files.status(path) else { return open?.identity }
        if open == nil { open = (try files.open(path, .read), status.identity, 0) }
        return status.identity
    }

    private static func read(_ file: any FileHandle, from start: Int, to end: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, end - start))
        var failure: FileError?
        let filled = bytes.withUnsafeMutableBytes { buffer -> Int in
            do throws(FileError) {
                return try file.read(into: buffer, at: start)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }
}
