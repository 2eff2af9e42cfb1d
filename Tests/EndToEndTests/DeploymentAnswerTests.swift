import HostSystem
import SluiceTool
import Testing

/// What commands over deployed jobs say and decide, from the server's answers alone.
@Suite struct DeploymentAnswerTests {
    private func status(_ changes: (inout VersionStatus) -> Void = { _ in }) throws -> JobStatus {
        var status = try DeploymentStatusTests.status()
        changes(&status.versions[1])
        return status
    }

    // MARK: Plans

    @Test func aPlanSaysWhatComes() throws {
        let json = """
            {"job":"orders","version":2,"live":1,"comparison":"additive","planChanges":["- a > 1","+ a > 2"],
             "inputs":[{"topic":"clicks","partitions":2,"rows":2900000,"bytes":125829120}],
             "outputs":[{"name":"revenue","topic":"revenue@2","kind":"keyed","change":"added","addedColumns":["tax"],"onSwitch":"diff"},
                        {"name":"log","topic":"log@2","kind":"append","change":"same","addedColumns":[],"onSwitch":"continue"}],
             "rowsToReplay":2900000,"etaSeconds":24.2,"warnings":["windows that have closed"]}
            """
        var plan = try DeploymentPlan(JSONValue(parsing: json))
        #expect(
            plan.lines.map(\.text) == [
                "orders@2, beside orders@1, which stays live: what it publishes has more columns",
                "  - a > 1",
                "  + a > 2",
                "reads clicks  2,900,000 rows, 120 MiB, 2 partitions",
                "writes revenue as revenue@2  a table with a key; new columns tax; its readers get the difference when it "
                    + "becomes live",
                "       log as log@2          rows that are only added; the same columns; its readers go on with its new "
                    + "rows when it becomes live",
                "replays 2,900,000 rows, which takes about 25 s",
                "warning: windows that have closed",
            ])
        plan.comparison = "identical"
        #expect(plan.lines[0].text.hasSuffix(": what it publishes has the same columns"))
        plan.planChanges = []
        #expect(plan.lines[0].text.hasSuffix(": its plan is that of the live version"))
        plan.planChanges = ["- a > 1", "+ a > 2"]
        plan.live = nil
        plan.rowsToReplay = 0
        #expect(plan.lines[0].text == "orders@2, the first version: it is live from the start")
        #expect(plan.lines[6].text == "replays nothing")
    }

    @Test func aPlanSaysWhatTheDiskHasForIt() throws {
        func line(_ disk: String, live: String = "1") throws -> String? {
            let json = """
                {"job":"orders","version":2,"live":\(live),"comparison":"identical","inputs":[],"outputs":[],"disk":\(disk)}
                """
            return try DeploymentPlan(JSONValue(parsing: json)).lines.map(\.text).last
        }
        let free = #""freeBytes":3221225472,"reserveBytes":1073741824"#
        #expect(
            try line(#"{"neededBytes":1048576,\#(free),"isEnough":true}"#)
                == "needs about 1 MiB of disk, as orders@1 does; 3 GiB are free")
        #expect(
            try line(#"{"neededBytes":4294967296,\#(free),"isEnough":false}"#)
                == "needs about 4 GiB of disk, as orders@1 does; 3 GiB are free, of which 1 GiB are kept for what runs: "
                + "deploy is refused")
        #expect(try line(#"{"neededBytes":null,\#(free),"isEnough":true}"#, live: "null") == "replays nothing")
        #expect(try line("null") == "replays nothing")
    }

    // MARK: Waiting

    private func outcome(
        _ goal: VersionGoal, _ changes: (inout VersionStatus) -> Void
    ) throws -> VersionGoal.Outcome {
        goal.outcome("orders", 2, try status(changes).version(2))
    }

    @Test func aGoalIsReached() throws {
        #expect(try outcome(.settled) { _ in } == .notYet)
        #expect(try outcome(.inSync) { $0.state = .auditing } == .reached("orders@2 is AUDITING"))
        #expect(try outcome(.ready) { $0.state = .inSync } == .notYet)
        #expect(try outcome(.settled) { $0.state = .ready } == .reached("orders@2 is READY"))
        #expect(try outcome(.live) { $0.state = .ready } == .notYet)
        #expect(try outcome(.live) { $0.state = .guarded } == .reached("orders@2 is GUARDED"))
        #expect(try outcome(.gone) { $0.state = .aborted } == .reached("orders@2 is ABORTED"))
        #expect(VersionGoal.gone.outcome("orders", 2, nil) == .reached("orders@2 is gone"))
        let audit = try DeploymentStatusTests.audit("PASS", isStale: false)
        #expect(try outcome(.audited) { ($0.state, $0.audit) = (.inSync, audit) } == .reached("orders@2 is IN_SYNC"))
    }

    @Test func aGoalThatCannotBeReachedEndsTheWait() throws {
        func exitCode(_ goal: VersionGoal, _ changes: (inout VersionStatus) -> Void) throws -> Int32? {
            if case .missed(_, _, let code) = try outcome(goal, changes) { code } else { nil }
        }
        #expect(try exitCode(.settled) { $0.state = .failed } == 1)
        #expect(try exitCode(.settled) { $0.state = .stalled } == 3)
        #expect(try exitCode(.settled) { $0.state = .aborted } == 1)
        #expect(try exitCode(.settled) { $0.wanted = .stopped } == 4)
        #expect(try exitCode(.gone) { $0.state = .failed } == nil)
        let audit = try DeploymentStatusTests.audit("FAIL", isStale: true)
        #expect(try exitCode(.settled) { ($0.state, $0.audit) = (.inSync, audit) } == 2)
        #expect(try exitCode(.inSync) { ($0.state, $0.audit) = (.inSync, audit) } == nil)
        // It is being looked at again.
        #expect(try exitCode(.settled) { ($0.state, $0.audit) = (.auditing, audit) } == nil)
    }

    // MARK: Switches

    @Test func theCandidateIsPromotedAndTheVersionBeforeRolledBackTo() throws {
        let status = try status { $0.state = .ready }
        let promotion = try VersionSelection(.promote, nil, of: status, isForced: true)
        #expect(promotion.question == "make orders@2 (READY) live in place of orders@1?")
        #expect(promotion.obstacle == nil)
        #expect(try VersionSelection(.abort, 2, of: status).question == "give up orders@2 (READY) and its output?")
        let none = #expect(throws: ToolFailure.self) { try VersionSelection(.rollback, nil, of: status) }
        #expect(none?.exitCode == 4)
        #expect(throws: ToolFailure.self) { try VersionSelection(.promote, 1, of: status) }
        #expect(throws: ToolFailure.self) { try VersionSelection(.promote, 7, of: status) }
    }

    @Test func aPreviewSaysWhatStandsInTheWay() throws {
        let early = try VersionSelection(.promote, nil, of: status())
        #expect(early.preview.last?.text == "refused as things are: orders@2 is REPLAYING, not READY")
        let audit = try DeploymentStatusTests.audit("FAIL", isStale: false)
        let failed = try VersionSelection(.promote, nil, of: status { ($0.state, $0.audit) = (.inSync, audit) })
        #expect(failed.obstacle == "its audit has failed; --force goes over it")
        let none = try VersionSelection(.promote, nil, of: status { $0.state = .ready })
        #expect(none.obstacle == "it has not been audited; --force does without")
        let passed = try DeploymentStatusTests.audit("PASS", isStale: false)
        let good = try VersionSelection(.promote, nil, of: status { ($0.state, $0.audit) = (.inSync, passed) })
        #expect(good.obstacle == nil)
    }

    @Test func whatAPromotionDeletesIsSaidInTheQuestion() throws {
        let json = """
            {"verdict":"PASS","at":0,"isStale":false,"deletions":[{"output":"revenue","rows":40,"of":100}]}
            """
        let audit = try VersionStatus.Audit(JSONValue(parsing: json))
        let ready = try status { ($0.state, $0.audit) = (.ready, audit) }
        let promotion = try VersionSelection(.promote, nil, of: ready)
        #expect(
            promotion.question
                == "make orders@2 (READY, audit PASS) live in place of orders@1, and delete 40 of 100 rows of \"revenue\"?"
        )
        #expect(promotion.obstacle == "it would delete 40 of 100 rows of \"revenue\"; --force does")
        #expect(try VersionSelection(.promote, nil, of: ready, isForced: true).obstacle == nil)
        let line = StatusText(now: 1000, width: nil).lines(ready).map(\.text).first { $0.hasPrefix("  audit") }
        #expect(line == "  audit PASS, 1.0 s ago, would delete 40 of 100 rows of \"revenue\": promote asks")
    }

    @Test func aPreviewSaysWhatTheServerWouldRefuse() throws {
        let audit = try DeploymentStatusTests.audit("PASS", isStale: false)
        var good = try VersionSelection(.promote, nil, of: status { ($0.state, $0.audit) = (.ready, audit) })
        good.refusal = "totals@1 reads it"
        #expect(good.preview.last?.text == "refused as things are: totals@1 reads it")
    }

    @Test func aSwitchIsToldWithItsPause() throws {
        let json = """
            {"live":2,"previous":1,"attempt":77,"pauseMilliseconds":34.26,"journalPosition":80,
             "changedRows":[{"name":"revenue","rows":1204}]}
            """
        #expect(
            try SwitchAnswer(JSONValue(parsing: json)).text(.promote, "orders") == """
                orders@2 is live, orders@1 stands by; publication paused for 34.3 ms
                revenue: a difference of 1,204 rows
                """)
    }

    @Test func whatIsRolledBackDoesNotStandBy() throws {
        let answer = try SwitchAnswer(JSONValue(parsing: #"{"live":1,"previous":2}"#))
        #expect(answer.text(.rollback, "orders") == "orders@1 is live, orders@2 is rolled back")
    }

    // MARK: Refusals

    @Test(arguments: [
        (409, "conflict", Int32(4)), (400, "usage", 64), (500, "failure", 1), (404, "missing", 4), (500, "other", 1),
    ])
    func aRefusalHasItsExitCode(status: Int, kind: String, exitCode: Int32) {
        let json = """
            {"errors":["no"],"error":{"message":"no","detail":null,"hint":"do this","kind":"\(kind)"}}
            """
        let failure = ToolFailure(status: status, answer: Array(json.utf8))
        #expect(failure.exitCode == exitCode)
        #expect(failure.message == "no" && failure.detail == nil && failure.hint == "do this")
    }

    @Test func aMistakeInSQLIsShownAsEverywhere() {
        let json = """
            {"error":{"message":"no column","detail":null,"hint":null,"kind":"usage","place":{"line":3,"column":7},
             "rendered":"orders.sql:3:7: no column"}}
            """
        let failure = ToolFailure(status: 400, answer: Array(json.utf8))
        #expect(failure.exitCode == 1 && failure.rendered == "orders.sql:3:7: no column")
        #expect(failure.place?.line == 3 && failure.place?.column == 7)
        #expect(ToolFailure(status: 502, answer: Array("<html>".utf8)).message == "the server answered with status 502")
    }

    // MARK: Texts

    @Test func aCommandLineIsWrittenAsAShellTakesIt() {
        #expect(CommandText.text(["deploy", "a b", "it's", "", "-Dx=1"]) == "deploy 'a b' 'it'\\''s' '' -Dx=1")
    }

    @Test func aVersionIsNamedAfterItsJob() {
        #expect(DeployedName(argument: "orders@2")?.version == 2)
        #expect(DeployedName(argument: "orders@2")?.job == "orders")
        #expect(DeployedName(argument: "orders")?.version == nil)
        #expect(DeployedName(argument: "orders@live")?.job == "orders@live")
        #expect(DeployedName(argument: "") == nil)
    }

    @Test func spansAreReadAtAGlance() {
        #expect(SpanText.text(milliseconds: 400) == "0.4 s")
        #expect(SpanText.text(milliseconds: 61_000) == "1 min 1 s")
        #expect(SpanText.text(milliseconds: 3_720_000) == "1 h 2 min")
        #expect(SpanText.text(milliseconds: 90_000_000) == "1 d 1 h")
        #expect(SpanText.text(milliseconds: -5) == "0.0 s")
        #expect(SpanText.estimate(seconds: 0.2) == "1 s")
        #expect(SpanText.estimate(seconds: .infinity).hasSuffix(" h"))
        #expect(SpanText.second(milliseconds: 1000) == "1970-01-01 00:00:01Z")
    }
}
