import Deployment
import Glibc
import HostSystem
import TestSupport
import Testing

/// Real processes: `Tests/IdleWorker`.
@Suite(.timeLimit(.minutes(3))) struct SupervisorTests {
    private let bench: SupervisorBench

    init() throws { bench = try SupervisorBench() }

    private func stop(_ supervisor: Supervisor) async throws {
        _ = try await supervisor.kill(bench.id)
        await supervisor.close()
    }

    // MARK: Starting

    @Test func aWorkerIsASessionOfItsOwnAndInheritsNothing() async throws {
        // What a server may well do.
        signal(SIGPIPE, SIG_IGN)
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker("tell"), wanted: true)
        let process = try notices.started()
        try bench.waitUntilReady()
        let status = try await supervisor.stop(bench.id, within: .seconds(60))
        #expect(status.phase == .stopped)
        #expect(status.lastEnding == .exit(0))
        #expect(!SupervisorBench.isAlive(process))
        #expect(
            bench.log.split(separator: "\n") == [
                "descriptors: 4", "leads its session: true", "blocks SIGUSR2: false", "ignores SIGPIPE: false",
                "directory: \(bench.workspace.path)/elsewhere", "COLOUR=blue", "standard input: 0 bytes",
                "last checkpoint",
            ])
        #expect(try bench.workspace.text(of: "state/worker.pid").hasPrefix("\(process) "))
        let ended = try notices.ended()
        #expect(ended.ending == .exit(0))
        #expect(ended.lines.last == "last checkpoint")
        await supervisor.close()
    }

    @Test func aWorkerThatIsNotWantedIsNotStarted() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: false)
        #expect(try notices.rests() == .stopped)
        #expect(bench.log == "none")
        supervisor.start(bench.id)
        _ = try notices.started()
        try bench.waitUntilReady()
        #expect(supervisor.status(bench.id)?.phase == .running)
        try await stop(supervisor)
    }

    @Test func aProgramThatIsNotThereFails() async throws {
        var worker = try bench.worker()
        worker.command[0] = bench.workspace.path + "/missing"
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(worker, wanted: true)
        #expect(try notices.rests() == .failed(.final(.notStarted(ENOENT))))
        // A known worker's new description counts from its next start.
        supervisor.add(try bench.worker(), wanted: true)
        _ = try notices.started()
        try bench.waitUntilReady()
        try await stop(supervisor)
    }

    // MARK: Ends

    @Test func aWorkerThatDiesIsStartedAgain() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker("first:70:2:\(bench.workspace.path)/count"), wanted: true)
        for failure in 1...2 {
            let ended = try notices.ended()
            #expect(ended.ending == .exit(70))
            #expect(ended.lines == ["error: failure \(failure)"])
        }
        _ = try notices.started()
        try bench.waitUntilReady()
        let status = try await supervisor.stop(bench.id, within: .seconds(60))
        #expect(status.restarts == 2)
        #expect(status.lastLines == ["last checkpoint"])
        await supervisor.close()
    }

    @Test func aMistakeOfTheUsersIsNotTriedAgain() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker("first:1:1:\(bench.workspace.path)/count"), wanted: true)
        #expect(try notices.ended().lines == ["error: failure 1"])
        #expect(try notices.rests() == .failed(.final(.exit(1))))
        // Until somebody says so.
        supervisor.start(bench.id)
        _ = try notices.started()
        try bench.waitUntilReady()
        try await stop(supervisor)
    }

    @Test func aCrashLoopEnds() async throws {
        var policy = SupervisorBench.hasty
        policy.crashLoopEnds = 4
        let (supervisor, notices) = try bench.supervisor(policy)
        supervisor.add(try bench.worker("die"), wanted: true)
        guard case .failed(.crashLoop(4, _, .signal(SIGKILL))) = try notices.rests() else {
            return #expect(Bool(false), "\(notices.all)")
        }
        let status = try await supervisor.stop(bench.id, within: .seconds(1))
        guard case .failed(.crashLoop) = status.phase else { return #expect(Bool(false), "\(status)") }
        #expect(status.restarts == 3)
        await supervisor.close()
    }

    @Test func aWorkerThatComesFurtherGoesOn() async throws {
        var policy = SupervisorBench.hasty
        policy.crashLoopEnds = 2
        bench.checkpoint.grow(by: 1)
        let (supervisor, notices) = try bench.supervisor(policy)
        supervisor.add(try bench.worker("first:70:6:\(bench.workspace.path)/count"), wanted: true)
        for _ in 0..<7 { _ = try notices.started() }
        try bench.waitUntilReady()
        try await stop(supervisor)
    }

    @Test func finishedWorkIsNotBegunAgain() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker("exit:0"), wanted: true)
        #expect(try notices.rests() == .finished)
        await supervisor.close()
    }

    // MARK: Stopping and killing

    @Test func aDeafWorkerIsKilled() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker("deaf"), wanted: true)
        let process = try notices.started()
        try bench.waitUntilReady()
        let status = try await supervisor.stop(bench.id, within: .milliseconds(20))
        #expect(status.lastEnding == .signal(SIGKILL))
        #expect(status.phase == .stopped)
        #expect(!SupervisorBench.isAlive(process))
        await supervisor.close()
    }

    @Test func whoeverKillsHasTheLock() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        let process = try notices.started()
        try bench.waitUntilReady()
        let lock = try await supervisor.kill(bench.id)
        #expect(!SupervisorBench.isAlive(process))
        #expect(try bench.files.lock(bench.lockPath, wait: false) == nil)
        lock.release()
        // Killed, it is killed again: now nobody is there.
        try await supervisor.kill(bench.id).release()
        supervisor.start(bench.id)
        _ = try notices.started()
        try bench.waitUntilReady()
        try await stop(supervisor)
    }

    @Test func whoHoldsTheLockAndIsNoWorkerIsNotKilled() async throws {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: false)
        #expect(try notices.rests() == .stopped)
        // This process itself.
        let lock = try bench.files.lock(bench.lockPath, wait: false)
        await #expect(throws: SupervisionError.heldByUnknown(bench.id, lockPath: bench.lockPath)) {
            try await supervisor.kill(bench.id)
        }
        lock?.release()
        #expect(try notices.ended().ending == .unseen)
        #expect(try notices.rests() == .stopped)
        try await supervisor.kill(bench.id).release()
        await supervisor.close()
    }

    @Test func unknownAndClosed() async throws {
        let (supervisor, _) = try bench.supervisor()
        let other = VersionID("nobody", 1)
        await #expect(throws: SupervisionError.noWorker(other)) { try await supervisor.kill(other) }
        await #expect(throws: SupervisionError.noWorker(other)) { try await supervisor.stop(other, within: .zero) }
        supervisor.start(other)
        supervisor.remove(other)
        await supervisor.close()
        await #expect(throws: SupervisionError.closed) { try await supervisor.kill(bench.id) }
        await #expect(throws: SupervisionError.closed) { try await supervisor.stop(bench.id, within: .zero) }
        await supervisor.close()
        #expect(supervisor.statuses.isEmpty)
    }

    // MARK: Adopting

    @Test func workersOutliveTheirServerAndAreAdopted() async throws {
        let process = try await startAndClose()
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        let adopted = try notices.adopted()
        #expect(adopted.process == process)
        #expect(adopted.remark == nil)
        let status = try await supervisor.stop(bench.id, within: .seconds(60))
        #expect(status.phase == .stopped)
        #expect(bench.log == "last checkpoint\n")
        #expect(notices.all.contains { if case .started = $0 { true } else { false } } == false)
        await supervisor.close()
    }

    @Test func anAdoptedOneThatDiesIsStartedAgain() async throws {
        let process = try await startAndClose()
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        #expect(try notices.adopted().process == process)
        kill(process, SIGKILL)
        _ = try notices.ended()
        #expect(try notices.started() != process)
        try bench.waitUntilReady()
        try await stop(supervisor)
    }

    /// The mark was never written, or belongs to a process of long ago whose id is ours now.
    @Test(arguments: [nil, "", "\(getpid()) 1 another-boot\n", "\(getpid()) 1 BOOT\n", "2147483647 5 BOOT\n", "x y z"])
    func withoutAMarkThatCountsTheLockSays(_ mark: String?) async throws {
        let process = try await startAndClose()
        if let mark {
            try bench.workspace.write(mark.replacing("BOOT", with: bench.files.bootIdentity), to: "state/worker.pid")
        } else {
            try bench.workspace.remove("state/worker.pid")
        }
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        let adopted = try notices.adopted()
        #expect(adopted.remark != nil)
        if adopted.process != nil {
            #expect(adopted.process == process)
        } else {
            // The kernel's list says nothing here: only the lock is known, and nobody can be told to stop.
            #expect(supervisor.status(bench.id)?.processID == nil)
            kill(process, SIGTERM)
            #expect(try notices.ended().ending == .unseen)
        }
        try await stop(supervisor)
        #expect(!SupervisorBench.isAlive(process))
    }

    @Test func aMarkOfAProcessThatIsGoneKeepsNobodyFromStarting() async throws {
        try bench.workspace.write("\(getpid()) 1 \(bench.files.bootIdentity)\n", to: "state/worker.pid")
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        _ = try notices.started()
        try bench.waitUntilReady()
        try await stop(supervisor)
    }

    /// One that was started by hand while another one was waiting for its restart.
    @Test func aConflictIsSettledByAdopting() async throws {
        let byHand = try ChildProcess(
            try BuiltProducts.program("IdleWorker"), [bench.lockPath, bench.workspace.path + "/ready"],
            in: bench.workspace.path)
        try bench.waitUntilReady()
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        #expect(try notices.adopted().remark != nil)
        byHand.send(SIGTERM)
        _ = try byHand.wait()
        #expect(try notices.ended().ending != .exit(4))
        try await stop(supervisor)
    }

    /// Servers that are killed wherever they are, a worker that is killed now and then: never two workers, and in the end
    /// one, which the next server finds.
    @Test func serversThatAreKilledLeaveOneWorker() async throws {
        var random = SplitMix64(seed: 11)
        let program = try BuiltProducts.program("IdleWorker")
        for _ in 0..<40 {
            let server = try ChildProcess(
                program, ["supervise", bench.workspace.path, bench.workspace.path + "/ready"], in: bench.workspace.path)
            _ = try server.ending(withinMilliseconds: Int32(random.below(30)))
            // Every second one comes so far as to have a worker.
            if random.oneIn(2) {
                _ = try server.read { $0.outputText.contains("started") || $0.outputText.contains("adopted") }
            }
            if random.oneIn(3), let worker = bench.workers().first { kill(worker, SIGKILL) }
            server.send(SIGKILL)
            try server.wait()
        }
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        let process = try notices.wait("a worker") { event -> Int32? in
            switch event {
            case .started(let process): process
            case .adopted(let process, _): process
            default: nil
            }
        }
        #expect(SupervisorBench.isAlive(process), "seed 11")
        // Another one may have been about to find out that it is one too many: it does, as long as the lock is held.
        let lock = try await supervisor.kill(bench.id)
        try bench.waitUntilGone()
        lock.release()
        await supervisor.close()
    }

    /// A worker, in nobody's hands.
    private func startAndClose() async throws -> Int32 {
        let (supervisor, notices) = try bench.supervisor()
        supervisor.add(try bench.worker(), wanted: true)
        let process = try notices.started()
        try bench.waitUntilReady()
        await supervisor.close()
        #expect(SupervisorBench.isAlive(process))
        return process
    }
}
