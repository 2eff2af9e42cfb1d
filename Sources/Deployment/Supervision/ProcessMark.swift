import Glibc
import HostSystem

// Which process holds a lock, written beside it (Docs/Formats/process-marks.md). A process id alone is soon another
// process's; with the moment of its start, in the kernel's ticks since boot, and the boot itself it is not.

package struct ProcessMark: Equatable, Sendable {
    package var processID: Int32
    package var startTicks: UInt64
    package var bootIdentity: String

    /// Of a process that is alive: nil where there is none of that id, or what is left of one.
    static func of(_ processID: Int32, _ files: any FileSystem) -> ProcessMark? {
        guard processID > 0, let ticks = startTicks(of: processID, files) else { return nil }
        return ProcessMark(processID: processID, startTicks: ticks, bootIdentity: files.bootIdentity)
    }

    func isAlive(_ files: any FileSystem) -> Bool { Self.of(processID, files) == self }

    // MARK: The file

    private static let largestBytes = 256

    /// What cannot be read is as good as not there: then the lock alone is believed.
    static func read(_ path: String, _ files: any FileSystem) -> ProcessMark? {
        guard let text = firstBytes(of: path, largestBytes, files) else { return nil }
        let words = text.prefix { $0 != "\n" }.split(separator: " ")
        guard words.count == 3, let process = Int32(words[0]), process > 0, let ticks = UInt64(words[1]) else {
            return nil
        }
        return ProcessMark(processID: process, startTicks: ticks, bootIdentity: String(words[2]))
    }

    /// Not synced: after a crash of the machine it means nothing.
    func write(_ path: String, _ files: any FileSystem) throws(FileError) {
        let file = try files.open(path, .createIfMissing)
        defer { file.close() }
        let bytes = Array("\(processID) \(startTicks) \(bootIdentity)\n".utf8)
        try file.write(bytes, at: 0)
        try file.truncate(to: bytes.count)
    }

    // MARK: /proc

    private static func startTicks(of processID: Int32, _ files: any FileSystem) -> UInt64? {
        // "id (name) state … start …", proc(5): a name may have anything in it; state and start are fields 3 and 22.
        guard let text = firstBytes(of: "/proc/\(processID)/stat", 4096, files),
            let end = text.lastIndex(of: ")")
        else {
            return nil
        }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, !["Z", "X", "x"].contains(fields[0]) else { return nil }
        return UInt64(fields[19])
    }
}

/// Files of the kernel have no size: they are read as far as the buffer goes. nil where there is none, or it says nothing.
func firstBytes(of path: String, _ count: Int, _ files: any FileSystem) -> String? {
    do throws(FileError) {
        let file = try files.open(path, .read)
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: FileError?
        let filled = bytes.withUnsafeMutableBytes { buffer -> Int in
            do throws(FileError) {
                return try file.read(into: buffer, at: 0)
            } catch {
                failure = error
                return 0
            }
        }
        guard failure == nil, filled > 0 else { return nil }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    } catch {
        return nil
    }
}
