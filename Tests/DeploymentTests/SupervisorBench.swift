import Deployment
import Glibc
import HostSystem
import Synchronization
import TestSupport
import Testing

/// A folder with a server's lock in it, a worker, and what is told about it. All waits are for something to happen, and
/// bounded.
final class SupervisorBench {
    static let boundMilliseconds: Int64 = 60_000

    let workspace: Workspace
    let id = VersionID("orders", 1)
    let files = PosixFileSystem()
    private let readyPipe: Int32
    private var bells = 0
    /// What `lastCheckpoint` says.
    let checkpoint = CheckpointCounter()

    init() throws {
        workspace = try Workspace()
        for folder in ["state", "elsewhere"] { try files.makeDirectories(workspace.path + "/" + folder) }
        let path = workspace.path + "/ready"
        try #require(mkfifo(path, 0o600) == 0)
        // Also for writing: so it opens without another end, and never ends.
        readyPipe = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        try #require(readyPipe >= 0)
    }

    deinit { close(readyPipe) }

    var lockPath: String { workspace.path + "/state/lock" }
    var logPath: String { workspace.path + "/state/log" }
    var markPath: String { workspace.path + "/state/worker.pid" }

    func worker(_ words: String...) throws -> WorkerSpecification {
        WorkerSpecification(
            id: id, command: [try BuiltProducts.program("IdleWorker"), lockPath, workspace.path + "/ready"] + words,
            environment: ["COLOUR": "blue"], workingDirectory: workspace.path + "/elsewhere", lockPath: lockPath,
            logPath: logPath)
    }

    static var hasty: RestartPolicy {
        var policy = RestartPolicy()
        policy.initialBackOff = 1
        policy.largestBackOff = 4
        policy.stopBound = 60_000
        return policy
    }

    func supervisor(_ policy: RestartPolicy = hasty) throws -> (Supervisor, Notices) {
        bells += 1
        let notices = Notices(try #require(try files.signal(workspace.path + "/bell-\(bells)", at: 0)))
        let supervisor = try Supervisor(
            try ServerLock(workspace.path, files: files), policy: policy,
            lastCheckpoint: { [checkpoint] _ in checkpoint.value() }, notice: { notices.add($0) })
        return (supervisor, notices)
    }

    /// A worker says that it holds its lock and has done what it was told.
    func waitUntilReady() throws {
        var polled = pollfd(fd: readyPipe, events: Int16(POLLIN), revents: 0)
        try #require(poll(&polled, 1, Int32(Self.boundMilliseconds)) == 1, "no worker is ready; the log: \(log)")
        var byte: UInt8 = 0
        try #require(read(readyPipe, &byte, 1) == 1)
    }

    var log: String {
        do { return try workspace.text(of: "state/log") } catch { return "none" }
    }

    /// Processes that were started with this lock.
    func workers() -> [Int32] {
        let names: [String]
        do { names = try files.list("/proc") } catch { return [] }
        return names.compactMap { Int32($0) }.filter { process in
            guard let file = fopen("/proc/\(process)/cmdline", "r") else { return false }
            defer { fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = fread(&bytes, 1, bytes.count, file)
            return bytes[..<count].split(separator: 0).contains { $0.elementsEqual(lockPath.utf8) }
        }
    }

    func waitUntilGone() throws {
        let time = SystemTime()
        let end = time.monotonicNanoseconds() + Self.boundMilliseconds * 1_000_000
        while !workers().isEmpty {
            try #require(time.monotonicNanoseconds() < end, "still there: \(workers())")
            sched_yield()
        }
    }

    static func isAlive(_ process: Int32) -> Bool { Glibc.kill(process, 0) == 0 }
}

/// The number of a worker's last checkpoint, which may grow whenever it is asked for.
final class CheckpointCounter: Sendable {
    private let content = Mutex<(value: UInt64, step: UInt64)>((0, 0))

    func grow(by step: UInt64) { content.withLock { $0.step = step } }

    func value() -> UInt64? {
        content.withLock { content in
            content.value += content.step
            return content.value
        }
    }
}

/// What a supervisor has told, for a test that waits for it.
final class Notices: Sendable {
    private let content = Mutex<[WorkerNotice.Event]>([])
    private let bell: any SharedSignal

    init(_ bell: any SharedSignal) { self.bell = bell }

    func add(_ notice: WorkerNotice) {
        content.withLock { $0.append(notice.event) }
        bell.raise()
    }

    var all: [WorkerNotice.Event] { content.withLock { $0 } }

    /// The first one that is wanted and has not been waited for.
    func wait<Value>(_ what: String, _ take: (WorkerNotice.Event) -> Value?) throws -> Value {
        let time = SystemTime()
        let end = time.monotonicNanoseconds() + SupervisorBench.boundMilliseconds * 1_000_000
        while true {
            let rung = bell.value
            let found = content.withLock { events -> Value? in
                guard let index = events.firstIndex(where: { take($0) != nil }) else { return nil }
                defer { events.removeSubrange(...index) }
                return take(events[index])
            }
            if let found { return found }
            let left = (end - time.monotonicNanoseconds()) / 1_000_000
            try #require(left > 0, "waited for \(what); there is \(all)")
            bell.wait(while: rung, timeoutMilliseconds: left)
        }
    }

    func started() throws -> Int32 {
        try wait("a start") { if case .started(let process) = $0 { process } else { nil } }
    }

    func adopted() throws -> (process: Int32?, remark: String?) {
        try wait("an adoption") { if case .adopted(let process, let remark) = $0 { (process, remark) } else { nil } }
    }

    func ended() throws -> (ending: WorkerEnding, lines: [String]) {
        try wait("an end") { if case .ended(let ending, _, let lines) = $0 { (ending, lines) } else { nil } }
    }

    func rests() throws -> WorkerLife.Rest {
        try wait("a rest") { if case .rests(let rest) = $0 { rest } else { nil } }
    }
}
