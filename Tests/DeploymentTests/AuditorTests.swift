import Deployment
import Glibc
import HostSystem
import Synchronization
import Testing

/// Audits whose makers end without a report.
@Suite(.timeLimit(.minutes(3))) struct AuditorTests {
    private let bench: ServerBench
    private let id = VersionID("orders", 2)

    init() throws { bench = try ServerBench() }

    private func begun() throws -> DeploymentServer {
        let server = try bench.serverWithCandidate()
        _ = try server.beginAudit("orders", old: nil, new: nil, command: "audit")
        #expect(try bench.state(2, of: server) == "AUDITING")
        return server
    }

    /// Of a process that lives until it is killed.
    private func process() throws -> Int32 {
        var process: Int32 = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawn(&process, "/bin/sleep", nil, nil, &arguments, environ) == 0)
        return process
    }

    private func end(_ process: Int32) {
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    private var report: AuditRecord {
        AuditRecord(
            job: "orders", oldVersion: 1, newVersion: 2, oldPosition: 1, newPosition: 2, verdict: .pass, text: "",
            json: "{}", at: SystemTime().wallMilliseconds(), by: .user(command: "audit"))
    }

    private func reason(_ server: DeploymentServer) throws -> String? {
        try bench.version(2, of: server)?["reason"]?.stringValue
    }

    @Test func anAuditOfAProcessThatEndsIsGivenUp() throws {
        let server = try begun()
        let auditor = try process()
        server.noteAuditor(of: id, process: Int(auditor))
        #expect(try bench.state(2, of: server) == "AUDITING")
        end(auditor)
        try bench.waitFor(.inSync, 2, of: server)
        #expect(try reason(server) == "the audit was not made: the process that made it has ended")
        server.close(.stop)
    }

    @Test func anAuditOfAProcessThatHasEndedAlreadyIsGivenUp() throws {
        let server = try begun()
        let auditor = try process()
        end(auditor)
        server.noteAuditor(of: id, process: Int(auditor))
        try bench.waitFor(.inSync, 2, of: server)
        server.close(.stop)
    }

    @Test(arguments: [Int.max, -1, 0])
    func whatIsNoProcessIsWaitedForLikeAnyOther(process: Int) throws {
        let server = try begun()
        server.noteAuditor(of: id, process: process)
        #expect(try server.abandonAudit(id, process: nil, "it was given up")["state"]?.stringValue == "IN_SYNC")
        server.close(.stop)
    }

    @Test func whoElseIsAtItGoesOn() throws {
        let server = try begun()
        let other = try process()
        server.noteAuditor(of: id, process: Int(getpid()))
        server.noteAuditor(of: id, process: Int(other))
        let left = try server.abandonAudit(id, process: Int(getpid()), "interrupted")
        #expect(left["state"]?.stringValue == "AUDITING")
        end(other)
        try bench.waitFor(.inSync, 2, of: server)
        server.close(.stop)
    }

    @Test func whatWasReportedStays() throws {
        let server = try begun()
        server.noteAuditor(of: id, process: Int(getpid()))
        _ = try server.endAudit(report)
        #expect(try server.abandonAudit(id, process: nil, "late")["state"]?.stringValue == "READY")
        server.close(.stop)
    }

    @Test func whoMadeAnEarlierOneHasNothingToDoWithIt() throws {
        let free = Mutex(1_000_000)
        let server = try bench.server(disk: { DiskSpace(freeBytes: free.withLock { $0 }, totalBytes: 1_000_000) })
        try bench.addCandidate(to: server)
        _ = try server.beginAudit("orders", old: nil, new: nil, command: "audit")
        let auditor = try process()
        server.noteAuditor(of: id, process: Int(auditor))
        _ = try server.endAudit(report)
        end(auditor)
        _ = try server.beginAudit("orders", old: nil, new: nil, command: "audit")
        // The server has looked at it by then.
        free.withLock { $0 = 0 }
        try bench.eventually("a look") { try bench.version(2, of: server)?["paused"]?.stringValue }
        #expect(try bench.state(2, of: server) == "AUDITING")
        server.close(.stop)
    }

    @Test func anAuditOfNoVersionIsNotThere() throws {
        let server = try bench.server()
        let error = #expect(throws: OperationFailure.self) {
            try server.abandonAudit(VersionID("orders", 1), process: nil, "")
        }
        #expect(error?.kind == .missing)
        server.close(.stop)
    }
}
