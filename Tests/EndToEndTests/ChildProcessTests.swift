import Glibc
import TestSupport
import Testing

/// The other tests of this folder believe what these show.
@Suite struct ChildProcessTests {
    @Test func endingAndBothOutputsAreTold() throws {
        let process = try shell("echo out; echo err >&2; pwd; echo $GREETING; exit 7", ["GREETING": "hello"])
        #expect(try process.wait() == .exit(7))
        #expect(process.outputText == "out\n\(SourceTree.root)\nhello\n")
        #expect(process.messageText == "err\n")
    }

    @Test func aKillIsTold() throws {
        let process = try shell("echo ready >&2; exec tail -f /dev/null")
        #expect(try process.read { $0.messageLines == ["ready"] })
        process.send(SIGKILL)
        #expect(try process.wait() == .signal(SIGKILL))
    }

    @Test func anEndBeforeTheAwaitedLineIsTold() throws {
        let process = try shell("echo one >&2")
        #expect(try !process.read { $0.messageLines.count == 2 })
        #expect(try process.wait() == .exit(0))
    }

    @Test func muchOutputOnBothSidesDoesNotBlock() throws {
        let process = try shell("head -c 3000000 /dev/zero | tee /dev/stderr")
        #expect(try process.wait() == .exit(0))
        #expect(process.output.count == 3_000_000 && process.messages.count == 3_000_000)
    }

    @Test func aHangIsAFailure() throws {
        let process = try shell("exec tail -f /dev/null", boundSeconds: 0)
        #expect(throws: ChildProcess.Failure.self) { try process.wait() }
    }

    private func shell(
        _ script: String, _ environment: [String: String] = [:], boundSeconds: Int = 60
    ) throws -> ChildProcess {
        try ChildProcess(
            "/bin/sh", ["-c", script], in: SourceTree.root, environment: environment, boundSeconds: boundSeconds)
    }
}
