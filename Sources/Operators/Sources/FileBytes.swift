import Dataflow
import Glibc
import HostSystem

// The bytes of one split, and of what is read behind it to the end of its last record, in one buffer. Behind the data 64
// bytes are always readable, as scanners need.

final class FileBytes {
    static let readableBehind = 64
    /// Files kept open by one reader.
    private static let openLimit = 64

    private let files: any FileSystem
    private let usualBytes: Int
    private var buffer: UnsafeMutableRawBufferPointer
    private var open: [(file: SourceFile, handle: any FileHandle)] = []

    private(set) var file = SourceFile(path: "", identity: 0)
    /// Of the file: where the buffer's data begins, and ends.
    private(set) var start = 0
    private(set) var end = 0
    /// Of the file: nothing is read from here on.
    private(set) var limit = 0

    init(_ files: any FileSystem, usualBytes: Int) {
        self.files = files
        self.usualBytes = usualBytes + Self.readableBehind
        buffer = .allocate(byteCount: self.usualBytes, alignment: 64)
    }

    deinit {
        for entry in open { entry.handle.close() }
        buffer.deallocate()
    }

    /// Reads from `start` to `end`, or to `limit` where that comes first.
    func begin(_ file: SourceFile, from start: Int, to end: Int, limit: Int) throws(JobFailure) {
        if buffer.count > 2 * usualBytes { reserve(usualBytes, keeping: 0) }
        self.file = file
        self.start = start
        self.end = start
        self.limit = limit
        try extend(to: end)
    }

    /// Reads on.
    func extend(to wanted: Int) throws(JobFailure) {
        let wanted = min(wanted, limit)
        guard wanted > end else { return }
        let needed = wanted - start + Self.readableBehind
        if needed > buffer.count { reserve(needed, keeping: end - start) }
        let handle = try handle()
        while end < wanted {
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[end - start..<wanted - start])
            let got = try JobFailure.onFiles("reading '\(file.path)'") { () throws(FileError) in
                try handle.read(into: target, at: end)
            }
            guard got > 0 else {
                throw JobFailure(
                    .world, "'\(file.path)' has become shorter than the \(limit) bytes it had at the start")
            }
            end += got
        }
    }

    /// Data from and to these places of the file.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        precondition(range.lowerBound >= start && range.upperBound <= end, "what is asked for is read")
        return UnsafeRawBufferPointer(rebasing: buffer[range.lowerBound - start..<range.upperBound - start])
    }

    /// The place behind the first newline in this range of the file.
    func behindNewline(in range: Range<Int>) -> Int? {
        let data = bytes(range)
        guard let base = data.baseAddress, let found = memchr(base, 0x0A, data.count) else { return nil }
        return range.lowerBound + (UnsafeRawPointer(found) - base) + 1
    }

    /// The place behind the last newline in this range of the file.
    func behindLastNewline(in range: Range<Int>) -> Int? {
        guard let place = bytes(range).lastIndex(of: 0x0A) else { return nil }
        return range.lowerBound + place + 1
    }

    private func reserve(_ size: Int, keeping kept: Int) {
        let other = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
        if kept > 0 { other.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<kept])) }
        buffer.deallocate()
        buffer = other
    }

    private func handle() throws(JobFailure) -> any FileHandle {
        if let last = open.last, last.file == file { return last.handle }
        if let place = open.firstIndex(where: { $0.file == file }) {
            let entry = open.remove(at: place)
            open.append(entry)
            return entry.handle
        }
        if open.count >= Self.openLimit { open.removeFirst().handle.close() }
        let handle = try JobFailure.onFiles("opening '\(file.path)'") { () throws(FileError) in
            try files.open(file.path, .read)
        }
        open.append((file, handle))
        return handle
    }
}

/// Which file a reader reads; another one of the same path is another one.
struct SourceFile: Equatable, Sendable {
    var path: String
    var identity: UInt64
}
