import Glibc
import HostSystem

// Who is a worker, where nobody remembers having started it: the process that its mark names, if that is still the same
// one; else whoever holds the lock, by the kernel's own list (/proc/locks); else somebody who cannot be told from others.

enum WorkerHolder {
    case nobody
    case process(ProcessDescriptor, remark: String?)
    case unknown
}

struct WorkerProbe {
    private let files: any FileSystem

    init(_ files: any FileSystem) { self.files = files }

    func holder(of worker: WorkerSpecification) throws(SupervisionError) -> WorkerHolder {
        let mark = ProcessMark.read(worker.markPath, files)
        // The process is taken hold of first, and then asked whether it is the one.
        if let mark, let process = try ProcessDescriptor(mark.processID), mark.isAlive(files) {
            return .process(process, remark: nil)
        }
        let lock = try onFiles { () throws(FileError) -> (any FileLock)? in
            guard try files.exists(worker.lockPath) else { return nil }
            return try files.lock(worker.lockPath, wait: false)
        }
        if let lock {
            lock.release()
            return .nobody
        }
        guard try onFiles({ () throws(FileError) in try files.exists(worker.lockPath) }) else { return .nobody }
        // Our own: somebody here keeps the worker from running.
        if let id = lockHolder(worker.lockPath), id != getpid(), let process = try ProcessDescriptor(id),
            lockHolder(worker.lockPath) == id
        {
            return .process(process, remark: Self.remark(mark, holder: id))
        }
        return .unknown
    }

    private static func remark(_ mark: ProcessMark?, holder: Int32) -> String {
        guard let mark else { return "no mark says which process it is; process \(holder) holds its lock" }
        return "its mark names process \(mark.processID), which is gone; process \(holder) holds its lock"
    }

    private static let largestListBytes = 1 << 20

    /// `1: FLOCK  ADVISORY  WRITE 4711 fe:00:16220459 0 EOF` (proc(5)); nil where the list does not say. Processes that wait
    /// for a lock stand there with an arrow.
    private func lockHolder(_ path: String) -> Int32? {
        var file = stat()
        guard stat(path, &file) == 0, let list = firstBytes(of: "/proc/locks", Self.largestListBytes, files) else {
            return nil
        }
        let device = Self.device(file.st_dev)
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 5, words[1] == "FLOCK", words[5] == "\(device):\(file.st_ino)" else { continue }
            // 0: a process that this one cannot see.
            if let id = Int32(words[4]), id > 0 { return id }
        }
        return nil
    }

    /// Major and minor number, as the list has them; how they stand in `dev_t` is glibc's (sys/sysmacros.h).
    private static func device(_ number: dev_t) -> String {
        let major = (number >> 8) & 0xFFF | (number >> 32) & ~0xFFF
        let minor = number & 0xFF | (number >> 12) & ~0xFF
        return [major, minor].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
