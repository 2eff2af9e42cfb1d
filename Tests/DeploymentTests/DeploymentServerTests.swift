import CommitLog
import Dataflow
import Deployment
import Glibc
import HostSystem
import TestSupport
import Testing

/// What the server does when it is asked, and what it takes up that another one has left.
@Suite(.timeLimit(.minutes(3)), .serialized) struct DeploymentServerTests {
    private let bench: ServerBench

    init() throws { bench = try ServerBench() }

    // MARK: A server that died while it deployed

    enum Step: Int, CaseIterable {
        case catalog, folder, journal
    }

    @Test(arguments: Step.allCases, [1, 2])
    func aDeployIsTakenUpWhereItWasLeft(step: Step, number: Int) throws {
        if number == 2 {
            let server = try bench.server()
            _ = try server.deploy(bench.request(1))
            try bench.waitUntilRunning(1, of: server)
            try bench.commit(1)
            server.close(.stop)
        }
        try leave(number, after: step)
        let server = try bench.server()
        #expect(try bench.course(number, of: server).prefix(2) == ["PLANNED", number == 1 ? "LIVE" : "REPLAYING"])
        try bench.waitUntilRunning(number, of: server)
        #expect(
            try bench.workspace.text(of: "state/jobs/orders/\(number)/definition.sql") == ServerBench.text(number))
        let deployment = try #require(try bench.deployment)
        #expect(deployment.live == 1)
        #expect(deployment.versions.keys.sorted() == (1...UInt32(number)).map { $0 })
        let topics = try bench.log.settled().topics.values.map(\.name).sorted()
        #expect(topics == ["input", "revenue"] + (1...number).map { "revenue@\($0)" })
        server.close(.stop)
    }

    private func leave(_ number: Int, after step: Step) throws {
        try bench.withCatalog {
            try $0.add(
                bench.record(number), wanted: .running, reason: "deployed", by: .user(command: "deploy"))
        }
        if step.rawValue >= Step.folder.rawValue {
            try bench.workspace.write(ServerBench.text(number), to: "state/jobs/orders/\(number)/definition.sql")
        } else {
            // Half of it, under the name that it is written under.
            try bench.workspace.write("CREATE", to: "state/jobs/orders/\(number)/definition.sql.new")
        }
        guard step == .journal else { return }
        let known = try bench.deployment?.versions[1]?.outputs[0]
        try bench.log.append(
            .deployed(
                VersionRegistration(
                    version: VersionName("orders", UInt32(number)), inputs: [bench.input],
                    outputs: [
                        .init(
                            name: "revenue", nameID: known?.nameID ?? TopicID(drawnFrom: SystemRandom()),
                            topic: ServerBench.revenue(number))
                    ])))
    }

    @Test func whatCannotBeTakenUpHasFailed() throws {
        var record = bench.record(1)
        record.sql = "SELECT"
        try bench.withCatalog { try $0.add(record, wanted: .running, reason: "deployed", by: .user(command: "deploy")) }
        let server = try bench.server()
        #expect(try bench.state(1, of: server) == "FAILED")
        // Nothing of it was ever there but its number.
        #expect(try server.abort("orders", version: nil, command: "abort")["aborted"]?.integerValue == 1)
        _ = try server.deploy(bench.request(2))
        #expect(try bench.state(2, of: server) == "LIVE")
        server.close(.stop)
    }

    // MARK: A server that died while it removed a version

    enum Removal: Int, CaseIterable {
        case asked, retired, topicsGone
    }

    @Test(arguments: Removal.allCases, [false, true])
    func whatIsLeftOfAnAbortedVersionIsRemoved(step: Removal, isRunning: Bool) throws {
        let first = try bench.serverWithCandidate()
        let process = try bench.waitUntilRunning(2, of: first)
        first.close(isRunning && step == .asked ? .leave : .stop)
        try bench.workspace.write("state", to: "state/jobs/orders/2/run/000001.sst")
        let id = VersionID("orders", 2)
        try bench.withCatalog { catalog in
            try catalog.record(
                [
                    Transition(
                        id, at: 2, from: .inSync, to: .aborted, reason: "asked for", by: .user(command: "abort"))
                ], wanted: [id: .retired])
        }
        if step != .asked { try bench.log.append(.retired(VersionName("orders", 2))) }
        if step == .topicsGone {
            let state = try bench.log.settled()
            let topic = try #require(state.topics.values.first { $0.name == "revenue@2" })
            try bench.log.append(.topicDeleted(topic.id))
        }
        let server = try bench.server()
        #expect(try bench.deployment?.versions[2]?.isRetired == true)
        #expect(try bench.log.settled().topics.values.map(\.name).sorted() == ["input", "revenue", "revenue@1"])
        #expect(!bench.workspace.exists("state/jobs/orders/2/run"))
        #expect(try bench.workspace.text(of: "state/jobs/orders/2/definition.sql") == ServerBench.text(2))
        #expect(try !bench.isHeld(2) && !SupervisorBench.isAlive(process))
        try bench.waitUntilRunning(1, of: server)
        _ = try server.deploy(bench.request(3))
        #expect(try server.status("orders")["candidate"]?.integerValue == 3)
        #expect(try bench.course(3, of: server).prefix(2) == ["PLANNED", "REPLAYING"])
        server.close(.stop)
    }

    @Test func whatCannotBeRemovedIsTriedAgain() throws {
        let server = try bench.serverWithCandidate()
        func hasTopic() throws -> Bool { try bench.log.settled().topics.values.contains { $0.name == "revenue@2" } }
        // Somebody holds what the version has written.
        let partition = bench.log.directory(of: "revenue@2", partition: 0)
        try PosixFileSystem().makeDirectories(partition)
        let lock = try #require(try PosixFileSystem().lock(partition + "/lock", wait: false))
        #expect(try server.abort("orders", version: 2, command: "abort")["aborted"]?.integerValue == 2)
        #expect(try bench.state(2, of: server) == "ABORTED" && hasTopic())
        lock.release()
        try bench.eventually("the end of its topic") { try hasTopic() ? nil : true }
        server.close(.stop)
    }

    // MARK: A server that died in the middle of something else

    @Test func anAuditThatADeadServerLeftIsOver() throws {
        let first = try bench.serverWithCandidate()
        _ = try first.beginAudit("orders", old: nil, new: nil, command: "audit")
        #expect(try bench.state(2, of: first) == "AUDITING")
        first.close(.leave)
        let server = try bench.server()
        #expect(try bench.state(2, of: server) == "IN_SYNC")
        try bench.waitUntilRunning(2, of: server)
        #expect(
            try bench.course(2, of: server) == [
                "PLANNED", "REPLAYING", "CATCHING_UP", "IN_SYNC", "AUDITING", "IN_SYNC",
            ])
        server.close(.stop)
    }

    @Test func aSwitchThatADeadServerLeftIsReleasedAtOnce() throws {
        let first = try bench.serverWithCandidate()
        first.close(.leave)
        try bench.withCatalog { catalog in
            try catalog.record(
                [
                    Transition(
                        VersionID("orders", 2), at: 2, from: .inSync, to: .cuttingOver, reason: "forced",
                        by: .user(command: "promote"))
                ], wanted: [:])
        }
        try bench.log.append(
            .attempt(job: "orders", from: 1, to: 2, timeoutMilliseconds: 600_000, withoutFrom: false))
        try bench.standStill([1, 2])
        let server = try bench.server()
        #expect(try bench.deployment?.attempt?.outcome == .released)
        try bench.waitFor(.inSync, 2, of: server)
        // They are not held up.
        try bench.commit(1)
        try bench.commit(2)
        #expect(try bench.deployment?.live == 1)
        server.close(.stop)
    }

    @Test func aSwitchThatADeadServerMadeIsSeen() throws {
        let first = try bench.serverWithCandidate()
        first.close(.leave)
        try bench.withCatalog { catalog in
            try catalog.record(
                [
                    Transition(
                        VersionID("orders", 2), at: 2, from: .inSync, to: .cuttingOver, reason: "forced",
                        by: .user(command: "promote"))
                ], wanted: [:])
        }
        let attempt = try bench.log.append(
            .attempt(job: "orders", from: 1, to: 2, timeoutMilliseconds: 600_000, withoutFrom: false)
        ).sequence
        try bench.standStill([1, 2])
        let splice = try bench.log.append(
            .spliced(
                job: "orders", attempt: attempt, bench.log.settled().splices(of: "orders", differences: [:]))
        ).sequence
        let server = try bench.server()
        try bench.waitFor(.guarded, 2, of: server)
        try bench.waitFor(.standby, 1, of: server)
        #expect(try bench.course(2, of: server).suffix(2) == ["CUTTING_OVER", "GUARDED"])
        // The log book names the entry that made it so, not the one that the attempt began with.
        let positions = (try server.history("orders")["transitions"]?.arrayValue ?? []).compactMap {
            $0["journalPosition"]?.integerValue
        }
        #expect(positions == [Int64(splice), Int64(splice)])
        server.close(.stop)
    }

    // MARK: One candidate

    @Test func aCandidateKeepsOthersAway() throws {
        let server = try bench.serverWithCandidate()
        let error = #expect(throws: OperationFailure.self) { try server.deploy(bench.request(3)) }
        #expect(error?.kind == .conflict)
        #expect(error?.message == "version 2 of job \"orders\" is a candidate already")
        #expect(try server.abort("orders", version: 2, command: "abort")["aborted"]?.integerValue == 2)
        #expect(try bench.state(2, of: server) == "ABORTED")
        #expect(try !bench.isHeld(2))
        _ = try server.deploy(bench.request(3))
        #expect(try server.status("orders")["candidate"]?.integerValue == 3)
        #expect(try bench.course(3, of: server).prefix(2) == ["PLANNED", "REPLAYING"])
        server.close(.stop)
    }

    // MARK: Switches

    private func promoting(_ server: DeploymentServer, _ stand: @escaping @Sendable () throws -> Void) throws
        -> JSONValue
    {
        try bench.switching(stand) { () throws(OperationFailure) in
            try server.promote("orders", version: nil, isForced: true, command: "promote --force").json
        }
    }

    @Test func thereAndBack() throws {
        let server = try bench.serverWithCandidate { $0.guardMilliseconds = 0 }
        let bench = bench
        let answer = try promoting(server) { try bench.standStill([1, 2]) }
        #expect(answer["live"]?.integerValue == 2 && answer["previous"]?.integerValue == 1)
        try bench.waitFor(.live, 2, of: server)
        try bench.waitFor(.standby, 1, of: server)
        let back = try bench.switching({ try bench.standStill([1, 2]) }) { () throws(OperationFailure) in
            try server.rollback("orders", version: nil, isForced: false, command: "rollback").json
        }
        #expect(back["live"]?.integerValue == 1 && back["previous"]?.integerValue == 2)
        try bench.waitFor(.rolledBack, 2, of: server)
        try bench.eventually("the end of its worker") { try bench.isHeld(2) ? nil : true }
        try bench.waitFor(.guarded, 1, of: server)
        #expect(try bench.course(1, of: server) == ["PLANNED", "LIVE", "STANDBY", "CUTTING_OVER", "GUARDED"])
        #expect(
            try bench.course(2, of: server) == [
                "PLANNED", "REPLAYING", "CATCHING_UP", "IN_SYNC", "CUTTING_OVER", "LIVE", "ROLLED_BACK",
            ])
        server.close(.stop)
    }

    @Test func whoDoesWithoutAnAuditDoesNotWaitForOne() throws {
        let server = try bench.serverWithCandidate { $0.guardMilliseconds = 0 }
        _ = try server.beginAudit("orders", old: nil, new: nil, command: "audit")
        let error = #expect(throws: OperationFailure.self) {
            try server.promote("orders", version: nil, isForced: false, command: "promote")
        }
        #expect(error?.message == "version 2 of job \"orders\" cannot take over: it is AUDITING")
        let bench = bench
        let answer = try promoting(server) { try bench.standStill([1, 2]) }
        #expect(answer["live"]?.integerValue == 2)
        try bench.waitFor(.live, 2, of: server)
        // What the audit says comes too late.
        let audit = AuditRecord(
            job: "orders", oldVersion: 1, newVersion: 2, oldPosition: 1, newPosition: 1, verdict: .fail, text: "",
            json: "{}", at: 1, by: .server)
        _ = try server.endAudit(audit)
        #expect(try bench.state(2, of: server) == "LIVE")
        server.close(.stop)
    }

    @Test func aSwitchThatComesToNothingLeavesAllAsItWas() throws {
        let server = try bench.serverWithCandidate { $0.cutoverTimeoutMilliseconds = 1 }
        let error = #expect(throws: OperationFailure.self) {
            try server.promote("orders", version: nil, isForced: true, command: "promote --force")
        }
        #expect(error?.kind == .conflict)
        #expect(try bench.state(2, of: server) == "IN_SYNC" && bench.state(1, of: server) == "LIVE")
        #expect(try bench.deployment?.openAttempt == nil)
        server.close(.stop)
    }

    @Test func aVersionThatDoesNotRunIsNotPromoted() throws {
        let server = try bench.serverWithCandidate()
        _ = try server.stop("orders", version: 2, savepoint: false, folder: nil, drain: false)
        let error = #expect(throws: OperationFailure.self) {
            try server.promote("orders", version: nil, isForced: true, command: "promote --force")
        }
        #expect(error?.message == "version 2 of job \"orders\" does not run")
        #expect(error?.hint == "'sluice restart orders' starts it")
        #expect(try bench.deployment?.attempt == nil)
        server.close(.stop)
    }

    @Test func aLiveVersionThatWasDeadRunsAgainWhateverComesOfTheSwitch() throws {
        let server = try bench.serverWithCandidate { $0.cutoverTimeoutMilliseconds = 1 }
        let process = try bench.waitUntilRunning(1, of: server)
        kill(process, SIGKILL)
        try bench.eventually("its end") { try bench.process(1, of: server) == process ? nil : true }
        #expect(throws: OperationFailure.self) {
            try server.promote("orders", version: nil, isForced: true, command: "promote --force")
        }
        #expect(try bench.waitUntilRunning(1, of: server) != process)
        #expect(try bench.deployment?.live == 1)
        server.close(.stop)
    }

    @Test func aDeadVersionIsReplaced() throws {
        let server = try bench.serverWithCandidate { $0.guardMilliseconds = 0 }
        _ = try server.stop("orders", version: 1, savepoint: false, folder: nil, drain: false)
        let bench = bench
        let answer = try promoting(server) { try bench.standStill([2]) }
        #expect(answer["live"]?.integerValue == 2)
        #expect(try bench.deployment?.attempt?.withoutFrom == true)
        try bench.waitFor(.live, 2, of: server)
        try bench.waitFor(.standby, 1, of: server)
        #expect(try !bench.isHeld(1), "somebody has stopped it")
        _ = try server.restart("orders", version: 1)
        try bench.waitUntilRunning(1, of: server)
        server.close(.stop)
    }
}
