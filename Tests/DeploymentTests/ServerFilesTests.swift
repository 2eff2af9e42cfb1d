import Deployment
import Glibc
import HostSystem
import TestSupport
import Testing

@Suite struct ServerFilesTests {
    private let workspace: Workspace
    private let files = PosixFileSystem()

    init() throws { workspace = try Workspace() }

    @Test func oneServerForADataDirectory() throws {
        #expect(ServerLock.holder(workspace.path, files) == nil)
        let lock = try ServerLock(workspace.path, files: files)
        #expect(ServerLock.holder(workspace.path, files) == getpid())
        let error = #expect(throws: SupervisionError.self) { try ServerLock(workspace.path, files: files) }
        #expect(error == .serverRuns(directory: workspace.path, processID: getpid()))
        #expect(error?.failure.kind == .conflict)
        #expect(error?.failure.detail == "it is process \(getpid())")
        lock.release()
        try ServerLock(workspace.path, files: files).release()
    }

    @Test func aServerThatIsGoneHoldsNothing() throws {
        // Our id, at another time.
        try workspace.write("\(getpid()) 1 \(files.bootIdentity)\n", to: "server.pid")
        try workspace.write("", to: "server.lock")
        #expect(ServerLock.holder(workspace.path, files) == nil)
        try ServerLock(workspace.path, files: files).release()
    }

    // MARK: Logs

    @Test func theLastLines() throws {
        let log = WorkerLog(workspace.path + "/log", files: files)
        #expect(try log.lastLines() == [])
        try workspace.write("one\ntwo\n\nfour", to: "log")
        #expect(try log.lastLines() == ["one", "two", "", "four"])
        #expect(try log.lastLines(2) == ["", "four"])
        #expect(try log.lastLines(from: 4) == ["two", "", "four"])
        #expect(try log.lastLines(from: 1000) == ["one", "two", "", "four"], "it was moved away meanwhile")
        #expect(try log.lastLines(-1) == [])
        try workspace.write([0xFF, 0x0A, 0x00, 0x0A], to: "log")
        #expect(try log.lastLines() == ["\u{FFFD}", "\0"])
        try workspace.write(String(repeating: "x", count: 100_000) + "\nlast\n", to: "log")
        let lines = try log.lastLines()
        #expect(lines.count == 2 && lines[1] == "last" && lines[0].utf8.count < 8192)
        try workspace.write((0..<100).map { "\($0)\n" }.joined(), to: "log")
        #expect(try log.lastLines() == (80..<100).map { "\($0)" })
    }

    /// The worker moves its own log away in mid-flow, and nothing it says is lost.
    @Test func aLogIsMovedAwayWhileItIsWritten() async throws {
        let bench = try SupervisorBench()
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker("chatter:700:\(bench.logPath)"), wanted: true)
        _ = try notices.started()
        try bench.waitUntilReady()
        let names = ["log.4", "log.3", "log.2", "log.1", "log"]
        #expect(try bench.workspace.files(under: "state").filter { $0.hasPrefix("log") } == names.reversed())
        let lines = try names.flatMap { try bench.workspace.text(of: "state/" + $0).split(separator: "\n") }
        #expect(lines.last == "line 699")
        let first = try #require(lines.first.flatMap { Int($0.dropFirst(5)) })
        #expect(lines.map(String.init) == (first...699).map { "line \($0)" })
        try await supervisor.kill(bench.id).release()
        await supervisor.close()
    }

    @Test func aLogThatIsNotOursIsLeftAlone() throws {
        try workspace.write(String(repeating: "x", count: 100), to: "log")
        try WorkerLog(workspace.path + "/log", files: files, largestBytes: 10).rotateOwnOutput()
        #expect(try workspace.files(under: ".") == ["log"])
    }
}
